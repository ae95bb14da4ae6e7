"""Open a shard set: files are memory-mapped, pixels are copied only when a batch is gathered. No torch needed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segdata.digests import file_digest
from segdata.errors import ShardError, nearest
from segdata.ontology import Ontology
from segdata.sample import Image, Mask
from segdata.shards.compressed import CompressedRows, Rows
from segdata.shards.manifest import MEND, Manifest, check_version, read_manifest
from segdata.shards.schema import MANIFEST, METADATA_KEY, SampleRow, SetMetadata, ShardEntry, Statistics
from segdata.shards.statistics import sum_statistics
from segdata.shards.window import Window
from segdata.wording import counted


def shard_metadata(folder: Path, entry: ShardEntry) -> SetMetadata:
    """What a shard says of its set. Raises ShardError when it is absent, damaged, or of a newer format."""
    return _open_file(folder / entry.name, entry)[1]


def shard_ids(folder: Path, entry: ShardEntry) -> list[str]:
    """Ids in the order of the rows. Raises ShardError."""
    path = folder / entry.name
    _open_file(path, entry)
    try:
        options = pa.ipc.IpcReadOptions(included_fields=[0])
        table = pa.ipc.open_file(pa.memory_map(str(path)), options=options).read_all()
        table.validate(full=True)
        ids: list[str] = table["id"].to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(path, error) from error
    if len(ids) != entry.rows:
        raise ShardError(str(path), found=counted(len(ids), "row"), expected=f"{entry.rows}", fix=MEND)
    return ids


def _open_file(path: Path, entry: ShardEntry) -> tuple[Any, SetMetadata]:
    """The mapped file and what stands in its metadata; its columns and rows are those of a shard."""
    try:
        file = pa.ipc.open_file(pa.memory_map(str(path)))
        encoded = file.schema.metadata[METADATA_KEY]
        check_version(path, encoded)
        metadata = msgspec.json.decode(encoded, type=SetMetadata)
        rows = file.num_record_batches
        if metadata.compression == "none":
            batch = file.get_batch(0)
            batch.validate()
            rows = batch.num_rows
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, msgspec.MsgspecError) as error:
        raise _damaged(path, error) from error
    if file.schema.names != ["id", "image", "mask"]:
        found = f"columns {', '.join(file.schema.names)!a}"
        raise ShardError(str(path), found=found, expected="id, image and mask", fix=MEND)
    if rows != entry.rows:
        raise ShardError(str(path), found=counted(rows, "row"), expected=f"{entry.rows}", fix=MEND)
    return file, metadata


def map_shard(folder: Path, entry: ShardEntry) -> tuple[Rows, Rows]:
    """Images uint8 (N, H, W, 3) and masks uint8 (N, H, W) as views of the mapped file. Raises ShardError.

    Of a compressed shard, what decompresses one row at a time.
    """
    path = folder / entry.name
    file, metadata = _open_file(path, entry)
    if metadata.compression != "none":
        height, width = metadata.size_hw
        images = CompressedRows(path, 1, (entry.rows, height, width, 3))
        return images, CompressedRows(path, 2, (entry.rows, height, width))
    try:
        batch = file.get_batch(0)
        return batch.column("image").to_numpy_ndarray(), batch.column("mask").to_numpy_ndarray()
    except (pa.ArrowException, AttributeError, ValueError) as error:  # no tensors any more
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ShardError:
    return ShardError(str(path), found=f"a damaged shard ({error})", expected="an Arrow IPC file", fix=MEND)


class ShardSet:
    """A finished shard set, entered through its manifest.

    Opening checks that every shard file is there and has its size; it does not read the bytes.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def open(cls, folder: Path) -> ShardSet:
        """Raises ShardError when the set is absent, damaged, or of another format version."""
        manifest = read_manifest(folder)
        for entry in manifest.metadata.shards:
            path = folder / entry.name
            size = path.stat().st_size if path.is_file() else None
            if size != entry.bytes:
                raise ShardError(
                    str(path),
                    found="no such file" if size is None else f"{size} bytes",
                    expected=f"{entry.bytes} bytes",
                    fix=MEND,
                )
        return cls(folder, manifest)

    @cached_property
    def ontology(self) -> Ontology:
        return self.manifest.metadata.ontology()

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.manifest.metadata.size_hw

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """Splits that hold at least one sample, in the order train, val, test."""
        present = {row.split for row in self.manifest.rows}
        return tuple(split for split in ("train", "val", "test") if split in present)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the manifest, which names the digest of every shard: it changes iff the contents do."""
        return file_digest(self.folder / MANIFEST)

    def split(self, name: str) -> ShardSplit:
        """Raises ShardError for a split without samples."""
        if name not in self.splits:
            raise ShardError(
                str(self.folder),
                found=f"no samples in split {name!r}",
                expected=nearest(name, self.splits),
                fix="Look at source.splits in the pipeline file, and at the check report for what was set aside.",
            )
        entries = [entry for entry in self.manifest.metadata.shards if entry.split == name]
        return ShardSplit(self.folder, entries, self.manifest.split_rows([name]), self.size_hw)

    def statistics(self, splits: Sequence[str]) -> Statistics:
        """Pixel counts, mean and standard deviation over some splits, exact."""
        return sum_statistics(self.manifest.split_rows(splits), self.manifest.metadata)


class ShardSplit:
    """The samples of one split, in id order, as arrays over mapped files.

    Threads may share it. Pickling it (for worker processes) opens the files anew on the other side.
    """

    def __init__(
        self, folder: Path, entries: Sequence[ShardEntry], rows: Sequence[SampleRow], size_hw: tuple[int, int]
    ) -> None:
        self.folder, self.entries, self.rows, self.size_hw = folder, tuple(entries), tuple(rows), size_hw
        self._starts = np.cumsum([0, *(entry.rows for entry in self.entries)])

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_mapped", "_windows")}

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        return tuple(row.id for row in self.rows)

    @cached_property
    def _mapped(self) -> list[tuple[Rows, Rows]]:
        return [map_shard(self.folder, entry) for entry in self.entries]

    @cached_property
    def _windows(self) -> list[Window]:
        return [Window([mapped[column] for mapped in self._mapped]) for column in (0, 1)]

    def _gather(self, column: int, indices: Sequence[int] | NDArray[np.int64]) -> NDArray[np.uint8]:
        wanted = np.asarray(indices, np.int64)
        if wanted.size and wanted.view(np.uint64).max() >= len(self):  # negative ones are the largest so
            raise IndexError(f"sample index outside 0 … {len(self) - 1}")
        return self._windows[column].rows(wanted)

    def images(self, indices: Sequence[int] | NDArray[np.int64]) -> NDArray[np.uint8]:
        """uint8 (N, H, W, 3) RGB, a copy."""
        return self._gather(0, indices)

    def masks(self, indices: Sequence[int] | NDArray[np.int64]) -> NDArray[np.uint8]:
        """uint8 (N, H, W) class ids, 255 = ignore, a copy."""
        return self._gather(1, indices)

    def image_at(self, index: int) -> Image:
        """uint8 (H, W, 3) RGB: a read-only view of the mapped file."""
        return self._view(0, index)

    def mask_at(self, index: int) -> Mask:
        """uint8 (H, W): a read-only view of the mapped file."""
        return self._view(1, index)

    def _view(self, column: int, index: int) -> NDArray[np.uint8]:
        if not 0 <= index < len(self):
            raise IndexError(f"sample index {index} outside 0 … {len(self) - 1}")
        shard = int(np.searchsorted(self._starts, index, side="right")) - 1
        pixels: NDArray[np.uint8] = self._mapped[shard][column][index - int(self._starts[shard])]
        return pixels
