"""The shapes of a CVAT image as types, and what each of them covers.

<box label="car" xtl="10.00" ytl="4.00" xbr="30.00" ybr="12.00" rotation="15.00" z_order="0"/>
<ellipse label="wheel" cx="14.00" cy="12.00" rx="3.00" ry="3.00" z_order="1"/>
<mask label="person" left="40" top="7" width="4" height="2" rle="1, 2, 5" z_order="2"/>     .##. over ....
"""

from __future__ import annotations

from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from segdata.errors import DataError
from segdata.formats._parts.drawn import Bits, Patch
from segdata.rasterize import PointsXY, ellipse_points
from segdata.wording import size_text


class _Shape(msgspec.Struct, tag_field="shape", tag=str.lower):
    label: str
    z_order: int = 0


class Polygon(_Shape, kw_only=True):
    points: str


class Polyline(_Shape, kw_only=True):
    points: str


class Box(_Shape, kw_only=True):
    """rotation in degrees, clockwise on screen, about the middle."""

    xtl: float
    ytl: float
    xbr: float
    ybr: float
    rotation: float = 0.0


class Ellipse(_Shape, kw_only=True):
    """rotation in degrees, clockwise on screen."""

    cx: float
    cy: float
    rx: float
    ry: float
    rotation: float = 0.0


class Mask(_Shape, kw_only=True):
    """rle: runs of 0 and 1 in turn, row by row, inside the rectangle."""

    left: int
    top: int
    width: int
    height: int
    rle: str


class Points(_Shape, kw_only=True):
    points: str


class Skeleton(_Shape):
    """Points with names; they lie inside as elements of their own."""


class Cuboid(_Shape):
    """A box in perspective."""


class Tag(_Shape):
    """What is said of the image as a whole."""


Shape = Polygon | Polyline | Box | Ellipse | Mask | Points | Skeleton | Cuboid | Tag


def read_shape(raw: object, where: str, place: str) -> Shape:
    """Decode one shape, numbers from text. Raises DataError naming the image, the shape and the field."""
    try:
        shape: Shape = msgspec.convert(raw, Shape, strict=False)
    except msgspec.ValidationError as error:
        raise _error(where, place, str(error)) from error
    return shape


def outline(shape: Polygon | Polyline | Box | Ellipse, where: str, place: str) -> PointsXY:
    """Outline of a shape, float64 (N, 2) pixels. Raises DataError for numbers that are none."""
    if isinstance(shape, Polygon | Polyline):
        try:
            pairs = [
                [float(number) for number in pair.split(",")]
                for pair in shape.points.split(";")
                if pair.strip()
            ]
            points = np.array(pairs, np.float64).reshape(len(pairs), 2)
        except ValueError as error:
            raise _error(where, place, f"points {shape.points[:60]!r}") from error
    else:
        with np.errstate(all="ignore"):  # what has no end is told below
            points = np.round(_box(shape) if isinstance(shape, Box) else _ellipse(shape), 6)
    if not np.isfinite(points).all():
        raise _error(where, place, "numbers without end")
    return points


def _box(box: Box) -> PointsXY:
    corners = np.array(
        [[box.xtl, box.ytl], [box.xbr, box.ytl], [box.xbr, box.ybr], [box.xtl, box.ybr]], np.float64
    )
    if box.rotation == 0:
        return corners
    middle = corners.mean(axis=0)
    angle = np.deg2rad(box.rotation)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned: PointsXY = (corners - middle) @ turn + middle
    return turned


def _ellipse(ellipse: Ellipse) -> PointsXY:
    cx, cy, rx, ry, rotation = ellipse.cx, ellipse.cy, ellipse.rx, ellipse.ry, ellipse.rotation
    if not np.isfinite([cx, cy, rx, ry, rotation]).all():
        return np.full((1, 2), np.nan)
    return ellipse_points(cx, cy, rx, ry, float(np.deg2rad(rotation)))


def patch_of(mask: Mask, class_id: int, frame_hw: tuple[int, int], where: str, place: str) -> Patch:
    """A mask as a patch. Raises DataError for damaged run lengths, and for a mask that is larger than the photo."""
    size = mask.width * mask.height
    if not (1 <= mask.width <= frame_hw[1] and 1 <= mask.height <= frame_hw[0]):
        raise _error(where, place, f"a mask of {size_text((mask.height, mask.width))}")
    try:
        runs = np.array([int(number) for number in mask.rle.split(",") if number.strip()], np.int64)
    except (ValueError, OverflowError) as error:
        raise _error(where, place, "damaged run lengths") from error
    if runs.min(initial=0) < 0 or runs.max(initial=0) > size or int(runs.sum()) != size:
        raise _error(where, place, f"run lengths that do not add up to {mask.width} x {mask.height}")
    size_hw = (mask.height, mask.width)
    return Patch(place, class_id, mask.top, mask.left, size_hw, partial(_rows, runs, size_hw))


def _rows(runs: NDArray[np.int64], size_hw: tuple[int, int]) -> Bits:
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(size_hw)


def _error(where: str, place: str, found: str) -> DataError:
    expected = "a shape as CVAT writes it"
    return DataError(where, place=place, found=found, expected=expected, fix="Draw it again in CVAT.")
