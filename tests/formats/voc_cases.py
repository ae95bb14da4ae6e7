"""Tiny VOC sources for tests: photos, palettised masks, lists of ids, and an opened reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segdata.formats import OpenSource, open_reader
from segdata.formats.voc import Reader
from segdata.ontology import Ontology, ontology_of_names, voc_palette
from tests.formats.open_sources import source_of

INDICES = np.array([[0, 1, 20, 255], [15, 7, 7, 0]], np.uint8)
REAL = Path(__file__).parents[2].parent / "shared" / "data" / "voc-labelme" / "voc"
THREE = ontology_of_names("own", ["ground", "road", "car"])


def voc_source(
    root: Path,
    ontology: Ontology | str = "voc-21",
    label_map: dict[str | int, str] | None = None,
    **changes: Any,
) -> OpenSource:
    return source_of(root, ontology, label_map, **changes)


def voc_reader(root: Path, *arguments: Any, **changes: Any) -> Reader:
    reader = open_reader("voc", voc_source(root, *arguments, **changes))
    assert isinstance(reader, Reader)
    return reader


def write_photo(root: Path, id: str, size_hw: tuple[int, int] = (2, 4), suffix: str = ".jpg") -> Path:
    path = root / "JPEGImages" / f"{id}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size_hw[::-1], (10, 20, 30)).save(path)
    return path


def with_palette(indices: np.ndarray, colors: list[tuple[int, int, int]] | None = None) -> Image.Image:
    picture = Image.fromarray(indices).convert("L")
    picture.putpalette([part for color in colors or voc_palette() for part in color])
    return picture


def write_mask(root: Path, id: str, picture: Image.Image) -> Path:
    path = root / "SegmentationClass" / f"{id}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
    return path


def write_pair(root: Path, id: str = "a", indices: np.ndarray = INDICES) -> None:
    write_photo(root, id, (indices.shape[0], indices.shape[1]))
    write_mask(root, id, with_palette(indices))


def write_list(root: Path, split: str, text: str) -> None:
    path = root / "ImageSets" / "Segmentation" / f"{split}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
