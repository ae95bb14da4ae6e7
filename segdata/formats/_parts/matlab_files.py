r"""What `.mat` files say, as types: the groundTruth object of Image Labeler, and tables of boxes.

A `groundTruth` object as MATLAB R2020a saves it, one struct under the property "any":

    DataSource        Source {'C:\Users\Ed\street\images\001.jpg'; …} · SourceType "ImageDatastore"
    LabelDefinitions  Name 'sky' · Type labelType.PixelLabel · LabelColor [0.27 0.51 0.71] · PixelLabelID 1
    LabelData         PixelLabelData 'C:\Users\Ed\street\PixelLabelData\Label_1.png'

Row i of LabelData belongs to row i of Source. Older releases keep LabelDefinitions and LabelData as tables. Labels of
polygons and boxes have a column of their own (see matlab_shapes.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.matlab_definitions import (
    Color,
    Definition,
    color_of,
    refuse_shared_values,
    values_of,
)
from segdata.formats._parts.matlab_shapes import OUTLINED, Outlines, Shape, read_outlines
from segdata.formats._parts.matlab_variables import (
    choose,
    class_name,
    columns,
    load_variables,
    text,
    texts,
    translated,
)
from segdata.wording import counted

EXPORT = (
    "In MATLAB open the labels in Image Labeler, choose Export > To Workspace with the format groundTruth, and "
    "save that variable: save('gTruth.mat', 'gTruth')."
)

PARTS = ("DataSource", "LabelDefinitions", "LabelData")
PIXEL = "PixelLabel"
IMAGE_COLUMN = "imageFilename"
VIDEO_SUFFIXES = (".avi", ".mp4", ".mov", ".m4v", ".mj2", ".mpg", ".wmv", ".mkv")


class Row(msgspec.Struct, frozen=True):
    """A photo and its mask, by the paths of the computer that saved them; None: nobody labelled its pixels.

    shapes   what was outlined instead, in painting order
    """

    photo: str
    mask: str | None
    shapes: tuple[Shape, ...] = ()


class GroundTruth(msgspec.Struct, frozen=True):
    """A groundTruth object, or a table of boxes.

    coloured   masks are RGB
    ignored    "Name (Type)" of labels without pixels
    outlined   rows carry shapes, not masks
    doubts     what is to be told about the painting order of shapes
    """

    rows: tuple[Row, ...]
    definitions: tuple[Definition, ...]
    coloured: bool
    ignored: tuple[str, ...]
    outlined: bool = False
    doubts: tuple[Finding, ...] = ()

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
        chosen = _chosen(load_variables(path, name), name, variable)
        if IMAGE_COLUMN in _field_names(chosen):
            return _of_table(columns(chosen, "table"), name)
        content = _parts(chosen, name)
        source = columns(content["DataSource"], "DataSource")
        definitions = columns(content["LabelDefinitions"], "LabelDefinitions")
        labels = [text(cell) for cell in definitions["Name"]]
        kinds = [text(cell) for cell in definitions["Type"]]
        colors = [color_of(cell) for cell in definitions.get("LabelColor", [None] * len(labels))]
        others = tuple(
            f"{label} ({kind})" for label, kind in zip(labels, kinds, strict=True) if kind != PIXEL
        )
        photos = texts(source["Source"][0])
        _refuse_video(photos, text(source["SourceType"][0]) if "SourceType" in source else "", others, name)
        data = columns(content["LabelData"], "LabelData")
        if PIXEL not in kinds:
            types = dict(zip(labels, kinds, strict=True))
            if not any(kind in OUTLINED and label in data for label, kind in types.items()):
                raise DataError(
                    name,
                    place="LabelDefinitions",
                    found=f"no pixel label, only {', '.join(others) or 'nothing'}",
                    expected="labels of type PixelLabel, Polygon or Rectangle, with what was drawn",
                    fix="Lines and scenes are no masks: label the pixels in Image Labeler. " + EXPORT,
                )
            outlines = read_outlines(data, types, content.get("PolygonOrder"), len(photos), name)
            return _of_outlines(photos, outlines, dict(zip(labels, colors, strict=True)), types)
        cells = zip(labels, kinds, definitions["PixelLabelID"], colors, strict=True)
        ids = [
            (label, np.asarray(cell, np.float64), color)
            for label, kind, cell, color in cells
            if kind == PIXEL
        ]
        coloured = any(cell.ndim == 2 and cell.shape[1] == 3 for _, cell, _ in ids)
        painted = tuple(
            Definition(label, values_of(cell, coloured, label, name), color) for label, cell, color in ids
        )
        refuse_shared_values(painted, name)
        return GroundTruth(_rows(photos, data, name), painted, coloured, others)


def _of_outlines(
    photos: list[str], outlines: Outlines, colors: dict[str, Color | None], types: dict[str, str]
) -> GroundTruth:
    painted = tuple(
        Definition(label, (), color) for label, color in colors.items() if types[label] in OUTLINED
    )
    rows = tuple(Row(photo, None, shapes) for photo, shapes in zip(photos, outlines.rows, strict=True))
    others = tuple(f"{label} ({kind})" for label, kind in types.items() if kind not in OUTLINED)
    return GroundTruth(rows, painted, False, others, outlined=True, doubts=outlines.doubts)


def _of_table(data: dict[str, list[Any]], name: str) -> GroundTruth:
    """A table with a column of photos and a column of boxes per label, as objectDetectorTrainingData returns it."""
    photos = [text(cell) for cell in data.pop(IMAGE_COLUMN)]
    types = dict.fromkeys(data, "Rectangle")
    outlines = read_outlines(data, types, None, len(photos), name)
    return _of_outlines(photos, outlines, dict.fromkeys(types), types)


def truths_in(variables: dict[str, Any]) -> dict[str, Any]:
    """The groundTruth objects and tables of boxes among the variables of a file."""
    return {
        key: value
        for key, value in variables.items()
        if class_name(value) == "groundTruth"
        or set(PARTS) <= set(_field_names(value))
        or IMAGE_COLUMN in _field_names(value)
    }


def _chosen(variables: dict[str, Any], name: str, variable: str | None) -> Any:
    """The one groundTruth object among the variables of a file."""
    truths = truths_in(variables)
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
    return {part: values[0] for part, values in fields.items() if len(values) == 1}


def _rows(photos: list[str], data: dict[str, list[Any]], name: str) -> tuple[Row, ...]:
    masks = [text(cell) for cell in data["PixelLabelData"]] if "PixelLabelData" in data else []
    if len(masks) != len(photos):
        raise DataError(
            name,
            place="LabelData",
            found=f"{counted(len(masks), 'row')} of PixelLabelData",
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
