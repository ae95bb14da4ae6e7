"""What an annotation file says of one photo, and where that photo may lie.

{"id": 139, "file_name": "val/000139.jpg"} of annotations.json, with the photos in images/, wants images/val/000139.jpg.
"""

from __future__ import annotations

import posixpath
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.photo_files import composed


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What an annotation file says of one photo.

    file, place   the file, relative to the root, and where inside it, for messages
    filename      the photo as the entry names it
    wanted        paths relative to the root where it may lie, best first
    guesses       where else it may lie, for files that were moved: taken with a finding
    packed        the annotation as compressed JSON: decoded, it takes many times the room
    is_bare       whether it outlines nothing
    problem       why it cannot be read
    own_id        sample id where the annotation file holds the photo itself
    """

    file: str
    place: str
    filename: str
    wanted: tuple[str, ...]
    guesses: tuple[str, ...] = ()
    packed: bytes
    is_bare: bool
    split: str | None = None
    problem: DataError | None = None
    own_id: str | None = None

    @property
    def said(self) -> Any:
        """The annotation, decoded anew at every call. Raises DataError for what the file's own reading left unread."""
        try:
            return msgspec.json.decode(zlib.decompress(self.packed))
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
    def where(self) -> str:
        return f"{self.file}: {self.place}" if self.place else self.file


def packed(said: bytes) -> bytes:
    return zlib.compress(said, 1)


_ELSEWHERE = re.compile(r"^([A-Za-z]:)?/|^[A-Za-z][A-Za-z0-9+.-]*://")


def wanted_paths(filename: str, *folders: str) -> tuple[str, ...]:
    """Where a photo of this name may lie, relative to the root; none for a URL or an absolute path."""
    name = composed(filename)
    if _ELSEWHERE.match(name):
        return ()
    return tuple(posixpath.normpath(f"{composed(folder) or '.'}/{name}") for folder in folders)


def locate(
    entry: Entry, files: Mapping[str, Path], last_names: Mapping[str, list[str]]
) -> tuple[str | None, list[Finding]]:
    """The photo of an entry, as a key of `files`. A URL or absolute path is sought by its last part."""
    for path in entry.wanted:
        if path in files:
            return path, []
    if entry.problem is not None:
        message = f"found {entry.problem.found}; expected {entry.problem.expected}"
        return None, [Finding("entry-unreadable", entry.file, entry.place, message, "set aside", "error")]
    name = composed(entry.filename)
    if "://" in name:
        name = unquote(re.split("[?#]", name)[0])
    alike = last_names.get(name.rpartition("/")[2], [])
    guesses = [path for path in entry.guesses if path in files]
    if not entry.wanted and not entry.guesses and len(alike) == 1:
        guesses = alike
    if guesses:
        message = f"the entry names {entry.filename!r}"
        return guesses[0], [Finding("photo-by-name", entry.file, entry.place, message, f"took {guesses[0]}")]
    if entry.wanted and all(path.startswith("../") for path in entry.wanted):
        message = f"{entry.filename!r} leads out of the root folder"
        return None, [Finding("outside-root", entry.file, entry.place, message, "set aside", "error")]
    found = f"no {entry.filename!r}" + (f", but {', '.join(alike[:3])}" if alike else "")
    return None, [Finding("no-photo", entry.file, entry.place, found, "set aside", "error")]
