"""A project of the VGG Image Annotator 2 (https://www.robots.ox.ac.uk/~vgg/software/via/) per split, photos beside it.

    photos/IMG_0001.jpg    via_train.json    via_val.json    via_test.json        (no splits: via_project.json)

To go on drawing: put via.html into this folder, open it, and load a project (Project, Load); what stands in it:
`via_project.py`. Painted in file order by segdata's rule the polygons make the very masks, see `contours.py`. Ignored
pixels are left uncovered; where they lie inside an object they are outlined as "ignore", and so is a photo that is
ignored altogether. Of drafts (`drafts.py`), which are near the masks, the notes say how near.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from segdata.export.contours import Outline, outlines
from segdata.export.drafts import OUTLINE_SHARE
from segdata.export.items import ExportItem
from segdata.export.json_parts import GrowingFile
from segdata.export.photo_files import BROWSER_SUFFIXES, write_photo
from segdata.export.via_project import Dialect, around, drafted, entry_of, frame, with_area
from segdata.ontology import IGNORE, IGNORE_INDEX, Ontology
from segdata.sample import Mask
from segdata.wording import counted

PHOTOS = "photos"


class Writer:
    """Writes photos/ and one project file per split."""

    def __init__(self, out: Path, ontology: Ontology) -> None:
        self._out, self._ontology = out, ontology
        self._dialect = Dialect.of(ontology)
        self._files: dict[str, GrowingFile] = {}
        self._keys: dict[str, list[str]] = {}
        self._regions = self._points = 0
        self.notes: list[str] = []

    def name(self, item: ExportItem) -> str:
        return item.id

    def outlined(self, mask: Mask) -> list[Outline]:
        """What is drawn of a mask."""
        return outlines(mask) or [frame(mask.shape[1], mask.shape[0], IGNORE_INDEX)]

    def add(self, item: ExportItem, name: str) -> None:
        drawn = self.outlined(item.mask)
        path = write_photo(item, self._out / PHOTOS / name, BROWSER_SUFFIXES, turned=True)
        self._regions += len(drawn)
        self._points += sum(len(with_area(outline.points_xy)) for outline in drawn)
        filename = path.relative_to(self._out / PHOTOS).as_posix()
        key, entry = entry_of(filename, path.stat().st_size, drawn, self._dialect)
        split = item.split or "project"
        if split not in self._files:
            self._files[split] = GrowingFile(self._out / f"via_{split}.json", "_via_img_metadata", dict)
        self._files[split].add(entry, key)
        self._keys.setdefault(split, []).append(key)

    def finish(self) -> Mapping[str, object]:
        for split, file in self._files.items():
            file.close(around(f"via_{split}", f"{PHOTOS}/", self._keys[split], self._dialect))
        self.notes.append(
            f"{counted(self._regions, 'polygon')} with {counted(self._points, 'point')}, painted in file order."
        )
        self.notes.append("To go on drawing, put via.html here, open it in a browser and load a via_*.json.")
        files: object = {split: f"via_{split}.json" for split in self._files}
        if list(self._files) == ["project"]:
            files = "via_project.json"
        label_map = {
            name: IGNORE if class_id == IGNORE_INDEX else self._ontology.names[class_id]
            for class_id, name in self._dialect.names.items()
        }
        options = {"annotations": files, "photos": PHOTOS, "class_attribute": self._dialect.attribute}
        return {"label_map": label_map, "options": options}


class DraftWriter(Writer):
    """Writes drafts instead of the very masks, as the annotators of a set say its classes."""

    def __init__(self, out: Path, ontology: Ontology, dialect: Dialect) -> None:
        super().__init__(out, ontology)
        self._dialect = dialect
        self._islands = 0
        self._same = self._pixels = 0
        self._both, self._either = np.zeros(256, np.int64), np.zeros(256, np.int64)

    def outlined(self, mask: Mask) -> list[Outline]:
        draft = drafted(mask, self._dialect)
        right = draft.painted == mask
        both, of_mask, of_draft = (
            np.bincount(ids.ravel(), minlength=256) for ids in (mask[right], mask, draft.painted)
        )
        self._islands += draft.islands
        self._same += int(both.sum())
        self._pixels += mask.size
        self._both += both
        self._either += of_mask + of_draft - both
        return draft.outlines

    def finish(self) -> Mapping[str, object]:
        there = self._either > 0
        mean_iou = (self._both[there] / self._either[there]).mean()
        self.notes.append(
            f"Drafts, not the very masks: {self._islands:,} islands dropped, outlines within 1/{1 / OUTLINE_SHARE:.0f} "
            f"of the longer side; {_share(self._same, self._pixels)} of the pixels as in the masks, mean IoU {mean_iou:.3f}."
        )
        source = dict(super().finish())
        if self._dialect.canvas != IGNORE_INDEX:
            source["unlabelled"] = self._ontology.names[self._dialect.canvas]
        return source


def _share(part: int, whole: int) -> str:
    return f"{math.floor(10_000 * part / whole) / 100:.2f} %"  # 100 % are all
