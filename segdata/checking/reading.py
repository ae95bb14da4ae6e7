"""Reads every sample of a source once, in threads, and keeps of each what the report needs: numbers and a small picture.

Nothing grows with the size of the photos: pictures go to a folder, and only as many photos as there are threads are
decoded at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segdata.checking.pictures import draw_sample, save_picture
from segdata.conversion import Conversion
from segdata.conversion.sources import set_aside
from segdata.digests import bytes_digest
from segdata.duplicates import FLAT, perceptual_hash
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.sample import Sample

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Seen:
    """What is kept of one photo.

    photo_digest  of its file; "" where it could not be read
    mask_digest   of the mask at the shards' size; "" for a photo that is set aside
    look          perceptual hash; FLAT for a photo that is set aside
    pixels        int64 (C + 1,): mask pixels of each class, ignored ones last; None for a photo that is set aside
    picture       JPEG of photo and mask side by side, or None
    """

    id: str
    split: str
    photo_digest: str
    mask_digest: str = ""
    look: np.uint64 = FLAT
    pixels: NDArray[np.int64] | None = None
    original_hw: tuple[int, int] = (0, 0)
    findings: tuple[Finding, ...] = ()
    picture: Path | None = None


def read_all(
    conversion: Conversion, splits: dict[str, str], pictures: Path, jobs: int, tick: Callable[[], object]
) -> list[Seen]:
    """Every sample of `splits` (id → split), in that order; those that cannot be read carry the reason as finding."""
    colors = conversion.pipeline.source.build_ontology().color_table()

    def read(numbered: tuple[int, str]) -> Seen:
        number, id = numbered
        try:
            digest = conversion.reader.fingerprint(id).photo
        except DataError as error:
            return Seen(id, splits[id], "", findings=(set_aside(error),))
        try:
            sample = conversion.reader.read(id, conversion.resize)
        except DataError as error:
            return Seen(id, splits[id], digest, findings=(set_aside(error),))
        picture = pictures / f"{number}.jpg"
        save_picture(picture, draw_sample(sample, colors))
        return _seen(sample, splits[id], digest, len(conversion.metadata.classes), picture)

    seen = []
    with conversion.digests.in_use(), closing(in_threads(read, enumerate(splits), jobs)) as stream:
        for one in stream:
            seen.append(one)
            tick()
    return seen


def _seen(sample: Sample, split: str, digest: str, num_classes: int, picture: Path) -> Seen:
    counts = np.bincount(sample.mask.ravel(), minlength=256)
    return Seen(
        sample.id,
        split,
        digest,
        bytes_digest(sample.mask.tobytes()),
        perceptual_hash(sample.image),
        np.append(counts[:num_classes], counts[255]).astype(np.int64),
        sample.original_hw,
        sample.findings,
        picture,
    )


def in_threads(work: Callable[[T], R], items: Iterable[T], jobs: int) -> Generator[R]:
    """`work` of every item, in order, with few of them under way. Stopping early leaves nothing running."""
    left = iter(items)
    pool = ThreadPoolExecutor(jobs)

    def submit(item: T) -> Future[R]:
        return pool.submit(copy_context().run, work, item)

    try:
        waiting = [submit(item) for item in islice(left, 4 * jobs)]
        while waiting:
            yield waiting.pop(0).result()
            waiting += [submit(item) for item in islice(left, 1)]
    finally:
        pool.shutdown(cancel_futures=True)
