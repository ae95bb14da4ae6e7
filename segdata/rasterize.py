"""Regions to masks: the painting order and the pixel rule, stated once.

Order: regions are painted as they come, later over earlier. Pixel rule: coordinates are rounded half up to whole
pixels, then `cv2.fillPoly` with the border included; what runs outside the photo is cut off at its edge.

>>> mask = blank_mask((3, 4))
>>> fill(mask, np.array([[0, 0], [2, 0], [2, 1], [0, 1]], np.float64), 7)
>>> mask.tolist()
[[7, 7, 7, 255], [7, 7, 7, 255], [255, 255, 255, 255]]
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segdata.errors import DataError
from segdata.ontology import IGNORE_INDEX
from segdata.sample import Mask

PointsXY = NDArray[np.float64]
"""float64 (N, 2), x to the right and y down, in pixels; (0, 0) is the centre of the top left pixel."""

MAX_HEIGHT = 65_535
"""cv2 adds up an edge's slope row by row in 1/65,536 pixels: within this height it stays within one pixel."""

_FAR = 16_000
"""Points farther beyond the photo than this, or than its own side if that is more, are moved to that distance."""


def blank_mask(size_hw: tuple[int, int], class_id: int = IGNORE_INDEX) -> Mask:
    """uint8 (H, W) filled with one class id (default: ignore)."""
    return np.full(size_hw, class_id, np.uint8)


def pixel_points(points_xy: PointsXY, size_hw: tuple[int, int]) -> NDArray[np.int32]:
    """Round half up to whole pixels, on a photo of this size. Returns int32 (N, 2)."""
    reach = np.maximum(size_hw[::-1], _FAR)
    rounded: NDArray[np.int32] = np.clip(np.floor(points_xy + 0.5), -reach, 2 * reach).astype(np.int32)
    return rounded


def fill(mask: Mask, points_xy: PointsXY, class_id: int) -> None:
    """Paint a closed outline (even-odd inside, border included) into `mask`, in place.

    Raises DataError for a mask of more than MAX_HEIGHT rows.
    """
    _refuse_high(mask)
    cv2.fillPoly(mask, [pixel_points(points_xy, (mask.shape[0], mask.shape[1]))], class_id)


def stroke(mask: Mask, points_xy: PointsXY, class_id: int, width_px: int) -> None:
    """Paint an open line of `width_px` pixels with round ends into `mask`, in place.

    Pixels whose centre lies within half the width of the one-pixel line; an even width is one pixel wider, to stay
    centred. (cv2's own thick lines differ between its versions: thickness 3 is 5 pixels wide in OpenCV 5.0.)
    Raises DataError for a mask of more than MAX_HEIGHT rows.
    """
    _refuse_high(mask)
    height, width = mask.shape
    points, reach = pixel_points(points_xy, (height, width)), width_px // 2 + 1
    left, top = np.maximum(points.min(axis=0) - reach, -reach).tolist()
    right, bottom = np.minimum(points.max(axis=0), (width - 1, height - 1)).tolist()
    right, bottom = right + reach + 1, bottom + reach + 1
    x0, x1, y0, y1 = max(left, 0), min(right, width), max(top, 0), min(bottom, height)
    if x0 >= x1 or y0 >= y1:
        return
    paper = np.ones((bottom - top, right - left), np.uint8)
    cv2.polylines(paper, [points - np.array([left, top], np.int32)], isClosed=False, color=0)
    distance = cv2.distanceTransform(paper, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near = distance[y0 - top : y1 - top, x0 - left : x1 - left] <= width_px / 2
    mask[y0:y1, x0:x1][near] = class_id


def _refuse_high(mask: Mask) -> None:
    if mask.shape[0] > MAX_HEIGHT:
        raise DataError(
            f"photo of {mask.shape[0]}x{mask.shape[1]} (HxW)",
            found=f"{mask.shape[0]:,} rows",
            expected=f"at most {MAX_HEIGHT:,} rows to paint outlines on",
            fix="Cut the photo into pieces and annotate those.",
        )


def count_outside(points_xy: PointsXY, size_hw: tuple[int, int]) -> int:
    """How many points lie outside a photo of this size (on the far edge itself is inside)."""
    height, width = size_hw
    x, y = points_xy[:, 0], points_xy[:, 1]
    return int(np.count_nonzero((x < 0) | (y < 0) | (x > width) | (y > height)))


def ellipse_points(cx: float, cy: float, rx: float, ry: float, theta: float = 0.0) -> PointsXY:
    """Outline of an ellipse; `theta` in radians, clockwise on screen. A circle has rx = ry.

    The number of points grows with the radius, so that the outline stays within a quarter pixel of the curve.
    """
    count = int(np.clip(np.ceil(np.pi * np.sqrt(2 * max(rx, ry, 1.0))), 16, 2048))
    angle = np.arange(count) * (2 * np.pi / count)
    x, y = rx * np.cos(angle), ry * np.sin(angle)
    cos, sin = np.cos(theta), np.sin(theta)
    return np.stack([cx + x * cos - y * sin, cy + x * sin + y * cos], axis=1)
