"""Predicted masks as outlines that people can correct: few pieces, few points, and how far they are from the mask.

A network's mask is ragged: exact outlines (`contours.py`) of one photo are hundreds of polygons with thousands of
points, which nobody moves by hand. A draft drops islands that are too small to see and straightens outlines, within a
tolerance that goes by the photo's size, as people draw on the photo scaled to their screen. Every border is one line:
of two pieces that touch, the one that is painted first goes on a little way below the other, so that no gap opens
between them, and moving the upper line is enough.

>>> draft_of(mask).outlines                       # 480x640: within 1.3 pixels, islands below 16 pixels dropped
[Outline(class_id=3, points_xy=…), …]
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segdata.crossings import self_crossings
from segdata.export.contours import POINTS_AT_LEAST, Outline, paint_outlines
from segdata.ontology import IGNORE_INDEX
from segdata.sample import Mask

OUTLINE_SHARE = 1 / 500
"""An outline may move by so much of the photo's longer side, at least a pixel: two pixels of a screen 1,000 wide."""

BELOW, COARSE = 8, 4
"""Below what is painted later an outline goes on for so many tolerances, and may move by so many."""

LEAST_PX = 0.25
"""Lines that move less are the border of the pixels itself, which never crosses itself."""

ISLAND_SHARE = 1 / 160
"""An island is smaller than a square of so much of the longer side: six pixels of that screen."""


@dataclass(frozen=True)
class Tolerance:
    """How far a draft may be from its mask.

    outline_px  a point of an outline from the drawn line, pixels
    island_px   pieces of fewer pixels are dropped
    """

    outline_px: float
    island_px: int

    @classmethod
    def of(cls, size_hw: tuple[int, int]) -> Tolerance:
        longer = max(size_hw)
        return cls(max(1.0, longer * OUTLINE_SHARE), max(2, round(longer * ISLAND_SHARE)) ** 2)


@dataclass(frozen=True, eq=False)
class Draft:
    """Outlines in painting order, on pixels of class `canvas`.

    painted  what they paint, uint8 (H, W)
    islands  how many pieces were dropped
    """

    outlines: list[Outline]
    painted: Mask
    islands: int


def draft_of(mask: Mask, *, canvas: int = IGNORE_INDEX) -> Draft:
    """A draft of a mask uint8 (H, W) of class ids.

    canvas  class of the pixels that no outline covers; its pieces are drawn only where others would hide them
    """
    size_hw = (mask.shape[0], mask.shape[1])
    tolerance = Tolerance.of(size_hw)
    cleaned, islands = without_islands(mask, tolerance.island_px)
    pieces = _pieces(cleaned)
    order = np.full(size_hw, -1, np.int32)  # of the canvas: before all, so that nothing goes on below it
    for number, piece in enumerate(pieces):
        if piece.class_id != canvas:
            order[piece.rows, piece.columns][piece.own] = number
    drawn = [
        _drawn(piece, number, order, tolerance.outline_px)
        for number, piece in enumerate(pieces)
        if piece.class_id != canvas
    ]
    painted = paint_outlines(drawn, size_hw, np.full(size_hw, canvas, np.uint8))
    hidden = [
        _drawn(piece, len(pieces), order, tolerance.outline_px)
        for piece in pieces
        if piece.class_id == canvas
        and 2 * np.count_nonzero(painted[piece.rows, piece.columns][piece.own] != canvas) > piece.area
    ]
    return Draft(drawn + hidden, paint_outlines(hidden, size_hw, painted), islands)


def without_islands(mask: Mask, island_px: int) -> tuple[Mask, int]:
    """The mask with every piece of fewer pixels given to the nearest piece that stays, and how many there were.

    A mask of islands alone stays as it is.
    """
    small = np.zeros(mask.shape, np.uint8)
    islands = 0
    for _, rows, columns, labels, stats in _labelled(mask):
        below = stats[:, cv2.CC_STAT_AREA] < island_px
        below[0] = False
        if below.any():
            islands += int(np.count_nonzero(below))
            small[rows, columns] |= below[labels].astype(np.uint8)
    if not islands or small.all():
        return mask, 0
    _, nearest = cv2.distanceTransformWithLabels(small, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    kept = small == 0
    class_of = np.zeros(int(nearest.max()) + 1, np.uint8)
    class_of[nearest[kept]] = mask[kept]
    return np.where(kept, mask, class_of[nearest]), islands


def _labelled(mask: Mask) -> Iterator[tuple[int, slice, slice, NDArray[np.int32], NDArray[np.int32]]]:
    """For each class: its id, the rows and columns that hold it, and there its pieces as cv2 numbers and measures them."""
    for class_id in np.flatnonzero(np.bincount(mask.ravel(), minlength=256)).tolist():
        of_class = (mask == class_id).astype(np.uint8)
        left, top, width, height = cv2.boundingRect(of_class)
        rows, columns = slice(top, top + height), slice(left, left + width)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(of_class[rows, columns])
        yield class_id, rows, columns, np.asarray(labels, np.int32), np.asarray(stats, np.int32)


@dataclass(frozen=True, eq=False)
class _Piece:
    """Pixels of one class that touch: `own` bool (h, w) within `rows` and `columns` of the mask."""

    class_id: int
    rows: slice
    columns: slice
    own: NDArray[np.bool_]
    area: int
    covered: float


def _pieces(mask: Mask) -> list[_Piece]:
    """All pieces, the one whose outer outline covers most first."""
    found = []
    for class_id, of_rows, of_columns, labels, stats in _labelled(mask):
        for number, (left, top, width, height, area) in enumerate(stats[1:].tolist(), start=1):
            own = labels[top : top + height, left : left + width] == number
            top, left = top + of_rows.start, left + of_columns.start
            rows, columns = slice(top, top + height), slice(left, left + width)
            covered = cv2.contourArea(_outer(own))
            found.append(_Piece(class_id, rows, columns, own, area, covered))
    found.sort(key=lambda piece: (-piece.covered, -piece.area))
    return found


def _drawn(piece: _Piece, number: int, order: NDArray[np.int32], tolerance_px: float) -> Outline:
    """The piece's outline, gone on below what is painted later, straightened."""
    reach, coarse = math.ceil(BELOW * tolerance_px), math.ceil(COARSE * tolerance_px)
    margin = reach + coarse + 1
    rows, columns = _grown(piece.rows, margin, order.shape[0]), _grown(piece.columns, margin, order.shape[1])
    own = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    at_row, at_column = piece.rows.start - rows.start, piece.columns.start - columns.start
    own[at_row : at_row + piece.own.shape[0], at_column : at_column + piece.own.shape[1]] = piece.own
    later = order[rows, columns] > number
    distance = cv2.distanceTransform(1 - own, cv2.DIST_L2, 3)
    chain = _outer((own > 0) | (later & (distance <= reach)), cv2.CHAIN_APPROX_NONE)[:, 0]
    inside = cv2.distanceTransform(((own > 0) | later).astype(np.uint8), cv2.DIST_L2, 3)
    x, y = chain.T
    hidden = (inside[y, x] > coarse) & (distance[y, x] > coarse)
    points = _uncrossed(chain, hidden, tolerance_px)
    missing = max(POINTS_AT_LEAST - len(points), 0)
    points = np.concatenate([points, np.repeat(points[-1:], missing, axis=0)])
    return Outline(piece.class_id, (points + (columns.start, rows.start)).astype(np.int32))


def _uncrossed(chain: NDArray[np.int32], hidden: NDArray[np.bool_], fine_px: float) -> NDArray[np.int32]:
    """The chain as straight as it can be without crossing itself, which straight lines across a narrow part may do."""
    while fine_px >= LEAST_PX:
        points = _straightened(chain, hidden, fine_px, COARSE * fine_px)
        crossings = self_crossings(points, least_loop=0.0)
        if crossings is not None and not len(crossings):
            return points
        fine_px /= 2
    return chain


def _straightened(
    chain: NDArray[np.int32], hidden: NDArray[np.bool_], fine_px: float, coarse_px: float
) -> NDArray[np.int32]:
    """The closed chain with fewer points: within `coarse_px` where it is hidden, within `fine_px` elsewhere."""
    changes = np.flatnonzero(hidden != np.roll(hidden, 1))
    if not changes.size:
        return np.asarray(
            cv2.approxPolyDP(chain, coarse_px if hidden[0] else fine_px, closed=True)[:, 0], np.int32
        )
    chain, hidden, changes = (
        np.roll(chain, -changes[0], axis=0),
        np.roll(hidden, -changes[0]),
        changes - changes[0],
    )
    parts = []
    for start, end in zip(changes, [*changes[1:], len(chain)], strict=True):
        part = np.concatenate([chain[start:end], chain[end % len(chain)][None]])
        parts.append(cv2.approxPolyDP(part, coarse_px if hidden[start] else fine_px, closed=False)[:-1, 0])
    return np.concatenate(parts).astype(np.int32)


def _grown(side: slice, reach: int, size: int) -> slice:
    return slice(max(0, side.start - reach), min(size, side.stop + reach))


def _outer(own: NDArray[np.bool_], chain: int = cv2.CHAIN_APPROX_SIMPLE) -> NDArray[np.int32]:
    """The outer outline of the largest piece, int32 (N, 1, 2) as cv2 gives it."""
    contours, _ = cv2.findContours(own.astype(np.uint8), cv2.RETR_EXTERNAL, chain)
    return np.asarray(max(contours, key=cv2.contourArea), np.int32)
