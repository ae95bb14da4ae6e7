"""Tiny COCO sources for tests: photo a.png with polygons and run lengths, an opened reader, and pycocotools' own masks."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools.coco import COCO

from segdata.formats import Reader, open_reader
from tests.formats.listed_cases import coco_annotation, coco_file
from tests.formats.via_cases import drawn, source, write_json, write_photo

CATEGORIES = {"road": 7, "tree": 9, "car": 3}
FILE = "annotations/instances_default.json"
SQUARE = [1, 1, 4, 1, 4, 3, 1, 3]
"""Pycocotools fills columns 1 to 3 and rows 1 to 2: the far border is left out."""


def image(id: Any = 1, name: str = "a.png", size_hw: Any = (4, 6), **more: Any) -> dict[str, Any]:
    return {"id": id, "file_name": name, "width": size_hw[1], "height": size_hw[0]} | more


def write_coco(root: Path, *annotations: Any, images: Any = None, **more: Any) -> Path:
    """A source of photo a.png, 4 rows of 6, with these annotations."""
    write_photo(root / "images/a.png", (4, 6))
    write_json(root / FILE, coco_file(images or [image()], list(annotations), CATEGORIES) | more)
    return root


def polygons(*parts: Any, id: int = 1, category: str = "road", image: Any = 1, **more: Any) -> dict[str, Any]:
    return coco_annotation(id, image, CATEGORIES[category], [list(part) for part in parts], **more)


def rle(counts: Any, size: Any = (4, 6), category: str = "car", id: int = 1, **more: Any) -> dict[str, Any]:
    return coco_annotation(id, 1, CATEGORIES[category], {"size": list(size), "counts": counts}, **more)


def coco_reader(root: Path, options: dict[str, object] | None = None, **settings: Any) -> Reader:
    return open_reader("coco", source(root, options, **settings))


def rows(root: Path, options: dict[str, object] | None = None, **settings: Any) -> list[str]:
    return drawn(coco_reader(root, options, **settings).read("a").mask)


def ann_to_mask(path: Path, number: int = 0) -> Any:
    """What pycocotools itself makes of an annotation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its arrays do not know NumPy 2's copy keyword
        coco = COCO()
        coco.dataset = json.loads(path.read_text(encoding="utf-8"))
        coco.createIndex()
        return coco.annToMask(coco.dataset["annotations"][number])


MASK = np.array([[0, 0, 1, 0, 0, 0], [0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1]])
MASK_ROWS = ["..2...", ".22...", ".....2", ".....2"]
