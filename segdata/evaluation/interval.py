"""How sure a figure is: the 95 % bootstrap interval over photos.

Photos, not pixels, are drawn: the pixels of a photo are no independent witnesses (Efron, Tibshirani 1993, "An
Introduction to the Bootstrap", chapter 13: percentile intervals).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segdata.evaluation.confusion import Figures, ratio

_DRAWN_AT_ONCE = 1 << 22  # numbers; a large split is redrawn in several goes


def bootstrap_intervals(
    units: NDArray[Any],
    figures: Callable[[Figures], Figures],
    *,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> list[tuple[float, float]]:
    """Percentile intervals of figures that are functions of sums over photos, redrawing these with replacement.

    units    (N, K): what each photo adds to the sums; whole numbers below 2^53 add up exactly
    figures  float64 (R, K) sums of R redrawn splits → float64 (R, F); NaN where not defined, and not counted
    Returns F intervals; NaN twice for a figure that is defined in no draw.
    """
    count = units.shape[0]
    assert count > 0
    random = np.random.default_rng(seed)
    at_once = max(1, _DRAWN_AT_ONCE // count)
    # float64 adds integers below 2^53 exactly, and its matrix product is the fast one.
    added, drawn = units.astype(np.float64), []
    for start in range(0, resamples, at_once):
        size = min(at_once, resamples - start)
        draws = random.multinomial(count, np.full(count, 1 / count), size=size).astype(np.float64)
        drawn.append(figures(draws @ added))
    return [_percentiles(column, level) for column in np.concatenate(drawn).T]


def _percentiles(drawn: Figures, level: float) -> tuple[float, float]:
    known = drawn[~np.isnan(drawn)]
    if known.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def nan_mean(values: Figures) -> Figures:
    """Mean along the last axis over what is no NaN; NaN without any."""
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))
