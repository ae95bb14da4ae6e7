r"""Where the files of a ground truth lie now, found by paths that somebody else's computer recorded.

    recorded   C:\Users\Ed\street\PixelLabelData_1\Label_1.png
    below the root   PixelLabelData/Label_1.png      shares the name
                     PixelLabelData_1/Label_1.png    shares the name and a folder: this one

Image Labeler writes PixelLabelData_1 beside PixelLabelData when labels are exported again, with the same names in it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path, PureWindowsPath
from typing import Literal

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.formats._parts.photo_files import composed, is_photo, list_files, without_extension

Role = Literal["photos", "labels"]
"""What a file is, by the name of the option that says where such files lie."""


def by_last_name(names: Iterable[str]) -> dict[str, list[str]]:
    """Names of files by what stands behind their last slash."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(posixpath.basename(name), []).append(name)
    return found


def closest(recorded: str, files: Mapping[str, list[str]]) -> list[str]:
    """Of the files of a recorded file's name, those that share most folders with the record, counted from its end."""
    parts = PureWindowsPath(composed(recorded)).parts[::-1]
    found = files.get(parts[0], []) if parts else []
    shared = {name: _equal_parts(parts, name.split("/")[::-1]) for name in found}
    return [name for name in found if shared[name] == max(shared.values())]


def _equal_parts(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@dataclass(frozen=True)
class Folders:
    """The files below a source's root, and where photos and masks should lie (relative, "" is the root).

    findings   what the listing left out
    named      which of the two folders the pipeline file names
    """

    files: dict[str, Path]
    photos: str
    masks: str
    findings: tuple[Finding, ...]
    named: frozenset[str] = frozenset()

    @classmethod
    def of(cls, source: OpenSource, photos: str, masks: str) -> Folders:
        """Raises DataError for a folder outside the root."""
        relative = []
        for folder in (photos, masks):
            source.inside(folder, named_by=f"{source.where}: source.options")
            name = posixpath.normpath(composed(folder))
            relative.append("" if name == "." else name + "/")
        findings: list[Finding] = []
        files = list_files(source.root, source.root, findings)
        return cls(files, relative[0], relative[1], tuple(findings), frozenset(source.options))

    @cached_property
    def _by_last_name(self) -> dict[str, list[str]]:
        return by_last_name(self.files)

    def photo_id(self, name: str) -> str:
        """The sample id: the path below the photos folder, without extension."""
        return without_extension(name.removeprefix(self.photos))

    def below(self, folder: str) -> list[str]:
        """Names of the files in a folder and its sub-folders."""
        return [name for name in self.files if name.startswith(folder)]

    def lies_right(self, name: str, role: Role) -> bool:
        """Whether a file lies in the folder of its kind: of two folders in each other, in the inner one."""
        own, other = (self.photos, self.masks) if role == "photos" else (self.masks, self.photos)
        is_inner = other != own and other.startswith(own)
        return name.startswith(own) and not (is_inner and name.startswith(other))

    def locate(self, recorded: str, role: Role, *, where: str, place: str) -> str | None:
        """The file of a recorded path: the closest one; among equals, the one in the folder of its kind.

        Raises DataError for a path with '..', for several such files, and where the pipeline file names a folder
        with another file of that name than the recorded one.
        """
        path = PureWindowsPath(composed(recorded))
        if ".." in path.parts:
            raise DataError(
                where,
                place=place,
                found=f"the path {recorded!r}",
                expected="a full path without '..', as MATLAB records it",
            )
        best = closest(recorded, self._by_last_name)
        right = [name for name in self._by_last_name.get(path.name, []) if self.lies_right(name, role)]
        if role in self.named and right and not set(best) & set(right):
            best = [*right, *best]  # both were chosen by somebody
        elif len(best) > 1:
            best = [name for name in best if name in right] or best
        if len(best) > 1:
            raise DataError(
                where,
                place=place,
                found=f"{path.name!r} in several folders: {', '.join(sorted(best))}; recorded as {recorded!r}",
                expected="one file of that name",
                fix=f"Name the right folder in source.options.{role}, remove the copies, "
                "or call the folders as they were called when they were recorded.",
            )
        return best[0] if best else None

    def near(self, recorded: str, folder: str) -> list[str]:
        """Files of a folder that differ from a recorded name in extension or case alone."""
        stem = without_extension(PureWindowsPath(composed(recorded)).name).casefold()
        names = [name for name in self.below(folder) if is_photo(name)]
        return [name for name in names if without_extension(posixpath.basename(name)).casefold() == stem]


class Moved:
    """Files that were found by their name alone, in a folder of another name than the recorded one."""

    def __init__(self) -> None:
        self._found: dict[tuple[Role, str, str], list[tuple[str, str]]] = {}

    def note(self, recorded: str, name: str, role: Role, place: str) -> None:
        """Keep it when the two folders' names differ."""
        before = PureWindowsPath(composed(recorded)).parent.name
        now = posixpath.dirname(name)
        if before.casefold() != posixpath.basename(now).casefold():
            self._found.setdefault((role, before, now), []).append((name, place))

    def findings(self, where: str) -> list[Finding]:
        """One per pair of folders. A mask of another folder may be an older one, so that warns."""
        findings = []
        for (role, before, now), files in self._found.items():
            what = "photos" if role == "photos" else "masks"
            name, place = files[0]
            message = (
                f"{len(files)} {what} recorded in {before!r} were found in {now or '.'}/, such as {name!r}"
            )
            severity: Literal["note", "warning"] = "note" if role == "photos" else "warning"
            findings.append(Finding("other-folder", where, place, message, "taken by name", severity))
        return findings
