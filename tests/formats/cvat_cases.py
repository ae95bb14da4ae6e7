"""Tiny CVAT sources for tests: photo a.png with polygons, boxes and masks, and an opened reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from segdata.formats import Reader, open_reader
from tests.formats.listed_cases import cvat_file, cvat_image, cvat_shape
from tests.formats.via_cases import drawn, source, write_photo

SQUARE = "1.00,1.00;4.00,1.00;4.00,3.00;1.00,3.00"
SQUARE_ROWS = ["........", ".0000...", ".0000...", ".0000...", "........", "........"]
NOTHING = ["........"] * 6
FILE = "annotations.xml"


def write_xml(root: Path, *images: str, **more: Any) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / FILE).write_text(cvat_file(*images, **more), encoding="utf-8")
    return root


def write_cvat(root: Path, *shapes: str, **image: Any) -> Path:
    """A source of photo a.png, 6 rows of 8, with these shapes."""
    write_photo(root / "images/a.png")
    return write_xml(root, cvat_image("a.png", *shapes, **image))


def polygon(points: str = SQUARE, label: str = "road", **more: Any) -> str:
    return cvat_shape("polygon", label, points=points, **more)


def box(xtl: float, ytl: float, xbr: float, ybr: float, label: str = "road", **more: Any) -> str:
    return cvat_shape("box", label, xtl=xtl, ytl=ytl, xbr=xbr, ybr=ybr, **more)


def mask(rle: str = "1, 2, 2, 1", left: Any = 2, top: Any = 1, width: Any = 3, height: Any = 2) -> str:
    """Row by row: .## over ..#"""
    return cvat_shape("mask", "road", rle=rle, left=left, top=top, width=width, height=height)


def cvat_reader(root: Path, options: dict[str, object] | None = None, **settings: Any) -> Reader:
    return open_reader("cvat", source(root, options, **settings))


def rows(root: Path, options: dict[str, object] | None = None, **settings: Any) -> list[str]:
    return drawn(cvat_reader(root, options, **settings).read("a").mask)
