"""COCO instances (https://cocodataset.org/#format-data): one JSON file per split, exact masks as run lengths (RLE).

    images/IMG_0001.jpg    annotations/instances_train.json   instances_val.json   …   (no splits: instances.json)

    {"annotations": [
    {"id": 1, "image_id": 1, "category_id": 3, "iscrowd": 0, "area": 5120, "bbox": [0, 90, 640, 12],
     "segmentation": {"size": [480, 640], "counts": "`13l:4M3M…"}}, …],
    "images": [{"id": 1, "file_name": "IMG_0001.jpg", "height": 480, "width": 640}, …],
    "categories": [{"id": 1, "name": "sky", "supercategory": "", "color": [70, 130, 180]}, …]}

Each connected piece of a class is an annotation of its own: what touches is one, as a mask of classes knows no
objects. Category ids are class ids plus one. No annotation covers another; ignored pixels are covered by none.
Height and width are those of the upright photo, as browsers and OpenCV show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from segdata.export.coco_pieces import categories_of, pieces
from segdata.export.items import ExportItem
from segdata.export.json_parts import GrowingFile
from segdata.export.photo_files import BROWSER_SUFFIXES, write_photo
from segdata.ontology import Ontology
from segdata.wording import counted

PHOTOS = "images"


class Writer:
    """Writes images/ and annotations/instances*.json."""

    def __init__(self, out: Path, ontology: Ontology) -> None:
        self._out = out
        self._ontology = ontology
        self._files: dict[str | None, GrowingFile] = {}
        self._images: dict[str | None, list[dict[str, object]]] = {}
        self._num_images = self._num_annotations = 0
        self.notes: list[str] = []

    def name(self, item: ExportItem) -> str:
        return item.id

    def add(self, item: ExportItem, name: str) -> None:
        path = write_photo(item, self._out / PHOTOS / name, BROWSER_SUFFIXES, turned=True)
        if item.split not in self._files:
            file = self._out / _file_name(item.split)
            self._files[item.split] = GrowingFile(file, "annotations", list)
        self._num_images += 1
        height, width = item.mask.shape
        image: dict[str, object] = {"id": self._num_images, "height": height, "width": width}
        image["file_name"] = path.relative_to(self._out / PHOTOS).as_posix()
        self._images.setdefault(item.split, []).append(image)
        for class_id, piece in pieces(item.mask):
            self._num_annotations += 1
            annotation = {"id": self._num_annotations, "image_id": self._num_images, "iscrowd": 0}
            self._files[item.split].add(annotation | {"category_id": class_id + 1, **piece})

    def finish(self) -> Mapping[str, object]:
        categories = categories_of(self._ontology)
        for split, file in self._files.items():
            file.close({"images": self._images[split], "categories": categories})
        self.notes.append(
            f"{counted(self._num_annotations, 'annotation')}: connected pieces of a class, not objects."
        )
        files: object = {split: _file_name(split) for split in self._files}
        if list(self._files) == [None]:
            files = _file_name(None)
        return {"unannotated": "ignore", "options": {"annotations": files, "photos": PHOTOS}}


def _file_name(split: str | None) -> str:
    return f"annotations/instances_{split}.json" if split else "annotations/instances.json"
