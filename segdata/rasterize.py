"""Regions to masks: the painting order and the pixel rule, stated once.

Order: regions are painted as they come, later over earlier. Pixel rule: coordinates are rounded half up to whole
pixels, then `cv2.fillPoly` with the border included; what runs outside the photo is cut off at its edge, along the
lines as they were drawn: a far point does not bend them.

>>> mask = blank_mask((3, 4))
>>> fill(mask, np.array([[0, 0], [2, 0], [2, 1], [0, 1]], np.float64), 7)
>>> mask.tolist()
[[7, 7, 7, 255], [7, 7, 7, 255], [255, 255, 255, 255]]
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from segdata import blocks
from segdata.errors import DataError
from segdata.ontology import IGNORE_INDEX
from segdata.sample import Mask
from segdata.wording import counted, size_text

PointsXY = NDArray[np.float64]
"""float64 (N, 2), x to the right and y down, in pixels; (0, 0) is the centre of the top left pixel."""

MAX_HEIGHT = 65_535
"""cv2 adds up an edge's slope row by row in 1/65,536 pixels: within this height it stays within one pixel."""

_FAR = 16_000
"""Lines are cut off this far beyond the photo, or as far as its own side if that is more: cv2 counts in 32 bits."""


def blank_mask(size_hw: tuple[int, int], class_id: int = IGNORE_INDEX) -> Mask:
    """uint8 (H, W) filled with one class id (default: ignore)."""
    mask = blocks.empty(size_hw)
    mask.fill(class_id)
    return mask


def pixel_points(points_xy: PointsXY, size_hw: tuple[int, int]) -> NDArray[np.int32]:
    """A closed outline in whole pixels, rounded half up, on a photo of this size.

    Returns int32 (M, 2): the points themselves where all lie near the photo (within its reach, 16,000 pixels or its
    own side); else the outline cut off at that reach, even-odd inside as before, and none where it lies beyond.
    """
    points = np.floor(points_xy + 0.5)
    if len(points) and points.min() >= -_FAR and points.max() <= _FAR:  # within every photo's reach
        return points.astype(np.int32)
    low, high = _reach(size_hw)
    for axis in (0, 1):
        for sign, bound in ((1.0, low[axis]), (-1.0, -high[axis])):
            points = _cut_off(points, axis, sign, float(bound))
    return np.floor(points + 0.5).astype(np.int32)


def pixel_outlines(outlines_xy: Sequence[PointsXY], size_hw: tuple[int, int]) -> list[NDArray[np.int32]]:
    """`pixel_points` of several outlines: all at once where all lie near the photo, as nearly always."""
    if not outlines_xy:
        return []
    points = np.floor(np.concatenate(outlines_xy) + 0.5)
    if len(points) == 0 or points.min() < -_FAR or points.max() > _FAR:
        return [pixel_points(points_xy, size_hw) for points_xy in outlines_xy]
    whole = points.astype(np.int32)
    ends = accumulate(map(len, outlines_xy), initial=0)
    return [whole[start:end] for start, end in pairwise(ends)]


def _reach(size_hw: tuple[int, int]) -> tuple[PointsXY, PointsXY]:
    """The lowest and the highest x, y at which lines are drawn."""
    reach = np.maximum(size_hw[::-1], _FAR).astype(np.float64)
    return -reach, 2 * reach


def _cut_off(points: PointsXY, axis: int, sign: float, bound: float) -> PointsXY:
    """The part of an outline where sign * coordinate >= bound (Sutherland and Hodgman, CACM 17, 1974).

    Where it leaves and comes back, the ends are joined along the bound: that changes nothing before it.
    """
    inside = sign * points[:, axis] >= bound
    if inside.all():
        return points
    following, stays = np.roll(points, -1, axis=0), np.roll(inside, -1)
    crossing = inside != stays
    # In halves, as the difference of two floats may be infinite.
    here, there = points[:, axis] / 2, following[:, axis] / 2
    share = np.divide(sign * bound / 2 - here, there - here, out=np.zeros(len(points)), where=crossing)
    cut = points * (1 - share)[:, None] + following * share[:, None]
    cut[:, axis] = sign * bound
    kept: PointsXY = np.stack([cut, following], axis=1)[np.stack([crossing, stays], axis=1)]
    return kept


def _pixel_lines(points_xy: PointsXY, size_hw: tuple[int, int]) -> list[NDArray[np.int32]]:
    """An open line in whole pixels, as one piece where all of it lies near the photo, else edge by edge, cut off."""
    points, (low, high) = np.floor(points_xy + 0.5), _reach(size_hw)
    if np.all((points >= low) & (points <= high)):
        return [points.astype(np.int32)]
    starts, ends = points[:-1], points[1:]
    with np.errstate(divide="ignore", invalid="ignore"):  # edges along an axis are endless in the other
        at_low = (low / 2 - starts / 2) / (ends / 2 - starts / 2)
        at_high = (high / 2 - starts / 2) / (ends / 2 - starts / 2)
    enters = np.maximum(np.fmin(at_low, at_high).max(axis=1), 0.0)
    leaves = np.minimum(np.fmax(at_low, at_high).min(axis=1), 1.0)
    near = enters <= leaves
    pieces = [
        np.clip(starts[near] * (1 - share)[:, None] + ends[near] * share[:, None], low, high)
        for share in (enters[near], leaves[near])
    ]
    return list(np.floor(np.stack(pieces, axis=1) + 0.5).astype(np.int32))


def fill(mask: Mask, points_xy: PointsXY, class_id: int) -> None:
    """Paint a closed outline (even-odd inside, border included) into `mask`, in place.

    Raises DataError for a mask of more than MAX_HEIGHT rows.
    """
    fill_pixels(mask, pixel_points(points_xy, (mask.shape[0], mask.shape[1])), class_id)


def fill_pixels(mask: Mask, points: NDArray[np.int32], class_id: int) -> None:
    """`fill` of an outline that `pixel_points` has made whole."""
    refuse_high((mask.shape[0], mask.shape[1]))
    if len(points):
        cv2.fillPoly(mask, [points], class_id)


def stroke(mask: Mask, points_xy: PointsXY, class_id: int, width_px: int) -> None:
    """Paint an open line of `width_px` pixels with round ends into `mask`, in place.

    Pixels whose centre lies within half the width of the one-pixel line; an even width is one pixel wider, to stay
    centred. (cv2's own thick lines differ between its versions: thickness 3 is 5 pixels wide in OpenCV 5.0.)
    Raises DataError for a mask of more than MAX_HEIGHT rows.
    """
    refuse_high((mask.shape[0], mask.shape[1]))
    height, width = mask.shape
    lines, reach = _pixel_lines(points_xy, (height, width)), width_px // 2 + 1
    if not lines:
        return
    points = np.concatenate(lines)
    left, top = np.maximum(points.min(axis=0) - reach, -reach).tolist()
    right, bottom = np.minimum(points.max(axis=0), (width - 1, height - 1)).tolist()
    right, bottom = right + reach + 1, bottom + reach + 1
    x0, x1, y0, y1 = max(left, 0), min(right, width), max(top, 0), min(bottom, height)
    if x0 >= x1 or y0 >= y1:
        return
    paper = np.ones((bottom - top, right - left), np.uint8)
    corner = np.array([left, top], np.int32)
    cv2.polylines(paper, [line - corner for line in lines], isClosed=False, color=0)
    distance = cv2.distanceTransform(paper, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near = distance[y0 - top : y1 - top, x0 - left : x1 - left] <= width_px / 2
    mask[y0:y1, x0:x1][near] = class_id


def refuse_high(size_hw: tuple[int, int], name: str = "") -> None:
    """Raises DataError for a photo of more than MAX_HEIGHT rows, which outlines cannot be painted on."""
    height = size_hw[0]
    if height > MAX_HEIGHT:
        raise DataError(
            name or f"photo of {size_text(size_hw)}",
            found=counted(height, "row"),
            expected=f"at most {MAX_HEIGHT:,} rows to paint outlines on",
            fix="Cut the photo into pieces and annotate those.",
        )


def count_outside(points_xy: PointsXY, size_hw: tuple[int, int], *, far_edge: bool = False) -> int:
    """How many points lie outside a photo of this size.

    far_edge  whether a point on the right or lower edge counts: where coordinates number pixels, x = width is one
              pixel too far; where they start at a pixel's corner, it is the edge itself
    """
    height, width = size_hw
    x, y = points_xy[:, 0], points_xy[:, 1]
    beyond = (x >= width) | (y >= height) if far_edge else (x > width) | (y > height)
    return int(np.count_nonzero((x < 0) | (y < 0) | beyond))


def area_px(points_xy: PointsXY, size_hw: tuple[int, int]) -> float:
    """What a closed outline encloses near a photo of this size, in square pixels."""
    points = pixel_points(points_xy, size_hw)
    return float(cv2.contourArea(points)) if len(points) else 0.0


def is_on_a_line(points: NDArray[np.int32]) -> bool:
    """Whether whole pixels (N, 2), one or more, enclose nothing: all on one line, or on one spot."""
    if cv2.contourArea(points):
        return False
    steps = points.astype(np.int64) - points[0]
    far_x, far_y = steps[np.argmax(np.abs(steps).sum(axis=1))]
    return not np.any(steps[:, 0] * far_y - steps[:, 1] * far_x)


def mean_width(points_xy: PointsXY) -> float:
    """What a closed outline encloses by its longer extent in x or y, in pixels; 0 for points on one spot."""
    steps = points_xy - points_xy[0]
    further = np.roll(steps, -1, axis=0)
    area = abs(float(np.sum(steps[:, 0] * further[:, 1] - further[:, 0] * steps[:, 1]))) / 2
    longer = float(np.ptp(points_xy, axis=0).max())
    return area / longer if longer else 0.0


def ellipse_points(cx: float, cy: float, rx: float, ry: float, theta: float = 0.0) -> PointsXY:
    """Outline of an ellipse; `theta` in radians, clockwise on screen. A circle has rx = ry.

    The number of points grows with the radius, so that the outline stays within a quarter pixel of the curve.
    """
    count = int(np.clip(np.ceil(np.pi * np.sqrt(2 * max(rx, ry, 1.0))), 16, 2048))
    angle = np.arange(count) * (2 * np.pi / count)
    x, y = rx * np.cos(angle), ry * np.sin(angle)
    cos, sin = np.cos(theta), np.sin(theta)
    return np.stack([cx + x * cos - y * sin, cy + x * sin + y * cos], axis=1)
