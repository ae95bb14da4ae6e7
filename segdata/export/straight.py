"""Staircases back to straight edges: the corners that somebody clicked, where painting allows no doubt.

An outline traced along pixels steps down every slanting edge. Where cv2 would paint the straight line between two of
its points over just the pixels in between, the points in between say nothing and go.

>>> straightened(np.array([[0, 0], [1, 0], [2, 1], [3, 1], [4, 2], [0, 2]], np.int32)).tolist()
[[0, 0], [4, 2], [0, 2]]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_CODES = np.array([[5, 4, 3], [6, -1, 2], [7, 0, 1]])
"""Direction of a step by [dx + 1, dy + 1]: 0 … 7 around the circle, the odd ones slanting."""

_ROUNDING = 1e-10  # slopes of lines within a photo differ by more


def straightened(points_xy: NDArray[np.int32]) -> NDArray[np.int32]:
    """The corners of a closed outline that are needed to paint it.

    points_xy  int32 (N, 2), N >= 2; every side runs straight or diagonal. Returns int32 (M, 2), M <= N.
    Source: a line from a pixel to another covers those in between iff their distance from it is within half a pixel
    (cv2's LineIterator: from left to right, halves are rounded down).
    """
    sides = np.roll(points_xy, -1, axis=0) - points_xy
    lengths = np.abs(sides).max(axis=1)
    steps = np.repeat(np.sign(sides), lengths, axis=0)
    codes = _CODES[steps[:, 0] + 1, steps[:, 1] + 1]
    corners = np.cumsum(lengths)
    kept: list[int] = []
    at = 0
    while at < len(codes):
        kept.append(at)
        at = _farthest(at, codes, corners, steps)
    chain = points_xy[0] + np.concatenate([np.zeros((1, 2), np.int64), np.cumsum(steps, axis=0)])
    needed: NDArray[np.int32] = chain[kept].astype(np.int32)
    return needed


def _farthest(at: int, codes: NDArray[np.int64], corners: NDArray[np.int64], steps: NDArray[np.int32]) -> int:
    """The last corner that one straight line from step `at` reaches."""
    window = 32
    while True:
        part = codes[at : at + window]
        same = _leading(part == part[0])
        other = part[same] if same < len(part) else part[0]
        neighbours = (part[0] - other) % 8 in (0, 1, 7)
        ahead = _leading((part == part[0]) | (part == other)) if neighbours else same
        along = np.arange(1, ahead + 1)
        aside = np.cumsum(part[:ahead] % 2)
        low = np.maximum.accumulate((aside - 0.5) / along)
        high = np.minimum.accumulate((aside + 0.5) / along)
        ahead = _leading(low <= high + _ROUNDING)
        if ahead < len(part) or at + window >= len(codes):
            break
        window *= 2
    slope, low, high = (aside / along)[:ahead], low[:ahead], high[:ahead]
    to_the_right = steps[at : at + ahead, 0].sum() >= 0
    if to_the_right:
        painted = (slope > low + _ROUNDING) & (slope <= high + _ROUNDING)
    else:
        painted = (slope >= low - _ROUNDING) & (slope < high - _ROUNDING)
    first = int(np.searchsorted(corners, at, side="right"))
    last = int(np.searchsorted(corners, at + ahead, side="right"))
    reached = corners[first:last]
    return int(reached[painted[reached - at - 1]][-1])


def _leading(true: NDArray[np.bool_]) -> int:
    """How many values are true before the first that is not."""
    return len(true) if true.all() else int(np.argmin(true))
