"""How sure a figure is: the 95 % bootstrap interval over photos.

Photos, not pixels, are drawn: the pixels of a photo are no independent witnesses (Efron, Tibshirani 1993, "An
Introduction to the Bootstrap", chapter 13: percentile intervals).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mean_iou_interval(
    per_photo: NDArray[np.int64], *, resamples: int = 1000, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of the whole-split mean IoU under redrawing the photos with replacement.

    per_photo  int64 (N, C, C) confusion matrices
    Each of `resamples` draws adds up N matrices and takes the mean IoU over the classes that are not absent in it.
    """
    photos = per_photo.shape[0]
    assert photos > 0
    draws = np.random.default_rng(seed).multinomial(photos, np.full(photos, 1 / photos), size=resamples)
    hits = np.einsum("ncc->nc", per_photo).astype(np.float64)
    union = (per_photo.sum(axis=1) + per_photo.sum(axis=2)).astype(np.float64) - hits
    # float64 adds integers below 2^53 exactly, and its matrix product is the fast one.
    drawn = draws.astype(np.float64)
    hits_drawn, union_drawn = drawn @ hits, drawn @ union
    iou = np.divide(hits_drawn, union_drawn, out=np.full_like(hits_drawn, np.nan), where=union_drawn > 0)
    present = (~np.isnan(iou)).sum(axis=1)
    means = np.nansum(iou, axis=1)[present > 0] / present[present > 0]
    if means.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
