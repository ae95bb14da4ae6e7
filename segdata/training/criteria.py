"""What an epoch scored on the val split, and by which figure the best epoch is chosen.

The standard figures leave void out, a last class of that name too. Two reports chose by figures of their own, which stand in the curves as
`val_selected`: `onehot_accuracy` counts void as class 0 (report 000), `index_dice` adds up class ids (report 001); see
segdata/evaluation/protocols for their formulas.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from segdata.evaluation.confusion import ConfusionMatrix, ratio
from segdata.ontology import IGNORE_INDEX


class ValidationFigures:
    """Adds up the batches of one validation; figures are NaN where nothing defines them."""

    def __init__(self, num_classes: int, select: str, void: int | None = None) -> None:
        self.select = select
        self.matrix = ConfusionMatrix(num_classes, void=void)
        self.onehot = ConfusionMatrix(num_classes)
        self.index_dice, self.photos = 0.0, 0
        self.loss_sum, self.loss_weight = 0.0, 0.0

    def add(self, masks: Tensor, predicted: Tensor, loss_sum: Tensor, loss_weight: Tensor) -> None:
        """One batch: uint8 (N, H, W) truth and prediction, and the loss with its weight."""
        self.loss_sum += float(loss_sum)
        self.loss_weight += float(loss_weight)
        self.photos += len(masks)
        self.matrix.update(masks, predicted)
        if self.select == "onehot_accuracy":
            self.onehot.update(torch.where(masks == IGNORE_INDEX, torch.zeros_like(masks), masks), predicted)
        elif self.select == "index_dice":
            known = masks != IGNORE_INDEX
            truth, found = masks[known].double(), predicted[known].double()
            total = float((truth + found).sum())
            self.index_dice += 2 * float((truth * found).sum()) / total if total else 0.0

    def sums(self) -> Tensor:
        """All that was added up, float64: the sums of several processes add up to those of one."""
        few = np.array([self.loss_sum, self.loss_weight, self.index_dice, self.photos])
        return torch.from_numpy(np.concatenate([few, self.matrix.counts.ravel(), self.onehot.counts.ravel()]))

    def take(self, sums: Tensor) -> None:
        """Go on with these sums instead."""
        few, matrix, onehot = np.split(sums.cpu().numpy(), [4, 4 + self.matrix.counts.size])
        self.loss_sum, self.loss_weight, self.index_dice = (float(value) for value in few[:3])
        self.photos = int(few[3])
        self.matrix.counts[:] = matrix.reshape(self.matrix.counts.shape).round().astype(np.int64)
        self.onehot.counts[:] = onehot.reshape(self.onehot.counts.shape).round().astype(np.int64)

    @property
    def loss(self) -> float:
        return self.loss_sum / self.loss_weight if self.loss_weight else float("nan")

    @property
    def selected(self) -> float:
        """The figure that `select` names, where it is none of the columns that every run has; else NaN."""
        if self.select == "onehot_accuracy":
            return self.onehot.pixel_accuracy()
        if self.select == "index_dice":
            return self.index_dice / self.photos if self.photos else float("nan")
        return macro_dice(self.matrix) if self.select == "dice" else float("nan")


def macro_dice(matrix: ConfusionMatrix) -> float:
    """Mean of 2 n_ii / (t_i + p_i) over the classes that are not absent; NaN without any."""
    per_class = ratio(2 * matrix.counts.diagonal(), matrix.truth_pixels + matrix.predicted_pixels)
    if matrix.void is not None:
        per_class[matrix.void] = np.nan
    known = per_class[~np.isnan(per_class)]
    return float(known.mean()) if known.size else float("nan")
