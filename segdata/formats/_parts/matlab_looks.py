"""What surveys of MATLAB folders look at: which values stand in masks, where recorded files lie, what is bare."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.formats._parts.matlab_pairs import Pairing
from segdata.formats._parts.matlab_places import by_last_name, closest
from segdata.label_map import LabelMap
from segdata.ontology import ontology_of_names
from segdata.survey import MOST_MASKS, evenly_spaced

MOST_ALIKE = 10


@dataclass(frozen=True)
class Looks:
    """The values of each mask: numbers, or 0xRRGGBB."""

    values: tuple[frozenset[int], ...]

    @property
    def masks_by_value(self) -> Counter[int]:
        return Counter(value for found in self.values for value in found)

    @property
    def empty(self) -> int:
        """Masks of zeros alone."""
        return sum(found == {0} for found in self.values)

    @property
    def looked_at(self) -> int:
        return len(self.values)


def look(
    masks: Sequence[str],
    read: Callable[[str], NDArray[Any]],
    findings: list[Finding],
    most: int = MOST_MASKS,
) -> Looks:
    """The values of at most so many masks, evenly spaced; those that cannot be read become findings."""
    values = []
    for name in evenly_spaced(sorted(masks), most):
        try:
            mask = read(name)
        except DataError as error:
            findings.append(finding_of(error))
            continue
        if mask.ndim == 3:
            mask = mask.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
        values.append(frozenset(np.unique(mask).tolist()))
    return Looks(tuple(values))


def folder_of(recorded: Sequence[str], names: Sequence[str], default: str) -> str:
    """The folder in which most recorded files lie, told apart by their recorded folders.

    Where each file is found but once, the folder around all of them; of folders alike, the default's or the shortest.
    """
    files = by_last_name(names)
    places = [closest(path, files) for path in recorded]
    folders = Counter(posixpath.dirname(name) for found in places for name in found)
    if not folders:
        return default
    if max(map(len, places)) == 1:
        return posixpath.commonpath(folders) or "."
    best = min(folders, key=lambda one: (-folders[one], posixpath.basename(one) != default, len(one), one))
    return best or "."


def bare(pairing: Pairing) -> list[Finding]:
    """Photos that nobody labelled."""
    return [
        Finding("not-annotated", pair.photo, "", "photo without labels", "see source.unannotated")
        for _, pair in sorted(pairing.pairs.items())
        if pair.is_bare
    ]


def few(findings: Sequence[Finding]) -> list[Finding]:
    """The first of each kind one by one, the others as a number."""
    kept: list[Finding] = []
    for code, count in Counter(finding.code for finding in findings).items():
        alike = [finding for finding in findings if finding.code == code]
        kept += alike[:MOST_ALIKE]
        if count > MOST_ALIKE:
            message = f"{count - MOST_ALIKE} more of them"
            kept.append(Finding(code, alike[-1].file, "", message, alike[-1].action, alike[-1].severity))
    return kept


def finding_of(error: DataError) -> Finding:
    message = f"found {error.found}" + (f"; expected {error.expected}" if error.expected else "")
    return Finding("unreadable", error.where, error.place, message, error.fix or "left out", "error")


def source(root: Path) -> OpenSource:
    """The folder as a source that keeps every photo."""
    ontology = ontology_of_names("survey", ["any"])
    return OpenSource(str(root), root, ontology, LabelMap({}, {}), None, 255, "ignore", {})
