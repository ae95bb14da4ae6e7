"""One int64 confusion matrix over a whole split, and the standard figures that follow from it.

        prediction:  road   car          mean IoU       = (90/(90+10+5) + 15/(15+5+10)) / 2 = 0.679
truth: road            90    10          pixel accuracy = (90 + 15) / 120                   = 0.875
       car              5    15

With n_ij pixels of class i predicted as class j, t_i = Σ_j n_ij of truth, p_j = Σ_i n_ij predicted (Long, Shelhamer,
Darrell 2015, "Fully Convolutional Networks for Semantic Segmentation", section 5). Pixels whose truth is 255 are in
no count. A class that is neither in the truth nor predicted is absent: its figures are NaN and no mean includes them.
A last class called "void" is the same as 255 in all of these figures, though the counts keep it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from segdata.ontology import IGNORE_INDEX, Ontology

if TYPE_CHECKING:
    from torch import Tensor

Counts = NDArray[np.int64]
Figures = NDArray[np.float64]

_BLOCK = 1 << 18

VOID = "void"
"""A last class of this name is the same as 255: cityscapes-20 states for all pixels what cityscapes-19 ignores."""


def void_id(ontology: Ontology) -> int | None:
    """The id of a last class called "void"; None without one."""
    return len(ontology) - 1 if len(ontology) > 1 and ontology.names[-1] == VOID else None


class ConfusionMatrix:
    """Pixels by true class (rows) and predicted class (columns), added up exactly in `counts`, int64 (C, C).

    void  id of a last class that is none (void_id): pixels that truly are void are in no figure, those that are only
          called so are misses, and its own figures are NaN; None: every class is one
    """

    def __init__(self, num_classes: int, counts: Counts | None = None, void: int | None = None) -> None:
        assert 1 <= num_classes <= IGNORE_INDEX
        assert void is None or void == num_classes - 1 > 0, (void, num_classes)
        self.num_classes, self.void = num_classes, void
        self.counts: Counts = np.zeros((num_classes, num_classes), np.int64) if counts is None else counts
        assert self.counts.shape == (num_classes, num_classes) and self.counts.dtype == np.int64

    def update(
        self, truth: NDArray[np.uint8] | Tensor, prediction: NDArray[np.uint8] | Tensor
    ) -> ConfusionMatrix:
        """Add pixels: two arrays, or two tensors on one device, of class ids and equal shape. Returns itself.

        Truth 255 is left out. Asserts that all other values are classes.
        """
        assert truth.shape == prediction.shape, (truth.shape, prediction.shape)
        if isinstance(truth, np.ndarray):
            self.counts += _count_numpy(truth, cast("NDArray[np.uint8]", prediction), self.num_classes)
        else:
            self.counts += _count_torch(truth, cast("Tensor", prediction), self.num_classes)
        return self

    def __iadd__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        self.counts += other.counts
        return self

    @property
    def _scored(self) -> Counts:
        """`counts` without the pixels that truly are void."""
        if self.void is None:
            return self.counts
        scored = self.counts.copy()
        scored[self.void] = 0
        return scored

    @property
    def pixels(self) -> int:
        """Σ_i t_i: those that are in the figures."""
        return int(self._scored.sum())

    @property
    def truth_pixels(self) -> Counts:
        """int64 (C,): t_i, of void too."""
        return cast("Counts", self.counts.sum(axis=1))

    @property
    def predicted_pixels(self) -> Counts:
        """int64 (C,): p_i, over the pixels that have a true class."""
        return cast("Counts", self._scored.sum(axis=0))

    @property
    def absent(self) -> NDArray[np.bool_]:
        """bool (C,): a class, and in neither the truth nor the prediction."""
        absent = (self.truth_pixels + self.predicted_pixels) == 0
        if self.void is not None:
            absent[self.void] = False
        return cast("NDArray[np.bool_]", absent)

    def per_class_iou(self) -> Figures:
        """float64 (C,): n_ii / (t_i + p_i - n_ii), intersection over union (Jaccard); NaN where absent."""
        hits = self.counts.diagonal()
        return self._of_classes(ratio(hits, self.truth_pixels + self.predicted_pixels - hits))

    def _of_classes(self, figures: Figures) -> Figures:
        if self.void is not None:
            figures[self.void] = np.nan
        return figures

    def mean_iou(self) -> float:
        """Mean of per_class_iou over the classes that are not absent; NaN without any."""
        return _mean(self.per_class_iou())

    def pixel_accuracy(self) -> float:
        """Σ_i n_ii / Σ_i t_i; NaN without pixels."""
        return float(ratio(self._scored.diagonal().sum(), self._scored.sum()))

    def per_class_accuracy(self) -> Figures:
        """float64 (C,): n_ii / t_i, recall; NaN where the truth has none of it."""
        return self._of_classes(ratio(self.counts.diagonal(), self.truth_pixels))

    def mean_class_accuracy(self) -> float:
        """Mean of per_class_accuracy over the classes that the truth has; NaN without any."""
        return _mean(self.per_class_accuracy())

    def frequency_weighted_iou(self) -> float:
        """Σ_i t_i · IoU_i / Σ_i t_i; NaN without pixels."""
        truth = self._scored.sum(axis=1)
        weighted = np.where(truth > 0, truth * np.nan_to_num(self.per_class_iou()), 0.0)
        return float(ratio(weighted.sum(), truth.sum()))


def per_photo_counts(truth: NDArray[np.uint8], prediction: NDArray[np.uint8], num_classes: int) -> Counts:
    """int64 (N, C, C): the confusion matrix of each photo of uint8 (N, H, W) masks."""
    return np.stack(
        [_count_numpy(one, other, num_classes) for one, other in zip(truth, prediction, strict=True)]
    )


def pair_table(truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> Counts:
    """int64 (256, 256): pixels of every pair of values, true by rows, predicted by columns."""
    assert truth.dtype == prediction.dtype == np.uint8 and truth.shape == prediction.shape
    true_ids, ids = truth.ravel(), prediction.ravel()
    table = np.zeros(1 << 16, np.int64)
    # In blocks, as bincount widens what it counts to 8 bytes a pixel: within the cache that costs half the time.
    for start in range(0, true_ids.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        table += np.bincount((true_ids[block].astype(np.uint16) << 8) | ids[block], minlength=1 << 16)
    return table.reshape(256, 256)


def _count_numpy(truth: NDArray[np.uint8], prediction: NDArray[np.uint8], num_classes: int) -> Counts:
    # One table of all 65,536 pairs needs no mask, no copy without 255, and shows values that are no class.
    table = pair_table(truth, prediction)
    counts = table[:num_classes, :num_classes]
    assert counts.sum() + table[IGNORE_INDEX].sum() == truth.size, "a value that is neither a class nor 255"
    return counts.copy()


def _count_torch(truth: Tensor, prediction: Tensor, num_classes: int) -> Counts:
    import torch

    cells = num_classes * num_classes
    true_ids, ids = truth.flatten(), prediction.flatten()
    # Pixels to ignore go to one cell behind the last: dropping them first would make the device wait for a size.
    cell = true_ids.to(torch.int32) * num_classes + ids.to(torch.int32)
    ignored = true_ids == IGNORE_INDEX
    cell = torch.where(((true_ids >= num_classes) | (ids >= num_classes)) & ~ignored, cells + 1, cell)
    cell = torch.where(ignored, cells, cell)
    counted: Counts = torch.bincount(cell, minlength=cells + 1).cpu().numpy()
    assert counted.size == cells + 1, "a value that is neither a class nor 255"
    return counted[:cells].reshape(num_classes, num_classes)


def ratio(part: object, whole: object) -> Figures:
    """part / whole, float64; NaN where the whole is 0."""
    top, bottom = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    quotient = np.full(bottom.shape, np.nan)
    np.divide(top, bottom, out=quotient, where=bottom > 0)
    return quotient


def _mean(values: Figures) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
