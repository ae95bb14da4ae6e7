"""Masks back to outlines that paint exactly the same mask: an annotator goes on with polygons, and no pixel moves.

Every connected piece of one class becomes its outer outline. Painted from the one that covers most to the one that
covers least, what lies in the hole of a piece is painted after it, so no outline has a hole. A piece of ignored
pixels is painted only where another outline runs over it. Where two pieces pass through each other by a corner,
no order is right: what is then wrong is painted last, as pieces of their own, and at the worst as straight runs of
pixels. Edges that were drawn straight become straight again where that paints the same pixels (`straight.py`).

>>> [(outline.class_id, outline.points_xy.tolist()) for outline in outlines(np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8))]
[(1, [[0, 0], [0, 2], [2, 2], [2, 0]]), (0, [[1, 1], [1, 1], [1, 1]])]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segdata.export.straight import straightened
from segdata.ontology import IGNORE_INDEX
from segdata.rasterize import blank_mask, fill
from segdata.sample import Mask

POINTS_AT_LEAST = 3
"""An outline of fewer points is taken for a slip of the pen: a pixel is a point three times, a line ends twice."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A closed outline to paint over those before it: class id (255 = ignore), whole pixels int32 (N >= 3, 2)."""

    class_id: int
    points_xy: NDArray[np.int32]


def outlines(mask: Mask) -> list[Outline]:
    """Outlines in painting order that `paint_outlines` turns into exactly this mask.

    mask  uint8 (H, W) class ids, 255 = ignore. All ignored: no outline. Raises DataError beyond 65,535 rows.
    """
    size_hw = (mask.shape[0], mask.shape[1])
    pieces = _pieces(mask, np.ones(size_hw, bool))
    classes = paint_outlines((piece for piece in pieces if piece.class_id != IGNORE_INDEX), size_hw)
    drawn = [piece for piece in pieces if _is_painted_over(piece, classes)]
    painted = paint_outlines(drawn, size_hw)
    while (wrong := painted != mask).any():
        patches = _pieces(mask, wrong)
        again = paint_outlines(patches, size_hw, painted)
        if np.count_nonzero(again != mask) >= np.count_nonzero(wrong):
            return drawn + runs(mask, wrong)
        drawn += patches
        painted = again
    return drawn


def paint_outlines(drawn: Iterable[Outline], size_hw: tuple[int, int], over: Mask | None = None) -> Mask:
    """The mask (H, W) that outlines make, later over earlier, on 255 or on a copy of `over`."""
    mask = blank_mask(size_hw) if over is None else over.copy()
    for outline in drawn:
        fill(mask, outline.points_xy.astype(np.float64), outline.class_id)
    return mask


def _is_painted_over(piece: Outline, painted: Mask) -> bool:
    """Whether a pixel at the piece's corners is of some class: so for every piece of a class, and ignored ones inside."""
    x, y = piece.points_xy.T
    return bool((painted[y, x] != IGNORE_INDEX).any())


def _straight(piece: Outline) -> Outline:
    """The same piece by its corners alone; as it is where that would paint another pixel."""
    corner = piece.points_xy.min(axis=0)
    own = piece.points_xy - corner
    width, height = (own.max(axis=0) + 1).tolist()
    if min(width, height) < 3:
        return piece
    fewer = _enough(straightened(own))
    blank = np.zeros((height, width), np.uint8)
    if np.array_equal(cv2.fillPoly(blank.copy(), [own], 1), cv2.fillPoly(blank, [fewer], 1)):
        return Outline(piece.class_id, fewer + corner)
    return piece


def _pieces(mask: Mask, where: NDArray[np.bool_]) -> list[Outline]:
    """The outer outline of every piece (pixels of a class that touch by a side or a corner), the one that covers most first."""
    found = []
    for class_id in np.unique(mask[where]).tolist():
        of_class = ((mask == class_id) & where).astype(np.uint8)
        contours, hierarchy = cv2.findContours(of_class, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        outer = (contour[:, 0] for contour, tree in zip(contours, hierarchy[0], strict=True) if tree[3] < 0)
        found += [Outline(class_id, _enough(points)) for points in outer]
    found.sort(key=lambda piece: -pixels_covered(piece.points_xy))
    return [_straight(piece) for piece in found]


def pixels_covered(points_xy: NDArray[np.int32]) -> float:
    """How many pixels painting an outline covers, holes and border included, where all sides are straight or diagonal.

    Source: Pick's theorem.
    """
    steps = np.abs(np.diff(points_xy, axis=0, append=points_xy[:1])).max(axis=1).sum()
    return float(cv2.contourArea(points_xy) + steps / 2 + 1)


def _enough(points: NDArray[np.int32]) -> NDArray[np.int32]:
    missing = max(POINTS_AT_LEAST - len(points), 0)
    return np.concatenate([points, np.repeat(points[-1:], missing, axis=0)]).astype(np.int32)


def runs(mask: Mask, wrong: NDArray[np.bool_]) -> list[Outline]:
    """Straight horizontal outlines over the wrong pixels, one for each run of neighbours of one class."""
    rows, columns = np.nonzero(wrong)
    if not rows.size:
        return []
    values = mask[rows, columns]
    breaks = (np.diff(rows) != 0) | (np.diff(columns) != 1) | (np.diff(values.astype(np.int16)) != 0)
    starts = np.flatnonzero(np.concatenate([[True], breaks]))
    ends = np.append(starts[1:], rows.size) - 1
    return [
        Outline(int(values[start]), _enough(np.stack([columns[[start, end]], rows[[start, end]]], axis=1)))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
