"""The three versions of a raw folder that an open merge is about, as DVC listed them, and what each side changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from segdata.dvc_files import Tracked, listed_files, tracked_at
from segdata.errors import ConfigError, DataError
from segdata.git import file_at, open_merge, open_operation

K = TypeVar("K")
V = TypeVar("V")
Tree = Mapping[str, Path]
"""File of the folder → where DVC's cache has (or would have) its content; the same content has the same place."""


@dataclass(frozen=True)
class Sides:
    """Commits, and what the folder held there: `base` is where both started from."""

    base: str
    ours: str
    theirs: str
    tracked: Mapping[str, Tracked]

    @classmethod
    def of_open_merge(cls, project: Path, folder: str) -> Sides:
        """folder  relative to the project. Raises ConfigError where no merge is open, DataError where DVC tracks none."""
        commits = open_merge(project)
        if commits is None:
            raise _no_merge(project, folder)
        tracked = {}
        for side, commit in zip(("base", "ours", "theirs"), commits, strict=True):
            pointer = file_at(project, commit, f"{folder}.dvc")
            here = None if pointer is None else tracked_at(project, folder, commit)
            if here is None or here.legacy:
                raise DataError(
                    f"{folder}.dvc",
                    place=f"{side}, {commit[:7]}",
                    found="a folder hashed by DVC 2" if here else "no such file, or none with a digest",
                    expected=f"the digest of {folder}, as dvc add writes it",
                    fix="Take one side (git checkout --theirs), and segdata add what the other one has.",
                )
            tracked[side] = here
        return cls(*commits, tracked)

    def tree(self, project: Path, side: str) -> Tree | None:
        """None where the cache does not even have the list."""
        return listed_files(project, self.tracked[side])


_INSTEAD = {
    "rebase": "git rebase --abort, git merge what you were rebasing onto (origin/main), and run it again.",
    "cherry-pick": "git cherry-pick --abort, git merge the branch that has this commit, and run it again.",
}


def _no_merge(project: Path, folder: str) -> ConfigError:
    """What to do where none is open: git refuses to begin one while it is at something else."""
    operation = open_operation(project)
    if operation is None:
        return ConfigError(
            "segdata merge",
            found="no merge that stands open",
            expected="one",
            fix="git merge origin/main first. Where git has merged by itself, there is nothing to merge: "
            f"dvc pull {folder}.dvc brings what came with it, before dvc repro.",
        )
    return ConfigError(
        "segdata merge",
        found=f"a git {operation} that stands open",
        expected="a git merge",
        fix=_INSTEAD.get(
            operation, f"git {operation} --abort first: only a git merge has the sides that it compares."
        ),
    )


def three_way(
    base: Mapping[K, V], ours: Mapping[K, V], theirs: Mapping[K, V]
) -> tuple[dict[K, V | None], list[K]]:
    """What they changed and we did not (key → theirs, None: out), and the keys that both changed, each otherwise.

    The keys come in the order of theirs, then of the others.
    """
    take: dict[K, V | None] = {}
    both = []
    for key in dict.fromkeys([*theirs, *base, *ours]):
        before, our, their = base.get(key), ours.get(key), theirs.get(key)
        if their in (before, our):
            continue
        if our == before:
            take[key] = their
        else:
            both.append(key)
    return take, both


def counts(take: Mapping[str, Path | None], ours: Tree) -> str:
    """In words: 2 files added, 1 changed, 1 removed"""
    removed = sum(place is None for place in take.values())
    changed = sum(place is not None and file in ours for file, place in take.items())
    return f"{len(take) - removed - changed} added, {changed} changed, {removed} removed"
