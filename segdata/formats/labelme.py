"""LabelMe (wkentaro's): outlines drawn on photos, one JSON file for each. https://github.com/wkentaro/labelme

    IMG_1.jpg   IMG_1.json      side by side, or JSON files in a folder of their own
    {"imagePath": "IMG_1.jpg", "imageData": null, "imageHeight": 480, "imageWidth": 640, "shapes": [
        {"label": "road", "points": [[0.0, 9.0], [639.0, 9.0], [320.5, 400.0]], "shape_type": "polygon",
         "group_id": null, "flags": {}}, …]}

The class is the label. Flags, descriptions and group_id draw nothing: shapes of one group are painted each for itself.

Traps
- `imagePath` is relative to the JSON file, with backslashes where it was written on Windows, and goes stale when
  folders move: then a photo of that name beside the JSON file or in `photos` is taken, and told.
- `imageData` holds the photo once more, in base 64. The file is preferred; where there is none, the copy is read.
- LabelMe turns photos by their EXIF orientation, coordinates and imageHeight are those of the upright photo (its
  imageData is already turned); old versions did not: `source.exif: as-stored`. A photo of another size is set aside.
- Coordinates count from the corner of the photo: 3.7 lies in pixel 3. LabelMe draws its own masks with Pillow, whose
  borders differ by up to a pixel here and there (0.2 % of all).
- A circle is its middle and a point on its rim; a rectangle is two opposite corners, in any order, both included.
- A mask is a PNG in base 64 over the pixels from its first point to its second, both included.
- Points cover no area: a photo with nothing else is one that nobody annotated.
- line and linestrip are open and cover no area: ignored and counted unless `lines: {stroke: 3}` or `lines: closed`.
- A JSON file that cannot be read sets the photo of its name aside: it was annotated, nobody knows how.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import msgspec
import numpy as np

from segdata.digests import bytes_digest
from segdata.errors import DataError
from segdata.file_names import lying
from segdata.findings import Finding
from segdata.formats import Fingerprint, FormatRow, OpenSource
from segdata.formats._parts.drawn import (
    Bits,
    Drawn,
    Lines,
    Outline,
    Patch,
    covers_area,
    largest_first,
    width_of,
)
from segdata.formats._parts.labelme_files import POINTS, as_file, embedded_photo, from_base64, read_entries
from segdata.formats._parts.listed import Folders, Subject, pair
from segdata.formats._parts.listed_reader import ListedReader, read_sample
from segdata.formats._surveys.labelme import survey
from segdata.mask_file import read_mask_values
from segdata.photo import Resize
from segdata.rasterize import PointsXY, ellipse_points
from segdata.sample import Sample
from segdata.wording import counted, size_text

__all__ = ["Options", "Reader", "survey"]

ROW = FormatRow(
    reads="one JSON per photo: polygon, rectangle, circle, line, mask",
    class_from="label, through `label_map`",
    splits="–",
)


LINES = ("line", "linestrip")
OUTLINES = ("polygon", "rectangle", "oriented_rectangle", "circle")


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of `source.options`.

    annotations   folder of the JSON files, relative to the root, with all folders in it
    photos        folder of the photos, relative to the root; ids are relative to it
    lines         line and linestrip: ignore, closed (filled like polygons), or {stroke: px}
    order         file: painted as they stand in the file; area: the largest first
    """

    annotations: str = "."
    photos: str = "."
    lines: Lines = "ignore"
    order: Literal["file", "area"] = "file"


class Shape(msgspec.Struct):
    """One shape. Files of LabelMe 2 have no shape_type: all are polygons."""

    label: str
    points: list[tuple[float, float]]
    shape_type: str | None = "polygon"
    mask: str | None = None


class Reader(ListedReader):
    """Photos with LabelMe annotations. Raises DataError for absent folders, ConfigError for wrong options."""

    def __init__(self, source: OpenSource) -> None:
        super().__init__(source)
        self._options = source.decode_options(Options)
        entries = read_entries(source, self._options.annotations, self._options.photos, self._found)
        folders = Folders()
        folders.add(self._options.photos, None)
        self.subjects: Mapping[str, Subject] = pair(source, entries, folders, self._found)

    def fingerprint(self, id: str) -> Fingerprint:
        subject = self.subjects[id].sound()
        return subject.fingerprint(None if subject.path else bytes_digest(self._embedded(subject)))

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        subject = self.subjects[id].sound()
        said: dict[str, Any] = subject.entry.said if subject.entry else {}

        def draw(frame_hw: tuple[int, int], findings: list[Finding]) -> list[Drawn]:
            drawn = self._draw(said["shapes"], subject, frame_hw, findings)
            return largest_first(drawn, frame_hw) if self._options.order == "area" else drawn

        said_hw = said.get("height"), said.get("width")
        if subject.path is not None:
            return read_sample(self._source, subject, id, resize, draw, said_hw)
        with as_file(self._embedded(subject)) as path:
            here = msgspec.structs.replace(subject, path=str(path))
            return read_sample(self._source, here, id, resize, draw, said_hw)

    def _embedded(self, subject: Subject) -> bytes:
        assert subject.entry is not None
        return embedded_photo(lying(self._source.root, subject.entry.file), subject.entry.file)

    def _draw(
        self,
        shapes: Sequence[object],
        subject: Subject,
        frame_hw: tuple[int, int],
        findings: list[Finding],
    ) -> list[Drawn]:
        """The shapes that cover an area, in file order; the others become findings."""
        assert subject.entry is not None
        where, name = subject.entry.where, subject.name
        drawn: list[Drawn] = []
        for number, raw in enumerate(shapes, start=1):
            place = f"shape {number}"
            try:
                shape = msgspec.convert(raw, Shape)
            except msgspec.ValidationError as error:
                raise _error(where, place, str(error)) from error
            kind = shape.shape_type or "polygon"
            if kind in POINTS:
                message = "a point covers no area"
                findings.append(Finding("point-ignored", name, place, message, "ignored"))
                continue
            class_id = self._source.label_map.id_of_name(shape.label, where=where, place=place)
            if kind == "mask":
                drawn.append(_patch(shape, class_id, frame_hw, where, place))
                continue
            points = outline(shape, where, place)
            lines = self._options.lines if kind in LINES else "closed"
            if covers_area(points, lines, name, place, findings):
                by_hand = kind in ("polygon", *LINES)
                drawn.append(Outline(place, class_id, points, width_of(lines), by_hand))
        return drawn


def outline(shape: Shape, where: str, place: str) -> PointsXY:
    """Outline of a shape, float64 (N, 2) pixels. Raises DataError for one that LabelMe does not draw."""
    kind = shape.shape_type or "polygon"
    points = np.array(shape.points, np.float64).reshape(-1, 2)
    needed = {"circle": (2,), "rectangle": (2, 4), "oriented_rectangle": (4,), "line": (2,)}.get(kind)
    if kind not in (*OUTLINES, *LINES):
        raise _error(where, place, f"a shape of type {kind[:40]!r}")
    if needed is not None and len(points) not in needed:
        raise _error(where, place, f"a {kind} of {counted(len(points), 'point')}")
    if kind == "rectangle" and len(points) == 2:
        (x0, y0), (x1, y1) = shape.points
        return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)
    if kind == "circle":
        (cx, cy), (x, y) = shape.points
        radius = math.hypot(x - cx, y - cy)
        with np.errstate(all="ignore"):
            rim = ellipse_points(cx, cy, radius, radius) if math.isfinite(radius) else points * np.nan
            points = np.round(rim, 6)
    if not np.isfinite(points).all():
        raise _error(where, place, "coordinates without end")
    return points


def _patch(shape: Shape, class_id: int, frame_hw: tuple[int, int], where: str, place: str) -> Patch:
    """A mask shape as a patch, whose PNG is decoded when it is painted. Raises DataError for an impossible rectangle."""
    if shape.mask is None or len(shape.points) != 2:
        raise _error(
            where,
            place,
            f"a mask with {counted(len(shape.points), 'point')} and {'no ' * (not shape.mask)}image",
        )
    reach = 2 * max(frame_hw)
    if max(abs(number) for point in shape.points for number in point) > reach:
        raise _error(where, place, f"a mask at {shape.points}")
    (left, top), (right, bottom) = ((int(x), int(y)) for x, y in shape.points)
    size_hw = (bottom - top + 1, right - left + 1)
    if min(size_hw) < 1:
        raise _error(where, place, f"a mask from {left}, {top} to {right}, {bottom}")
    return Patch(place, class_id, top, left, size_hw, partial(_png, shape.mask, size_hw, where, place))


def _png(text: str, size_hw: tuple[int, int], where: str, place: str) -> Bits:
    """Which pixels a mask covers. Raises DataError where its PNG is damaged or has not the size of its rectangle."""
    with as_file(from_base64(text, where, place)) as path:
        values = read_mask_values(path, f"{where}: {place}, mask")
    if values.shape != size_hw:
        found = size_text((values.shape[0], values.shape[1]))
        rectangle = size_text(size_hw)
        raise _error(where, place, f"a mask of {found} in a rectangle of {rectangle}")
    inside: Bits = values > 0
    return inside


def _error(where: str, place: str, found: str) -> DataError:
    expected = "a shape as LabelMe writes it"
    return DataError(where, place=place, found=found, expected=expected, fix="Draw it again in LabelMe.")
