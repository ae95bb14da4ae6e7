"""A shard set as it lies, or as it was at a git revision, entered through its manifest; shards are opened when needed.

A revision's files lie in DVC's cache under their digests. They are linked by their names in a temporary folder, and only
read: nothing is copied, nothing written through a link. What is not in the cache is missed only when it is needed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from segdata.dvc_files import cached_files, tracked_at
from segdata.errors import ShardError
from segdata.git import find_commit
from segdata.project import Project
from segdata.sample import Image, Mask
from segdata.shards.manifest import Manifest, read_manifest
from segdata.shards.reader import map_shard
from segdata.shards.schema import MANIFEST
from segdata.wording import counted

OPEN_SHARDS = 8
"""Shards of a version that are mapped at a time: comparing goes through them in order."""


class Version:
    """One version of a shard set: a label for people, and its manifest; `fetch` says how to get what is missing."""

    def __init__(self, label: str, folder: Path, manifest: Manifest, fetch: str) -> None:
        self.label, self.folder, self.manifest, self._fetch = label, folder, manifest, fetch
        self._map = lru_cache(OPEN_SHARDS)(self._open)

    @cached_property
    def _entries(self) -> dict[str, Any]:
        return {entry.name: entry for entry in self.manifest.metadata.shards}

    def require(self, ids: Iterable[str]) -> None:
        """Raises ShardError when a shard that holds one of these samples is not there."""
        wanted = {self.manifest.by_id[id].shard for id in ids}
        missing = sorted(name for name in wanted if not (self.folder / name).is_file())
        if missing:
            raise ShardError(
                self.label,
                found=f"{len(missing)} of {counted(len(self._entries), 'shard')} not in DVC's cache, such as {missing[0]}",
                expected=f"the {counted(len(wanted), 'shard')} whose pixels are compared",
                fix=self._fetch,
            )

    def ill_sized(self) -> list[str]:
        """Shards that lie here with another size than the manifest states: name, size and that size in words."""
        found = []
        for name, entry in self._entries.items():
            path = self.folder / name
            size = path.stat().st_size if path.is_file() else entry.bytes
            if size != entry.bytes:
                found.append(f"{name} has {size:,} bytes; its manifest says {entry.bytes:,}")
        return found

    def sample(self, id: str) -> tuple[Image, Mask]:
        """Views of the mapped shard: uint8 (H, W, 3) and uint8 (H, W). Raises ShardError."""
        row = self.manifest.by_id[id]
        images, masks = self._map(row.shard)
        return images[row.row], masks[row.row]

    def _open(self, shard: str) -> Any:
        return map_shard(self.folder, self._entries[shard])


@contextmanager
def open_version(project: Project, name: str, spec: str | None) -> Iterator[Version]:
    """A pipeline's set in the working tree (None) or at a git revision. Raises ConfigError, ShardError."""
    shards = project.shards_dir(name)
    if spec is None:
        yield open_folder(shards, "working tree")
        return
    commit = find_commit(project.root, spec)
    label = f"{spec} ({commit.short}, {commit.date[:10]}, {commit.subject})"
    path = shards.relative_to(project.root).as_posix()
    tracked = tracked_at(project.root, path, commit.hash)
    if tracked is None:
        raise ShardError(
            f"{path} at {spec}",
            found="nothing that DVC tracked",
            expected="an entry in dvc.lock at that commit",
            fix=f"segdata history {name} lists the versions.",
        )
    folder = f".segdata/at-{commit.short}/{name}"
    fetch = f"Run dvc get . {path} --rev {commit.short} -o {folder}, and give {folder} instead of {spec}."
    files = cached_files(project.root, tracked)
    if files is None or MANIFEST not in files or not files[MANIFEST].is_file():
        raise ShardError(
            f"{path} at {spec}",
            found="that its data are not in DVC's cache",
            expected="at least its manifest there",
            fix=fetch,
        )
    with tempfile.TemporaryDirectory(dir=project.scratch_dir("versions")) as folder:
        for file, place in files.items():
            if place.is_file():
                (Path(folder) / file).symlink_to(place.resolve())
        yield Version(label, Path(folder), read_manifest(Path(folder)), fetch)


def open_folder(folder: Path, label: str) -> Version:
    """A set that lies in a folder. Raises ShardError."""
    return Version(label, folder, read_manifest(folder), "Run dvc checkout, or convert again.")


def pipelines_to_compare(project: Project, revision: str) -> list[str]:
    """Pipelines whose set DVC tracked at the revision and that lies in the working tree. Raises ShardError for none."""
    commit = find_commit(project.root, revision)
    names = []
    for name in project.pipeline_names():
        shards = project.shards_dir(name)
        path = shards.relative_to(project.root).as_posix()
        if (shards / MANIFEST).is_file() and tracked_at(project.root, path, commit.hash) is not None:
            names.append(name)
    if not names:
        raise ShardError(
            revision,
            found="no shard set that DVC tracked at that commit and that lies in the working tree",
            expected="one at least",
            fix="Run dvc repro, and commit dvc.lock: versions are what was committed.",
        )
    return names
