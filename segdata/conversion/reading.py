"""Photos of a conversion read by several threads, and handed over in order, so that what is made does not depend on them.

A set of 200 phone photos at 96x128 is one or two shards; were shards all that runs side by side, six of eight cores
would look on. So the threads read photos, for whichever shards are being made.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from segdata.conversion.plan import SampleTask
from segdata.conversion.previous import Kept, PreviousSet
from segdata.conversion.sources import set_aside
from segdata.digest_cache import NotRememberedError, reading_nothing
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import Fingerprint, Reader
from segdata.memory import share_freed_memory
from segdata.photo import Resize
from segdata.sample import Sample

T = TypeVar("T")
R = TypeVar("R")

WAITING_BYTES = 1 << 24
"""What was read and waits for its place in a shard takes so much room at most, if that is two photos or more."""


class Reading:
    """Reads what a plan and its shards need; `threads` at a time, 1: in the caller's own thread."""

    def __init__(self, reader: Reader, previous: PreviousSet, resize: Resize, threads: int) -> None:
        self._reader, self._previous, self._resize, self._threads = reader, previous, resize, threads
        share_freed_memory()
        self._pool = ThreadPoolExecutor(threads, "segdata-read") if threads > 1 else None

    def fingerprints(self, ids: Sequence[str]) -> list[Fingerprint | Finding]:
        """The fingerprint of each sample, or why there is none.

        Most are but a look at a file's times, at which several threads would only be in each other's way; those for
        which a file must be read are left to them. (Photos inside an annotation file have no times: they are decoded
        and digested here.)
        """
        return self._remembered(self._fingerprint, ids)

    def check_shards(self) -> None:
        """Find out which files of the old set are what its manifest states; those that changed of late are read."""
        self._remembered(self._previous.is_sound, self._previous.entries)

    def _remembered(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """work(item) of each: at once where the digest cache knows all that it asks for, else by the threads."""
        made: dict[int, R] = {}
        with reading_nothing():
            for place, item in enumerate(items):
                with contextlib.suppress(NotRememberedError):
                    made[place] = work(item)
        rest = [place for place in range(len(items)) if place not in made]
        read = done_ahead(self._pool, work, [items[place] for place in rest], 4 * self._threads)
        made |= zip(rest, read, strict=True)
        return [made[place] for place in range(len(items))]

    def _fingerprint(self, id: str) -> Fingerprint | Finding:
        try:
            return self._reader.fingerprint(id)
        except DataError as error:
            return set_aside(error)

    def samples(self, tasks: Sequence[SampleTask]) -> Iterator[Kept | Sample | Finding]:
        """Of each sample the row of an older shard that still holds, or the sample made anew, or why there is none.

        What is kept is copied by the thread that asks: that takes too little time to be worth handing over.
        """
        height, width = self._resize.size_hw
        most = max(2, min(self._threads, WAITING_BYTES // (height * width * 4)))
        changed = [task for task in tasks if not self._previous.holds(task)]
        read = done_ahead(self._pool, self._read, changed, most)
        names = {task.id for task in changed}
        for task in tasks:
            if task.id in names:
                yield next(read)
            else:
                yield self._previous.kept(task, self._resize.size_hw) or self._read(task)

    def _read(self, task: SampleTask) -> Sample | Finding:
        try:
            return self._reader.read(task.id, self._resize)
        except DataError as error:
            return set_aside(error)


def done_ahead(pool: Executor | None, work: Callable[[T], R], items: Iterable[T], most: int) -> Iterator[R]:
    """work(item) of each item, in order; `most` of them are under way or wait at a time.

    Runs in threads of `pool`, in the context of this call; without one, in the caller's thread when it asks.
    """
    if pool is None:
        yield from map(work, items)
        return
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(copy_context().run, work, item))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
