"""A photo folder beside a mask folder: grey PNGs whose values are the class ids, 255 = ignore.

    train/image/0001TP_006690.jpg   train/mask/0001TP_006690.png   val/…   names.txt: line i names value i - 1

Without splits: image/ and mask/ themselves. The folder of a split is part of the sample's id when read back
("train/0001TP_006690"); an id that begins with it already stays as it is. Photos stored turned are written upright,
since most tools that read mask folders do not look at EXIF.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from segdata.export.items import ExportItem
from segdata.export.photo_files import write_photo, write_png
from segdata.formats._parts.photo_files import PHOTO_SUFFIXES
from segdata.ontology import IGNORE, IGNORE_INDEX, Ontology


class Writer:
    """Writes image/ and mask/, per split where there are splits."""

    def __init__(self, out: Path, ontology: Ontology) -> None:
        self._out = out
        self._ontology = ontology
        self._split_folders = False
        self._added = False
        self.notes: list[str] = []

    def name(self, item: ExportItem) -> str:
        """The id with its split before it, as the reader will call it."""
        if item.split is None or item.id.startswith(f"{item.split}/"):
            return item.id
        return f"{item.split}/{item.id}"

    def add(self, item: ExportItem, name: str) -> None:
        self._added |= name != item.id
        self._split_folders |= item.split is not None
        prefix = Path(item.split or "")
        stem = name.removeprefix(f"{item.split}/") if item.split else name
        write_photo(item, self._out / prefix / "image" / stem, PHOTO_SUFFIXES)
        write_png(self._out / prefix / "mask" / f"{stem}.png", item.mask)

    def finish(self) -> Mapping[str, object]:
        names = self._ontology.names
        if all(name.isprintable() for name in names):
            (self._out / "names.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        if self._added:
            self.notes.append("Read back, every id begins with its split: train/IMG_0001.")
        label_map = {**dict(enumerate(names)), IGNORE_INDEX: IGNORE}
        return {"label_map": label_map, "options": {"split_folders": self._split_folders}}
