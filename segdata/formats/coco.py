"""COCO instances: one JSON file of many photos' objects. https://cocodataset.org/#format-data

    annotations/instances_train.json    photos images/…
    {"images": [{"id": 139, "file_name": "000000000139.jpg", "width": 640, "height": 426}, …],
     "annotations": [{"id": 1768, "image_id": 139, "category_id": 18, "iscrowd": 0,
                      "segmentation": [[510.66, 423.01, 511.72, 420.03, …], …]}, …],
     "categories": [{"id": 18, "name": "dog"}, …]}

A segmentation is a list of polygons, which are one object together, or run lengths: `_parts/coco_masks.py`. Pixels
are those of pycocotools' own decoding. The label map says category names; one of numbers alone says category ids.

Traps
- COCO's category ids have gaps (1 … 90 for 80 categories), so they are no class ids.
- Objects overlap: they are painted in file order, later over earlier, or with `order: area` the largest first.
- Crowds (iscrowd: 1) outline many objects at once: ignored pixels, in painting order, unless `crowd: paint`.
- Boxes without segmentation, keypoints and captions draw nothing: such annotations are counted, and a photo that has
  no others is one that nobody annotated.
- `width` and `height` are those of the photo as it was annotated: upright, as browsers show it, unless
  `source.exif: as-stored`. A photo of any other size is set aside.
- Panoptic files are refused: their masks are colours in PNG files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from segdata.errors import DataError, UnmappedLabelError
from segdata.findings import Finding
from segdata.formats import FormatRow, OpenSource
from segdata.formats._parts.coco_files import Id, read_content
from segdata.formats._parts.coco_masks import (
    MOST_OUTLINES,
    Rle,
    outline_length,
    patch_of,
    polygon_runs,
    rle_runs,
    sound_polygons,
)
from segdata.formats._parts.drawn import Drawn, largest_first
from segdata.formats._parts.entries import Entry
from segdata.formats._parts.listed import AnnotationFiles, Folders, Subject, files_of, pair
from segdata.formats._parts.listed_reader import ListedReader, read_sample
from segdata.formats._surveys.coco import survey
from segdata.label_map import LabelMap
from segdata.ontology import IGNORE_INDEX
from segdata.photo import Resize
from segdata.pipeline import Split
from segdata.sample import Sample
from segdata.wording import counted

__all__ = ["Options", "Reader", "survey"]

ROW = FormatRow(
    reads="instances JSON: polygons, RLE, crowds",
    class_from="category name or id, through `label_map`",
    splits="`annotations: {train: …, val: …}`",
)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of `source.options`.

    annotations   COCO file, several, or {split: file}, relative to the root
    photos        folder of the photos, or {split: folder}, relative to the root; ids begin with it where there are several
    crowd         ignore: pixels of crowds are neither trained on nor scored; paint: like any other object
    order         file: painted as they stand in the file; area: the largest first
    """

    annotations: AnnotationFiles = "annotations/instances_default.json"
    photos: str | dict[Split, str] = "images"
    crowd: Literal["ignore", "paint"] = "ignore"
    order: Literal["file", "area"] = "file"

    def __post_init__(self) -> None:
        files_of(self.annotations)
        splits = self.annotations if isinstance(self.annotations, dict) else {}
        if isinstance(self.photos, dict) and self.photos.keys() != splits.keys():
            raise ValueError("photos and annotations must be given for the same splits")

    def files(self) -> list[tuple[str, str, str | None]]:
        """COCO file, its photo folder, its split."""
        photos = self.photos
        return [
            (file, photos if isinstance(photos, str) else photos[split], split)  # type: ignore[index]
            for file, split in files_of(self.annotations).items()
        ]


class Annotation(msgspec.Struct):
    """An annotation as far as it draws; keypoints, box and area are left alone."""

    id: Id | None = None
    category_id: Id | None = None
    iscrowd: int | bool = 0
    segmentation: Rle | list[list[float]] | None = None


class Reader(ListedReader):
    """Photos with COCO annotations. Raises DataError for absent or foreign files, ConfigError for wrong options."""

    def __init__(self, source: OpenSource) -> None:
        super().__init__(source)
        self._options = source.decode_options(Options)
        folders, entries = Folders(), list[Entry]()
        for file, photos, split in self._options.files():
            source.inside(file, named_by=f"{source.where}: source.options.annotations")
            path = source.need(file, "annotations in COCO's form")
            folder = folders.add(photos, split)
            entries += read_content(path, file, [folder], split, self._found).entries
        self.subjects: Mapping[str, Subject] = pair(source, entries, folders, self._found)

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        subject = self.subjects[id].sound()
        said = subject.entry.said if subject.entry else {}

        def draw(frame_hw: tuple[int, int], findings: list[Finding]) -> list[Drawn]:
            assert subject.entry is not None
            names: dict[Id, str] = dict(said["categories"])
            drawn = self._draw(said["annotations"], names, subject, frame_hw, findings)
            return largest_first(drawn, frame_hw) if self._options.order == "area" else drawn

        return read_sample(
            self._source, subject, id, resize, draw, said_hw=(said.get("height"), said.get("width"))
        )

    def _draw(
        self,
        annotations: Sequence[object],
        names: Mapping[Id, str],
        subject: Subject,
        frame_hw: tuple[int, int],
        findings: list[Finding],
    ) -> list[Drawn]:
        """The annotations that draw something, in file order; the others become findings."""
        assert subject.entry is not None
        where = subject.entry.where
        drawn: list[Drawn] = []
        crowds = undrawn = 0
        around = 0.0
        for number, raw in enumerate(annotations, start=1):
            place = f"annotation {raw.get('id', number) if isinstance(raw, dict) else number}"
            try:
                one = msgspec.convert(raw, Annotation)
            except msgspec.ValidationError as error:
                expected = "an annotation of COCO instances"
                raise DataError(
                    where, place=place, found=str(error), expected=expected, fix="Export it again."
                ) from error
            if isinstance(one.segmentation, Rle):
                runs = rle_runs(one.segmentation, frame_hw, where, place)
            else:
                parts, doubts = sound_polygons(one.segmentation or [], frame_hw, subject.name, where, place)
                findings += doubts
                undrawn += not any(one.segmentation or [])
                if not parts:
                    continue
                around += outline_length(parts, where, place)
                if around > MOST_OUTLINES:
                    found = f"outlines of {around:.3g} pixels in all"
                    raise DataError(
                        where,
                        place=place,
                        found=found,
                        expected=f"at most {MOST_OUTLINES:,}",
                        fix="Outline this photo with fewer points.",
                    )
                runs = polygon_runs(parts, frame_hw)
            ignored = bool(one.iscrowd) and self._options.crowd == "ignore"
            crowds += ignored
            label = self._source.label_map
            class_id = IGNORE_INDEX if ignored else class_of(one.category_id, names, label, where, place)
            drawn.append(patch_of(runs, frame_hw[0], place, class_id))
        if crowds:
            message = f"{counted(crowds, 'annotation')} of crowds"
            findings.append(Finding("crowd-ignored", subject.name, "", message, "their pixels are ignored"))
        if undrawn:
            message = f"{undrawn} annotations have no segmentation (boxes, keypoints)"
            findings.append(Finding("no-segmentation", subject.name, "", message, "ignored", "warning"))
        return drawn


def class_of(id: Id | None, names: Mapping[Id, str], label_map: LabelMap, where: str, place: str) -> int:
    """Class id of a category: by its name, or by its id where the map holds numbers alone.

    Raises DataError for a category that the file does not list, UnmappedLabelError for one that the map does not.
    """
    if id is None or id not in names:
        raise DataError(
            where,
            place=place,
            found=f"category_id {id!r}",
            expected="an id of the file's categories",
            fix="Export the annotations again.",
        )
    if label_map.by_name:
        return label_map.id_of_name(names[id], where=where, place=place)
    if not isinstance(id, int) or id not in label_map.by_value:
        raise UnmappedLabelError(
            where,
            place=place,
            found=f"category {id!r} ({names[id]!r})",
            expected=f"a name or id of source.label_map ({', '.join(map(str, sorted(label_map.by_value)))})",
            fix="Add it to source.label_map in the pipeline file, or map it to 'ignore'.",
        )
    return label_map.by_value[id]
