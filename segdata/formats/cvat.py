"""CVAT for images, XML 1.1: outlines and masks of many photos. https://docs.cvat.ai/docs/manual/advanced/xml_format/

    annotations.xml     photos images/IMG_1.jpg, or images/Train/IMG_1.jpg where a project has subsets
    <image id="0" name="IMG_1.jpg" subset="Train" width="640" height="480">
      <polygon label="road" occluded="0" points="0.00,9.00;639.00,9.00;320.50,400.00" z_order="1"/>
      <mask label="person" rle="1, 2, 5" left="40" top="7" width="4" height="2" z_order="2"/>
    </image>

The class is the label. `source`, `occluded`, groups and attributes draw nothing and are read over.

Traps
- z_order says what covers what, not the order in the file: painted from the lowest up, equals in file order.
- CVAT shows photos upright, and writes their size as shown: a photo of another size is set aside. Where an old CVAT
  drew on turned photos, say `source.exif: as-stored`.
- Polylines are open lines (lane marks), which cover no area: `lines: {stroke: 3}` gives them a width, `lines: closed`
  fills them; left out, they are ignored and counted.
- Coordinates count from the corner of the photo: 3.7 lies in pixel 3, and all pixels on an outline belong to it. (CVAT's
  own mask exports leave out pixels whose middle is outside.)
- Boxes and ellipses turn clockwise about their middle, by `rotation` in degrees.
- A mask's runs go row by row inside its own rectangle, unlike COCO's.
- Points, skeletons, cuboids and tags cover no area; an image with nothing else is one that nobody annotated.
- "CVAT for video" has tracks instead of images: refused, as is any document type declaration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

import msgspec

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import FormatRow, OpenSource
from segdata.formats._parts.cvat_files import read_content
from segdata.formats._parts.cvat_shapes import (
    Cuboid,
    Mask,
    Points,
    Polygon,
    Polyline,
    Shape,
    Skeleton,
    Tag,
    outline,
    patch_of,
    read_shape,
)
from segdata.formats._parts.drawn import Drawn, Lines, Outline, covers_area, largest_first, width_of
from segdata.formats._parts.entries import Entry
from segdata.formats._parts.listed import AnnotationFiles, Folders, Subject, files_of, pair
from segdata.formats._parts.listed_reader import ListedReader, read_sample
from segdata.formats._surveys.cvat import survey as survey
from segdata.photo import Resize
from segdata.sample import Sample

ROW = FormatRow(
    reads="CVAT for images XML 1.1: polygon, polyline, box, ellipse, mask, in z-order",
    class_from="label, through `label_map`",
    splits="subsets",
)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of `source.options`.

    annotations   CVAT file, several, or {split: file}, relative to the root; a subset called Train, Validation or Test
                  is an official split too
    photos        folder of the photos, relative to the CVAT file's own folder; "." beside it
    lines         polylines: ignore, closed (filled like polygons), or {stroke: px}
    order         z: by z_order, then as they stand in the file; area: the largest first
    """

    annotations: AnnotationFiles = "annotations.xml"
    photos: str = "images"
    lines: Lines = "ignore"
    order: Literal["z", "area"] = "z"

    def __post_init__(self) -> None:
        files_of(self.annotations)


class Reader(ListedReader):
    """Photos with CVAT annotations. Raises DataError for absent or foreign files, ConfigError for wrong options."""

    def __init__(self, source: OpenSource) -> None:
        super().__init__(source)
        self._options = source.decode_options(Options)
        folders, entries = Folders(), list[Entry]()
        for file, split in files_of(self._options.annotations).items():
            source.inside(file, named_by=f"{source.where}: source.options.annotations")
            path = source.need(file, "annotations exported from CVAT")
            home = PurePosixPath(file.replace("\\", "/")).parent
            folder = folders.add(str(home / self._options.photos), split)
            content = read_content(path, file, folder, split)
            self._found += content.unknown_subsets()
            entries += content.entries
        self.subjects: Mapping[str, Subject] = pair(source, entries, folders, self._found)

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        subject = self.subjects[id].sound()
        said: dict[str, Any] = subject.entry.said if subject.entry else {}

        def draw(frame_hw: tuple[int, int], findings: list[Finding]) -> list[Drawn]:
            drawn = self._draw(said["shapes"], subject, frame_hw, findings)
            return largest_first(drawn, frame_hw) if self._options.order == "area" else drawn

        said_hw = [_side(said.get(name), subject, name) for name in ("height", "width")]
        return read_sample(self._source, subject, id, resize, draw, said_hw)

    def _draw(
        self,
        shapes: Sequence[object],
        subject: Subject,
        frame_hw: tuple[int, int],
        findings: list[Finding],
    ) -> list[Drawn]:
        """The shapes that cover an area, from the lowest z_order up; the others become findings."""
        assert subject.entry is not None
        where, name = subject.entry.where, subject.name
        drawn: list[tuple[int, Drawn]] = []
        for number, raw in enumerate(shapes, start=1):
            place = f"shape {number}"
            shape = read_shape(raw, where, place)
            if isinstance(shape, Points | Skeleton | Cuboid | Tag):
                findings.append(_ignored(shape, name, place))
                continue
            class_id = self._source.label_map.id_of_name(shape.label, where=where, place=place)
            if isinstance(shape, Mask):
                drawn.append((shape.z_order, patch_of(shape, class_id, frame_hw, where, place)))
                continue
            points = outline(shape, where, place)
            lines = self._options.lines if isinstance(shape, Polyline) else "closed"
            if covers_area(points, lines, name, place, findings):
                by_hand = isinstance(shape, Polygon | Polyline)
                drawn.append((shape.z_order, Outline(place, class_id, points, width_of(lines), by_hand)))
        return [one for _, one in sorted(drawn, key=lambda pair: pair[0])]


def _ignored(shape: Shape, name: str, place: str) -> Finding:
    if isinstance(shape, Tag):
        return Finding(
            "tag-ignored", name, place, f"the tag {shape.label!r} says nothing of a pixel", "ignored"
        )
    if isinstance(shape, Cuboid):
        return Finding("cuboid-ignored", name, place, "a cuboid outlines no area", "ignored", "warning")
    return Finding("point-ignored", name, place, "points cover no area", "ignored")


def _side(text: str | None, subject: Subject, what: str) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        assert subject.entry is not None
        raise DataError(
            subject.entry.where,
            place=what,
            found=repr(text[:40]),
            expected="a number of pixels",
            fix="Export 'CVAT for images 1.1' again.",
        ) from error
