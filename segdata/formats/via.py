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

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from segdata.digests import value_digest
from segdata.errors import ConfigError
from segdata.findings import Finding
from segdata.formats import Fingerprint, FormatRow, OpenSource
from segdata.formats._parts.doubts import nothing_drawn
from segdata.formats._parts.photo_files import digest_of
from segdata.formats._parts.via_drawing import (
    Priority,
    Stroke,
    in_order,
    labels_carried,
    outlines_of,
    outside_findings,
    paint,
    ranks_of,
)
from segdata.formats._parts.via_files import Entry
from segdata.formats._parts.via_photos import Subject, pair
from segdata.formats._parts.via_shapes import Region, attributes_used, class_label
from segdata.formats._surveys.via import survey as survey
from segdata.photo import Photo, Resize, turn_upright
from segdata.pipeline import Split
from segdata.rasterize import blank_mask, refuse_high
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

    annotations: str | list[str] | dict[Split, str] = "via_region_data.json"
    photos: str = "photos"
    class_attribute: str | None = None
    implied_class: str | None = None
    polyline: Literal["closed"] | Stroke = "closed"
    order: Literal["file", "area"] | Priority = "file"

    def files(self) -> dict[str, str | None]:
        """VIA file → its split, or None."""
        if isinstance(self.annotations, str):
            return {self.annotations: None}
        if isinstance(self.annotations, list):
            return dict.fromkeys(self.annotations)
        return {file: split for split, file in self.annotations.items()}

    def __post_init__(self) -> None:
        if isinstance(self.annotations, dict) and len(self.files()) < len(self.annotations):
            raise ValueError("annotations names one file for two splits")


class Reader:
    """Photos with VIA annotations. Raises DataError for absent or foreign files, ConfigError for wrong options."""

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        self._options = source.decode_options(Options)
        self._subjects, self._found = pair(source, self._options.files(), self._options.photos)
        self._check_class_options()
        self._ranks = self._ranks_by_class()

    @property
    def findings(self) -> Sequence[Finding]:
        return tuple(self._found)

    def ids(self) -> Sequence[str]:
        return tuple(self._subjects)

    def official_split(self, id: str) -> str | None:
        return self._subjects[id].split

    def fingerprint(self, id: str) -> Fingerprint:
        subject = self._sound(id)
        entry = subject.entry and subject.entry.said
        said = [subject.name, subject.findings, entry]  # with the names that findings and errors carry
        return Fingerprint(digest_of(subject.path, subject.name), value_digest(said))

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        subject = self._sound(id)
        photo = Photo.open(subject.path, subject.name)
        findings = list(subject.findings)
        if subject.entry is None:
            blank = blank_mask(photo.upright_hw, self._source.unannotated_id)
            return photo.sample(id, blank, resize, tuple(findings))
        as_stored = self._source.exif == "as-stored"
        frame_hw = photo.stored_hw if as_stored else photo.upright_hw
        refuse_high(frame_hw, subject.name)
        findings += _size_changed(subject, subject.entry)
        outlines = outlines_of(
            subject.entry, subject.name, frame_hw, self._class_id, self._options.polyline, findings
        )
        findings += [] if outlines else [nothing_drawn(self._source, subject.name)]
        drawn = in_order(outlines, self._options.order, self._ranks, frame_hw)
        findings += outside_findings(drawn, frame_hw, subject.name)
        mask = paint(drawn, frame_hw, self._source.unlabelled_id if drawn else self._source.unannotated_id)
        if as_stored:
            mask = turn_upright(mask, photo.orientation)
        return photo.sample(id, mask, resize, tuple(findings))

    def _sound(self, id: str) -> Subject:
        subject = self._subjects[id]
        if subject.problem is not None:
            raise subject.problem
        return subject

    def _class_id(self, region: Region, where: str, place: str) -> int:
        attribute, label = self._options.class_attribute, self._options.implied_class
        if attribute is not None:
            label = class_label(region, attribute, where, place)
            place = f"{place}, attribute {attribute!r}"
        assert label is not None
        return self._source.label_map.id_of_name(label, where=where, place=place)

    def _ranks_by_class(self) -> Mapping[int, int]:
        """Class id → place in the painting order, where the order is one of classes."""
        order = self._options.order
        if not isinstance(order, Priority):
            return {}
        attribute, implied = self._options.class_attribute, self._options.implied_class
        entries = ((one.name, one.entry) for one in self._subjects.values() if one.entry is not None)
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
        entries = [one.entry for one in self._subjects.values() if one.entry is not None]
        used = attributes_used(entries) if attribute is None else []
        if attribute is None and implied is None and self._subjects:
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
            files = ", ".join(self._options.files())
            self._found.append(Finding("attributes-unread", files, "", message, "ignored"))


def _size_changed(subject: Subject, entry: Entry) -> list[Finding]:
    actual = subject.path.stat().st_size
    if str(entry.size) in ("-1", "None", "", str(actual)):
        return []
    message = f"{actual} bytes; VIA saw {entry.size}"
    return [Finding("file-size-suffix", subject.name, f"entry {entry.key!r}", message, "read as it is")]
