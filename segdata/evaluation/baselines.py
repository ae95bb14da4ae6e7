"""Two predictors that never look at a photo: what a model must beat before its score means anything.

majority_class   every pixel is the class that is most frequent in the training masks (say, sky)
position_prior   every pixel is the class most frequent at that very place (sky above, road below)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segdata.evaluation.confusion import ConfusionMatrix
from segdata.ontology import IGNORE_INDEX
from segdata.resample import resize_mask
from segdata.shards import ShardSplit


def position_counts(train: ShardSplit, num_classes: int) -> NDArray[np.int32]:
    """int32 (C, H, W): how many training masks show each class at each pixel; 255 is not counted."""
    height, width = train.size_hw
    counts = np.zeros(num_classes * height * width, np.int32)
    place = np.arange(height * width)
    for index in range(len(train)):
        mask = train.mask_at(index).ravel()
        known = mask != IGNORE_INDEX
        # Within one photo every (class, place) occurs at most once, so adding through an index is exact.
        counts[mask[known].astype(np.int64) * (height * width) + place[known]] += 1
    return counts.reshape(num_classes, height, width)


def majority_class(counts: NDArray[np.int32]) -> NDArray[np.uint8]:
    """uint8 (H, W): the most frequent class of the counts everywhere; of equals, the lowest id."""
    return np.full(counts.shape[1:], counts.sum(axis=(1, 2), dtype=np.int64).argmax(), np.uint8)


def position_prior(counts: NDArray[np.int32]) -> NDArray[np.uint8]:
    """uint8 (H, W): the most frequent class at each pixel; of equals, and where none was seen, the lowest id."""
    prior: NDArray[np.uint8] = counts.argmax(axis=0).astype(np.uint8)
    return prior


class Baselines:
    """Both predictors, learnt from the train split, and their confusion matrices on what they are held against.

    size_hw  of the masks that are scored: where the train split has another, the predictions are resized, nearest
    void     as of ConfusionMatrix
    """

    def __init__(
        self, train: ShardSplit, num_classes: int, size_hw: tuple[int, int], void: int | None = None
    ) -> None:
        counts = position_counts(train, num_classes)
        self._predictions = {
            "majority_class": resize_mask(majority_class(counts), size_hw),
            "position_prior": resize_mask(position_prior(counts), size_hw),
        }
        self.matrices = {name: ConfusionMatrix(num_classes, void=void) for name in self._predictions}

    def update(self, truth: NDArray[np.uint8]) -> None:
        """Add masks uint8 (N, H, W)."""
        for name, prediction in self._predictions.items():
            self.matrices[name].update(truth, np.broadcast_to(prediction, truth.shape))
