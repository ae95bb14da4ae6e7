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
- An entry without regions is a photo that was opened and not annotated, not an empty street.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import msgspec

from segdata.digests import value_digest
from segdata.errors import ConfigError
from segdata.findings import Finding
from segdata.formats import Fingerprint, OpenSource
from segdata.formats._parts.photo_files import digest_of
from segdata.formats._parts.via_files import Entry
from segdata.formats._parts.via_photos import Subject, pair
from segdata.formats._parts.via_shapes import Point, Polyline, Region, class_label, outline, read_regions
from segdata.photo import Photo, Resize, turn_upright
from segdata.pipeline import Split
from segdata.rasterize import PointsXY, blank_mask, count_outside, fill, pixel_points, stroke
from segdata.sample import Mask, Sample


class Stroke(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Polylines as open lines of so many pixels."""

    stroke: Annotated[int, msgspec.Meta(ge=1, le=1000)]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of `source.options`.

    annotations      VIA file, several, or {split: file}, relative to the root; ids begin with the file's folder
    photos           folder of the photos, relative to the VIA file's own folder; "." beside it
    class_attribute  region attribute that holds the class
    implied_class    label of every region, where regions carry no class
    polyline         closed: filled like polygons; {stroke: px}: open lines
    order            file: painted as they stand in the file; area: the largest first
    """

    annotations: str | list[str] | dict[Split, str] = "via_region_data.json"
    photos: str = "photos"
    class_attribute: str | None = None
    implied_class: str | None = None
    polyline: Literal["closed"] | Stroke = "closed"
    order: Literal["file", "area"] = "file"

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


@dataclass(frozen=True, slots=True)
class Drawn:
    """A region ready to paint: its class id, outline, and line width (None: filled)."""

    place: str
    class_id: int
    points_xy: PointsXY
    width_px: int | None


def paint(drawn: Sequence[Drawn], frame_hw: tuple[int, int], unlabelled_id: int) -> Mask:
    """Regions in order, later over earlier. Returns uint8 (H, W) class ids in the frame they were drawn in."""
    mask = blank_mask(frame_hw, unlabelled_id)
    for region in drawn:
        if region.width_px is None:
            fill(mask, region.points_xy, region.class_id)
        else:
            stroke(mask, region.points_xy, region.class_id, region.width_px)
    return mask


class Reader:
    """Photos with VIA annotations. Raises DataError for absent or foreign files, ConfigError for wrong options."""

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        self._options = source.decode_options(Options)
        self._subjects, self._found = pair(source, self._options.files(), self._options.photos)
        self._check_class_options()

    @property
    def findings(self) -> Sequence[Finding]:
        return tuple(self._found)

    def ids(self) -> Sequence[str]:
        return tuple(self._subjects)

    def official_split(self, id: str) -> str | None:
        return self._subjects[id].split

    def fingerprint(self, id: str) -> Fingerprint:
        subject = self._sound(id)
        entry = subject.entry
        order = list(entry.regions) if entry and isinstance(entry.regions, dict) else []  # digests sort keys
        said = [subject.name, subject.findings, entry, order]  # with the names that findings and errors carry
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
        findings += _size_changed(subject, subject.entry)
        drawn = self._draw(subject.entry, subject.name, frame_hw, findings)
        findings += outside_findings(drawn, frame_hw, subject.name)
        mask = paint(drawn, frame_hw, self._source.unlabelled_id)
        if as_stored:
            mask = turn_upright(mask, photo.orientation)
        return photo.sample(id, mask, resize, tuple(findings))

    def _sound(self, id: str) -> Subject:
        subject = self._subjects[id]
        if subject.problem is not None:
            raise subject.problem
        return subject

    def _draw(
        self, entry: Entry, name: str, frame_hw: tuple[int, int], findings: list[Finding]
    ) -> list[Drawn]:
        """The regions that cover an area, in painting order; the others become findings."""
        options = self._options
        where = f"{entry.file}: entry {entry.key!r}"
        drawn: list[Drawn] = []
        for place, region in read_regions(entry, where):
            shape = region.shape_attributes
            if isinstance(shape, Point):
                findings.append(Finding("point-ignored", name, place, "a point covers no area", "ignored"))
                continue
            points, texts = outline(shape, where, place)
            if texts:
                message = f"{texts} coordinates written as text"
                findings.append(Finding("text-coordinates", name, place, message, "read as numbers"))
            width = None
            if isinstance(shape, Polyline) and isinstance(options.polyline, Stroke):
                width = options.polyline.stroke
            if len(points) < (3 if width is None else 2):
                message = f"{len(points)} points enclose no area"
                findings.append(Finding("too-few-points", name, place, message, "ignored", "warning"))
                continue
            drawn.append(Drawn(place, self._class_id(region, where, place), points, width))
        if options.order == "area":
            drawn.sort(key=lambda region: -cv2.contourArea(pixel_points(region.points_xy, frame_hw)))
        return drawn

    def _class_id(self, region: Region, where: str, place: str) -> int:
        attribute, label = self._options.class_attribute, self._options.implied_class
        if attribute is not None:
            label = class_label(region, attribute, where, place)
            place = f"{place}, attribute {attribute!r}"
        assert label is not None
        return self._source.label_map.id_of_name(label, where=where, place=place)

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
        used = _attributes_used(self._subjects.values()) if attribute is None else []
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


def _attributes_used(subjects: Iterable[Subject]) -> list[str]:
    """Names of the region attributes that occur, sorted."""
    names: set[str] = set()
    for subject in subjects:
        regions = subject.entry.regions if subject.entry else []
        for region in regions.values() if isinstance(regions, dict) else regions:
            attributes = region.get("region_attributes") if isinstance(region, dict) else None
            names.update(attributes if isinstance(attributes, dict) else ())
    return sorted(names)


def _size_changed(subject: Subject, entry: Entry) -> list[Finding]:
    actual = subject.path.stat().st_size
    if str(entry.size) in ("-1", "None", "", str(actual)):
        return []
    message = f"{actual} bytes; VIA saw {entry.size}"
    return [Finding("file-size-suffix", subject.name, f"entry {entry.key!r}", message, "read as it is")]


def outside_findings(drawn: Sequence[Drawn], frame_hw: tuple[int, int], name: str) -> list[Finding]:
    """One finding per region that runs outside the frame, and one when all fit a frame of swapped sides."""
    height, width = frame_hw
    findings = []
    for region in drawn:
        outside = count_outside(region.points_xy, frame_hw)
        if outside:
            message = f"{outside} of {len(region.points_xy)} points lie outside the photo of {width}x{height}"
            findings.append(Finding("points-clipped", name, region.place, message, "clipped"))
    if findings and not any(count_outside(region.points_xy, (width, height)) for region in drawn):
        message = f"all regions fit a photo of {height}x{width}, but it is {width}x{height}"
        advice = "clipped; see source.exif"
        findings.append(Finding("turned-annotation", name, "", message, advice, "warning"))
    return findings
