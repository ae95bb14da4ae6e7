"""Merges theirs into the raw folder of ours, all of it or nothing, and writes its .dvc file anew."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from segdata.adding.removed import removed_folder
from segdata.adding.stores import OpenSet
from segdata.adding.transaction import MERGE, commit, one_at_a_time
from segdata.dvc_files import pointed_at
from segdata.errors import DataError
from segdata.git import unmerged
from segdata.left_behind import all_left_behind, note_meant
from segdata.merging.conflicts import Conflict
from segdata.merging.entries import Side
from segdata.merging.fetching import add, fetched, is_open, require_readable
from segdata.merging.trees import Sides
from segdata.merging.work import Work
from segdata.project import Project
from segdata.wording import counted


@dataclass(frozen=True)
class Merged:
    """What came of it.

    done       False: both changed what only a person can decide, and nothing was done
    taken      what of theirs is in the folder now, in words
    conflicts  files, and entries or lines of files, that both changed, each otherwise; what a person decides comes first
    said       what else was done or found, in words
    open       other files whose merge still stands open, relative to the project
    behind     other raw folders whose .dvc files git has merged, and which still lie as they were
    """

    done: bool
    taken: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    said: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()


def merge(project: Project, name: str, prefer: Side | None = None) -> Merged:
    """Merge the raw folder of a pipeline while a merge of git stands open; nothing is done where both changed the same.

    prefer  whose annotation of a photo, or row of a list, it is where both have changed it; where one has taken out what
            the other changed, and of files that hold many photos and are not VIA's, a person decides all the same

    What lies in the folder beside what was committed stays, and is counted; files that the merge touches must be as ours
    was committed. Raises ConfigError where no merge is open, DataError for a folder that is not so, SegdataError where
    DVC cannot fetch what lacks, or add what came of it.
    """
    _require_folder(project, name)
    opened = OpenSet.open(project, name)
    root = opened.source.root
    folder = Path(os.path.relpath(root, project.root)).as_posix()
    sides = Sides.of_open_merge(project.root, folder)
    require_readable(project.root)
    with one_at_a_time(project, root, merging=True) as recovered:
        base, ours, theirs = (
            fetched(project.root, folder, sides, side) for side in ("base", "ours", "theirs")
        )
        work = Work(opened, base, ours, theirs, prefer)
        work.require_whole(folder)
        for side in ("base", "theirs"):
            fetched(project.root, folder, sides, side, work.needed(side))
        work.decide()
        settled = _settled(project.root, folder, sides)
        if work.conflicts and settled:
            raise settled
        if work.conflicts:
            return Merged(False, conflicts=tuple(work.conflicts))
        work.check_folder(settled)
        moves = {}
        if gone := [file for file, place in work.take.items() if place is None and (root / file).exists()]:
            aside = removed_folder(project, root)
            moves = {file: f"{aside}/{file}" for file in gone}
            work.said.append(f"{counted(len(gone), 'file')} that they removed moved to {aside}")
        commit(project, root, MERGE, work.files(), digests={}, read=work.read, moves=moves)
        add(project.root, folder, sides)
        note_meant(project, folder)
    said = ([recovered] if recovered else []) + work.said
    left = [file for file in unmerged(project.root) if is_open(project.root / file)]
    return Merged(True, tuple(work.taken()), (), tuple(said), tuple(left), tuple(all_left_behind(project)))


def _require_folder(project: Project, name: str) -> None:
    """Raises DataError for a folder that DVC tracks and that was never brought here."""
    root = Path(os.path.normpath(project.root / project.pipeline(name).source.root))
    pointer = root.with_name(f"{root.name}.dvc")
    if root.is_dir() or not pointer.is_file():
        return
    folder = Path(os.path.relpath(root, project.root)).as_posix()
    Sides.of_open_merge(project.root, folder)  # without a merge, that is what to say first
    raise DataError(
        folder,
        found="no such folder",
        expected="it as you committed it",
        fix=f"git merge --abort, dvc pull {folder}.dvc, and merge again.",
    )


def _settled(root: Path, folder: str, sides: Sides) -> DataError | None:
    """What to say instead of conflicts where both changed the folder and its .dvc file holds no conflict any more.

    A merge that is done is no start for another one, in which somebody else is preferred.
    """
    pointer = f"{folder}.dvc"
    here = None if is_open(root / pointer) else pointed_at(root, folder, None)
    digests = {tracked.md5: side for side, tracked in sides.tracked.items()}
    if here is None or len(digests) < len(sides.tracked):
        return None
    whose = {"ours": "as yours", "theirs": "as theirs", "base": "as it was before"}
    how = "is merged" if here.md5 not in digests else f"is settled {whose[digests[here.md5]]}"
    return DataError(
        pointer,
        found=f"no conflict any more: the folder {how} already",
        expected="the one that git merge left",
        fix=f"To merge anew: git merge --abort, dvc checkout --force {pointer}, and merge again.",
    )
