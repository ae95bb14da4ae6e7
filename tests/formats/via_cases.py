"""Tiny VIA sources for tests: photos of one grey, annotations as VIA writes them, and an opened reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from segdata.formats import OpenSource, Reader, open_reader
from segdata.label_map import LabelMap
from segdata.ontology import ontology_of_names

ROAD, TREE, CAR = 0, 1, 2
NAMES = ("road", "tree", "car")


def write_photo(path: Path, size_hw: tuple[int, int] = (6, 8), orientation: int = 1) -> Path:
    """A grey photo of this stored size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(np.full((*size_hw, 3), 128, np.uint8)).save(path, exif=exif)
    return path


def polygon(*points: tuple[Any, Any], shape: str = "polygon", **attributes: Any) -> dict[str, Any]:
    """A region outlined by points, of type road unless told."""
    outline = {"name": shape, "all_points_x": [x for x, _ in points], "all_points_y": [y for _, y in points]}
    return {"shape_attributes": outline, "region_attributes": attributes or {"type": "road"}}


def shape(name: str, **numbers: Any) -> dict[str, Any]:
    return {"shape_attributes": {"name": name, **numbers}, "region_attributes": {"type": "road"}}


def box(left: Any, top: Any, right: Any, bottom: Any, **attributes: Any) -> dict[str, Any]:
    return polygon((left, top), (right, top), (right, bottom), (left, bottom), **attributes)


def entry(filename: str, *regions: Any, size: Any = -1) -> dict[str, Any]:
    return {"filename": filename, "size": size, "regions": list(regions), "file_attributes": {}}


def export(*entries: dict[str, Any]) -> dict[str, Any]:
    return {f"{one['filename']}{one['size']}": one for one in entries}


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def source(
    root: Path,
    options: dict[str, object] | None = None,
    names: tuple[str, ...] = NAMES,
    label_map: dict[str | int, str] | None = None,
    **settings: Any,
) -> OpenSource:
    """An opened source with labels named like classes, the unlabelled ignored, and photos without annotation skipped."""
    ontology = ontology_of_names("test", names)
    settings = {"exif": None, "unlabelled_id": 255, "unannotated": "skip"} | settings
    return OpenSource(
        where="pipelines/test.yaml",
        root=root,
        ontology=ontology,
        label_map=LabelMap.identity(ontology) if label_map is None else LabelMap.of(label_map, ontology),
        options=options or {},
        **settings,
    )


def via_reader(root: Path, options: dict[str, object] | None = None, **settings: Any) -> Reader:
    given = {"class_attribute": "type"} if options is None or "implied_class" not in options else {}
    return open_reader("via", source(root, given | (options or {}), **settings))


def one_photo(
    root: Path, *regions: Any, size_hw: tuple[int, int] = (6, 8), orientation: int = 1, size: int = -1
) -> Path:
    """A source of photo a.png with these regions."""
    write_photo(root / "photos/a.png", size_hw, orientation)
    write_json(root / "via_region_data.json", export(entry("a.png", *regions, size=size)))
    return root


def drawn(mask: np.ndarray[Any, Any]) -> list[str]:
    """A mask as rows of characters: class ids, and a dot for 255."""
    return ["".join("." if value == 255 else str(value) for value in row) for row in mask.tolist()]


def codes(findings: Any) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in findings]
