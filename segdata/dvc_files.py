"""What DVC wrote down: which content a folder had at some commit, and where its files lie in the cache.

dvc.lock at a commit                                    the cache
    outs:                                               files/md5/4e/be1f07….dir   a JSON list of the folder's files:
    - path: data/shards/sample-via                          [{"md5": "0c6e…", "relpath": "manifest.parquet"}, …]
      hash: md5                                         files/md5/0c/6e…           their bytes
      md5: 4ebe1f07….dir
      nfiles: 14

Layout: DVC 3 (https://dvc.org/doc/user-guide/project-structure/internal-files). A set that was written by DVC 2 lies
without files/md5 in front. A folder tracked by `dvc add` has the same entry in <folder>.dvc.
"""

from __future__ import annotations

import configparser
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

from segdata.decode import CONFLICT, conflict_line
from segdata.errors import ShardError
from segdata.git import file_at

T = TypeVar("T")
LONGEST_LISTING = 64 * 2**20
_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")


class _Out(msgspec.Struct):
    path: str
    md5: str | None = None
    hash: str | None = None


class _Stage(msgspec.Struct):
    outs: list[_Out] = []


class _Lock(msgspec.Struct):
    stages: dict[str, _Stage] = {}


class _Listed(msgspec.Struct):
    md5: str
    relpath: str


@dataclass(frozen=True)
class Tracked:
    """The content of a folder as DVC names it; legacy: hashed by DVC 2."""

    md5: str
    legacy: bool


def tracked_at(root: Path, path: str, commit: str | None) -> Tracked | None:
    """What DVC tracked at `path` (a folder below `root`) at a commit, or in the working tree (None).

    Raises ShardError for a dvc.lock or .dvc file that cannot be read.
    """
    lock = _text(root, "dvc.lock", commit)
    if lock is not None:
        stages = _decode(lock, _Lock, "dvc.lock", commit).stages.values()
        for out in [out for stage in stages for out in stage.outs]:
            if out.path == path and out.md5:
                return _tracked(out, "dvc.lock")
    return pointed_at(root, path, commit)


def pointed_at(root: Path, path: str, commit: str | None) -> Tracked | None:
    """What the .dvc file of a folder alone says, likewise."""
    pointer = _text(root, f"{path}.dvc", commit)
    if pointer is not None:
        for out in _decode(pointer, _Stage, f"{path}.dvc", commit).outs:
            if out.md5:
                return _tracked(out, f"{path}.dvc")
    return None


def _text(root: Path, path: str, commit: str | None) -> str | None:
    if commit is not None:
        return file_at(root, commit, path)
    file = root / path
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else None


def _decode(text: str, kind: type[T], where: str, commit: str | None) -> T:
    try:
        return msgspec.convert(
            yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}, kind
        )
    except (yaml.YAMLError, msgspec.ValidationError, RecursionError) as error:
        if line := conflict_line(text):
            place = f"{commit[:7]}, line {line}" if commit else f"line {line}"
            raise ShardError(where, place=place, **CONFLICT) from error
        raise ShardError(
            where,
            place=commit[:7] if commit else "",
            found=f"what DVC did not write ({' '.join(str(error).split())})",
            expected="a file of DVC",
        ) from error


def _tracked(out: _Out, where: str) -> Tracked:
    assert out.md5 is not None
    if not _MD5.fullmatch(out.md5):
        raise ShardError(where, place=out.path, found=f"md5 {out.md5!r}", expected="32 hex digits")
    return Tracked(out.md5, out.hash is None)


def cache_dir(root: Path) -> Path:
    """The project's DVC cache: cache.dir of .dvc/config.local, .dvc/config or the user's own config, else .dvc/cache."""
    user = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "dvc" / "config"
    for path in (root / ".dvc" / "config.local", root / ".dvc" / "config", user):
        config = configparser.RawConfigParser(strict=False, allow_no_value=True)
        try:
            config.read(path, encoding="utf-8")
            stated = config.get("cache", "dir", fallback=None)
        except (configparser.Error, UnicodeDecodeError):
            continue
        if stated:
            return path.parent / os.path.expanduser(stated.strip("\"'"))
    return root / ".dvc" / "cache"


def cached_files(root: Path, tracked: Tracked) -> dict[str, Path] | None:
    """`listed_files` of a shard set, which is flat: what lies deeper is none of its files."""
    files = listed_files(root, tracked)
    return None if files is None else {name: place for name, place in files.items() if "/" not in name}


def listed_files(root: Path, tracked: Tracked) -> dict[str, Path] | None:
    """Name → place in the cache (there or not) of each file of a tracked folder; None when not even the list is there.

    Raises ShardError for a list that DVC did not write.
    """
    store = cache_dir(root) if tracked.legacy else cache_dir(root) / "files" / "md5"
    listing = _place(store, tracked.md5)
    if not listing.is_file():
        return None
    damaged = ShardError(
        str(listing),
        found="a damaged list of files",
        expected="one written by DVC",
        fix="Delete it and run dvc fetch.",
    )
    if not tracked.md5.endswith(".dir") or listing.stat().st_size > LONGEST_LISTING:
        raise damaged
    try:
        listed = msgspec.json.decode(listing.read_bytes(), type=list[_Listed])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise damaged from error
    files = {}
    for one in listed:
        if not _MD5.fullmatch(one.md5) or not {"", ".", ".."}.isdisjoint(one.relpath.split("/")):
            raise damaged
        files[one.relpath] = _place(store, one.md5)
    return files


def _place(store: Path, md5: str) -> Path:
    return store / md5[:2] / md5[2:]
