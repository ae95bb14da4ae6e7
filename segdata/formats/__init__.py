"""Annotation formats: one file is one format, and its name is the file's name everywhere.

A reader has three verbs: `ids()` lists (and opens no photo), `fingerprint(id)` says what a change of which must
rebuild this sample, `read(id)` makes the Sample. Conversion walks every format in the same way; a contract test
walks this package, so another format is one more file here and one golden folder in the tests.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeVar, cast

import msgspec

from segdata.decode import strict
from segdata.errors import ConfigError, DataError, nearest
from segdata.file_names import lying
from segdata.findings import Finding
from segdata.label_map import LabelMap
from segdata.ontology import IGNORE_INDEX, Ontology
from segdata.photo import Resize
from segdata.sample import Sample
from segdata.survey import Survey

OptionsType = TypeVar("OptionsType")


@dataclass(frozen=True)
class OpenSource:
    """A source with its parts resolved, as readers take it.

    where           the pipeline file, for messages
    root            existing folder; no path that a file names may leave it
    unlabelled_id   class id of pixels that no region covers (255 = ignore)
    """

    where: str
    root: Path
    ontology: Ontology
    label_map: LabelMap
    exif: Literal["as-shown", "as-stored"] | None
    unlabelled_id: int
    unannotated: Literal["skip", "background", "ignore"]
    options: Mapping[str, object]

    @property
    def unannotated_id(self) -> int:
        """Class id of every pixel of a photo that nobody annotated, where such photos are kept."""
        return self.unlabelled_id if self.unannotated == "background" else IGNORE_INDEX

    @property
    def unannotated_action(self) -> str:
        """What findings say was done with a photo that nobody annotated."""
        return "set aside" if self.unannotated == "skip" else f"whole photo taken as {self.unannotated}"

    def decode_options(self, kind: type[OptionsType]) -> OptionsType:
        """The format's own keys as its Options struct. Raises ConfigError with the nearest valid key."""
        return strict(dict(self.options), kind, self.where, "source.options")

    def inside(self, name: str, *, named_by: str) -> Path:
        """The path of a file that an annotation names. Raises DataError when it would leave the root."""
        path = Path(
            os.path.normpath(self.root / name.replace("\\", "/"))
        )  # by its words: DVC may link files elsewhere
        if not path.is_relative_to(os.path.normpath(self.root)):
            raise DataError(
                named_by, found=f"the file name {name!r}", expected="a path inside the source's root folder"
            )
        return lying(Path(os.path.normpath(self.root)), os.path.relpath(path, self.root))

    def name_of(self, path: str) -> str:
        """A listed file by its path below the root, as messages and annotations call it."""
        start = f"{self.root}/"
        return (
            path.removeprefix(start)
            if path.startswith(start)
            else Path(path).relative_to(self.root).as_posix()
        )

    def path_of(self, name: str) -> str:
        """The path of a listed file by its name; as text, which costs a tenth of a Path where there are thousands."""
        return f"{self.root}/{name}"

    def need(self, relative: str, what: str) -> Path:
        """A file or folder that must be there. Raises DataError naming it, what should lie in it, and the README."""
        path = lying(self.root, relative)
        if not path.exists():
            raise DataError(
                str(path),
                found="nothing at this path",
                expected=what,
                fix=f"Put it there, or set source.root or source.options in {self.where} "
                "(README: Your own photos).",
            )
        return path


class Fingerprint(msgspec.Struct, frozen=True, gc=False):
    """Digests of all that shapes one sample: the photo's bytes, and *its* annotation (entry, mask, label table)."""

    photo: str
    annotation: str


class FormatRow(NamedTuple):
    """A format's row in the README's table, in Markdown; every format file has one, as ROW."""

    reads: str
    class_from: str
    splits: str


class Reader(Protocol):
    """What every format offers. Built from an OpenSource; raises DataError when the source as a whole is unreadable."""

    findings: Sequence[Finding]
    """What was doubtful about the source as a whole (entries without photo, photos without entry, …)."""

    def __init__(self, source: OpenSource) -> None: ...

    def ids(self) -> Sequence[str]:
        """Sorted sample ids; opens no photo."""

    def official_split(self, id: str) -> str | None:
        """The split that came with the data: "train", "val", "test" or None."""

    def fingerprint(self, id: str) -> Fingerprint:
        """Raises DataError when a file of this sample is absent."""

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        """One sample, upright, at `resize.size_hw` (None: its own size). Raises DataError naming file and place."""


def format_names() -> tuple[str, ...]:
    """Names of all formats, sorted. Imports none of them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_"))


def format_file(name: str, where: str = "") -> Path:
    """The one code file of a format. Raises ConfigError with the nearest name; `where` is the pipeline file."""
    if name not in format_names():
        raise ConfigError(
            where, place="source.format", found=repr(name), expected=nearest(name, format_names())
        )
    return Path(__file__).with_name(f"{name}.py")


def format_parts(name: str) -> list[Path]:
    """Further code files of a format: its own pieces in _parts/, and those that all formats share."""
    others = tuple(f"{other}_" for other in format_names() if other != name)
    pieces = format_file(name).parent.joinpath("_parts").glob("*.py")
    return sorted(piece for piece in pieces if not piece.name.startswith(others))


def open_reader(name: str, source: OpenSource) -> Reader:
    """Build the reader of a format by name. Raises ConfigError for an unknown format."""
    format_file(name, source.where)
    module = importlib.import_module(f"{__name__}.{name}")
    return cast(Reader, module.Reader(source))


def survey_folder(name: str, root: Path) -> Survey | None:
    """What a format sees in a folder; None when the folder is not of this format. Opens no photo."""
    format_file(name)
    return cast("Survey | None", importlib.import_module(f"{__name__}.{name}").survey(root))


def format_row(name: str) -> FormatRow:
    """What a format reads, where the class stands, which splits it brings."""
    format_file(name)
    return cast(FormatRow, importlib.import_module(f"{__name__}.{name}").ROW)
