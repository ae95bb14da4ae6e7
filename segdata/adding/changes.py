"""What is to be put into a source, or taken out: the values that the formats, the check and the commit share.

Newcomer("/media/card/IMG_0107.jpg" → "photos/IMG_0107.jpg", id "IMG_0107")
Merge(files={"via_region_data.json": <the whole new text>}, alone={"via_region_data.json": <the new entries>}, …)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from segdata.formats import OpenSource
from segdata.pipeline import Split

Content = bytes | Path
"""What a file is to hold: these bytes, or a copy of that file."""


@dataclass(frozen=True)
class Choice:
    """Where in a source the newcomers go.

    split    official split, where lists, folders or files decide about it
    file     annotation file, where the source has several
    into     folder below the photos, "" for none
    replace  take new annotations of photos that are annotated otherwise
    inbox    made for what lies in an inbox, which knows a split and no file
    """

    split: Split | None = None
    file: str | None = None
    into: str = ""
    replace: bool = False
    inbox: bool = False

    def advice(self, splits: Iterable[str | None]) -> str:
        """What to do where one of several annotation files must be chosen, each of a split or (None) of none."""
        named = [split for split in dict.fromkeys(splits) if split is not None]
        if named:
            return f"Give --split {' | '.join(named)}."
        if self.inbox:
            return (
                "An inbox cannot choose between them: merge them into one file, or take these photos in with "
                "segdata add, which has --file FILE."
            )
        return "Give --file FILE."


@dataclass(frozen=True)
class Newcomer:
    """A photo that was given to be added.

    path      where it lies now
    given     its name as it was given, relative to the folder that was given; annotations may call it so
    name      its place, relative to the root
    id        the sample that it becomes
    digest    SHA-256 of its bytes
    is_there  whether it lies at its place already
    """

    path: Path
    given: str
    name: str
    id: str
    digest: str
    size: int
    is_there: bool = False


@dataclass(frozen=True)
class Bad:
    """A photo or an annotation that cannot be taken: the file as it was given, and why.

    photo  place of the photo that it is about, "" where it has none
    """

    name: str
    reason: str
    photo: str = ""

    def line(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass
class Merge:
    """What becomes of annotations.

    files      annotation files to write, relative to the root → whole new content
    alone      the same with the newcomers alone, for the check
    options    source.options for the check
    annotated  place of each photo whose annotation is taken → where the photo lies now
    ids        place → sample id of those
    replaced   files that are moved away, as another one takes their place
    read       files that `files` was made from → digest, "" for one that was not there
    given      annotation file in the set → the file that was given for it
    masks      place of a photo → the mask that was given for it, where masks are files
    strangers  name by which an annotation calls a photo that is not among the newcomers → what is said of it
    """

    options: dict[str, object]
    files: dict[str, Content] = field(default_factory=dict)
    alone: dict[str, Content] = field(default_factory=dict)
    annotated: dict[str, Path] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)
    read: dict[str, str] = field(default_factory=dict)
    given: dict[str, Path] = field(default_factory=dict)
    masks: dict[str, Path] = field(default_factory=dict)
    strangers: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)


@dataclass
class Removal:
    """What is taken out.

    files  annotation files to write, relative to the root → whole new content
    kept   name below the folder of removed things → what was taken out of those
    moves  files to move there, relative to the root
    """

    files: dict[str, bytes] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    moves: list[str] = field(default_factory=list)
    read: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


class Store(Protocol):
    """How one format holds photos and annotations: where a photo goes, how its annotation is put in and taken out."""

    photo_folder: str
    """Folder of the photos that the choice leads to, relative to the root."""

    def __init__(self, source: OpenSource, choice: Choice) -> None: ...

    def photo_name(self, relative: str) -> str:
        """The place of a photo, relative to the root. Raises DataError for a name that the format cannot hold."""

    def id_of(self, name: str) -> str:
        """Sample id of the photo at this place."""

    def merge(self, newcomers: Sequence[Newcomer], annotations: Path | None) -> Merge:
        """Annotations put in. Raises DataError for a file that is none, ConfigError where a choice lacks."""

    def take_out(self, ids: Sequence[str]) -> Removal:
        """Photos and annotations of these ids, whether they can be read or not."""
