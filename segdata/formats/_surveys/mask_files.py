"""What the surveys of VOC, Cityscapes and plain mask folders share: which files pair up, and what masks hold.

They open the format's own reader, so that photos, splits and doubts are those that a conversion will see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from segdata.errors import DataError
from segdata.file_names import lying
from segdata.findings import Finding
from segdata.formats import Reader, open_reader
from segdata.formats._parts.label_file import LabelFile
from segdata.formats._parts.photo_files import is_photo, list_files
from segdata.formats._surveys.common import any_source, unreadable
from segdata.ontology import IGNORE
from segdata.survey import evenly_spaced

Color = tuple[int, int, int]
UNREAD = "left out of the counts"


class _MaskReader(Reader, Protocol):
    def files(self, id: str) -> tuple[str, str | None]: ...


@dataclass(frozen=True)
class Paired:
    """What the reader of a folder lists.

    photos    relative to the root, sorted
    masks     of those photos that have one, sorted
    splits    official split → photos
    bare      official split → photos without mask
    findings  of the source as a whole; photos without mask are counted, not listed
    """

    photos: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    splits: Mapping[str, int] = field(default_factory=dict)
    bare: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Looked:
    """What masks hold: label → masks that hold it, how many were read, and those that could not be."""

    labels: Mapping[str | int, int]
    masks: int
    findings: tuple[Finding, ...]


def read_pairs(format: str, root: Path, options: Mapping[str, object], photos: str) -> Paired:
    """Open the format's reader on a folder. One that cannot be opened is a finding; `photos` is listed instead."""
    try:
        reader = cast(_MaskReader, open_reader(format, any_source(root, options)))
    except DataError as error:
        found = unreadable(error, root, UNREAD)
        listed = list_files(root / photos, root, []) if (root / photos).is_dir() else {}
        names = (path.relative_to(root).as_posix() for name, path in listed.items() if is_photo(name))
        return Paired(tuple(sorted(names)), findings=(found,))
    pairs: list[tuple[str, str | None]] = []
    findings = [one for one in reader.findings if one.code != "not-annotated"]
    splits, bare = Counter[str](), Counter[str]()
    for id in reader.ids():
        try:
            pairs.append(reader.files(id))
        except DataError as error:
            findings.append(unreadable(error, root, UNREAD))
            continue
        if (split := reader.official_split(id)) is not None:
            splits[split] += 1
            if pairs[-1][1] is None:
                bare[split] += 1
    masks = tuple(sorted(mask for _, mask in pairs if mask is not None))
    photo_names = tuple(sorted(photo for photo, _ in pairs))
    told = dict(sorted(splits.items())), dict(sorted(bare.items()))
    return Paired(photo_names, masks, *told, tuple(findings))


def look(root: Path, masks: Sequence[str], labels_of: Callable[[Path, str], Sequence[str | int]]) -> Looked:
    """Count the labels of some masks, evenly spaced; a mask that cannot be read is a finding."""
    counts: Counter[str | int] = Counter()
    findings: list[Finding] = []
    names = evenly_spaced(masks)
    for name in names:
        try:
            counts.update(set(labels_of(lying(root, name), name)))
        except DataError as error:
            findings.append(unreadable(error, root, UNREAD))
    ordered = sorted(counts.items(), key=lambda item: (isinstance(item[0], str), item[0]))
    return Looked(dict(ordered), len(names) - len(findings), tuple(findings))


def values_in(values: NDArray[Any]) -> list[int]:
    """The different numbers of a mask, ascending."""
    found: list[int] = np.flatnonzero(np.bincount(values.ravel())).tolist()
    return found


def find_label_file(root: Path, names: Sequence[str], findings: list[Finding]) -> LabelFile | None:
    """The first of these files that names values in order; one that cannot be read adds to `findings`."""
    for name in names:
        if not (root / name).is_file():
            continue
        try:
            labels = LabelFile.read(root / name, name)
        except DataError as error:
            findings.append(unreadable(error, root, UNREAD))
            continue
        if not labels.names[0].startswith("__ignore"):  # labelme's labels.txt: its first line is value -1
            return labels
    return None


def classes_of(labels: LabelFile, colors: Sequence[Color]) -> dict[str, Color]:
    """The named classes in order, with the file's colours, else these."""
    colors = labels.colors or colors
    return {name: color for name, color in zip(labels.names, colors, strict=False) if name != IGNORE}
