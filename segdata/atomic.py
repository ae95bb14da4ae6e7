"""Whole files or none: every write goes to a temporary name in the same folder and is renamed when complete."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from segdata.errors import SegdataError


@contextlib.contextmanager
def temporary_file(folder: Path) -> Iterator[Path]:
    """Yield a new empty file in `folder`, to be filled and passed to `commit_file`; removed if that did not happen."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".partial", dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def commit_file(temporary: Path, path: Path) -> None:
    """Flush a temporary file to disk and give it its name, replacing an older file of that name."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.chmod(0o644)
    temporary.replace(path)


@contextlib.contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its name when the block ends without an error."""
    with temporary_file(path.parent) as temporary:
        yield temporary
        commit_file(temporary, path)


@contextlib.contextmanager
def replace_scratch(path: Path) -> Iterator[Path]:
    """As `replace_file`, but not flushed to disk: for what is checked when it is read, and can be made again.

    It is whole or the old one whenever a process dies; after a power cut it may be cut off.
    """
    with temporary_file(path.parent) as temporary:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)


@contextlib.contextmanager
def replace_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; on success it takes the place of the old folder, else it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    old = path.with_name(f".{path.name}.old")
    if old.exists() and not path.exists():
        old.replace(path)  # a run was killed between the two renames below
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    temporary.chmod(0o755)
    try:
        yield temporary
        shutil.rmtree(old, ignore_errors=True)
        if path.exists():
            path.replace(old)
        temporary.replace(path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def only_one(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock file for as long as the block runs. Raises SegdataError at once when another process holds it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SegdataError(
                what,
                found="another process at the same work",
                expected="one at a time",
                fix="Wait for it to end.",
            ) from error
        yield
