"""Digests of files that did not change since they were last read, so that a plan with nothing new reads no photo.

    .segdata/digests/sample-via     3fb1…                                              SHA-256 of all that follows
                                    {"…/photos/IMG_0001.jpg": [20311, 1763…, 5512, 1763…, "9a1c…"], …}

A file counts as unchanged while size, modification time, inode and time of its last status change are the same. As
in git, one that changed less than two seconds before it was read is not remembered: the clock of a file system may
tick too slowly to show a second change. The file is replaced whole, so that conversions side by side cannot garble
it, and one that does not have the digest it states is thrown away. Losing it costs time, nothing else.

>>> with DigestCache(Path(".segdata/digests/sample-via")).in_use():
...     remembered_digest(Path("data/raw/sample-via/photos/IMG_0001.jpg"))
'9a1c…'
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import msgspec

from segdata.atomic import replace_scratch
from segdata.digests import bytes_digest, file_digest

RACY_NS = 2_000_000_000
"""A file that changed less than this before it was read may change again without looking different."""


class _Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    size: int
    modified_ns: int
    inode: int
    changed_ns: int
    digest: str

    def holds_for(self, status: os.stat_result) -> bool:
        return (self.size, self.modified_ns, self.inode, self.changed_ns) == _look(status)


def _look(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns


class NotRememberedError(Exception):
    """A digest for which a file would have to be read, where none is to be read."""


@dataclass
class _Use:
    """One use of the cache: what it knew at the start, what was asked since, and whether files may be read for it."""

    known: dict[str, _Entry]
    asked: dict[str, _Entry]
    reads: bool = True

    def digest(self, path: Path | str) -> str:
        name = os.fsencode(path).decode(errors="backslashreplace")  # JSON takes no stray bytes
        status = os.stat(path)
        entry = self.asked.get(name) or self.known.get(name)
        if entry is None or not entry.holds_for(status):
            if not self.reads:
                raise NotRememberedError
            read_at_ns = time.time_ns()
            entry = _Entry(*_look(status), file_digest(Path(path)))
            is_racy = read_at_ns - max(status.st_mtime_ns, status.st_ctime_ns) < RACY_NS
            if is_racy or not entry.holds_for(os.stat(path)):
                return entry.digest
        self.asked[name] = entry
        return entry.digest


_in_use: ContextVar[_Use | None] = ContextVar("digest_cache", default=None)


def remembered_digest(path: Path | str) -> str:
    """SHA-256 of a file's bytes, from the cache that is in use around this call if it knows the file."""
    use = _in_use.get()
    return file_digest(Path(path)) if use is None else use.digest(path)


@contextlib.contextmanager
def reading_nothing() -> Iterator[None]:
    """Let `remembered_digest` raise NotRememberedError for what is not in the cache, in all threads that use it.

    Without a cache in use, everything is read as ever.
    """
    use = _in_use.get()
    if use is None:
        yield
        return
    use.reads = False
    try:
        yield
    finally:
        use.reads = True


@dataclass(frozen=True)
class DigestCache:
    """A file of digests, read at the start of a use and replaced at its end."""

    path: Path

    @contextlib.contextmanager
    def in_use(self, *, verify: bool = False) -> Iterator[None]:
        """Let `remembered_digest` use this cache in the block; with `verify`, every file is read again.

        What nobody asked for in a block that ends well is forgotten.
        """
        known = self._read()
        use = _Use({} if verify else known, {})
        token = _in_use.set(use)
        kept = known
        try:
            yield
            kept = {}
        finally:
            _in_use.reset(token)
            entries = kept | use.asked
            if entries != known:
                self._write(entries)

    def _read(self) -> dict[str, _Entry]:
        try:
            stated, _, body = self.path.read_bytes().partition(b"\n")
            if stated.decode("ascii", "replace") == bytes_digest(body):
                return msgspec.json.decode(body, type=dict[str, _Entry])
        except (OSError, msgspec.MsgspecError):
            pass
        return {}

    def _write(self, entries: dict[str, _Entry]) -> None:
        body = msgspec.json.encode(entries)
        with contextlib.suppress(OSError), replace_scratch(self.path) as temporary:
            temporary.write_bytes(bytes_digest(body).encode() + b"\n" + body)
