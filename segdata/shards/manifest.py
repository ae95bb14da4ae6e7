"""The manifest: the one door into a shard set, and the sums that statistics are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from segdata.atomic import replace_file
from segdata.errors import ShardError
from segdata.shards.schema import (
    FORMAT_VERSION,
    MANIFEST,
    MANIFEST_FIELDS,
    METADATA_KEY,
    SampleRow,
    SetMetadata,
    Statistics,
)


@dataclass(frozen=True)
class Manifest:
    """Set metadata with its shard entries, and one row per sample in (split, id) order."""

    metadata: SetMetadata
    rows: tuple[SampleRow, ...]

    @cached_property
    def by_id(self) -> dict[str, SampleRow]:
        return {row.id: row for row in self.rows}

    def split_rows(self, splits: Sequence[str]) -> list[SampleRow]:
        return [row for row in self.rows if row.split in splits]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.parquet under a temporary name, then rename: readers see the old set or the new one."""
    columns = {field.name: [getattr(row, field.name) for row in manifest.rows] for field in MANIFEST_FIELDS}
    schema = MANIFEST_FIELDS.with_metadata(manifest.metadata.encoded())
    table = pa.table(columns, schema=schema)
    with replace_file(folder / MANIFEST) as temporary:
        pq.write_table(table, temporary, compression="zstd", store_schema=True)


def read_manifest(folder: Path) -> Manifest:
    """Read manifest.parquet. Raises ShardError when it is absent, damaged, or of another format version."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ShardError(
            str(folder),
            found=f"no {MANIFEST}",
            expected="a finished shard set",
            fix="Run dvc repro, or dvc pull if the set lies on a remote.",
        )
    try:
        table = pq.ParquetFile(path).read()
        metadata = msgspec.json.decode(table.schema.metadata[METADATA_KEY], type=SetMetadata)
        if metadata.format_version == FORMAT_VERSION:
            rows = tuple(msgspec.convert(row, SampleRow) for row in table.to_pylist())
    except (pa.ArrowException, OSError, KeyError, TypeError, msgspec.MsgspecError) as error:
        raise ShardError(
            str(path), found=f"a damaged manifest ({error})", expected="one written by segdata"
        ) from error
    if metadata.format_version != FORMAT_VERSION:
        raise ShardError(
            str(path),
            found=f"format version {metadata.format_version}",
            expected=f"version {FORMAT_VERSION}",
            fix="Convert again with this segdata, or use the segdata that wrote the set.",
        )
    return Manifest(metadata, rows)


def sum_statistics(rows: Sequence[SampleRow], metadata: SetMetadata) -> Statistics:
    """Add up rows in exact integers; mean and standard deviation follow from the sums, whatever the order."""
    num_classes = len(metadata.classes)
    pixels = np.zeros(num_classes, np.int64)
    ignored = 0
    sums, squares = [0, 0, 0], [0, 0, 0]
    for row in rows:
        pixels += np.asarray(row.pixels, np.int64)
        ignored += row.ignored
        for channel in range(3):
            sums[channel] += row.sums[channel]
            squares[channel] += row.squares[channel]
    count = len(rows) * metadata.size_hw[0] * metadata.size_hw[1]
    if count == 0:
        return Statistics(pixels, ignored, np.full(3, np.nan), np.full(3, np.nan))
    mean = np.array([total / count / 255 for total in sums])
    variance = [
        (count * square - total * total) / (count * 255) ** 2
        for total, square in zip(sums, squares, strict=True)
    ]
    return Statistics(pixels, ignored, mean, np.sqrt(variance))
