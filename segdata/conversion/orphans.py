"""Shard files that no manifest names: made by a run that was refused, left by one that was killed, or superseded."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from segdata.shards.schema import MANIFEST


def take_back(folder: Path, made: Set[str], old: Set[str]) -> None:
    """Remove the shards that a refused run made, but for those of the set that lies there.

    Where there is a manifest that cannot be read, `old` is empty and all may belong to it: nothing is removed.
    """
    if old or not (folder / MANIFEST).exists():
        for name in made - old:
            (folder / name).unlink(missing_ok=True)


def remove_orphans(folder: Path, names: Set[str]) -> None:
    """Remove shards other than those of the manifest, and what a killed run left half-written; nothing else."""
    for pattern in ("*.arrow", ".*.partial"):
        for path in folder.glob(pattern):
            if path.name not in names:
                path.unlink()
