"""Merges theirs into the raw folder of ours, all of it or nothing, and writes its .dvc file anew."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from segdata.adding.effects import update_pointer
from segdata.adding.removed import removed_folder
from segdata.adding.stores import OpenSet
from segdata.adding.transaction import commit, one_at_a_time
from segdata.merging.entries import Side
from segdata.merging.fetching import fetched, readable_for_dvc
from segdata.merging.trees import Changes, Sides
from segdata.merging.work import Work
from segdata.project import Project
from segdata.versions.git import unmerged
from segdata.wording import counted


@dataclass(frozen=True)
class Merged:
    """What came of it.

    done       False: both changed what only a person can decide, and nothing was done
    taken      what of theirs is in the folder now, in words
    conflicts  files, and entries of files, that both changed, each otherwise
    said       what else was done or left out, in words
    effects    what became of the .dvc file
    open       other files whose merge still stands open, relative to the project
    """

    done: bool
    taken: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


def merge(project: Project, name: str, prefer: Side | None = None) -> Merged:
    """Merge the raw folder of a pipeline while a merge of git stands open.

    prefer  whose it is where both changed the same; None: then nothing is done
    Raises ConfigError where no merge is open, DataError for a folder that is not as ours was committed, SegdataError
    where DVC cannot fetch what lacks.
    """
    opened = OpenSet.open(project, name)
    root = opened.source.root
    folder = Path(os.path.relpath(root, project.root)).as_posix()
    sides = Sides.of_open_merge(project.root, folder)
    with readable_for_dvc(project.root, folder, sides) as settle, one_at_a_time(project, root) as recovered:
        base, ours, theirs = (
            fetched(project.root, folder, sides, side) for side in ("base", "ours", "theirs")
        )
        work = Work(opened, base, ours, theirs, prefer, Changes.between(base, ours, theirs))
        for side in ("base", "theirs"):
            fetched(project.root, folder, sides, side, work.needed(side))
        work.decide()
        if work.conflicts and prefer is None:
            return Merged(False, conflicts=tuple(work.conflicts))
        work.check_folder()
        moves = {}
        if gone := [file for file, place in work.take.items() if place is None and (root / file).exists()]:
            aside = removed_folder(project, root)
            moves = {file: f"{aside}/{file}" for file in gone}
            work.said.append(f"{counted(len(gone), 'file')} that they removed moved to {aside}")
        commit(project, root, "merge", work.files(), digests={}, read=work.read, moves=moves)
        settle()
        effects = update_pointer(project, root)
    said = ([recovered] if recovered else []) + work.said
    left = [file for file in unmerged(project.root) if file not in (f"{folder}.dvc", "dvc.lock")]
    return Merged(True, tuple(work.taken()), tuple(work.conflicts), tuple(said), tuple(effects), tuple(left))
