"""Tiny LabelMe sources for tests: photo a.png with shapes beside it, a mask, and an opened reader."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np

from segdata.formats import Reader, open_reader
from tests.formats.listed_cases import labelme_file, labelme_shape
from tests.formats.via_cases import drawn, source, write_json, write_photo

SQUARE = ((1, 1), (4, 1), (4, 3), (1, 3))
SQUARE_ROWS = ["........", ".0000...", ".0000...", ".0000...", "........", "........"]
NOTHING = ["........"] * 6


def write_labelme(root: Path, *shapes: Any, **more: Any) -> Path:
    """A source of photo a.png, 6 rows of 8, with these shapes."""
    write_photo(root / "a.png")
    write_json(root / "a.json", labelme_file("a.png", *shapes, **more))
    return root


def road(*points: Any, **more: Any) -> dict[str, Any]:
    return labelme_shape("road", *points, **more)


def labelme_reader(root: Path, options: dict[str, object] | None = None, **settings: Any) -> Reader:
    return open_reader("labelme", source(root, options, **settings))


def rows(root: Path, options: dict[str, object] | None = None, **settings: Any) -> list[str]:
    return drawn(labelme_reader(root, options, **settings).read("a").mask)


def photo_text(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


MASK = np.array([[0, 1, 1], [1, 1, 0]])
