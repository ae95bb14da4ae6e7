"""The regions of a VIA entry as types, and the outline of each shape.

{"shape_attributes": {"name": "ellipse", "cx": 316, "cy": 180, "rx": 17, "ry": 12, "theta": 0.4},
 "region_attributes": {"type": "cup"}}
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from segdata.errors import DataError
from segdata.formats._parts.entries import Entry
from segdata.rasterize import PointsXY, ellipse_points

Number = float | str | None
"""A number of pixels; some tools write it as text, or null where they lost it."""


class Polygon(msgspec.Struct, tag="polygon", tag_field="name"):
    all_points_x: list[Number]
    all_points_y: list[Number]


class Polyline(msgspec.Struct, tag="polyline", tag_field="name"):
    all_points_x: list[Number]
    all_points_y: list[Number]


class Rect(msgspec.Struct, tag="rect", tag_field="name"):
    x: Number
    y: Number
    width: Number
    height: Number


class Circle(msgspec.Struct, tag="circle", tag_field="name"):
    cx: Number
    cy: Number
    r: Number


class Ellipse(msgspec.Struct, tag="ellipse", tag_field="name"):
    """theta in radians, clockwise on screen; VIA 1 has none."""

    cx: Number
    cy: Number
    rx: Number
    ry: Number
    theta: Number = 0.0


class Point(msgspec.Struct, tag="point", tag_field="name"):
    cx: Number
    cy: Number


Shape = Polygon | Polyline | Rect | Circle | Ellipse | Point


class Region(msgspec.Struct):
    shape_attributes: Shape
    region_attributes: dict[str, Any] = {}


def read_regions(entry: Entry) -> Iterator[tuple[str, Region]]:
    """Each region with its place: "region 1", … as VIA numbers them on screen.

    Raises DataError naming file, entry, region and field.
    """
    for number, raw in enumerate(entry.said, start=1):
        place = f"region {number}"
        try:
            yield place, msgspec.convert(raw, Region)
        except msgspec.ValidationError as error:
            raise DataError(
                entry.where,
                place=place,
                found=str(error),
                expected="a polygon, polyline, rect, circle, ellipse or point as VIA writes it",
                fix="Draw the region again in VIA, or delete it.",
            ) from error


def attributes_used(entries: Iterable[Entry]) -> list[str]:
    """Names of the region attributes that occur, sorted."""
    return sorted({name for entry in entries for attributes in raw_attributes(entry) for name in attributes})


def raw_attributes(entry: Entry) -> Iterator[dict[str, Any]]:
    """The attributes of each region as they stand, {} where they are broken."""
    for region in entry.said:
        attributes = region.get("region_attributes") if isinstance(region, dict) else None
        yield attributes if isinstance(attributes, dict) else {}


def class_label(region: Region, attribute: str, where: str, place: str) -> str:
    """The region's class as the annotator wrote it; "" where there is none. Raises DataError for several."""
    value = region.region_attributes.get(attribute)
    if isinstance(value, dict):
        ticked = boxes_ticked(value)
        if len(ticked) > 1:
            raise DataError(
                where,
                place=f"{place}, attribute {attribute!r}",
                found=f"{len(ticked)} boxes ticked: {', '.join(ticked)}",
                expected="one class",
                fix="Tick one in VIA.",
            )
        return ticked[0] if ticked else ""
    if isinstance(value, list):
        raise DataError(where, place=place, found=f"a list as {attribute!r}", expected="one class")
    return "" if value is None else str(value)


def boxes_ticked(value: dict[str, Any]) -> list[str]:
    """Names of a checkbox that are on."""
    return [name for name, on in value.items() if on is True or on == "true"]


def outline(shape: Shape, where: str, place: str) -> tuple[PointsXY, int]:
    """The outline of a shape, float64 (N, 2) pixels, and how many coordinates were written as text.

    Raises DataError naming the region for null, endless or unreadable coordinates, or when x and y differ in number.
    """
    if (
        isinstance(shape, Polygon | Polyline)
        and (plain := _plain(shape.all_points_x, shape.all_points_y)) is not None
    ):
        return plain, 0
    fields = msgspec.structs.asdict(shape)
    texts = 0
    numbers: dict[str, list[float]] = {}
    for name, value in fields.items():
        given = value if isinstance(value, list) else [value]
        numbers[name], written = _numbers(given, where, f"{place}, {name}")
        texts += written
    if isinstance(shape, Polygon | Polyline):
        x, y = numbers["all_points_x"], numbers["all_points_y"]
        if len(x) != len(y):
            raise DataError(
                where, place=place, found=f"{len(x)} x and {len(y)} y", expected="as many of each"
            )
        return np.array([x, y], np.float64).T, texts
    return _curve(shape, [value for (value,) in numbers.values()]), texts


def _curve(shape: Shape, values: Sequence[float]) -> PointsXY:
    if isinstance(shape, Rect):
        x, y, width, height = values
        return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float64)
    if isinstance(shape, Circle):
        cx, cy, radius = values
        return ellipse_points(cx, cy, radius, radius)
    if isinstance(shape, Ellipse):
        cx, cy, rx, ry, theta = values
        return ellipse_points(cx, cy, rx, ry, theta)
    return np.array([values], np.float64)


def _plain(x: Sequence[Number], y: Sequence[Number]) -> PointsXY | None:
    """Outline of as many x as y that are all finite numbers, as nearly always; else None: then each is looked at."""
    if len(x) != len(y) or not {*map(type, x), *map(type, y)} <= {int, float}:
        return None
    with contextlib.suppress(OverflowError):  # a whole number of 400 digits
        points = np.array([x, y], np.float64)
        if np.isfinite(points).all():
            return points.T
    return None


def _numbers(given: Sequence[Number], where: str, place: str) -> tuple[list[float], int]:
    """As floats, and how many were texts."""
    return [_number(one, where, place) for one in given], sum(isinstance(one, str) for one in given)


def _number(value: Number, where: str, place: str) -> float:
    try:
        number = math.nan if value is None else float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DataError(
            where,
            place=place,
            found="null" if value is None else repr(value),
            expected="a number of pixels",
            fix="Draw the region again in VIA, or delete it.",
        )
    return number
