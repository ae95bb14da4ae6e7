"""What is kept of a scored photo: integer sums over its pixels, a few per class, from which every protocol follows.

Masks are looked at once and let go, so memory does not grow with their size: for 19 classes a photo leaves 1 KB.
Sums of photos add up to the sums of a split, exactly and in any order; a redrawn split is a sum of sums.

>>> sums = PixelSums.of(np.array([[0, 0, 255]], np.uint8), np.array([[0, 1, 1]], np.uint8), num_classes=2)
>>> sums.hits.tolist(), sums.truth.tolist(), sums.predicted.tolist(), sums.predicted_on_void.tolist()
([1, 0, 0], [2, 0, 1], [1, 1, 0], [0, 1, 0])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segdata.evaluation.boundary import boundary_pairs
from segdata.evaluation.confusion import pair_table
from segdata.ontology import IGNORE_INDEX


@dataclass(frozen=True, eq=False)
class PixelSums:
    """The sums of one photo (K,), of many (N, K), or of anything added up or averaged from such.

    num_classes  C, without void
    values       int64, or float64 of whole numbers; the fields below are views of its last axis. Void is index C.
    """

    num_classes: int
    values: NDArray[Any]

    @classmethod
    def of(
        cls,
        truth: NDArray[np.uint8],
        prediction: NDArray[np.uint8],
        num_classes: int,
        void: int | None = None,
    ) -> PixelSums:
        """The sums of one photo, uint8 (H, W) masks of class ids and 255.

        num_classes  of the ontology, C + 1 when its last class is void
        void         id of that class
        Asserts that all values are classes or 255.
        """
        if void is not None:
            assert void == num_classes - 1, (void, num_classes)
            same = np.arange(256, dtype=np.uint8)
            same[void] = IGNORE_INDEX
            truth, prediction = same[truth], same[prediction]
            num_classes = void
        ids = [*range(num_classes), IGNORE_INDEX]
        table = pair_table(truth, prediction)[np.ix_(ids, ids)]
        assert table.sum() == truth.size, "a value that is neither a class nor 255"
        known = table[:-1, :-1]
        index = np.arange(num_classes)
        product = (known * np.outer(index, index)).sum()
        both = (known * np.add.outer(index, index)).sum()
        borders = boundary_pairs(truth, prediction)
        parts = (
            table.diagonal(),
            table.sum(axis=1),
            table[:-1].sum(axis=0),
            table[-1],
            borders.diagonal()[:num_classes],
            borders.sum(axis=1)[:num_classes],
            borders.sum(axis=0)[:num_classes],
            np.array([product, both]),
        )
        return cls(num_classes, np.concatenate(parts).astype(np.int64))

    @classmethod
    def stack(cls, photos: Sequence[PixelSums]) -> PixelSums:
        """The sums of some photos, (N, K)."""
        assert photos
        return cls(photos[0].num_classes, np.stack([photo.values for photo in photos]))

    def _part(self, start: int, size: int) -> NDArray[Any]:
        return self.values[..., start : start + size]

    @property
    def hits(self) -> NDArray[Any]:
        """(…, C + 1): pixels of class i predicted as i; last, void predicted as void."""
        return self._part(0, self.num_classes + 1)

    @property
    def truth(self) -> NDArray[Any]:
        """(…, C + 1): pixels whose true class is i; last, those without one."""
        return self._part(self.num_classes + 1, self.num_classes + 1)

    @property
    def predicted(self) -> NDArray[Any]:
        """(…, C + 1): pixels predicted as i; last, as no class. Only where there is a true class."""
        return self._part(2 * (self.num_classes + 1), self.num_classes + 1)

    @property
    def predicted_on_void(self) -> NDArray[Any]:
        """(…, C + 1): the same where there is no true class."""
        return self._part(3 * (self.num_classes + 1), self.num_classes + 1)

    @property
    def boundary_hits(self) -> NDArray[Any]:
        """(…, C): pixels in the boundary region of class i in truth and prediction alike."""
        return self._part(4 * (self.num_classes + 1), self.num_classes)

    @property
    def boundary_truth(self) -> NDArray[Any]:
        """(…, C): pixels in the boundary region of class i in the truth."""
        return self._part(5 * self.num_classes + 4, self.num_classes)

    @property
    def boundary_predicted(self) -> NDArray[Any]:
        """(…, C): pixels in the boundary region of class i in the prediction, void left out."""
        return self._part(6 * self.num_classes + 4, self.num_classes)

    @property
    def index_product(self) -> NDArray[Any]:
        """(…): Σ true id · predicted id, over the pixels that have both."""
        return self.values[..., -2]

    @property
    def index_sum(self) -> NDArray[Any]:
        """(…): Σ (true id + predicted id), over the pixels that have both."""
        return self.values[..., -1]
