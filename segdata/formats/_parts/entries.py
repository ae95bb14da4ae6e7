"""What an annotation file says of one photo, and where that photo may lie.

{"id": 139, "file_name": "val/000139.jpg"} of annotations.json, with the photos in images/, wants images/val/000139.jpg.
"""

from __future__ import annotations

import posixpath
import re
import zlib
from collections.abc import Container, Iterable, Mapping
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.photo_files import composed


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What an annotation file says of one photo.

    file, place   the file, relative to the root, and where inside it, for messages
    filename      the photo as the entry names it
    folders       photo folders, relative to the root: a URL or an absolute path is about a photo in one of these
    wanted        paths relative to the root where it may lie, best first
    guesses       where else it may lie, for files that were moved: taken with a finding
    packed        the annotation as JSON, compressed where it is long: decoded, it takes many times the room
    bare          why it outlines nothing, in words; "" where it outlines something
    photo_bytes   how large the photo was when it was annotated, where the format says so
    problem       why it cannot be read
    own_id        sample id where the annotation file holds the photo itself
    """

    file: str
    place: str
    filename: str
    folders: tuple[str, ...]
    wanted: tuple[str, ...]
    guesses: tuple[str, ...] = ()
    packed: bytes
    bare: str
    photo_bytes: int | float | str | None = None
    split: str | None = None
    problem: DataError | None = None
    own_id: str | None = None

    @property
    def said(self) -> Any:
        """The annotation, decoded anew at every call. Raises DataError for what the file's own reading left unread."""
        try:
            is_packed = self.packed[:1] == _ZLIB
            return msgspec.json.decode(zlib.decompress(self.packed) if is_packed else self.packed)
        except (msgspec.DecodeError, RecursionError) as error:
            fix = "Save or export the annotation again."
            raise DataError(self.where, found=str(error), expected="numbers and texts", fix=fix) from error

    def says_the_same(self, other: Entry) -> bool:
        if self.split != other.split:
            return False
        try:
            return self.packed == other.packed or bool(self.said == other.said)
        except DataError:
            return False

    @property
    def is_bare(self) -> bool:
        return bool(self.bare)

    @property
    def where(self) -> str:
        return f"{self.file}: {self.place}" if self.place else self.file


_ZLIB = b"x"
"""What zlib's data begin with, and JSON never does."""
_SMALL = 2048
"""Below this, to compress an entry takes longer than all else that is done with it."""


def packed(said: bytes) -> bytes:
    """JSON as Entry keeps it."""
    return said if len(said) < _SMALL else zlib.compress(said, 1)


ELSEWHERE = re.compile(r"^([A-Za-z]:)?/|^[A-Za-z][A-Za-z0-9+.-]*://")
"""URLs and absolute paths."""


def wanted_paths(filename: str, *folders: str) -> tuple[str, ...]:
    """Where a photo of this name may lie, relative to the root; none for a URL or an absolute path."""
    name = composed(filename)
    if ELSEWHERE.match(name):
        return ()
    return tuple(posixpath.normpath(f"{composed(folder) or '.'}/{name}") for folder in folders)


def path_part(name: str) -> str:
    """The path of a URL, without its host; an absolute path as it is.

    >>> path_part("https://example.org/roll%201/IMG_1.jpg?w=640")
    'roll 1/IMG_1.jpg'
    """
    if "://" in name:
        path = re.split("[?#]", name.partition("://")[2])[0]
        return unquote(path.partition("/")[2])
    return name


def locate(
    entry: Entry, files: Container[str], last_names: Mapping[str, list[str]], unsure: dict[str, DataError]
) -> tuple[str | None, list[Finding]]:
    """The photo of an entry, as a key of `files`, and what is doubtful about it.

    A URL or an absolute path is about the photo of its folders whose own path ends like it for longest; where several
    do, each may be the one that was annotated, and none may be used unless another entry names it: they go to `unsure`.
    """
    for path in entry.wanted:
        if path in files:
            return path, []
    if entry.problem is not None:
        message = f"found {entry.problem.found}; expected {entry.problem.expected}"
        return None, [_lost("entry-unreadable", entry, message)]
    guesses = [path for path in entry.guesses if path in files]
    name, alike = composed(entry.filename), []
    last = posixpath.basename(path_part(name))
    if ELSEWHERE.match(name) and not guesses:
        alike = ending_alike(path_part(name), entry.folders, last_names.get(last, []))
        guesses = alike if len(alike) == 1 else []
    message = f"the entry names {entry.filename!r}"
    if guesses:
        return guesses[0], [Finding("photo-by-name", entry.file, entry.place, message, f"took {guesses[0]}")]
    if alike:
        names = " or ".join(alike)
        error = DataError(
            names,
            found=f"{entry.place or 'the annotation'} of {entry.file}, which names {entry.filename!r}",
            expected="one photo whose path ends like that",
            fix="Rename the others, or write the photo's path into the annotation.",
        )
        unsure.update(dict.fromkeys(alike, error))
        return None, [_lost("no-photo", entry, f"{message}, which may be {names}")]
    if entry.wanted and all(path.startswith("../") for path in entry.wanted):
        return None, [_lost("outside-root", entry, f"{entry.filename!r} leads out of the root folder")]
    return None, [_lost("no-photo", entry, _missing(entry, last, last_names))]


def _missing(entry: Entry, last: str, last_names: Mapping[str, list[str]]) -> str:
    """What is said of an entry without photo: where it was sought, and which photos are called the same."""
    folders = dict.fromkeys(posixpath.normpath(folder) for folder in entry.folders)
    sought = " or ".join("the root folder" if folder == "." else folder for folder in folders)
    others = last_names.get(last, [])
    more = f", but {', '.join(others[:3])}" if others else ""
    return f"no {entry.filename!r} in {sought}{more}"


def _lost(
    code: Literal["no-photo", "outside-root", "entry-unreadable"], entry: Entry, message: str
) -> Finding:
    return Finding(code, entry.file, entry.place, message, "set aside", "error")


def ending_alike(path: str, folders: Iterable[str], named: Iterable[str]) -> list[str]:
    """Of photos with the same last name, those in a folder of these whose path in it ends like this one for longest.

    Of "x/b/1.jpg" that is "b/1.jpg" rather than "c/b/1.jpg" (all of it is that end) or "1.jpg"; "c/1.jpg" and
    "d/1.jpg" are alike.
    """
    parts = path.split("/")[::-1]
    shared: dict[str, tuple[int, bool]] = {}
    for folder in folders:
        start = posixpath.normpath(composed(folder)) + "/"
        for photo in named:
            if start != "./" and not photo.startswith(start):
                continue
            own = photo.removeprefix(start).split("/")[::-1]
            pairs = zip(own, parts, strict=False)
            count = next(
                (i for i, (one, other) in enumerate(pairs) if one != other), min(len(own), len(parts))
            )
            shared[photo] = max(shared.get(photo, (0, False)), (count, count == len(own)))
    best = max(shared.values(), default=None)
    return sorted(photo for photo in shared if shared[photo] == best)
