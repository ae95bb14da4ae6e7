"""Takes photos and their annotations out of a source; they are kept in .segdata/removed/<time>/<raw folder>/.

.segdata/removed/20240131T170501Z/mine/photos/IMG_0107.jpg
.segdata/removed/20240131T170501Z/mine/via_region_data.json      the entries alone, as `segdata add` takes them
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath

from segdata.adding.changes import Removal
from segdata.adding.effects import stale, update_pointer
from segdata.adding.stores import OpenSet
from segdata.adding.transaction import commit, one_at_a_time, unfinished
from segdata.atomic import replace_file
from segdata.errors import ConfigError, SegdataError
from segdata.formats import open_reader
from segdata.project import Project


@dataclass(frozen=True)
class Removed:
    """What came of it. done: False when it was only tried. kept: the folder, relative to the project."""

    done: bool
    files: tuple[str, ...]
    edited: tuple[str, ...]
    kept: str
    said: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()


def removed_folder(project: Project, root: Path) -> str:
    """A folder for what is taken out now, relative to the project; not made yet."""
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    number, folder = 1, f".segdata/removed/{time}"
    while (project.root / folder).exists():
        number += 1
        folder = f".segdata/removed/{time}-{number}"
    return f"{folder}/{root.name}"


def remove(project: Project, name: str, ids: Sequence[str], *, dry_run: bool = False) -> Removed:
    """Take samples out, all of them or none. Raises ConfigError naming ids that are not there."""
    opened = OpenSet.open(project, name)
    root = opened.source.root
    ids = list(dict.fromkeys(ids))
    if not ids:
        raise ConfigError("segdata remove", found="no ids", expected="ids of samples, or --from LIST.txt")
    if dry_run:
        if unfinished(root):
            raise SegdataError(
                opened.pipeline.source.root,
                found="a change that was interrupted",
                expected="none",
                fix="Run segdata add or segdata remove without --dry-run: it completes that one first.",
            )
        removal = _found(opened, ids)
        effects = stale(project, root, {}, (), ids)
        return Removed(False, tuple(removal.moves), tuple(removal.files), "", effects=tuple(effects))
    with one_at_a_time(project, root) as recovered:
        removal = _found(opened, ids)
        folder = removed_folder(project, root)
        for file, content in removal.kept.items():
            (project.root / folder / file).parent.mkdir(parents=True, exist_ok=True)
            with replace_file(project.root / folder / file) as temporary:
                temporary.write_bytes(content)
        moves = {path: f"{folder}/{path}" for path in removal.moves}
        commit(project, root, "remove", removal.files, digests={}, read=removal.read, moves=moves)
        effects = [*update_pointer(project, root), *stale(project, root, {}, (), ids)]
        said = (recovered,) if recovered else ()
        return Removed(True, tuple(moves), tuple(removal.files), folder, said, tuple(effects))


def _found(opened: OpenSet, ids: Sequence[str]) -> Removal:
    """What the stores of the source have of these ids; a source with several is asked one by one."""
    whole = Removal()
    unknown = set(ids)
    stores = [store for _, store in opened.stores()]
    for store in stores[:1] if opened.pipeline.source.format == "via" else stores:
        one = store.take_out(ids)
        whole.files |= one.files
        whole.kept |= one.kept
        whole.read |= one.read
        whole.moves += [path for path in one.moves if path not in whole.moves]
        unknown &= set(one.unknown)
    if unknown:
        listed = ", ".join(repr(id) for id in sorted(unknown)[:5])
        raise ConfigError(
            opened.source.where,
            found=f"no photo and no annotation of {listed}" + (" and more" if len(unknown) > 5 else ""),
            expected="ids of samples, as segdata show and the check report call them",
            fix=f"Nothing was removed.{_meant(opened, min(unknown))}",
        )
    return whole


def _meant(opened: OpenSet, name: str) -> str:
    """The id that somebody may mean who gave a file's name, or left out the folder; in words."""
    stem = PurePath(name).stem
    ids = open_reader(opened.pipeline.source.format, opened.source).ids()
    meant = [id for id in ids if PurePath(id).name in (name, stem)]
    return f" For {name!r}, did you mean {meant[0]!r}?" if len(meant) == 1 else ""
