"""What a check came to, as values: written to check.json, drawn by page.py, and summed up on the terminal."""

from __future__ import annotations

from pathlib import Path

import msgspec

from segdata.atomic import replace_file
from segdata.checking.copies import CopyGroup
from segdata.findings import Finding
from segdata.kinds import Kind
from segdata.wording import counted


class SplitRow(msgspec.Struct, frozen=True):
    """Photos of a split that were read, and pixels of their masks at the shards' size."""

    split: str
    photos: int
    pixels: int
    ignored: int


class ClassRow(msgspec.Struct, frozen=True):
    """One class: mask pixels, and photos that carry it, by split."""

    name: str
    color: tuple[int, int, int]
    pixels: dict[str, int]
    photos: dict[str, int]


class SizeRow(msgspec.Struct, frozen=True):
    """Photos of one original size, upright."""

    height: int
    width: int
    photos: int


class Check(msgspec.Struct, frozen=True):
    """The validation report of one source.

    read              photos that the conversion can use
    set_aside         findings of photos, masks or entries that it cannot use
    near_bits         photos whose looks differ in no more bits (of 64) are near copies
    exif_turns        EXIF orientation 2 to 8 → photo files
    nothing_labelled  ids of photos whose mask is ignored as a whole
    one_class         id → the only class of its mask
    """

    pipeline: str
    title: str
    format: str
    root: str
    size_hw: tuple[int, int]
    read: int
    set_aside: int
    near_bits: int
    splits: tuple[SplitRow, ...]
    classes: tuple[ClassRow, ...]
    sizes: tuple[SizeRow, ...]
    exif_turns: dict[int, int]
    nothing_labelled: tuple[str, ...]
    one_class: dict[str, str]
    copies: tuple[CopyGroup, ...]
    kinds: tuple[Kind, ...]

    def count(self, severity: str) -> int:
        """Findings of a severity."""
        return sum(len(kind.findings) for kind in self.kinds if kind.severity == severity)

    @property
    def matters(self) -> bool:
        """Whether anything was found that a person should look at: an error or a warning."""
        return any(kind.severity != "note" for kind in self.kinds)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for kind in self.kinds for finding in kind.findings)

    def counts_line(self) -> str:
        """One line for people: photos by split, and findings by severity."""
        parts = ", ".join(f"{row.photos:,} {row.split}" for row in self.splits if row.photos)
        found = ", ".join(
            counted(count, severity)
            for severity in ("error", "warning", "note")
            if (count := self.count(severity))
        )
        aside = f", {self.set_aside:,} set aside" if self.set_aside else ""
        return f"{self.pipeline}: {counted(self.read, 'photo')} ({parts or 'none'}){aside}; {found or 'nothing doubtful'}"


def write_json(path: Path, check: Check) -> None:
    """Write check.json. The same source and pipeline give the same bytes."""
    counts = {severity: check.count(severity) for severity in ("error", "warning", "note")}
    value = {"counts": counts, **msgspec.to_builtins(check, str_keys=True)}
    with replace_file(path) as temporary:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
