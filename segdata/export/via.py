"""A project of the VGG Image Annotator 2 (https://www.robots.ox.ac.uk/~vgg/software/via/) per split, photos beside it.

    photos/IMG_0001.jpg    via_train.json    via_val.json    via_test.json        (no splits: via_project.json)

    {"_via_img_metadata": {
    "IMG_0001.jpg148213": {"filename": "IMG_0001.jpg", "size": 148213, "file_attributes": {}, "regions": [
        {"shape_attributes": {"name": "polygon", "all_points_x": [0, 639, …], "all_points_y": [9, 9, …]},
         "region_attributes": {"class": "road"}}, …]}},
    "_via_attributes": {"region": {"class": {"type": "dropdown", "options": {"road": "", …}}}, "file": {}}, …}

To go on drawing: put via.html into this folder, open it, and load a project (Project, Load). Painted in file order by
segdata's rule the polygons make the very masks, see `contours.py`. Ignored pixels are left uncovered; where they lie
inside an object they are outlined as "ignore", and so is a photo that is ignored altogether.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from segdata.export.contours import Outline, outlines
from segdata.export.items import ExportItem
from segdata.export.json_parts import GrowingFile
from segdata.export.photo_files import BROWSER_SUFFIXES, write_photo
from segdata.ontology import IGNORE, IGNORE_INDEX, Ontology
from segdata.wording import counted

PHOTOS = "photos"
ATTRIBUTE = "class"
VERSION = "2.0.10"  # of VIA's project files


class Writer:
    """Writes photos/ and one project file per split."""

    def __init__(self, out: Path, ontology: Ontology) -> None:
        self._out = out
        self._names = {**dict(enumerate(ontology.names)), IGNORE_INDEX: IGNORE}
        self._files: dict[str, GrowingFile] = {}
        self._keys: dict[str, list[str]] = {}
        self._regions = self._points = 0
        self.notes: list[str] = []

    def name(self, item: ExportItem) -> str:
        return item.id

    def add(self, item: ExportItem, name: str) -> None:
        drawn = outlines(item.mask) or [_frame(item.mask.shape[1], item.mask.shape[0])]
        path = write_photo(item, self._out / PHOTOS / name, BROWSER_SUFFIXES, turned=True)
        self._regions += len(drawn)
        self._points += sum(len(outline.points_xy) for outline in drawn)
        filename, size = path.relative_to(self._out / PHOTOS).as_posix(), path.stat().st_size
        regions = [self._region(outline) for outline in drawn]
        entry = {"filename": filename, "size": size, "regions": regions, "file_attributes": {}}
        split = item.split or "project"
        if split not in self._files:
            self._files[split] = GrowingFile(self._out / f"via_{split}.json", "_via_img_metadata", dict)
        self._files[split].add(entry, f"{filename}{size}")
        self._keys.setdefault(split, []).append(f"{filename}{size}")

    def _region(self, outline: Outline) -> dict[str, object]:
        x, y = outline.points_xy.T.tolist()
        return {
            "shape_attributes": {"name": "polygon", "all_points_x": x, "all_points_y": y},
            "region_attributes": {ATTRIBUTE: self._names[outline.class_id]},
        }

    def finish(self) -> Mapping[str, object]:
        options = dict.fromkeys(self._names.values(), "")
        attribute = {"type": "dropdown", "description": "", "options": options, "default_options": {}}
        for split, file in self._files.items():
            core = {"buffer_size": 18, "filepath": {}, "default_filepath": f"{PHOTOS}/"}
            file.close(
                {
                    "_via_settings": {"core": core, "project": {"name": f"via_{split}"}},
                    "_via_attributes": {"region": {ATTRIBUTE: attribute}, "file": {}},
                    "_via_data_format_version": VERSION,
                    "_via_image_id_list": self._keys[split],
                }
            )
        self.notes.append(
            f"{counted(self._regions, 'polygon')} with {counted(self._points, 'point')}, painted in file order."
        )
        self.notes.append("To go on drawing, put via.html here, open it in a browser and load a via_*.json.")
        files: object = {split: f"via_{split}.json" for split in self._files}
        if list(self._files) == ["project"]:
            files = "via_project.json"
        return {
            "label_map": {name: name for name in self._names.values()},
            "options": {"annotations": files, "photos": PHOTOS, "class_attribute": ATTRIBUTE},
        }


def _frame(width: int, height: int) -> Outline:
    """The whole photo as ignored, which an entry without any region would not say."""
    right, bottom = width - 1, height - 1
    points = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.int32)
    return Outline(IGNORE_INDEX, points)
