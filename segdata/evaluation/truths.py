"""Where the truth comes from that somebody's predictions are held against.

a pipeline's name   its photos' masks at their own size, through the pipeline's reader; or those of its shards
a folder            masks whose stored numbers are class ids (255: not scored), and the classes beside them

>>> truth = FolderTruth(Path("gt"), Classes(load_ontology("cityscapes-19"), colors_known=True))
>>> truth.ids(), truth.read("berlin/a_01").shape
(('berlin/a_01', 'berlin/a_02'), (1024, 2048))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from segdata.conversion.sources import open_source, root_of
from segdata.decode import read_yaml
from segdata.errors import ConfigError, DataError, nearest
from segdata.evaluation.encodings import Encoding, read_class_ids
from segdata.findings import Finding
from segdata.formats import open_reader
from segdata.formats._parts.photo_files import is_photo, list_files, without_extension
from segdata.ontology import IGNORE_INDEX, Ontology, load_ontology, ontology_of_names
from segdata.project import Project
from segdata.sample import Mask
from segdata.shards import ShardSet
from segdata.splits import assign_splits
from segdata.wording import size_text


@dataclass(frozen=True)
class Classes:
    """The classes of a folder of masks, and whether their colours are their own or made up."""

    ontology: Ontology
    colors_known: bool


class Truth(Protocol):
    """Masks to score against; ids are sorted.

    said_to_be, split  tell people which
    colors_known       the ontology's colours are somebody's own, not made up for its names
    findings           truths that could not be listed
    sets_aside         a mask that cannot be read is left out and told, as conversion does; else it ends the scoring
    """

    said_to_be: str
    split: str | None
    ontology: Ontology
    colors_known: bool
    findings: Sequence[Finding]
    sets_aside: bool

    def ids(self) -> Sequence[str]: ...

    def read(self, id: str) -> Mask:
        """uint8 (H, W) class ids, 255 = not scored. Raises DataError."""


class RawTruth:
    """The photos of a pipeline's source and one of its splits, annotated at their own size."""

    sets_aside = True

    def __init__(self, project: Project, name: str, split: str) -> None:
        source = project.pipeline(name).source
        where = f"pipelines/{name}.yaml"
        opened = open_source(source, root_of(project.root, source, where), where)
        self._reader = open_reader(source.format, opened)
        splits = assign_splits(
            self._reader.ids(), source.splits, self._reader.official_split, where, opened.root
        )
        self._ids = tuple(sorted(id for id, its in splits.items() if its == split))
        self.findings: Sequence[Finding] = [one for one in self._reader.findings if one.severity == "error"]
        self.said_to_be = f"{source.root} ({source.format}), each mask at its own size"
        self.split: str | None = split
        self.ontology = opened.ontology
        self.colors_known = True
        if not self._ids:
            present = {its for its in splits.values() if its}
            raise DataError(
                source.root, found=f"no photo in split {split!r}", expected=nearest(split, present)
            )

    def ids(self) -> Sequence[str]:
        return self._ids

    def read(self, id: str) -> Mask:
        return self._reader.read(id).mask


class ShardTruth:
    """One split of a pipeline's shards, at their size."""

    sets_aside = True

    def __init__(self, project: Project, name: str, split: str) -> None:
        shards = ShardSet.open(project.shards_dir(name))
        self._split = shards.split(split)
        self._places = {id: place for place, id in enumerate(self._split.ids)}
        self.findings: Sequence[Finding] = ()
        self.said_to_be = f"the shards of {name}, {size_text(shards.size_hw)}"
        self.split: str | None = split
        self.ontology = shards.ontology
        self.colors_known = True

    def ids(self) -> Sequence[str]:
        return tuple(sorted(self._places))

    def read(self, id: str) -> Mask:
        return self._split.mask_at(self._places[id])


class FolderTruth:
    """Mask files below a folder, grey or palettised; an id is the path without extension.

    Where some are called …_labelIds, as in Cityscapes' gtFine, these alone are read, through its label table; else
    where some are called …_labelTrainIds, these alone.
    """

    sets_aside = False

    def __init__(self, folder: Path, classes: Classes) -> None:
        found: list[Finding] = []
        names = {name: path for name, path in list_files(folder, folder, found).items() if is_photo(name)}
        kind = next(
            (kind for kind in ("_labelIds", "_labelTrainIds") if any(_is(name, kind) for name in names)), ""
        )
        self._encoding: Encoding = "cityscapes-ids" if kind == "_labelIds" else "index"
        self._files: dict[str, tuple[Path, str]] = {}
        for name, path in names.items():
            id = without_extension(name)
            if not _is(name, kind):
                continue
            if id in self._files:
                other = self._files[id][1]
                raise DataError(f"{other} and {folder / name}", found="two masks of one name", expected="one")
            self._files[id] = (path, str(folder / name))
        if not self._files:
            raise DataError(str(folder), found="no mask", expected="PNG masks of class ids")
        self.findings: Sequence[Finding] = tuple(found)
        which = f"files *{kind} alone, " if kind else ""
        self.said_to_be = f"{folder}, {which}each mask at its own size"
        self.split: str | None = None
        self.ontology = classes.ontology
        self.colors_known = classes.colors_known

    def ids(self) -> Sequence[str]:
        return tuple(sorted(self._files))

    def read(self, id: str) -> Mask:
        path, name = self._files[id]
        try:
            return read_class_ids(path, name, self._encoding, self.ontology)
        except DataError as error:
            raise DataError(
                error.where,
                place=error.place,
                found=error.found,
                expected=error.expected,
                fix="A truth in another form needs a pipeline file, whose source.label_map says what its values are.",
            ) from error


def _is(name: str, kind: str) -> bool:
    return without_extension(name).endswith(kind)


def open_truth(
    project: Project | None,
    truth: str,
    *,
    split: str | None = None,
    origin: str | None = None,
    classes: Classes | None = None,
) -> Truth:
    """The truth of a pipeline's name or a folder; a name that is both is the pipeline ("./name" is the folder).

    split     of a pipeline; None: its own evaluate.split
    origin    "raw" or "shards" of a pipeline; None: raw where its folder is there
    classes   of a folder
    Raises ConfigError for what fits neither or does not fit together; DataError, ShardError for what cannot be read.
    """
    names = project.pipeline_names() if project else ()
    if project and truth in names:
        if classes is not None:
            raise ConfigError(
                "--truth", found=f"pipeline {truth} and classes", expected="classes for a folder only"
            )
        source = project.pipeline(truth).source
        split = split or project.pipeline(truth).evaluate.split
        raw = origin == "raw" or (origin is None and (project.root / source.root).is_dir())
        return RawTruth(project, truth, split) if raw else ShardTruth(project, truth, split)
    if not Path(truth).is_dir():
        found = f"{truth!r}, neither a pipeline nor a folder"
        raise ConfigError("--truth", found=found, expected=nearest(truth, names))
    if split or origin:
        raise ConfigError(
            "--truth",
            found=f"folder {truth} and --split or --from",
            expected="these with a pipeline's name only",
        )
    if classes is None:
        raise ConfigError(
            "--truth",
            found=f"folder {truth} without its classes",
            expected="--ontology NAME or --names FILE",
            fix="A names file holds one class per line, in the order of the ids, or {name: [red, green, blue]} as YAML.",
        )
    return FolderTruth(Path(truth), classes)


def read_classes(name: str | None, names_file: Path | None) -> Classes | None:
    """The classes of --ontology NAME or --names FILE; None for neither. Raises ConfigError."""
    if name is not None and names_file is not None:
        raise ConfigError("--names", found="--ontology too", expected="one of the two")
    if name is not None:
        return Classes(load_ontology(name), colors_known=True)
    if names_file is None:
        return None
    if names_file.suffix.lower() in (".yaml", ".yml"):
        return Classes(_coloured_classes(names_file), colors_known=True)
    try:
        lines = names_file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            str(names_file), found=str(error), expected="UTF-8 text, one class per line"
        ) from error
    names = [line.strip() for line in lines if line.strip()]
    if not 1 <= len(names) <= IGNORE_INDEX:
        raise ConfigError(
            str(names_file), found=f"{len(names)} lines", expected="1 to 255 classes, one per line"
        )
    return Classes(ontology_of_names(names_file.stem, names), colors_known=False)


def _coloured_classes(path: Path) -> Ontology:
    value = read_yaml(path, str(path))
    expected = "a mapping of class name to [red, green, blue], numbers of 0 to 255"
    if not isinstance(value, dict):
        raise ConfigError(str(path), found=type(value).__name__, expected=expected)
    for name, color in value.items():
        fits = isinstance(color, list) and len(color) == 3
        if not fits or not all(isinstance(part, int) and 0 <= part <= 255 for part in color):
            raise ConfigError(str(path), place=str(name), found=repr(color)[:60], expected=expected)
    return ontology_of_names(path.stem, [str(name) for name in value], [tuple(c) for c in value.values()])
