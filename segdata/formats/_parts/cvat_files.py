"""One CVAT file, brought to one entry per image with its shapes undecoded.

<annotations>
  <version>1.1</version>
  <meta><task><labels><label><name>road</name><color>#804080</color></label></labels></task></meta>
  <image id="0" name="roll 1/IMG_1.jpg" subset="Train" width="640" height="480">
    <polygon label="road" source="manual" occluded="0" points="0.00,9.00;639.00,9.00;320.50,400.00" z_order="1">
      <attribute name="wet">true</attribute>
    </polygon>
  </image>
</annotations>

Read as a stream. A document type declaration is refused: CVAT writes none, and entities are how XML attacks.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from pathlib import Path
from xml.parsers import expat

import msgspec

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.entries import Entry, packed, wanted_paths
from segdata.formats._parts.photo_files import is_photo

MOST_BYTES = 2_000_000_000
MOST_DEPTH = 50
LEFT_ALONE = ("source", "occluded", "group_id")
"""What of a shape draws nothing, so that a change of it changes no sample."""
SUBSETS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
WITHOUT_AREA = ("tag", "points", "skeleton", "cuboid")
"""Shapes that draw nothing."""
FRAME_SUFFIXES = (".PNG", ".png", ".jpg", ".jpeg", ".JPG")
"""Frames of a video are called frame_000000 in the XML, and frame_000000.PNG beside it."""


class Content:
    """A CVAT file: entries in file order, the colours of its labels, and how often labels and shapes occur."""

    def __init__(self, file: str, folder: str, split: str | None) -> None:
        self.entries: list[Entry] = []
        self.colors: dict[str, tuple[int, int, int] | None] = {}
        self.labels: Counter[str] = Counter()
        self.shapes: Counter[str] = Counter()
        self.subsets: Counter[str] = Counter()
        self._file, self._folder, self._split = file, folder, split

    def add(self, attributes: dict[str, str], shapes: list[dict[str, str]], line: int) -> None:
        """One <image> and its shapes. Raises DataError where it has no name."""
        name, subset = attributes.get("name", ""), attributes.get("subset", "")
        place = f"image {attributes.get('id', '')} {name!r}"
        if not name:
            raise DataError(
                self._file,
                place=f"line {line}",
                found="an image without name",
                expected="an export of CVAT",
                fix="Export it again.",
            )
        self.subsets[subset] += bool(subset)
        folders = [posixpath.join(self._folder, subset), self._folder] if subset else [self._folder]
        if subset and wanted_paths(subset, ".")[:1] != (subset,):
            folders = [self._folder]  # a subset whose name leads elsewhere
        names = [name] if is_photo(name) else [name, *(name + suffix for suffix in FRAME_SUFFIXES)]
        said = {"width": attributes.get("width"), "height": attributes.get("height"), "shapes": shapes}
        self.labels.update(one.get("label", "") for one in shapes if one["shape"] != "tag")
        self.shapes.update(one["shape"] for one in shapes)
        self.entries.append(
            Entry(
                file=self._file,
                place=place,
                filename=name,
                folders=tuple(folders),
                wanted=tuple(path for one in names for path in wanted_paths(one, *folders)),
                packed=packed(msgspec.json.encode(said)),
                bare=_bare(shapes),
                split=self._split or SUBSETS.get(subset.lower()),
            )
        )

    def unknown_subsets(self) -> list[Finding]:
        """One finding where images belong to subsets that are no split, unless the pipeline file gives one."""
        names = [name for name in +self.subsets if name.lower() not in SUBSETS]
        if not names or self._split is not None:
            return []
        message = f"subsets {', '.join(map(repr, sorted(names)))} are none of train, validation, test"
        return [Finding("unknown-subset", self._file, "meta", message, "taken as no official split")]


class _Walk:
    """Listens to the parser: keeps the way from the root, the image it is in, and its shapes."""

    def __init__(self, content: Content, file: str, parser: expat.XMLParserType) -> None:
        self._content, self._file, self._parser = content, file, parser
        self._way: list[str] = []
        self._image: dict[str, str] = {}
        self._shapes: list[dict[str, str]] = []
        self._text: list[str] = []
        self._label = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._way.append(tag)
        self._text.clear()
        depth = len(self._way)
        if depth == 1 and tag != "annotations":
            raise self._error(
                f"the root element {tag!r}", "annotations of CVAT", "Export 'CVAT for images 1.1'."
            )
        if depth == 2 and tag == "track":
            raise self._error(
                "a track (CVAT for video)",
                "images with shapes",
                "In CVAT, export the task once more as 'CVAT for images 1.1', with its images.",
            )
        if depth > MOST_DEPTH:
            raise self._error(f"elements {depth} deep", "an export of CVAT", "Export it again.")
        if depth == 2 and tag == "image":
            self._image, self._shapes = attributes, []
        if depth == 3 and self._way[1] == "image":
            kept = {name: text for name, text in attributes.items() if name not in LEFT_ALONE}
            self._shapes.append({**kept, "shape": tag})

    def end(self, tag: str) -> None:
        if len(self._way) == 2 and tag == "image":
            self._content.add(self._image, self._shapes, self._parser.CurrentLineNumber)
        text = "".join(self._text).strip()
        if self._way[-3:] == ["labels", "label", "name"]:
            self._label = text
            self._content.colors.setdefault(text, None)
        if self._way[-3:] == ["labels", "label", "color"]:
            self._content.colors[self._label] = _color(text)
        self._way.pop()
        self._text.clear()

    def text(self, text: str) -> None:
        if len(self._way) > 1 and self._way[1] == "meta":
            self._text.append(text)

    def doctype(self, *declared: object) -> None:
        raise self._error(
            "a document type declaration", "plain XML, as CVAT writes it", "Export the annotations again."
        )

    def _error(self, found: str, expected: str, fix: str) -> DataError:
        place = f"line {self._parser.CurrentLineNumber}"
        return DataError(self._file, place=place, found=found, expected=expected, fix=fix)


def read_content(path: Path, file: str, folder: str, split: str | None) -> Content:
    """Read one file; `file` is its name in messages, `folder` is where its photos lie.

    Raises DataError when it is no whole XML file, no CVAT file, or one of a video.
    """
    content = Content(file, folder, split)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    walk = _Walk(content, file, parser)
    parser.StartElementHandler, parser.EndElementHandler = walk.start, walk.end
    parser.CharacterDataHandler = walk.text
    parser.StartDoctypeDeclHandler = walk.doctype
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(
                file,
                found=f"{path.stat().st_size:,} bytes",
                expected=f"at most {MOST_BYTES:,} bytes",
                fix="Export fewer images to a file: source.options.annotations takes several.",
            )
        with path.open("rb") as stream:
            parser.ParseFile(stream)
    except OSError as error:
        raise DataError(
            file,
            found=f"no readable file ({error.strerror})",
            expected="a CVAT file",
            fix="Allow reading it.",
        ) from error
    except (expat.ExpatError, UnicodeDecodeError, LookupError, ValueError) as error:
        raise DataError(
            file,
            found=f"no whole XML ({error})",
            expected="annotations exported from CVAT",
            fix="Export 'CVAT for images 1.1' again.",
        ) from error
    return content


def _bare(shapes: list[dict[str, str]]) -> str:
    """Why these shapes outline nothing; "" where one of them does."""
    if not shapes:
        return "an image without any shape"
    kinds = sorted({one["shape"] for one in shapes})
    return f"nothing that covers an area ({', '.join(kinds)})" if set(kinds) <= set(WITHOUT_AREA) else ""


def _color(text: str) -> tuple[int, int, int] | None:
    """ "#804080" → (128, 64, 128); None where it is none."""
    try:
        red, green, blue = bytes.fromhex(text.removeprefix("#"))
    except ValueError:
        return None
    return red, green, blue
