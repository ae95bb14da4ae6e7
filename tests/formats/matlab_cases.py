"""Small Image Labeler exports, written value by value: what MATLAB would save, and what it should not have."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segdata.formats import OpenSource, Reader, open_reader
from segdata.label_map import LabelMap
from segdata.ontology import ontology_of_names

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message=".*infer_string.*")
    from matio import save_to_mat
    from matio.utils.matclass import MatlabEnumerationArray, MatlabOpaque

FOLDER = r"C:\Users\Löwe\street"
TYPES = {"Rectangle": 0, "Line": 1, "PixelLabel": 4, "Polygon": 6}


def open_matlab(
    root: Path,
    classes: Sequence[str] = ("sky", "road"),
    label_map: Mapping[str | int, str] | None = None,
    *,
    exif: Any = None,
    unlabelled_id: int = 255,
    unannotated: Any = "skip",
    **options: object,
) -> Reader:
    ontology = ontology_of_names("own", list(classes))
    lookup = LabelMap.of(label_map, ontology) if label_map is not None else LabelMap.identity(ontology)
    return open_reader(
        "matlab", OpenSource("p.yaml", root, ontology, lookup, exif, unlabelled_id, unannotated, options)
    )


def struct(**fields: Any) -> np.ndarray:
    made = np.empty((1, 1), dtype=[(name, object) for name in fields])
    for name, value in fields.items():
        made[name][0, 0] = np.array([value] if value else [], np.str_) if isinstance(value, str) else value
    return made


def cells(texts: Sequence[str]) -> np.ndarray:
    made = np.empty((len(texts), 1), object)
    for row, text in enumerate(texts):
        made[row, 0] = np.array([text] if text else [], np.str_)
    return made


def label_type(name: str) -> Any:
    kind = Enum("labelType", {name: {"uint8.Data": np.array([[TYPES[name]]], np.uint8)}})  # type: ignore[misc]
    return MatlabEnumerationArray(np.array([[kind[name]]], object), classname="labelType")


def definition(name: str, ids: Any, kind: str = "PixelLabel") -> np.ndarray:
    number = np.array(ids, np.float64)
    return struct(
        Name=name, Type=label_type(kind), PixelLabelID=number.reshape(-1, 1) if number.ndim < 2 else number
    )


def drawing(name: str, kind: str = "Polygon", color: Sequence[float] = (1.0, 0.5, 0.0)) -> np.ndarray:
    """A label of shapes, which has no PixelLabelID."""
    return struct(Name=name, Type=label_type(kind), LabelColor=np.array([color], np.float64))


def parts(*arrays: Any) -> np.ndarray:
    """A cell array of one column: the polygons of a label on one photo."""
    made = np.empty((len(arrays), 1), object)
    for row, one in enumerate(arrays):
        made[row, 0] = np.array(one, np.float64)
    return made


def outlined(
    photos: Sequence[str],
    labels: Sequence[np.ndarray],
    data: Sequence[Mapping[str, Any]],
    order: Sequence[Mapping[str, Any]] | None = None,
) -> Any:
    """A groundTruth object of shapes: one row of `data`, label → cell, per photo."""
    content = struct(
        DataSource=struct(Source=cells([rf"{FOLDER}\images\{name}" for name in photos])),
        LabelDefinitions=np.concatenate(labels),
        LabelData=np.concatenate([struct(**row) for row in data]),
        PolygonOrder=np.zeros((0, 0)) if order is None else np.concatenate([struct(**row) for row in order]),
    )
    return MatlabOpaque(properties={"any": content}, classname="groundTruth")


def ground_truth(
    photos: Sequence[str],
    masks: Sequence[str],
    labels: Sequence[np.ndarray] | None = None,
    source_type: str = "ImageDatastore",
) -> Any:
    """A groundTruth object; names become absolute Windows paths unless they are paths already."""
    photos = [name if "/" in name or "\\" in name else rf"{FOLDER}\images\{name}" for name in photos]
    masks = [name if not name or "\\" in name else rf"{FOLDER}\PixelLabelData\{name}" for name in masks]
    definitions = labels if labels is not None else [definition("sky", 1), definition("road", 2)]
    content = struct(
        DataSource=struct(
            Source=cells(photos), SourceType=np.array([[source_type]], np.dtypes.StringDType())
        ),
        LabelDefinitions=np.concatenate(definitions),
        LabelData=np.concatenate([struct(PixelLabelData=name) for name in masks]),
    )
    return MatlabOpaque(properties={"any": content}, classname="groundTruth")


def save(
    path: Path, version: str = "v7", *, compressed: bool = True, as_struct: bool = True, **variables: Any
) -> None:
    """as_struct: groundTruth objects say what their saveobj method returned, as MATLAB's own do."""
    classes = ["groundTruth"] if as_struct else []
    save_to_mat(path, variables, version=version, saveobj_classes=classes, do_compression=compressed)


def photo(path: Path, size_hw: tuple[int, int] = (2, 3), orientation: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", size_hw[::-1], (10, 20, 30))
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(path, exif=exif)
    return path


def mask(path: Path, values: Any, dtype: Any = np.uint8) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(values, dtype)).save(path)
    return path


def export(root: Path, masks: Mapping[str, Any], **changes: Any) -> Path:
    """photos images/<name>.jpg and masks PixelLabelData/Label_N.png, row N, with gTruth.mat."""
    for number, (name, values) in enumerate(masks.items(), start=1):
        photo(root / "images" / name, np.shape(values)[:2])
        mask(root / "PixelLabelData" / f"Label_{number}.png", values)
    names = [f"Label_{number}.png" for number in range(1, len(masks) + 1)]
    save(root / "gTruth.mat", gTruth=ground_truth(list(masks), names, **changes))
    return root
