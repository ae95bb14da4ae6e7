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
from typing import Literal

import msgspec

from segdata.digests import value_digest
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import Fingerprint, FormatRow, OpenSource
from segdata.formats._parts.cityscapes_truth import (
    DUMMY_IDS,
    NAMES,
    Truth,
    is_dummy,
    map_of_values,
    read_truth,
)
from segdata.formats._parts.masks_pairs import several
from segdata.formats._parts.photo_files import PHOTO_SUFFIXES, digest_of, list_paths
from segdata.formats._surveys.cityscapes import survey
from segdata.photo import Photo, Resize, turn_upright
from segdata.rasterize import blank_mask
from segdata.sample import Sample

__all__ = ["DUMMY_IDS", "Options", "Reader", "survey"]


ROW = FormatRow(
    reads="`labelIds.png`, `labelTrainIds.png` or `instanceIds.png` of gtFine and gtCoarse; polygons where no PNG lies",
    class_from="the official label table",
    splits="the folders",
)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to read of a Cityscapes tree.

    annotation  gtFine or gtCoarse: the folder beside leftImg8bit, and the word in the masks' names
    truth       labelIds (through the label map, by name), or labelTrainIds as somebody wrote them
    splits      folders to read; train_extra counts as train
    """

    annotation: Literal["gtFine", "gtCoarse"] = "gtFine"
    truth: Truth = "labelIds"
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
        self._photos: dict[str, str] = {}
        self._truths: dict[str, tuple[str, ...]] = {}
        self._split: dict[str, str] = {}
        findings: list[Finding] = []
        for split in self._options.splits:
            source.inside(f"leftImg8bit/{split}", named_by=f"{source.where}: source.options.splits")
            source.need(f"leftImg8bit/{split}", f"photos of split {split!r}, one folder per city")
            findings += self._list(split)
        self.findings = tuple(findings)

    def _list(self, split: str) -> list[Finding]:
        """Pair the photos and annotations of one split; what has no partner is a finding."""
        photos: dict[str, str] = {}
        findings: list[Finding] = []
        root = self._source.root
        for name, path in list_paths(root / "leftImg8bit" / split, root, findings).items():
            id, _, suffix = name.rpartition("/")[2].rpartition("_leftImg8bit")
            if id and suffix.lower() in PHOTO_SUFFIXES:
                if id in photos or id in self._photos:
                    raise DataError(
                        self._source.name_of(path),
                        found=f"id {id!r} a second time",
                        expected=f"one photo per id; the first is {(photos | self._photos)[id]}",
                        fix="Remove one of them.",
                    )
                photos[id] = self._source.name_of(path)
        truths, others = self._annotations(split, findings)
        for id in sorted(truths.keys() - photos.keys()):
            message = f"no photo leftImg8bit/{split}/…/{id}_leftImg8bit.png for this annotation"
            findings.append(Finding("no-photo", truths[id][0], "", message, "set aside", "error"))
        keep = self._source.unannotated != "skip"
        for id in sorted(photos.keys() - truths.keys()):
            action = self._source.unannotated_action
            message = "photo without annotation" + (f" ({others[id]})" if id in others else "")
            findings.append(Finding("not-annotated", photos[id], "", message, action, "warning"))
        self._photos |= {id: path for id, path in photos.items() if keep or id in truths}
        self._truths |= {id: paths for id, paths in truths.items() if id in photos}
        self._split |= dict.fromkeys(photos, split)
        return findings

    def _annotations(
        self, split: str, findings: list[Finding]
    ) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
        """The best kind of file of each id: the wanted PNG; else, for label ids, instanceIds.png; else the polygons.

        Second, of ids that have only what options.truth does not ask for, what to do about it.
        """
        kinds = [f"{self._options.truth}.png"]
        other = "labelIds"
        if self._options.truth == "labelIds":
            kinds += ["instanceIds.png", "polygons.json"]
            other = "labelTrainIds"
        root = self._source.root
        folder = root / self._options.annotation / split
        files = list_paths(folder, root, findings) if folder.exists() else {}
        found: dict[str, tuple[str, ...]] = {}
        for kind in kinds:
            ending = f"_{self._options.annotation}_{kind}"
            alike: dict[str, tuple[str, ...]] = {}
            for name, path in files.items():
                if name.endswith(ending):
                    id = name.rpartition("/")[2].removesuffix(ending)
                    alike[id] = (*alike.get(id, ()), self._source.name_of(path))
            found = alike | found
        ending = f"_{self._options.annotation}_{other}.png"
        advice = f"its {other}.png is read with source.options.truth: {other}"
        ids = (name.rpartition("/")[2].removesuffix(ending) for name in files if name.endswith(ending))
        return found, {id: advice for id in ids if id not in found}

    def ids(self) -> Sequence[str]:
        return sorted(self._photos)

    def files(self, id: str) -> tuple[str, str | None]:
        """Photo and annotation of a sample, relative to the root. Raises DataError for several annotations."""
        names = self._truths.get(id, ())
        if len(names) > 1:
            raise several(names, "masks", id)
        return self._photos[id], names[0] if names else None

    def official_split(self, id: str) -> str | None:
        split = self._split[id]
        return "train" if split == "train_extra" else split

    def fingerprint(self, id: str) -> Fingerprint:
        photo, truth = self.files(id)
        truths = [] if truth is None else [[truth, digest_of(self._source.path_of(truth), truth)]]
        return Fingerprint(digest_of(self._source.path_of(photo), photo), value_digest([photo, truths]))

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        photo_name, name = self.files(id)
        photo = Photo.open(self._source.root / photo_name, photo_name)
        if name is None:
            blank = photo.fitted(blank_mask(photo.upright_hw, self._source.unannotated_id), resize)
            return photo.sample(id, blank, resize)
        path = self._source.root / name
        values, findings = read_truth(path, name, photo.upright_hw)
        if self._split[id] == "test" and is_dummy(values, self._options.truth):
            raise DataError(
                name,
                found="a dummy mask: Cityscapes keeps the labels of its test split to itself",
                expected="real labels",
                fix="Leave test out of source.options.splits and score on val.",
            )
        mask = self._class_ids.remap(values, where=name, names=NAMES[self._options.truth])
        if self._source.exif == "as-stored":
            mask = turn_upright(mask, photo.orientation)
        del values
        mask = photo.fitted(mask, resize)
        return photo.sample(id, mask, resize, findings)
