"""Write one shard: rows gathered in memory (one shard's worth, no more), then one file under its content's name."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segdata.atomic import commit_file, temporary_file
from segdata.blocks import pages
from segdata.digests import bytes_digest, file_digest
from segdata.errors import ShardError
from segdata.ontology import IGNORE_INDEX
from segdata.sample import Image, Mask
from segdata.shards.compressed import write_options
from segdata.shards.schema import SampleRow, SetMetadata, ShardEntry, shard_schema


@contextlib.contextmanager
def room_on_disk(folder: Path) -> Iterator[None]:
    """Raises ShardError, in place of OSError, when a file of the set cannot be written: disk full, no permission."""
    try:
        yield
    except OSError as error:
        raise ShardError(
            str(folder),
            found=f"that it cannot be written ({os.strerror(error.errno) if error.errno else error})",
            expected="room for the new shards beside the old, and permission to write",
            fix="The set is as it was. Make room and run again: it goes on after the last finished shard.",
        ) from error


class ShardWriter:
    """Collects up to `capacity` samples of one split and writes them as one Arrow IPC file.

    The file is named <split>-<first 16 hex digits of its SHA-256>.arrow, so equal samples give equal names and an
    older set beside it stays whole.
    """

    def __init__(self, folder: Path, split: str, metadata: SetMetadata, capacity: int) -> None:
        height, width = metadata.size_hw
        self._folder, self._split, self._metadata = folder, split, metadata
        pixels = capacity * height * width
        self._buffer = _take_buffer(4 * pixels)
        self._images = self._buffer[: 3 * pixels].reshape(capacity, height, width, 3)
        self._masks = self._buffer[3 * pixels : 4 * pixels].reshape(capacity, height, width)
        self._rows: list[SampleRow] = []

    def append(
        self, id: str, image: Image, mask: Mask, digests: tuple[str, str], original_hw: tuple[int, int]
    ) -> SampleRow:
        """Add one sample and return its row; `digests` are those of the photo file and of the annotation.

        Raises ShardError for a mask value that is no class and not 255.
        """
        index = len(self._rows)
        self._images[index], self._masks[index] = image, mask
        image, mask = self._images[index], self._masks[index]
        counts = _histogram(mask)
        num_classes = len(self._metadata.classes)
        stray = np.flatnonzero(counts[num_classes:IGNORE_INDEX])
        if stray.size:
            raise ShardError(
                id,
                found=f"mask value {num_classes + int(stray[0])}",
                expected=f"a class id of 0 to {num_classes - 1}, or {IGNORE_INDEX}",
            )
        values = np.arange(256, dtype=np.int64)
        histograms = [_histogram(image, channel) for channel in range(3)]
        sums = [int(histogram @ values) for histogram in histograms]
        squares = [int(histogram @ values**2) for histogram in histograms]
        made = SampleRow(
            id=id,
            split=self._split,
            shard="",
            row=index,
            photo_digest=digests[0],
            annotation_digest=digests[1],
            image_digest=bytes_digest(image.data),
            mask_digest=bytes_digest(mask.data),
            original_height=original_hw[0],
            original_width=original_hw[1],
            pixels=tuple(counts[:num_classes].tolist()),
            ignored=int(counts[IGNORE_INDEX]),
            sums=(sums[0], sums[1], sums[2]),
            squares=(squares[0], squares[1], squares[2]),
        )
        self._rows.append(made)
        return made

    def keep(self, row: SampleRow, image: Image, mask: Mask) -> None:
        """Add a sample of an older shard whose pixels have the digests of its row: nothing is counted again."""
        index = len(self._rows)
        self._images[index], self._masks[index] = image, mask
        self._rows.append(msgspec.structs.replace(row, split=self._split, shard="", row=index))

    def finish(self) -> tuple[ShardEntry, list[SampleRow]] | None:
        """Write the file and return its entry and rows; None when no sample was added. Nothing can be added any more."""
        try:
            return self._write()
        finally:
            _give_back(self._buffer)
            del self._buffer, self._images, self._masks

    def _write(self) -> tuple[ShardEntry, list[SampleRow]] | None:
        count = len(self._rows)
        if count == 0:
            return None
        schema = shard_schema(self._metadata)
        columns = [
            pa.array([row.id for row in self._rows], pa.utf8()),
            *(
                pa.ExtensionArray.from_storage(
                    schema.field(name).type,
                    pa.FixedSizeListArray.from_arrays(pa.array(pixels[:count].reshape(-1)), pixels[0].size),
                )
                for name, pixels in (("image", self._images), ("mask", self._masks))
            ),
        ]
        batch = pa.record_batch(columns, schema=schema)
        with room_on_disk(self._folder), temporary_file(self._folder) as temporary:
            options = write_options(self._metadata.compression)
            step = (
                count if self._metadata.compression == "none" else 1
            )  # or else reading one sample reads all
            with (
                pa.OSFile(str(temporary), "wb") as sink,
                pa.ipc.new_file(sink, schema, options=options) as writer,
            ):
                for row in range(0, count, step):
                    writer.write_batch(batch.slice(row, step))
            digest = file_digest(temporary)
            name = f"{self._split}-{digest[:16]}.arrow"
            entry = ShardEntry(name, self._split, count, temporary.stat().st_size, digest)
            if not _is_there(
                self._folder / name, entry
            ):  # a file that is right stays, with its links to a cache
                commit_file(temporary, self._folder / name)
        return entry, [msgspec.structs.replace(row, shard=name) for row in self._rows]


def _is_there(path: Path, entry: ShardEntry) -> bool:
    return path.is_file() and path.stat().st_size == entry.bytes and file_digest(path) == entry.digest


def _histogram(pixels: NDArray[np.uint8], channel: int = 0) -> NDArray[np.int64]:
    """How many pixels carry each of 256 values; OpenCV counts four times as fast as numpy, but not beyond 2**24."""
    if pixels.shape[0] * pixels.shape[1] > 1 << 24:
        values = pixels if pixels.ndim == 2 else pixels[..., channel]
        return np.bincount(values.ravel(), minlength=256)
    return cv2.calcHist([pixels], [channel], None, [256], [0, 256]).ravel().astype(np.int64)


_spare = threading.local()
"""The buffer of the shard that a thread wrote last: the next one is spared the page faults, half of what copying costs."""


def _take_buffer(size: int) -> NDArray[np.uint8]:
    """uint8 (size or more,) that nobody else has; a mapping of its own, as malloc keeps what several threads freed."""
    buffer: NDArray[np.uint8] | None = _spare.__dict__.pop("buffer", None)
    if buffer is None or len(buffer) < size:
        buffer = pages(size)
    return buffer


def _give_back(buffer: NDArray[np.uint8]) -> None:
    _spare.buffer = buffer
