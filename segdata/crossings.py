"""Where outlines cross themselves: what they enclose twice is left out, and people rarely meant that.

>>> bow_tie, square = np.array([[0, 0], [7, 5], [7, 0], [0, 5]]), np.array([[0, 0], [7, 0], [7, 5], [0, 5]])
>>> self_crossings(bow_tie).tolist(), may_cross([bow_tie, square]).tolist()
([[3.5, 2.5]], [True, False])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.integer[Any]]
Places = NDArray[np.float64]

MOST_PAIRS = 200_000
"""Edges of one outline are compared in so many pairs at most: about a tenth of a second and 30 MB."""

_FEW = 100
"""Of outlines of so few points, all pairs of edges are compared at once, which is fastest."""

_AT_ONCE = 1 << 15
"""So many pairs, those of several outlines: their numbers fit a processor's cache."""


def self_crossings(points: Points, *, least_loop: float = 2.0) -> Places | None:
    """Where a closed outline of whole pixels (N, 2) crosses itself, in its own order; touching is no crossing.

    least_loop   square pixels: what cuts off a smaller loop is left out, as rounding to whole pixels makes such
    Returns float64 (K, 2); None when more than MOST_PAIRS pairs of edges would have to be compared.
    """
    if not may_cross([points])[0]:
        return np.empty((0, 2))
    starts = points.astype(np.float64)  # exact: whole numbers, and products of two, far below 2**53
    starts = starts[np.any(starts != np.roll(starts, 1, axis=0), axis=1)]
    ends = np.roll(starts, -1, axis=0)
    pairs = _near_pairs(np.minimum(starts, ends), np.maximum(starts, ends))
    if pairs is None:
        return None
    one, other = pairs
    a, b, c, d = starts[one], ends[one], starts[other], ends[other]
    to_c, to_d = _cross(b - a, c - a), _cross(b - a, d - a)
    crossing = (to_c * to_d < 0) & (_cross(d - c, a - c) * _cross(d - c, b - c) < 0)
    one, other = one[crossing], other[crossing]
    share = to_c[crossing] / (to_c[crossing] - to_d[crossing])
    places: Places = c[crossing] + share[:, None] * (d - c)[crossing]
    swept = np.concatenate([[0], np.cumsum(_cross(starts, ends))])  # twice the area, up to each point
    after = starts[(one + 1) % len(starts)]
    loops = _cross(places, after) + swept[other] - swept[one + 1] + _cross(starts[other], places)
    large = np.minimum(np.abs(loops), np.abs(swept[-1] - loops)) >= 2 * least_loop
    in_order: Places = places[large][np.lexsort((other[large], one[large]))]
    return in_order


def _cross(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    cross: NDArray[Any] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return cross


def may_cross(outlines: Sequence[Points]) -> NDArray[np.bool_]:
    """Which of several closed outlines of whole pixels, each (N, 2), `self_crossings` has to look at.

    Those of more than 100 points, which are not looked at here, and those in which an edge crosses another. Returns
    bool, one each.
    """
    counts = np.array([len(points) for points in outlines], np.intp)
    may = counts > _FEW
    few = np.flatnonzero((counts > 3) & ~may)
    if len(few):
        starts = np.concatenate([outlines[index] for index in few.tolist()]).astype(np.float64)
        few, begins = _by_count(few, counts)
        done = 0
        while done < len(few):
            most = int(counts[few[done]])
            some = slice(done, done + max(1, _AT_ONCE // most**2))
            may[few[some]] = _any_crossing(starts, begins[some], counts[few[some]])
            done = some.stop
    return may


def _by_count(few: NDArray[np.intp], counts: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """These outlines, those of most points first, and where the points of each begin when all stand in a row."""
    begins = np.concatenate([[0], np.cumsum(counts[few])[:-1]])
    order = np.argsort(-counts[few], kind="stable")
    return few[order], begins[order]


def _any_crossing(points: Places, begins: NDArray[np.intp], counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether an edge of a small outline crosses another, for several: every edge against every corner at once.

    points   float64 (M, 2), of which `counts` from `begins` on are one outline's; the first has most points.
    """
    # The last point again where an outline has fewer: an edge of no length crosses nothing. Then the first once more.
    corners = begins[:, None] + np.minimum(np.arange(counts[0] + 1), counts[:, None] - 1)
    corners[:, -1] = begins
    plane = np.ones((len(begins), 3, counts[0] + 1))  # x, y, 1 of each corner
    plane[:, 0], plane[:, 1] = points[corners, 0], points[corners, 1]
    x, y = plane[:, 0], plane[:, 1]
    lines = np.empty((len(begins), counts[0], 3))  # which side of an edge a corner lies on: ax + by + c
    lines[..., 0], lines[..., 1] = y[:, :-1] - y[:, 1:], x[:, 1:] - x[:, :-1]
    lines[..., 2] = -(lines[..., 0] * x[:, :-1] + lines[..., 1] * y[:, :-1])
    side = lines @ plane
    parted = side[..., :-1] * side[..., 1:] < 0  # by the line through each edge: the two ends of each edge
    crossing: NDArray[np.bool_] = (parted & parted.transpose(0, 2, 1)).any(axis=(1, 2))
    return crossing


def _near_pairs(low: Places, high: Places) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Pairs of edges whose boxes meet, by number, the lower first; None for more than MOST_PAIRS to look at."""
    sweeps = []
    for axis in (0, 1):  # an edge can only meet those that begin before it ends, along an axis
        order = np.argsort(low[:, axis], kind="stable")
        until = np.searchsorted(low[order, axis], high[order, axis], side="right")
        sweeps.append((int((until - np.arange(len(order)) - 1).sum()), order, until))
    count, order, until = min(sweeps, key=lambda sweep: sweep[0])
    if count > MOST_PAIRS:
        return None
    counts = until - np.arange(len(order)) - 1
    first = np.repeat(np.arange(len(order)), counts)
    second = np.arange(count) - np.repeat(np.cumsum(counts) - counts, counts) + first + 1
    one, other = np.sort(np.stack([order[first], order[second]]), axis=0)
    near = np.all((low[one] <= high[other]) & (low[other] <= high[one]), axis=1)
    return one[near], other[near]
