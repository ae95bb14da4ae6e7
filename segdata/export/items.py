"""What is exported: photos with their masks, one at a time, and what became of them.

    ExportItem("roll 2/IMG_0001", "train", mask, Path("data/raw/mine/photos/roll 2/IMG_0001.jpg"))

An id is the name of the files that are written, so it must be a name on every system: `Names` refuses the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from segdata.errors import ConfigError, DataError
from segdata.findings import Finding
from segdata.formats._parts.photo_files import composed
from segdata.ontology import Ontology
from segdata.photo import Photo
from segdata.pipeline import SPLITS, Split
from segdata.sample import Image, Mask
from segdata.wording import counted, size_text

FORBIDDEN = '<>:"\\|?*'
LONGEST_PART = 200  # bytes; file systems take 255, and formats add their endings


@dataclass(frozen=True, slots=True, eq=False)
class ExportItem:
    """One photo to write, with its mask: an annotated sample, or what a model predicted.

    id      relative name without extension, folders with forward slashes
    split   train, val or test; None where the whole set has no splits
    mask    uint8 (H, W) class ids, 255 = ignore, upright
    photo   the photo's file (its upright size is the mask's), or uint8 (H, W, 3) RGB pixels
    """

    id: str
    split: Split | None
    mask: Mask
    photo: Path | Image

    def opened(self) -> Photo | None:
        """The header of the photo's file; None for pixels. Raises DataError when photo and mask differ in size."""
        photo = Photo.open(self.photo, self.photo.name) if isinstance(self.photo, Path) else None
        size = photo.upright_hw if photo is not None else self._pixels().shape[:2]
        if size != self.mask.shape:
            raise DataError(
                self.id,
                found=f"a mask of {size_text(self.mask.shape[:2])}",
                expected=f"the photo's upright size, {size_text(size)}",
            )
        return photo

    def pixels(self) -> Image:
        """uint8 (H, W, 3) RGB, upright. Raises DataError for a damaged file."""
        photo = self.opened()
        return self._pixels() if photo is None else photo.read()

    def _pixels(self) -> Image:
        assert not isinstance(self.photo, Path)
        return self.photo


class Target(Protocol):
    """What every file of this package offers as `Writer`: a format to write, the mirror of its reader."""

    notes: list[str]
    """What whoever goes on with the files should know; complete after `finish`."""

    def __init__(self, out: Path, ontology: Ontology) -> None:
        """Write below `out`, an empty folder. Raises ConfigError for classes that the format cannot hold."""

    def name(self, item: ExportItem) -> str:
        """What the item's files are called below their folder. Raises ConfigError where the format has no such names."""

    def add(self, item: ExportItem, name: str) -> None:
        """Write one photo and its mask. Raises DataError for what the format cannot say of it."""

    def finish(self) -> Mapping[str, object]:
        """Write lists and tables. Returns the keys of a pipeline's `source` that reading back needs."""


@dataclass
class Exported:
    """What an export came to.

    samples   photos written per split, in the order train, val, test; "all" where there are no splits
    findings  what was set aside, and why
    notes     what whoever goes on with the files should know
    source    the `source` section of a pipeline file that reads them back
    """

    to: str
    out: Path
    samples: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    source: dict[str, object] = field(default_factory=dict)

    def counts_line(self) -> str:
        """One line for people."""
        order = sorted(self.samples, key=(*SPLITS, "all").index)
        parts = ", ".join(f"{self.samples[split]} {split}" for split in order)
        return f"{counted(sum(self.samples.values()), 'photo')} ({parts}) as {self.to} in {self.out}"


class Names:
    """The names in use. Refuses a name that is taken, or that some system or reader cannot have as a file name."""

    def __init__(self, to: str) -> None:
        self._where = f"export to {to}"
        self._ids: dict[str, str] = {}

    def take(self, name: str, id: str) -> None:
        """Raises ConfigError naming the id, and the other one where two would be one file (also as IMG and img)."""
        problem = problem_with(name)
        if problem:
            raise ConfigError(
                self._where,
                found=f"the id {id!r}: {problem}",
                expected="ids that are file names on every system",
                fix="Rename the photo (and in its annotation) first.",
            )
        key = name.casefold()
        if key in self._ids:
            raise ConfigError(
                self._where,
                found=f"the ids {self._ids[key]!r} and {id!r}",
                expected="ids that do not become files of one name (capitals do not count)",
                fix="Rename one of the photos (and in its annotation) first.",
            )
        self._ids[key] = id


def problem_with(name: str) -> str:
    """Why a relative name cannot be a file name everywhere; "" when it can."""
    if any(ord(character) < 32 or ord(character) == 127 or character in FORBIDDEN for character in name):
        return f"a control character or one of {' '.join(FORBIDDEN)}"
    if not name.isprintable():
        return "a character that cannot be printed"
    if composed(name) != name:
        return "letters and accents apart (Unicode not in its composed form NFC)"
    for part in name.split("/"):
        if not part or part[0] == "." or part[-1] == "." or part != part.strip():
            return "a part that is empty, or begins or ends with a dot or a space"
        if len(part.encode()) > LONGEST_PART:
            return f"a part of more than {LONGEST_PART} bytes"
    return ""
