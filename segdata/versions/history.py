"""The versions of a shard set, from git: each commit at which DVC's entry of the set became another.

1a2b3c4  2026-11-20  one more street     49 samples (train 35, val 7, test 7)  9 classes  2.3 MiB  here
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from segdata.dvc_files import Tracked, cached_files, tracked_at
from segdata.git import Commit, iter_commits
from segdata.project import Project
from segdata.shards.manifest import Manifest, read_manifest
from segdata.shards.schema import MANIFEST

Here = Literal["here", "in part", "manifest only", "not here"]


@dataclass(frozen=True)
class HistoryEntry:
    """A version; commit None: dvc.lock in the working tree says something that is not committed.

    samples, classes and bytes are None where the manifest is not in the local cache.
    """

    commit: Commit | None
    md5: str
    here: Here
    samples: dict[str, int] | None
    classes: tuple[str, ...] | None
    bytes: int | None


def read_history(project: Project, name: str) -> Iterator[HistoryEntry]:
    """Versions of a pipeline's shard set, the newest first. Raises ConfigError without git, ShardError."""
    path = project.shards_dir(name).relative_to(project.root).as_posix()
    now = tracked_at(project.root, path, None)
    pending: tuple[Commit | None, Tracked | None] = (None, now)
    for commit in iter_commits(project.root, ("dvc.lock", f"{path}.dvc")):
        tracked = tracked_at(project.root, path, commit.hash)
        if tracked != pending[1] and pending[1] is not None:
            yield _entry(project, pending[0], pending[1])
        pending = (commit, tracked)  # of commits with the same content, the oldest made the version
    if pending[1] is not None:
        yield _entry(project, pending[0], pending[1])


def _entry(project: Project, commit: Commit | None, tracked: Tracked) -> HistoryEntry:
    files = cached_files(project.root, tracked)
    if files is None or MANIFEST not in files or not files[MANIFEST].is_file():
        return HistoryEntry(commit, tracked.md5, "not here", None, None, None)
    manifest = _manifest(project, files[MANIFEST])
    entries = manifest.metadata.shards
    present = sum(entry.name in files and files[entry.name].is_file() for entry in entries)
    here: Here = "here" if present == len(entries) else "in part" if present else "manifest only"
    size = files[MANIFEST].stat().st_size + sum(entry.bytes for entry in entries)
    samples = Counter(row.split for row in manifest.rows)
    ordered = {split: samples[split] for split in ("train", "val", "test") if samples[split]}
    classes = tuple(name for name, _ in manifest.metadata.classes)
    return HistoryEntry(commit, tracked.md5, here, ordered, classes, size)


def _manifest(project: Project, file: Path) -> Manifest:
    with TemporaryDirectory(dir=project.scratch_dir("versions")) as folder:
        (Path(folder) / MANIFEST).symlink_to(file.resolve())
        return read_manifest(Path(folder))
