"""A bounded local cache of shards that lie elsewhere, shared by any number of processes.

    $SEGDATA_CACHE/                       default ~/.cache/segdata; no more than $SEGDATA_CACHE_GIB (20) in all
        .lock                             held for a moment: who comes, who goes
        sets/6f0c…/                       one folder per address and manifest
            manifest.parquet   origin.json
            train-4be1f07a9c3d5e21.arrow  a shard, whole and of the manifest's digest; versions share it as hard links
            .lease  .fetch                locks: shared while a process uses the set, exclusive while one downloads

What was used longest ago goes first. A set that any process has open stays; so does one that its origin has no longer,
or that cannot be asked: a cache never deletes the only copy. When that leaves too little room, an error says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from segdata.atomic import replace_file
from segdata.digests import file_digest
from segdata.errors import ConfigError, ShardError
from segdata.shards.schema import MANIFEST, ShardEntry

FOLDER, GIB = "SEGDATA_CACHE", "SEGDATA_CACHE_GIB"
DEFAULT_GIB = 20.0
DOWNLOADS = 4
"""Files that travel at a time."""
KEY = re.compile(r"[0-9a-f]{32}")


class Origin(msgspec.Struct, frozen=True):
    """Where a cached set came from; shards: name → bytes."""

    url: str
    shards: dict[str, int]


class Lease:
    """Keeps a set in the cache for as long as the object lives, in this process or where it was pickled to."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._handle = os.open(place / ".lease", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(self._handle, fcntl.LOCK_SH)
        os.utime(self._handle)

    def __reduce__(self) -> tuple[type[Lease], tuple[Path]]:
        return Lease, (self.place,)

    def __del__(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.close(self._handle)  # which lets go of the lock


@dataclass(frozen=True)
class ShardCache:
    """folder, and bound in bytes; has_origin(Origin) says whether all shards still lie where they came from."""

    folder: Path
    bound: int
    has_origin: Callable[[Origin], bool]

    @classmethod
    def from_environment(cls, has_origin: Callable[[Origin], bool]) -> ShardCache:
        """$SEGDATA_CACHE and $SEGDATA_CACHE_GIB. Raises ConfigError for a bound that is no positive number."""
        folder = os.environ.get(FOLDER) or Path.home() / ".cache" / "segdata"
        stated = os.environ.get(GIB) or str(DEFAULT_GIB)
        try:
            bound = int(float(stated) * 2**30)
        except (ValueError, OverflowError):
            bound = 0
        if bound <= 0:
            raise ConfigError(GIB, found=repr(stated), expected="a positive number of GiB")
        return cls(Path(folder).expanduser().resolve(), bound, has_origin)

    def enter(self, key: str, manifest: bytes, origin: Origin) -> Lease:
        """The place of a set, with its manifest, kept while the lease lives."""
        assert KEY.fullmatch(key)
        place = self.folder / "sets" / key
        with _locked(self.folder / ".lock"):
            if not place.is_dir():
                self._make_room(len(manifest))
            place.mkdir(parents=True, exist_ok=True)
            for name, data in ((MANIFEST, manifest), ("origin.json", msgspec.json.encode(origin))):
                if not (place / name).is_file() or (place / name).read_bytes() != data:
                    with replace_file(place / name) as temporary:
                        temporary.write_bytes(data)
            return Lease(place)

    def fetch(
        self, place: Path, entries: Sequence[ShardEntry], download: Callable[[ShardEntry, Path], None]
    ) -> None:
        """Have these shards in `place`, whole and of their digest; download(entry, path) fills a file.

        Raises ShardError when there is no room, or when what came is not what the manifest says.
        """
        with _locked(place / ".fetch"):  # others that want this set wait here, and then find it
            for stale in place.glob("*.partial"):
                stale.unlink()
            missing = [entry for entry in entries if not _has_size(place / entry.name, entry)]
            partial = {entry: place / f"{entry.name}.partial" for entry in missing}
            try:
                with _locked(self.folder / ".lock"):
                    absent = [entry for entry in missing if not self._link(entry, partial[entry])]
                    self._make_room(sum(entry.bytes for entry in absent))
                    for entry in absent:  # what is to come counts already
                        with partial[entry].open("wb") as file:
                            file.truncate(entry.bytes)
                with ThreadPoolExecutor(DOWNLOADS) as pool:
                    for _ in pool.map(lambda entry: download(entry, partial[entry]), absent):
                        pass
                for entry in missing:
                    _check(entry, partial[entry])
                    partial[entry].replace(place / entry.name)
            finally:
                for path in partial.values():
                    path.unlink(missing_ok=True)

    def _link(self, entry: ShardEntry, to: Path) -> bool:
        """Another version of the set may have the same shard."""
        for path in (self.folder / "sets").glob(f"*/{entry.name}"):
            if _has_size(path, entry):
                with contextlib.suppress(OSError):  # a file system without hard links: it travels again
                    os.link(path, to)
                    return True
        return False

    def _make_room(self, needed: int) -> None:
        """Drop sets, the least recently used first, until `needed` bytes fit. The lock must be held."""
        kept: list[str] = []
        for place in sorted(self._places(), key=lambda place: _used(place)):
            if self.bytes() + needed <= self.bound:
                return
            reason = self._drop(place)
            if reason:
                kept.append(reason)
        taken = self.bytes()
        if taken + needed > self.bound:
            why = f" ({'; '.join(kept)})" if kept else ""
            raise ShardError(
                str(self.folder),
                found=f"{_mib(needed)} more to keep, and {_mib(taken)} that must stay{why}",
                expected=f"no more than {_mib(self.bound)} in all",
                fix=f"Raise {GIB}, or name another folder in {FOLDER}.",
            )

    def _drop(self, place: Path) -> str:
        """Delete a set that nobody uses and that its origin still has; otherwise say why it stays."""
        with (place / ".lease").open("a") as lease:
            try:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return f"{place.name[:8]} is in use"
            try:
                origin = msgspec.json.decode((place / "origin.json").read_bytes(), type=Origin)
            except (OSError, msgspec.MsgspecError):
                return f"{place.name[:8]} does not say where it came from"
            if not self.has_origin(origin):
                return f"{origin.url} has it no longer, or cannot be asked"
            shutil.rmtree(place)
            return ""

    def _places(self) -> Iterator[Path]:
        """Folders that this cache made, and no others."""
        for place in (self.folder / "sets").glob("*"):
            if KEY.fullmatch(place.name) and place.is_dir() and not place.is_symlink():
                yield place

    def bytes(self) -> int:
        """All that the cache holds, shards shared by several versions counted once."""
        files = {}
        for place in self._places():
            for path in place.iterdir():
                with contextlib.suppress(FileNotFoundError):  # a download of another process ended just now
                    status = path.stat()
                    files[status.st_dev, status.st_ino] = status.st_size
        return sum(files.values())


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _has_size(path: Path, entry: ShardEntry) -> bool:
    return path.is_file() and path.stat().st_size == entry.bytes


def _used(place: Path) -> int:
    lease = place / ".lease"
    return lease.stat().st_mtime_ns if lease.is_file() else 0


def _check(entry: ShardEntry, path: Path) -> None:
    digest = file_digest(path)
    if digest != entry.digest:
        raise ShardError(
            entry.name,
            found=f"bytes of digest {digest[:16]}",
            expected=f"{entry.digest[:16]}, as the manifest says",
            fix="It was damaged on its way or at its origin: try again, or segdata verify there.",
        )


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
