"""Cityscapes (https://github.com/mcordts/cityscapesScripts): one folder per split and city, masks of label ids.

    leftImg8bit/train/aachen/aachen_000000_000019_leftImg8bit.png
    gtFine/train/aachen/aachen_000000_000019_gtFine_labelIds.png         uint8: 7 road, 8 sidewalk, … 33 bicycle
    gtFine/train/aachen/aachen_000000_000019_gtFine_labelTrainIds.png    uint8: 0 road, … 18 bicycle, 255
    gtFine/train/aachen/aachen_000000_000019_gtFine_polygons.json

    {"imgHeight": 1024, "imgWidth": 2048, "objects": [{"label": "road", "polygon": [[0, 769], [290, 574], …]}, …]}

The sample id is `aachen_000000_000019`, its official split the folder. Classes come from the official label table by
*name*: source.label_map says "road: road, car: vehicle", or the ontology's own names do. A label that the benchmark
ignores (trainId 255 or -1) and that the label map leaves out becomes ignore (class void in cityscapes-20); an
evaluated one that it leaves out is an error where it occurs.

Traps: road is trainId 0, so 0 is a class and not a background. The released PNGs were drawn by an older Pillow than
yours: polygons are drawn only where no PNG lies, and the sample says so. The masks of the test split are dummies.
`cargroup` is `car`; `license plate` has no id and is never drawn; `deleted` objects neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from cityscapesscripts.helpers.labels import labels as LABELS
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw

from segdata.digests import value_digest
from segdata.errors import DataError, UnmappedLabelError, nearest
from segdata.findings import Finding
from segdata.formats import Fingerprint, OpenSource
from segdata.formats._parts.photo_files import PHOTO_SUFFIXES, digest_of, list_files
from segdata.label_map import LabelMap
from segdata.ontology import IGNORE_INDEX
from segdata.photo import Photo, Resize, read_mask_values, turn_upright
from segdata.rasterize import blank_mask
from segdata.sample import Sample

DUMMY_IDS = 4  # unlabeled, ego vehicle, rectification border, out of roi: all that test masks hold
NAMES = {
    "labelIds": {label.id: label.name for label in LABELS},
    "labelTrainIds": {label.trainId: label.name for label in LABELS if label.trainId != IGNORE_INDEX},
}
FAR = 100_000  # pixels; a coordinate beyond it is a slip of the pen, not an outline
UNLABELED_ID = 0
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
    """Label ids of outlines, drawn as cityscapesscripts.preparation.json2labelImg draws them.

    Returns uint8 (H, W) label ids and what was left out. Raises UnmappedLabelError for a label that Cityscapes
    does not know, DataError for a coordinate more than 100,000 pixels away.
    """
    ids = {label.name: label.id for label in LABELS}
    picture = PillowImage.new("L", (polygons.imgWidth, polygons.imgHeight), UNLABELED_ID)
    draw = ImageDraw.Draw(picture)
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
            raise DataError(
                where, place=place, found="a point far away", expected=f"points within {FAR} pixels"
            )
        if len(item.polygon) < 2:  # two points are a line, which is drawn
            message = f"{item.label!r} has {len(item.polygon)} point(s)"
            findings.append(Finding("too-few-points", where, place, message, "ignored", "warning"))
            continue
        draw.polygon(item.polygon, fill=ids[name])
    return np.asarray(picture), tuple(findings)


def read_truth(path: Path, name: str, size_hw: tuple[int, int]) -> tuple[NDArray[Any], tuple[Finding, ...]]:
    """The numbers of an annotation file: a mask as it lies, instance ids as label ids, outlines drawn.

    Returns unsigned integers (H, W). Raises DataError for a coloured mask, a damaged file, or outlines made for
    a photo of another size than `size_hw`.
    """
    if path.suffix == ".json":
        try:
            polygons = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=Polygons)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataError(name, found=str(error), expected="polygons as Cityscapes writes them") from error
        if (polygons.imgHeight, polygons.imgWidth) != size_hw:
            raise DataError(
                name,
                found=f"outlines for {polygons.imgHeight}x{polygons.imgWidth} (HxW)",
                expected=f"the photo's size {size_hw[0]}x{size_hw[1]}",
            )
        values, left_out = draw_polygons(polygons, name)
        message = f"no labelIds.png: {len(polygons.objects)} outlines (edges may differ from released masks)"
        return values, (Finding("drawn-from-polygons", name, "", message, "drawn"), *left_out)
    values = read_mask_values(path, name)
    if values.ndim != 2:
        raise DataError(name, found="a coloured mask", expected="one number per pixel, as in labelIds.png")
    if not path.name.endswith("_instanceIds.png"):
        return values, ()
    label_ids = np.where(values < INSTANCE_FACTOR, values, values // INSTANCE_FACTOR)
    message = "no labelIds.png beside the instance ids"
    return label_ids, (Finding("read-from-instance-ids", name, "", message, "label ids taken from them"),)


def map_of_values(source: OpenSource, truth: Literal["labelIds", "labelTrainIds"]) -> LabelMap:
    """Class id of every mask value, the official labels looked up by name (see the module's docstring)."""
    own_names = source.label_map == LabelMap.identity(source.ontology)
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


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to read of a Cityscapes tree.

    annotation  gtFine or gtCoarse: the folder beside leftImg8bit, and the word in the masks' names
    truth       labelIds (through the label map, by name), or labelTrainIds as somebody wrote them
    splits      folders to read; train_extra counts as train
    """

    annotation: Literal["gtFine", "gtCoarse"] = "gtFine"
    truth: Literal["labelIds", "labelTrainIds"] = "labelIds"
    splits: list[str] = msgspec.field(default_factory=lambda: ["train", "val"])


class Reader:
    """A Cityscapes tree. Raises DataError when leftImg8bit or the annotation folder is absent or an id is there twice."""

    findings: Sequence[Finding]

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        self._options = source.decode_options(Options)
        annotation = self._options.annotation
        source.need("leftImg8bit", "the photos: leftImg8bit/<split>/<city>/<id>_leftImg8bit.png")
        source.need(annotation, f"the masks: {annotation}/<split>/<city>/<id>_{annotation}_labelIds.png")
        self._class_ids = map_of_values(source, self._options.truth)
        self._photos: dict[str, Path] = {}
        self._truths: dict[str, Path] = {}
        self._split: dict[str, str] = {}
        findings: list[Finding] = []
        for split in self._options.splits:
            source.inside(f"leftImg8bit/{split}", named_by=f"{source.where}: source.options.splits")
            source.need(f"leftImg8bit/{split}", f"photos of split {split!r}, one folder per city")
            findings += self._list(split)
        self.findings = tuple(findings)

    def _list(self, split: str) -> list[Finding]:
        """Pair the photos and annotations of one split; what has no partner is a finding."""
        photos: dict[str, Path] = {}
        findings: list[Finding] = []
        root = self._source.root
        for name, path in list_files(root / "leftImg8bit" / split, root, findings).items():
            id, _, suffix = name.rpartition("/")[2].rpartition("_leftImg8bit")
            if id and suffix.lower() in PHOTO_SUFFIXES:
                if id in photos or id in self._photos:
                    raise DataError(
                        self._name(path),
                        found=f"id {id!r} a second time",
                        expected=f"one photo per id; the first is {self._name((photos | self._photos)[id])}",
                        fix="Remove one of them.",
                    )
                photos[id] = path
        truths = self._annotations(split, findings)
        for id in sorted(truths.keys() - photos.keys()):
            name = self._name(truths[id])
            message = f"no photo leftImg8bit/{split}/…/{id}_leftImg8bit.png for this annotation"
            findings.append(Finding("no-photo", name, "", message, "set aside", "error"))
        keep = self._source.unannotated != "skip"
        for id in sorted(photos.keys() - truths.keys()):
            name = self._name(photos[id])
            action = self._source.unannotated_action
            findings.append(Finding("not-annotated", name, "", "photo without annotation", action, "warning"))
        self._photos |= {id: path for id, path in photos.items() if keep or id in truths}
        self._truths |= truths
        self._split |= dict.fromkeys(photos, split)
        return findings

    def _annotations(self, split: str, findings: list[Finding]) -> dict[str, Path]:
        """The best file of each id: the wanted PNG; else, for label ids, instanceIds.png; else the polygons."""
        kinds = [f"{self._options.truth}.png"]
        if self._options.truth == "labelIds":
            kinds += ["instanceIds.png", "polygons.json"]
        root = self._source.root
        folder = root / self._options.annotation / split
        files = list_files(folder, root, findings) if folder.exists() else {}
        found: dict[str, Path] = {}
        for kind in kinds:
            ending = f"_{self._options.annotation}_{kind}"
            for name, path in files.items():
                if name.endswith(ending):
                    found.setdefault(name.rpartition("/")[2].removesuffix(ending), path)
        return found

    def _name(self, path: Path) -> str:
        return path.relative_to(self._source.root).as_posix()

    def ids(self) -> Sequence[str]:
        return sorted(self._photos)

    def official_split(self, id: str) -> str | None:
        split = self._split[id]
        return "train" if split == "train_extra" else split

    def fingerprint(self, id: str) -> Fingerprint:
        files = [self._truths[id]] if id in self._truths else []
        truths = [[self._name(path), digest_of(path, self._name(path))] for path in files]
        photo = self._photos[id]
        said = [self._name(photo), truths]
        return Fingerprint(digest_of(photo, self._name(photo)), value_digest(said))

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        photo = Photo.open(self._photos[id], self._name(self._photos[id]))
        if id not in self._truths:
            return photo.sample(id, blank_mask(photo.upright_hw, self._source.unannotated_id), resize)
        path = self._truths[id]
        name = self._name(path)
        values, findings = read_truth(path, name, photo.upright_hw)
        if (
            self._split[id] == "test"
            and values.max(initial=0) < DUMMY_IDS
            and self._options.truth == "labelIds"
        ):
            raise DataError(
                name,
                found="a dummy mask: Cityscapes keeps the labels of its test split to itself",
                expected="real labels",
                fix="Leave test out of source.options.splits and score on val.",
            )
        mask = self._class_ids.remap(values, where=name, names=NAMES[self._options.truth])
        if self._source.exif == "as-stored":
            mask = turn_upright(mask, photo.orientation)
        return photo.sample(id, mask, resize, findings)
