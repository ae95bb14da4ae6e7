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
from segdata.formats._parts.matlab_pairs import Pairing
from segdata.formats._parts.matlab_places import by_last_name, closest
from segdata.formats._surveys.common import unreadable
from segdata.survey import MOST_MASKS, evenly_spaced


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
    root: Path,
    findings: list[Finding],
    most: int = MOST_MASKS,
) -> Looks:
    """The values of at most so many masks, evenly spaced; those that cannot be read become findings."""
    values = []
    for name in evenly_spaced(sorted(masks), most):
        try:
            mask = read(name)
        except DataError as error:
            findings.append(unreadable(error, root))
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
