"""What both sides did otherwise: who did what, and who can decide it.

photos/IMG_0107.jpg: removed by you, changed by them
via_region_data.json: 'IMG_0108.jpg148213' changed by both             --prefer decides this one
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import PurePosixPath
from typing import TypeVar

K = TypeVar("K", str, bytes)


@dataclass(frozen=True)
class Conflict:
    """A file, or an entry or a line of one, of which both made something else.

    what       its name, a file's with a colon
    how        who did what: changed by you, removed by them
    by_prefer  whether whoever is preferred decides it; else a person does
    """

    what: str
    how: str
    by_prefer: bool = False

    def __str__(self) -> str:
        return f"{self.what} {self.how}"

    def of(self, file: str) -> Conflict:
        """The same of an entry or line, with its file."""
        return Conflict(f"{file}: {self.what!r}", self.how, self.by_prefer)


def who_did_what(base: object, ours: object, theirs: object) -> str:
    """In words, from the three versions of something of which both made something else; None: it is not there."""
    if ours is None:
        return "removed by you, changed by them"
    if theirs is None:
        return "changed by you, removed by them"
    return "added by both, each otherwise" if base is None else "changed by both"


def conflicts_of(
    keys: Iterable[K], base: Mapping[K, object], ours: Mapping[K, object], theirs: Mapping[K, object]
) -> tuple[Conflict, ...]:
    """One for each entry or line of which both made something else: whoever is preferred decides where both have one."""
    return tuple(
        Conflict(
            key if isinstance(key, str) else key.decode(errors="replace"),
            who_did_what(base.get(key), ours.get(key), theirs.get(key)),
            key in ours and key in theirs,
        )
        for key in keys
    )


def in_each_others_way(files: Iterable[str]) -> list[Conflict]:
    """Where one has a file, and the other a folder of that name: neither could be put there without losing the other."""
    there = set(files)
    return [
        Conflict(f"{above}:", f"a file by one of you, and a folder by the other ({file})")
        for file in sorted(there)
        for above in map(str, PurePosixPath(file).parents)
        if above in there
    ]


def in_two_lists(ours: Mapping[str, set[str]], merged: Mapping[str, set[str]]) -> list[Conflict]:
    """Ids of ours that they put into the list of another split, too: list → the ids in it."""
    return [
        Conflict(f"{mine}: {id!r}", f"in yours, and in {other} by them")
        for pair in combinations(merged, 2)
        for mine, other in (pair, pair[::-1])
        for id in sorted(ours[mine] & merged[mine] & merged[other] - ours[other])
    ]
