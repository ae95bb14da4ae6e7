"""Tiny Cityscapes trees for tests: a photo and its masks in the official folders, and an opened reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segdata.formats import OpenSource, open_reader
from segdata.formats.cityscapes import Reader
from segdata.ontology import Ontology, ontology_of_names
from tests.formats.open_sources import source_of

ID = "aachen_000000_000019"
ALL_IDS = np.arange(34, dtype=np.uint8).reshape(2, 17)
SMALL = ontology_of_names("own", ["road", "car"])


def cityscapes_source(
    root: Path,
    ontology: Ontology | str = "cityscapes-19",
    label_map: dict[str | int, str] | None = None,
    **changes: Any,
) -> OpenSource:
    return source_of(root, ontology, label_map, **changes)


def cityscapes_reader(root: Path, *arguments: Any, **changes: Any) -> Reader:
    reader = open_reader("cityscapes", cityscapes_source(root, *arguments, **changes))
    assert isinstance(reader, Reader)
    return reader


def write_photo(root: Path, id: str = ID, split: str = "train", size_hw: tuple[int, int] = (2, 17)) -> Path:
    path = root / "leftImg8bit" / split / id.split("_")[0] / f"{id}_leftImg8bit.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    (root / "gtFine").mkdir(exist_ok=True)
    (root / "leftImg8bit" / "val").mkdir(exist_ok=True)
    Image.new("RGB", size_hw[::-1], (10, 20, 30)).save(path)
    return path


def annotation_path(
    root: Path, kind: str, id: str = ID, split: str = "train", annotation: str = "gtFine"
) -> Path:
    path = root / annotation / split / id.split("_")[0] / f"{id}_{annotation}_{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_mask(root: Path, values: np.ndarray, kind: str = "labelIds.png", **where: str) -> Path:
    path = annotation_path(root, kind, **where)
    Image.fromarray(values).save(path)
    return path


def write_pair(root: Path, values: np.ndarray = ALL_IDS, kind: str = "labelIds.png") -> Path:
    write_photo(root, size_hw=(values.shape[0], values.shape[1]))
    return write_mask(root, values, kind)
