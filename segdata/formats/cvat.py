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

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import msgspec

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import Fingerprint, FormatRow, OpenSource
from segdata.formats._parts.cvat_files import Content, read_content
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
from segdata.formats._parts.drawn import Drawn, Lines, largest_first, outline_or_line
from segdata.formats._parts.listed import Subject, pair, read_sample
from segdata.formats._surveys import listed
from segdata.photo import Resize
from segdata.pipeline import Split
from segdata.sample import Sample
from segdata.survey import Survey

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

    annotations: str | list[str] | dict[Split, str] = "annotations.xml"
    photos: str = "images"
    lines: Lines = "ignore"
    order: Literal["z", "area"] = "z"

    def files(self) -> dict[str, str | None]:
        """CVAT file → its split, or None."""
        if isinstance(self.annotations, str):
            return {self.annotations: None}
        if isinstance(self.annotations, list):
            return dict.fromkeys(self.annotations)
        return {file: split for split, file in self.annotations.items()}

    def __post_init__(self) -> None:
        if isinstance(self.annotations, dict) and len(self.files()) < len(self.annotations):
            raise ValueError("annotations names one file for two splits")
        if not self.annotations:
            raise ValueError("annotations names no file")


class Reader:
    """Photos with CVAT annotations. Raises DataError for absent or foreign files, ConfigError for wrong options."""

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        self._options = source.decode_options(Options)
        self._found: list[Finding] = []
        self.contents: list[Content] = []
        folders: dict[str, str | None] = {}
        for file, split in self._options.files().items():
            source.inside(file, named_by=f"{source.where}: source.options.annotations")
            path = source.need(file, "annotations exported from CVAT")
            folder = str(PurePosixPath(file.replace("\\", "/")).parent / self._options.photos)
            folders[folder] = split if folders.get(folder, split) == split else None
            content = read_content(path, file, folder, split)
            self._found += content.unknown_subsets()
            self.contents.append(content)
        entries = [entry for content in self.contents for entry in content.entries]
        self.subjects: Mapping[str, Subject] = pair(source, entries, folders, self._found)

    @property
    def findings(self) -> Sequence[Finding]:
        return tuple(self._found)

    def ids(self) -> Sequence[str]:
        return tuple(self.subjects)

    def official_split(self, id: str) -> str | None:
        return self.subjects[id].split

    def fingerprint(self, id: str) -> Fingerprint:
        return self.subjects[id].fingerprint()

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        subject = self.subjects[id].sound()
        said: dict[str, Any] = subject.entry.said if subject.entry else {}

        def draw(frame_hw: tuple[int, int], findings: list[Finding]) -> list[Drawn]:
            drawn = self._draw(said["shapes"], subject, frame_hw, findings)
            return largest_first(drawn, frame_hw) if self._options.order == "area" else drawn

        said_hw = [_side(said.get(name), subject, name) for name in ("height", "width")]
        return read_sample(self._source, subject, id, resize, said_hw, draw)

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
            lines = self._options.lines if isinstance(shape, Polyline) else None
            by_hand = isinstance(shape, Polygon | Polyline)
            drawn += [
                (shape.z_order, one)
                for one in outline_or_line(place, class_id, points, lines, name, findings, by_hand)
            ]
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


def survey(root: Path) -> Survey | None:
    """What CVAT files of a folder say; None where there are none. Opens no photo."""
    contents: dict[str, Content] = {}
    for file in listed.files_below(root, ".xml"):
        try:
            contents[file] = read_content(root / file, file, ".", None)
        except DataError:
            continue
    if not contents:
        return None
    files = list(contents)
    named = listed.by_split(files) if len(files) > 1 else None
    options: dict[str, object] = {"annotations": named or (files if len(files) > 1 else files[0])}
    home = str(PurePosixPath(files[0]).parent)
    folder = listed.photo_folder(root, [entry.filename for entry in contents[files[0]].entries], files[0])
    subsets = contents[files[0]].subsets
    if PurePosixPath(folder).name in subsets:
        folder = str(PurePosixPath(folder).parent)
    options["photos"] = listed.relative_to(folder, home)
    try:
        reader = Reader(listed.source(root, options))
    except DataError:
        return None
    return listed.survey_of(
        "cvat",
        f"{', '.join(files[:3])} (CVAT for images)",
        reader,
        shapes=sum((one.shapes for one in reader.contents), Counter[str]()),
        labels=sum((one.labels for one in reader.contents), Counter[str]()),
        colors={name: color for one in reader.contents for name, color in one.colors.items()},
        options=options,
        choices={"lines": ["ignore", "closed", {"stroke": 3}], "order": ["z", "area"]},
    )
