"""Two predictors that never look at a photo: what a model must beat before its score means anything.

majority_class   every pixel is the class that is most frequent in the training masks (say, sky)
position_prior   every pixel is the class most frequent at that very place (sky above, road below)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segdata.evaluation.confusion import ConfusionMatrix
from segdata.ontology import IGNORE_INDEX
from segdata.shards import ShardSplit

_BATCH = 16


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


def score_baselines(train: ShardSplit, scored: ShardSplit, num_classes: int) -> dict[str, ConfusionMatrix]:
    """The confusion matrices of both predictors on the scored split, learnt from the train split."""
    counts = position_counts(train, num_classes)
    predictions = {"majority_class": majority_class(counts), "position_prior": position_prior(counts)}
    matrices = {name: ConfusionMatrix(num_classes) for name in predictions}
    for start in range(0, len(scored), _BATCH):
        truth = scored.masks(range(start, min(start + _BATCH, len(scored))))
        for name, prediction in predictions.items():
            matrices[name].update(truth, np.broadcast_to(prediction, truth.shape))
    return matrices
