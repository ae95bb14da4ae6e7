"""Shards that are kept compressed (`shards.compression: zstd`): a record batch per sample, so that one can be read alone.

Any Arrow library opens them as it opens the others. Less of the disk is taken, most of all by masks; each sample is
decompressed anew every time it is read, which costs most of the speed of mapped shards (benchmarks/README.md).
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segdata.errors import ShardError


def write_options(compression: str) -> Any:
    """How Arrow writes a shard; the same level always, as equal samples must give equal bytes."""
    if compression == "none":
        return pa.ipc.IpcWriteOptions()
    return pa.ipc.IpcWriteOptions(compression=pa.Codec(compression, compression_level=3))


class CompressedRows:
    """One tensor column of a compressed shard: `rows[3]` is uint8 (H, W, 3) or (H, W), decompressed at that moment.

    Threads may share it: each reads through a file of its own.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, path: Path, column: int, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self._path, self._column = path, column
        self._files = threading.local()

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, row: int) -> NDArray[np.uint8]:
        """Raises ShardError for bytes that cannot be decompressed, or are another sample's worth."""
        try:
            if not hasattr(self._files, "file"):
                options = pa.ipc.IpcReadOptions(included_fields=[self._column], use_threads=False)
                self._files.file = pa.ipc.open_file(pa.memory_map(str(self._path)), options=options)
            batch = self._files.file.get_batch(row)
            batch.validate()
            pixels: NDArray[np.uint8] = batch.column(0).to_numpy_ndarray()
        except (pa.ArrowException, OSError, AttributeError, ValueError) as error:
            raise self._damaged(row, str(error)) from error
        if pixels.shape != (1, *self.shape[1:]):
            raise self._damaged(row, f"pixels of shape {pixels.shape}")
        only: NDArray[np.uint8] = pixels[0]
        return only

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.uint8]:
        return np.stack([self[row] for row in range(len(self))])

    def _damaged(self, row: int, found: str) -> ShardError:
        return ShardError(
            str(self._path),
            place=f"row {row}",
            found=f"a damaged shard ({found})",
            expected="compressed pixels",
            fix="Mend it with segdata repair, or dvc checkout.",
        )


Rows = NDArray[np.uint8] | CompressedRows
"""A column of a shard: views of the mapped file, or what decompresses a row at a time."""
