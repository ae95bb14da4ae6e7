"""VGG Image Annotator (VIA): outlines drawn on photos. https://www.robots.ox.ac.uk/~vgg/software/via/

One entry of an annotation export of VIA 2 (the other flavours: `_parts/via_files.py`):

    "IMG_0001.jpg148213": {"filename": "IMG_0001.jpg", "size": 148213, "file_attributes": {}, "regions": [
        {"shape_attributes": {"name": "polyline", "all_points_x": [0, 639, 320], "all_points_y": [9, 9, 400]},
         "region_attributes": {"type": "road", "quality": {"blurred": true}}}, …]}

Traps
- The class stands in any region attribute: text, the option of a dropdown or radio, or a checkbox {"road": true}.
- VIA runs in a browser, which turns photos by their EXIF orientation: coordinates are those of the upright photo
  unless `source.exif: as-stored` says otherwise.
- Most people draw outlines with the polyline tool: polylines are closed and filled unless `polyline: {stroke: 3}`.
- `size` is the photo's bytes at the time of drawing (-1: unknown), part of the key, and goes stale.
- A rectangle of width w runs from x to x + w, both borders included, as the polygon through its corners would.
- An entry without regions is a photo that was opened and not annotated, not an empty street; so is one of points
  alone, which cover no area.
- A CSV says in every row how many regions its photo has: where rows are missing, the photo is set aside.
- An outline that crosses itself is filled even-odd: what it encloses twice is left out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Literal

import msgspec

from segdata.errors import ConfigError, UnmappedLabelError
from segdata.findings import Finding
from segdata.formats import FormatRow, OpenSource
from segdata.formats._parts.drawn import Drawn, Stroke
from segdata.formats._parts.entries import Entry
from segdata.formats._parts.listed import AnnotationFiles, Folders, Subject, files_of, pair
from segdata.formats._parts.listed_reader import ListedReader, read_sample
from segdata.formats._parts.via_drawing import Priority, in_order, labels_carried, outlines_of, ranks_of
from segdata.formats._parts.via_files import read_entries
from segdata.formats._parts.via_shapes import Region, attributes_used, class_label
from segdata.formats._surveys.via import survey as survey
from segdata.photo import Resize
from segdata.sample import Sample

ROW = FormatRow(
    reads="VIA 1, 2 and 3: annotation export, project file, CSV; polygon, polyline, rect, circle, ellipse",
    class_from="a region attribute, through `label_map`",
    splits="`annotations: {train: …, val: …}`",
)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of `source.options`.

    annotations      VIA file, several, or {split: file}, relative to the root; ids begin with the file's folder
    photos           folder of the photos, relative to the VIA file's own folder; "." beside it
    class_attribute  region attribute that holds the class
    implied_class    label of every region, where regions carry no class
    polyline         closed: filled like polygons; {stroke: px}: open lines
    order            file: painted as they stand in the file; area: the largest first; {priority: [sky, road, car]}:
                     class by class in this order, later over earlier, those of one class as they stand in the file
    """

    annotations: AnnotationFiles = "via_region_data.json"
    photos: str = "photos"
    class_attribute: str | None = None
    implied_class: str | None = None
    polyline: Literal["closed"] | Stroke = "closed"
    order: Literal["file", "area"] | Priority = "file"

    def __post_init__(self) -> None:
        files_of(self.annotations)


class Reader(ListedReader):
    """Photos with VIA annotations. Raises DataError for absent or foreign files, ConfigError for wrong options."""

    def __init__(self, source: OpenSource) -> None:
        super().__init__(source)
        self._options = source.decode_options(Options)
        folders, entries = Folders(), list[Entry]()
        for file, split in files_of(self._options.annotations).items():
            source.inside(file, named_by=f"{source.where}: source.options.annotations")
            path = source.need(file, "annotations exported from VIA")
            home = PurePosixPath(file.replace("\\", "/")).parent
            folder = folders.add(str(home / self._options.photos), split, ids_start=str(home))
            entries += read_entries(path, file, self._found, folder, split)
        self.subjects: Mapping[str, Subject] = pair(source, entries, folders, self._found)
        self._check_class_options()
        self._ranks = self._ranks_by_class()

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        subject = self.subjects[id].sound()

        def draw(frame_hw: tuple[int, int], findings: list[Finding]) -> Sequence[Drawn]:
            assert subject.entry is not None
            findings += _size_changed(subject, subject.entry)
            polyline = self._options.polyline
            drawn = outlines_of(subject.entry, subject.name, self._class_id, polyline, findings)
            return in_order(drawn, self._options.order, self._ranks, frame_hw)

        return read_sample(self._source, subject, id, resize, draw)

    def _class_id(self, region: Region, where: str, place: str) -> int:
        attribute, label = self._options.class_attribute, self._options.implied_class
        if attribute is not None:
            label = class_label(region, attribute, where, place)
            place = f"{place}, attribute {attribute!r}"
        assert label is not None
        try:
            return self._source.label_map.id_of_name(label, where=where, place=place)
        except UnmappedLabelError as error:
            if label:
                raise
            has = ", ".join(sorted(region.region_attributes)) or "none at all"
            raise UnmappedLabelError(
                where,
                place=place,
                found=error.found,
                expected=error.expected,
                fix=f"{error.fix} Attributes of this region: {has}.".strip(),
            ) from error

    def _ranks_by_class(self) -> Mapping[int, int]:
        """Class id → place in the painting order, where the order is one of classes."""
        order = self._options.order
        if not isinstance(order, Priority):
            return {}
        attribute, implied = self._options.class_attribute, self._options.implied_class
        entries = ((one.name, one.entry) for one in self.subjects.values() if one.entry is not None)
        return ranks_of(order, self._source, labels_carried(entries, attribute, implied))

    def _check_class_options(self) -> None:
        """Exactly one of class_attribute and implied_class says what regions are."""
        place = "source.options"
        attribute, implied = self._options.class_attribute, self._options.implied_class
        if attribute is not None and implied is not None:
            raise ConfigError(
                self._source.where,
                place=place,
                found="class_attribute and implied_class",
                expected="one of them",
            )
        if implied is not None:
            self._source.label_map.id_of_name(
                implied, where=self._source.where, place=f"{place}.implied_class"
            )
        entries = [one.entry for one in self.subjects.values() if one.entry is not None]
        used = attributes_used(entries) if attribute is None else []
        if attribute is None and implied is None and self.subjects:
            carried = f"regions carry {', '.join(used)}" if used else "regions carry no attribute at all"
            raise ConfigError(
                self._source.where,
                place=place,
                found="neither class_attribute nor implied_class",
                expected=f"the attribute that holds the class ({carried})"
                + ("" if used else ": name the one class they outline as implied_class"),
            )
        if used:
            message = f"every region is taken as {implied!r}; attributes not read: {', '.join(used)}"
            files = ", ".join(files_of(self._options.annotations))
            self._found.append(Finding("attributes-unread", files, "", message, "ignored"))


def _size_changed(subject: Subject, entry: Entry) -> list[Finding]:
    assert subject.path is not None
    actual = os.stat(subject.path).st_size
    if str(entry.photo_bytes) in ("-1", "None", "", str(actual)):
        return []
    message = f"{actual} bytes; VIA saw {entry.photo_bytes}"
    return [Finding("file-size-suffix", subject.name, entry.place, message, "read as it is")]
