r"""What `.mat` files say, as types: the groundTruth object of Image Labeler, and plain label matrices.

A `groundTruth` object as MATLAB R2020a saves it, one struct under the property "any":

    DataSource        Source {'C:\Users\Ed\street\images\001.jpg'; …} · SourceType "ImageDatastore"
    LabelDefinitions  Name 'sky' · Type labelType.PixelLabel · LabelColor [0.27 0.51 0.71] · PixelLabelID 1
    LabelData         PixelLabelData 'C:\Users\Ed\street\PixelLabelData\Label_1.png'

Row i of LabelData belongs to row i of Source. Older releases keep LabelDefinitions and LabelData as tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from segdata.errors import DataError
from segdata.formats._parts.matlab_variables import (
    choose,
    class_name,
    columns,
    load_variables,
    text,
    texts,
    translated,
)

EXPORT = (
    "In MATLAB open the labels in Image Labeler, choose Export > To Workspace with the format groundTruth, and "
    "save that variable: save('gTruth.mat', 'gTruth')."
)

PARTS = ("DataSource", "LabelDefinitions", "LabelData")
PIXEL = "PixelLabel"
VIDEO_SUFFIXES = (".avi", ".mp4", ".mov", ".m4v", ".mj2", ".mpg", ".wmv", ".mkv")


class Definition(msgspec.Struct, frozen=True):
    """One row of LabelDefinitions that paints pixels: grey values, or 0xRRGGBB where masks are coloured."""

    name: str
    values: tuple[int, ...]


class Row(msgspec.Struct, frozen=True):
    """A photo and its mask, by the paths of the computer that saved them; None: nobody labelled this photo."""

    photo: str
    mask: str | None


class GroundTruth(msgspec.Struct, frozen=True):
    """A groundTruth object. `coloured`: masks are RGB. `ignored`: "Name (Type)" of labels without pixels."""

    rows: tuple[Row, ...]
    definitions: tuple[Definition, ...]
    coloured: bool
    ignored: tuple[str, ...]

    def names_by_value(self) -> dict[int, str]:
        """Label name of each grey value or 0xRRGGBB."""
        return {value: label.name for label in self.definitions for value in label.values}


def read_ground_truth(path: Path, name: str, variable: str | None) -> GroundTruth:
    """The groundTruth object of a .mat file (v5, v7 or v7.3).

    path      the file; `name` stands for it in messages
    variable  which variable, where there are several
    Raises DataError that says what the file is instead and what to export in MATLAB; MissingExtraError.
    """
    with translated(name, EXPORT):
        content = _parts(_chosen(load_variables(path, name), name, variable), name)
        source = columns(content["DataSource"], "DataSource")
        definitions = columns(content["LabelDefinitions"], "LabelDefinitions")
        labels = [text(cell) for cell in definitions["Name"]]
        kinds = [text(cell) for cell in definitions["Type"]]
        others = tuple(
            f"{label} ({kind})" for label, kind in zip(labels, kinds, strict=True) if kind != PIXEL
        )
        photos = texts(source["Source"][0])
        _refuse_video(photos, text(source["SourceType"][0]) if "SourceType" in source else "", others, name)
        if PIXEL not in kinds:
            raise DataError(
                name,
                place="LabelDefinitions",
                found=f"no pixel label, only {', '.join(others) or 'nothing'}",
                expected="labels of type PixelLabel",
                fix="Boxes and lines are no masks: label the pixels in Image Labeler. " + EXPORT,
            )
        cells = zip(labels, kinds, definitions["PixelLabelID"], strict=True)
        ids = [(label, np.asarray(cell, np.float64)) for label, kind, cell in cells if kind == PIXEL]
        coloured = any(cell.ndim == 2 and cell.shape[1] == 3 for _, cell in ids)
        painted = tuple(Definition(label, _values(cell, coloured, label, name)) for label, cell in ids)
        _refuse_shared_values(painted, name)
        rows = _rows(photos, columns(content["LabelData"], "LabelData"), name)
        return GroundTruth(rows, painted, coloured, others)


def read_segmentation(path: Path, name: str, variable: str | None) -> NDArray[Any]:
    """The label matrix of a plain .mat file: the field Segmentation of a struct, or a variable that is a matrix.

    Returns uint8 or uint16 (H, W). Raises DataError for several candidates, or numbers that are no labels.
    """
    fix = "Save one struct with the field Segmentation: save('001.mat', 'groundTruth')."
    with translated(name, fix):
        variables = load_variables(path, name)
        found = {}
        for key, value in variables.items():
            fields = getattr(getattr(value, "dtype", None), "names", None) or ()
            if "Segmentation" in fields and value.size == 1:
                found[key] = np.asarray(value["Segmentation"].item())
            elif isinstance(value, np.ndarray) and value.dtype.kind in "buif" and min(value.shape) > 1:
                found[key] = value
        values = found[choose(found, variables, name, variable, "a label matrix", fix)]
    whole = values.ndim == 2 and values.dtype.kind in "buif" and bool(np.all(values == np.floor(values)))
    if not whole or values.min(initial=0) < 0 or values.max(initial=0) > 65535:
        raise DataError(
            name,
            found=f"a {values.dtype} array of shape {values.shape} that holds no label numbers",
            expected="a matrix of whole numbers of 0 to 65535",
            fix=fix,
        )
    return values.astype(np.uint8 if values.max(initial=0) <= 255 else np.uint16)


def _chosen(variables: dict[str, Any], name: str, variable: str | None) -> Any:
    """The one groundTruth object among the variables of a file."""
    truths = {
        key: value
        for key, value in variables.items()
        if class_name(value) == "groundTruth" or set(PARTS) <= set(_field_names(value))
    }
    fix = EXPORT
    if any("session" in f"{key} {class_name(value)}".lower() for key, value in variables.items()):
        fix = "This is a labeling session, not its labels. " + EXPORT
    return truths[choose(truths, variables, name, variable, "a groundTruth object", fix)]


def _field_names(value: Any) -> list[str]:
    try:
        return list(columns(value, ""))
    except ValueError:
        return []


def _parts(truth: Any, name: str) -> dict[str, Any]:
    """DataSource, LabelDefinitions and LabelData of a groundTruth object."""
    if isinstance(truth, np.ndarray) and truth.size != 1:
        raise DataError(
            name, found=f"{truth.size} groundTruth objects in one variable", expected="one", fix=EXPORT
        )
    fields = columns(truth, "groundTruth")
    if "any" in fields:
        fields = columns(fields["any"][0], "groundTruth")
    if missing := [part for part in PARTS if part not in fields or len(fields[part]) != 1]:
        raise DataError(
            name,
            found=f"a groundTruth object without one {missing[0]}",
            expected=", ".join(PARTS),
            fix=EXPORT,
        )
    return {part: fields[part][0] for part in PARTS}


def _values(cell: NDArray[np.float64], coloured: bool, label: str, name: str) -> tuple[int, ...]:
    width = 3 if coloured else 1
    numbers = cell.reshape(-1, width)
    if not numbers.size or not np.all((numbers >= 0) & (numbers <= 255) & (numbers == np.floor(numbers))):
        raise DataError(
            name,
            place=f"LabelDefinitions: {label!r}",
            found=f"PixelLabelID {cell.tolist()}",
            expected="whole numbers of 0 to 255",
        )
    return tuple(int(number) for number in numbers.astype(np.int64) @ (256 ** np.arange(width)[::-1]))


def _refuse_shared_values(painted: tuple[Definition, ...], name: str) -> None:
    owner: dict[int, str] = {}
    for label in painted:
        for value in label.values:
            if value in owner:
                raise DataError(
                    name,
                    place=f"LabelDefinitions: {label.name!r}",
                    found=f"PixelLabelID {value}, which {owner[value]!r} has too",
                    expected="an id of its own for each label",
                )
            owner[value] = label.name


def _rows(photos: list[str], data: dict[str, list[Any]], name: str) -> tuple[Row, ...]:
    masks = [text(cell) for cell in data["PixelLabelData"]] if "PixelLabelData" in data else []
    if len(masks) != len(photos):
        raise DataError(
            name,
            place="LabelData",
            found=f"{len(masks)} rows of PixelLabelData",
            expected=f"{len(photos)}, one per photo of DataSource",
            fix=EXPORT,
        )
    return tuple(Row(photo, mask or None) for photo, mask in zip(photos, masks, strict=True))


def _refuse_video(photos: list[str], kind: str, others: tuple[str, ...], name: str) -> None:
    videos = [photo for photo in photos if photo.lower().endswith(VIDEO_SUFFIXES)]
    if "video" in kind.lower() or "custom" in kind.lower() or videos:
        labels = f", with labels {', '.join(others)} and no masks" if others else ""
        raise DataError(
            name,
            place="DataSource",
            found=f"a groundTruth of a video ({', '.join(videos or photos)}; {kind or 'no type'}){labels}",
            expected="photos with pixel labels",
            fix="Write the frames as image files, label their pixels in Image Labeler. " + EXPORT,
        )
