"""A PASCAL VOC segmentation tree (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf), as CVAT imports it too.

    JPEGImages/2007_000032.jpg    SegmentationClass/2007_000032.png    ImageSets/Segmentation/{train,val,test}.txt
    labelmap.txt                  "road:128,64,128::" per class, in id order

Masks are palettised: the index is the class id, its colour the class's own, 255 the border, which is ignored.
JPEGs are copied; a photo stored turned or in another format becomes a PNG of its upright pixels, as JPEG would change
them. Where two classes share a colour (or one has the border's), or a name cannot stand in labelmap.txt, there is no
such file and the label map speaks of indices. SegmentationObject is not written: a mask of classes knows no objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PIL import Image as PillowImage

from segdata.export.items import ExportItem
from segdata.export.photo_files import JPEG_SUFFIXES, write_photo
from segdata.ontology import IGNORE_INDEX, Ontology, voc_palette
from segdata.sample import Mask

LISTS = "ImageSets/Segmentation"


class Writer:
    """Writes photos, palettised masks, the lists of the splits, and the names of the classes."""

    def __init__(self, out: Path, ontology: Ontology) -> None:
        self._out = out
        self._ontology = ontology
        self._ids: dict[str, list[str]] = {}
        self._num_png = 0
        self.notes: list[str] = []
        colors = [*ontology.palette, *voc_palette()[len(ontology) :]]
        self._palette = [channel for color in colors for channel in color]

    def name(self, item: ExportItem) -> str:
        return item.id

    def add(self, item: ExportItem, name: str) -> None:
        path = write_photo(item, self._out / "JPEGImages" / name, JPEG_SUFFIXES, suffix=".jpg")
        self._num_png += path.suffix == ".png"
        self._write_mask(self._out / "SegmentationClass" / f"{name}.png", item.mask)
        if item.split is not None:
            self._ids.setdefault(item.split, []).append(name)

    def _write_mask(self, path: Path, mask: Mask) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        indexed = PillowImage.fromarray(mask)
        indexed.putpalette(self._palette)
        indexed.save(path)

    def finish(self) -> Mapping[str, object]:
        lists = {split: sorted(ids) for split, ids in self._ids.items()}
        if {"train", "val"} <= lists.keys():
            lists["trainval"] = sorted(lists["train"] + lists["val"])
        for name, ids in lists.items():
            path = self._out / LISTS / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{id}\n" for id in ids), encoding="utf-8")
        if self._num_png:
            self.notes.append(
                f"Photos written as PNG, so that no pixel changes: {self._num_png} (some tools want .jpg)."
            )
        if not _can_be_listed(self._ontology):
            return {"label_map": dict(enumerate(self._ontology.names))}
        lines = [f"{label.name}:{','.join(map(str, label.color))}::\n" for label in self._ontology.labels]
        (self._out / "labelmap.txt").write_text("".join(lines), encoding="utf-8")
        return {"options": {"labels": "labelmap.txt"}}


def _can_be_listed(ontology: Ontology) -> bool:
    """Whether labelmap.txt can say these classes: a colour for each, and none the border's; names on one line."""
    colors = {*ontology.palette, voc_palette()[IGNORE_INDEX]}
    return len(colors) == len(ontology) + 1 and all(
        name.isprintable() and name == name.strip() and name and ":" not in name and name[0] != "#"
        for name in ontology.names
    )
