"""Polygons and boxes that were drawn in MATLAB's labelers, and how they are painted.

    LabelData(1).field   {[10 20; 90 20; 50 80], …}     polygons of the label "field": columns x and y, in pixels
    LabelData(1).car     [31 40 12 8; …]                boxes: x, y, width, height
    PolygonOrder(1).field  [2 1]                        the place of each polygon in the stack

MATLAB counts pixels from 1: [1 1 4 2] is the top left box of 4 by 2 pixels, and the point (1, 1) the middle of the top
left pixel. Boxes are painted first, label by label, then polygons by rising PolygonOrder: the highest lies on top.
MathWorks documents that field nowhere, so what was made of it is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.doubts import other_photo, outline_doubts, turned
from segdata.formats._parts.matlab_variables import columns
from segdata.rasterize import PointsXY, count_outside, fill, refuse_high
from segdata.sample import Mask
from segdata.wording import counted, size_text

POLYGON, RECTANGLE = "Polygon", "Rectangle"
OUTLINED = (POLYGON, RECTANGLE)


class Shape(msgspec.Struct, frozen=True):
    """One outline: its label, what to call it in messages, and corners x, y counted from 0."""

    label: str
    place: str
    corners: tuple[tuple[float, float], ...]


class Outlines(msgspec.Struct, frozen=True):
    """The shapes of each photo in painting order, and what to tell of that order."""

    rows: tuple[tuple[Shape, ...], ...]
    doubts: tuple[Finding, ...]


def read_outlines(
    data: Mapping[str, Sequence[Any]], types: Mapping[str, str], order: Any, num_photos: int, name: str
) -> Outlines:
    """The polygons and boxes of LabelData.

    data    label → one cell per photo
    types   label → its labelType, in the order of the definitions
    order   PolygonOrder of the groundTruth object; None where there is none
    Raises DataError naming row and label for what is neither, or when rows and photos differ in number.
    """
    drawn = {label: data[label] for label, kind in types.items() if kind in OUTLINED and label in data}
    for label, cells in drawn.items():
        if len(cells) != num_photos:
            raise DataError(
                name,
                place=f"LabelData: {label!r}",
                found=counted(len(cells), "row"),
                expected=f"{num_photos}, one per photo",
            )
    places = _places(order, num_photos)
    rows, unordered, ordered = [], 0, 0
    for row in range(num_photos):
        boxes: list[Shape] = []
        polygons: list[tuple[float, Shape]] = []
        known = True
        for label, cells in drawn.items():
            where = f"row {row + 1}, {label!r}"
            if types[label] == RECTANGLE:
                boxes += _boxes(cells[row], label, where, name)
                continue
            shapes = _polygons(cells[row], label, where, name)
            given = places.get(label, {}).get(row, ())
            known &= len(given) == len(shapes)
            polygons += zip(given if len(given) == len(shapes) else [0.0] * len(shapes), shapes, strict=True)
        if len({shape.label for _, shape in polygons}) > 1:
            unordered, ordered = unordered + (not known), ordered + known
        polygons = sorted(polygons, key=lambda one: one[0]) if known else polygons
        rows.append((*boxes, *(shape for _, shape in polygons)))
    return Outlines(tuple(rows), _doubts(types, drawn, ordered, unordered, name))


def _doubts(
    types: Mapping[str, str], drawn: Mapping[str, Any], ordered: int, unordered: int, name: str
) -> tuple[Finding, ...]:
    doubts = []
    if drawn and all(types[label] == RECTANGLE for label in drawn):
        message = "all labels are boxes, which cover more than the object in them"
        doubts.append(Finding("boxes-painted", name, "LabelDefinitions", message, "painted whole", "warning"))
    if ordered:
        message = f"polygons of several labels on {counted(ordered, 'photo')}"
        action = "painted by rising PolygonOrder, the highest on top"
        doubts.append(Finding("polygon-order", name, "PolygonOrder", message, action))
    if unordered:
        message = (
            f"no order that can be read, for polygons of several labels on {counted(unordered, 'photo')}"
        )
        action = "painted in the order of the label definitions, later over earlier"
        doubts.append(Finding("polygon-order", name, "PolygonOrder", message, action, "warning"))
    return tuple(doubts)


def _places(order: Any, num_photos: int) -> dict[str, dict[int, list[float]]]:
    """label → row → place of each polygon in the stack; nothing where the field has another form."""
    try:
        table = columns(order, "PolygonOrder")
        return {
            label: {row: _numbers(cell).ravel().tolist() for row, cell in enumerate(cells)}
            for label, cells in table.items()
            if len(cells) == num_photos
        }
    except (ValueError, TypeError):
        return {}


def _boxes(cell: Any, label: str, where: str, name: str) -> list[Shape]:
    shapes: list[Shape] = []
    for part in _positions(cell):
        values = _matrix(part, 4, where, name)
        for x, y, width, height in values.tolist():
            left, top, right, bottom = x - 1, y - 1, x + width - 2, y + height - 2
            corners = ((left, top), (right, top), (right, bottom), (left, bottom))
            if width < 1 or height < 1:
                raise DataError(
                    name, place=where, found=f"a box of {width} by {height}", expected="a pixel at least"
                )
            shapes.append(Shape(label, f"{where}, box {len(shapes) + 1}", corners))
    return shapes


def _polygons(cell: Any, label: str, where: str, name: str) -> list[Shape]:
    shapes: list[Shape] = []
    for part in _positions(cell):
        corners = tuple((x - 1, y - 1) for x, y in _matrix(part, 2, where, name).tolist())
        shapes.append(Shape(label, f"{where}, polygon {len(shapes) + 1}", corners))
    return shapes


def _positions(cell: Any) -> list[Any]:
    """The parts of a cell of LabelData: of a cell array, or of structs (with attributes) their field Position."""
    if isinstance(cell, np.ndarray) and "Position" in (cell.dtype.names or ()):
        return [part for one in cell["Position"].ravel() for part in _positions(one)]
    if isinstance(cell, np.ndarray) and cell.dtype == object:
        return [part for one in cell.ravel() for part in _positions(one)]
    return [cell] if np.size(cell) else []


def _matrix(part: Any, width: int, where: str, name: str) -> NDArray[np.float64]:
    values = _numbers(part)
    if values.ndim != 2 or values.shape[1] != width or not np.all(np.isfinite(values)):
        what = "x and y of each corner" if width == 2 else "x, y, width and height of each box"
        raise DataError(
            name,
            place=where,
            found=f"numbers of shape {values.shape}",
            expected=f"{what}, all of them numbers",
        )
    return values


def _numbers(cell: Any) -> NDArray[np.float64]:
    while isinstance(cell, np.ndarray) and cell.dtype == object and cell.size == 1:
        cell = cell.item()
    return np.asarray(cell, np.float64)


def paint_shape(mask: Mask, shape: Shape, class_id: int, name: str) -> list[Finding]:
    """Fill an outline into `mask`, in place. Returns what is doubtful about it; `name` is the photo's."""
    points: PointsXY = np.array(shape.corners, np.float64).reshape(-1, 2)
    size_hw = (mask.shape[0], mask.shape[1])
    if len(points) < 3:
        message = f"{counted(len(points), 'point')}: too few for an area"
        return [Finding("too-few-points", name, shape.place, message, "ignored", "warning")]
    refuse_high(size_hw, name)
    fill(mask, points, class_id)
    findings = []
    outside = count_outside(points, size_hw)
    if outside:
        message = f"{outside} of {counted(len(points), 'point')} outside the photo of {size_text(size_hw)}"
        findings.append(Finding("points-clipped", name, shape.place, message, "clipped"))
    if _is_polygon(shape):  # boxes enclose what they say, and may be a pixel wide
        findings += outline_doubts(points, size_hw, name, shape.place)
    return findings


def _is_polygon(shape: Shape) -> bool:
    return shape.place.rpartition(", ")[2].startswith("polygon")


def misfit(shapes: Sequence[Shape], size_hw: tuple[int, int], name: str) -> list[Finding]:
    """A finding where shapes of photo `name` run outside a frame of this size, and fit one of swapped sides or a larger one."""
    outlines = [np.array(shape.corners, np.float64).reshape(-1, 2) for shape in shapes]
    if not any(count_outside(points, size_hw) for points in outlines):
        return []
    if any(count_outside(points, size_hw[::-1]) for points in outlines):
        return other_photo(outlines, size_hw, name)
    return [turned(size_hw, name)]
