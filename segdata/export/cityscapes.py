"""A Cityscapes tree (https://github.com/mcordts/cityscapesScripts): photos and masks per split and city.

    leftImg8bit/train/aachen/aachen_000000_000019_leftImg8bit.png
    gtFine/train/aachen/aachen_000000_000019_gtFine_{labelIds,labelTrainIds,color}.png

Every class must be a label of Cityscapes' own table, by name; the numbers and colours come from that table. Ignored
pixels are `unlabeled` (0), which is also class void of cityscapes-20, whose ignored pixels are `out of roi` (3). Photos
are PNG, as everywhere in Cityscapes. instanceIds.png and polygons.json are not written: a mask of classes knows no
objects, and polygons drawn by Cityscapes' own rule would not make this mask.

Trap: a mask of the test split that holds nothing but ignored pixels is what Cityscapes' own dummies look like.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from cityscapesscripts.helpers.labels import labels as LABELS
from cityscapesscripts.helpers.labels import name2label

from segdata.errors import ConfigError, DataError
from segdata.export.items import ExportItem
from segdata.export.photo_files import write_photo, write_png
from segdata.formats.cityscapes import DUMMY_IDS
from segdata.ontology import IGNORE, IGNORE_INDEX, Ontology

OTHER_CITY = "other"
"""The city folder of ids that are no <city>_<sequence>_<frame>."""
VOID = "void"


class Writer:
    """Writes leftImg8bit/ and gtFine/. Raises ConfigError for classes that Cityscapes does not know."""

    def __init__(self, out: Path, ontology: Ontology) -> None:
        self._out = out
        names = label_names(ontology)
        self._names = dict(zip(ontology.names, names, strict=True))
        self._ignored = "out of roi" if "unlabeled" in names else "unlabeled"
        if self._ignored in names:
            raise ConfigError(
                f"ontology {ontology.name}",
                found="the classes 'unlabeled' and 'out of roi'",
                expected="one of them left, to stand for ignored pixels",
            )
        table = np.full(256, name2label[self._ignored].id, np.uint8)
        table[: len(names)] = [name2label[name].id for name in names]
        self._label_ids = table
        self._train_ids = np.zeros(256, np.uint8)
        self._colors = np.zeros((256, 3), np.uint8)
        for label in LABELS:
            if label.id >= 0:
                self._train_ids[label.id] = label.trainId if label.trainId >= 0 else IGNORE_INDEX
                self._colors[label.id] = label.color
        self._splits: set[str] = set()
        self._num_other = 0
        self.notes: list[str] = []

    def name(self, item: ExportItem) -> str:
        if "/" in item.id or item.split is None:
            found = f"the id {item.id!r}" if "/" in item.id else f"{item.id!r} without a split"
            raise ConfigError(
                "export to cityscapes",
                found=found,
                expected="ids without folders, and a split for each: the folders are split and city",
                fix="Export to masks or voc.",
            )
        return item.id

    def add(self, item: ExportItem, name: str) -> None:
        label_ids = self._label_ids[item.mask]
        if item.split == "test" and label_ids.max() < DUMMY_IDS:
            raise DataError(
                item.id,
                found="a photo of the test split with nothing but pixels that Cityscapes never scores",
                expected="at least one class: Cityscapes' dummy masks look like this, and readers refuse those",
            )
        parts = name.split("_")
        city = parts[0] if len(parts) == 3 and parts[0] else OTHER_CITY
        self._num_other += city == OTHER_CITY
        folder = Path(item.split or "") / city
        write_photo(item, self._out / "leftImg8bit" / folder / f"{name}_leftImg8bit", (".png",))
        stem = self._out / "gtFine" / folder
        write_png(stem / f"{name}_gtFine_labelIds.png", label_ids)
        write_png(stem / f"{name}_gtFine_labelTrainIds.png", self._train_ids[label_ids])
        write_png(stem / f"{name}_gtFine_color.png", self._colors[label_ids])
        self._splits.add(item.split or "")

    def finish(self) -> Mapping[str, object]:
        self.notes.append("No instanceIds.png and no polygons.json: a mask of classes knows no objects.")
        if self._num_other:
            self.notes.append(
                f"Ids that are no <city>_<sequence>_<frame>, which Cityscapes' own scripts want: {self._num_other}."
            )
        by_name = {label: own for own, label in self._names.items()}
        splits = [split for split in ("train", "val", "test") if split in self._splits]
        return {"label_map": {**by_name, self._ignored: IGNORE}, "options": {"splits": splits}}


def label_names(ontology: Ontology) -> tuple[str, ...]:
    """The Cityscapes label of every class. Raises ConfigError naming the classes that have none."""
    void = {VOID: "unlabeled"} if ontology.name == "cityscapes-20" else {}
    names = tuple(void.get(name, name) for name in ontology.names)
    unknown = [name for name in names if name not in name2label or name2label[name].id < 0]
    if unknown:
        some = ", ".join(unknown[:8]) + (", …" if len(unknown) > 8 else "")
        raise ConfigError(
            f"ontology {ontology.name}",
            found=f"classes that Cityscapes has no label for: {some}",
            expected=", ".join(label.name for label in LABELS if label.id >= 0),
            fix="Export to masks, voc, via or coco, which hold any classes.",
        )
    return names
