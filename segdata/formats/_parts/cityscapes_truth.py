"""What one Cityscapes annotation file says of each pixel, whichever of the four it is.

…_labelIds.png        uint8 label ids, as they lie                    7 road, 26 car
…_labelTrainIds.png   uint8 train ids, as somebody wrote them         0 road, 13 car, 255
…_instanceIds.png     uint16: 26_007 the seventh car, 26 a group      → label ids 26, 26
…_polygons.json       outlines                                        → drawn by cityscapesscripts itself
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from cityscapesscripts.helpers.annotation import Annotation, CsPoly, Point
from cityscapesscripts.helpers.labels import labels as LABELS
from cityscapesscripts.preparation.json2labelImg import createLabelImage
from numpy.typing import NDArray

from segdata.errors import ConfigError, DataError, UnmappedLabelError, nearest
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.label_map import LabelMap
from segdata.mask_file import read_mask_values
from segdata.ontology import IGNORE_INDEX
from segdata.wording import counted, size_text

Truth = Literal["labelIds", "labelTrainIds"]
DUMMY_IDS = 4  # unlabeled, ego vehicle, rectification border, out of roi: all that test masks hold
NAMES = {
    "labelIds": {label.id: label.name for label in LABELS},
    "labelTrainIds": {label.trainId: label.name for label in LABELS if label.trainId != IGNORE_INDEX},
}
NUM_TRAIN_IDS = 19  # 0 to 18; what lies above them is void
FAR = 100_000  # pixels; a coordinate beyond it is a slip of the pen, not an outline
INSTANCES = "_instanceIds.png"
AGAIN = "Copy it again from the download, or save it again in the label tool."
INSTANCE_FACTOR = 1000  # instanceIds.png: 26_007 is the seventh car, 26 a group of cars


class Object(msgspec.Struct):
    """One outline; later objects are painted over earlier ones."""

    label: str
    polygon: list[tuple[float, float]]
    deleted: int | bool = 0


class Polygons(msgspec.Struct):
    """The content of a `_polygons.json` file."""

    imgHeight: int
    imgWidth: int
    objects: list[Object]


def draw_polygons(polygons: Polygons, where: str) -> tuple[NDArray[np.uint8], tuple[Finding, ...]]:
    """Label ids of outlines, drawn by cityscapesscripts.preparation.json2labelImg.

    Returns uint8 (H, W) label ids and what was left out. Raises UnmappedLabelError for a label that Cityscapes
    does not know, DataError for a coordinate more than 100,000 pixels away.
    """
    ids = {label.name: label.id for label in LABELS}
    annotation = Annotation()
    annotation.imgWidth, annotation.imgHeight = polygons.imgWidth, polygons.imgHeight
    annotation.objects = []
    findings = []
    for number, item in enumerate(polygons.objects):
        place = f"object {number}"
        if item.deleted:
            continue
        name = item.label if item.label in ids else item.label.removesuffix("group")
        if name not in ids:
            expected = f"a label of Cityscapes; {nearest(name, ids)}"
            raise UnmappedLabelError(where, place=place, found=f"label {item.label!r}", expected=expected)
        if ids[name] < 0:
            continue
        if any(abs(part) > FAR for point in item.polygon for part in point):
            found, expected = "a point far away", f"points within {FAR} pixels"
            raise DataError(where, place=place, found=found, expected=expected, fix="Move the point back.")
        if len(item.polygon) < 2:  # two points are a line, which is drawn
            message = f"{item.label!r} has {counted(len(item.polygon), 'point')}"
            findings.append(Finding("too-few-points", where, place, message, "ignored", "warning"))
            continue
        outline = CsPoly()
        outline.label, outline.polygon = item.label, [Point(x, y) for x, y in item.polygon]
        annotation.objects.append(outline)
    return np.asarray(createLabelImage(annotation, "ids")), tuple(findings)


def read_polygons(path: Path, name: str) -> Polygons:
    """Decode a `_polygons.json` file. Raises DataError naming the field that is wrong."""
    try:
        return msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=Polygons)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            name, found=str(error), expected="polygons as Cityscapes writes them", fix=AGAIN
        ) from error
    except OSError as error:
        found = f"no readable file ({error.strerror})"
        raise DataError(name, found=found, expected="polygons", fix=AGAIN) from error


def read_truth(path: Path, name: str, size_hw: tuple[int, int]) -> tuple[NDArray[Any], tuple[Finding, ...]]:
    """The numbers of an annotation file: a mask as it lies, instance ids as label ids, outlines drawn.

    Returns unsigned integers (H, W). Raises DataError for a coloured mask, a damaged file, or outlines made for
    a photo of another size than `size_hw`.
    """
    if path.suffix == ".json":
        polygons = read_polygons(path, name)
        if (polygons.imgHeight, polygons.imgWidth) != size_hw:
            raise DataError(
                name,
                found=f"outlines for {size_text((polygons.imgHeight, polygons.imgWidth))}",
                expected=f"the photo's size, {size_text(size_hw)}",
                fix="Put the photo that was annotated beside it, or remove one of the two.",
            )
        values, left_out = draw_polygons(polygons, name)
        message = f"no labelIds.png: {counted(len(polygons.objects), 'outline')} (edges may differ from released masks)"
        return values, (Finding("drawn-from-polygons", name, "", message, "drawn"), *left_out)
    values = read_values(path, name)
    if not path.name.endswith(INSTANCES):
        return values, ()
    message = "no labelIds.png beside the instance ids"
    return values, (Finding("read-from-instance-ids", name, "", message, "label ids taken from them"),)


def read_values(path: Path, name: str) -> NDArray[Any]:
    """The numbers of a PNG, instance ids as label ids. Raises DataError for a coloured mask or a damaged file."""
    values = read_mask_values(path, name)
    if values.ndim != 2:
        raise DataError(
            name,
            found="a coloured mask",
            expected="one number per pixel, as in labelIds.png",
            fix="Take labelIds.png in place of color.png, or make it with cityscapesscripts' json2labelImg.",
        )
    if not path.name.endswith(INSTANCES):
        return values
    return np.where(values < INSTANCE_FACTOR, values, values // INSTANCE_FACTOR)


def is_dummy(values: NDArray[Any], truth: Truth) -> bool:
    """Whether a mask holds nothing but what the masks of the test split hold: no object was outlined."""
    if truth == "labelIds":
        return bool(values.max(initial=0) < DUMMY_IDS)
    return bool(values.min(initial=IGNORE_INDEX) >= NUM_TRAIN_IDS)


def map_of_values(source: OpenSource, truth: Truth) -> LabelMap:
    """Class id of every mask value, the official labels looked up by name (see the module's docstring).

    Raises ConfigError for names in the label map that are no official labels.
    """
    own_names = source.label_map == LabelMap.identity(source.ontology)
    official = [label.name for label in LABELS]
    unknown = sorted(source.label_map.by_name.keys() - set(official))
    if unknown and not own_names:
        raise ConfigError(
            source.where,
            place="source.label_map",
            found=f"the name {unknown[0]!r}",
            expected=f"a label of Cityscapes; {nearest(unknown[0], official)}",
        )
    void = source.ontology.name == "cityscapes-20"
    rest = source.ontology.id_of("void") if void else IGNORE_INDEX
    table: dict[int, int] = {}
    for label in LABELS:
        value = label.id if truth == "labelIds" else label.trainId
        if value < 0:
            continue
        if value == IGNORE_INDEX:
            table[value] = rest
        elif label.name in source.label_map.by_name:
            table[value] = source.label_map.by_name[label.name]
        elif label.trainId in (IGNORE_INDEX, -1):
            table[value] = rest
    if truth == "labelTrainIds" and void:
        table[rest] = rest  # as those write it who train on 20 classes
    return LabelMap({}, table if own_names else {**table, **source.label_map.by_value})
