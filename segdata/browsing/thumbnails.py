"""Small pictures, made once: a cache of JPEG files that never grows beyond a bound.

    .segdata/thumbnails/3f/3fa0…c2.jpg       named by all that the picture was made from

A picture's name is the digest of its pixels' digests and of how it was drawn, so one that lies there is right whatever
happened to the shard set since, and a photo that moves to another shard keeps its own. What was not looked at for the
longest time goes first. Losing the folder costs time, nothing else.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from segdata.digests import value_digest

MOST_BYTES = 512 * 2**20
"""About 100,000 thumbnails."""

_TIDY_AFTER = 16 * 2**20
_TOUCH_AFTER_SECONDS = 86_400
_JPEG_END = b"\xff\xd9"


class Thumbnails:
    """JPEG files by key, in a folder of their own. Threads and processes may share it."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._written = _TIDY_AFTER  # so that the first one written tidies up
        self._lock = threading.Lock()

    def get(self, key: object, make: Callable[[], bytes]) -> bytes:
        """The JPEG of a key (a value that JSON can hold), made where it is not there."""
        path = self._path(key)
        kept = self._read(path)
        if kept is not None:
            return kept
        made = make()
        with contextlib.suppress(OSError):  # a full disk costs the cache, not the picture
            self._write(path, made)
        return made

    def _path(self, key: object) -> Path:
        name = value_digest(key)[:40]
        return self._folder / name[:2] / f"{name}.jpg"

    def _read(self, path: Path) -> bytes | None:
        try:
            content = path.read_bytes()
            if not content.endswith(_JPEG_END):  # cut short when the machine went down
                return None
            if time.time() - path.stat().st_mtime > _TOUCH_AFTER_SECONDS:
                os.utime(path)
        except OSError:
            return None
        return content

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.partial")
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        with self._lock:
            self._written += len(content)
            is_time = self._written >= min(_TIDY_AFTER, self._most_bytes // 8)
            self._written = 0 if is_time else self._written
        if is_time:
            self._tidy()

    def _tidy(self) -> None:
        """Remove the files that were not looked at for the longest time, down to nine tenths of the bound."""
        files = []
        for path in self._folder.glob("??/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                files.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in files)
        if total <= self._most_bytes:
            return
        for _, size, path in sorted(files, key=lambda file: file[:2]):
            path.unlink(missing_ok=True)
            total -= size
            if total <= self._most_bytes * 0.9:
                break
