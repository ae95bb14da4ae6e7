"""The manifest: the one door into a shard set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import GenericAlias
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from segdata.atomic import replace_file
from segdata.digests import bytes_digest
from segdata.errors import ShardError
from segdata.shards.schema import (
    FORMAT_VERSION,
    MANIFEST,
    MANIFEST_FIELDS,
    METADATA_KEY,
    SampleRow,
    SetMetadata,
)

MEND = "Mend it with segdata repair, or dvc checkout."


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


_DIGEST_KEY = METADATA_KEY + b".sha256"


class _Version(msgspec.Struct):
    format_version: int


def check_version(path: Path, encoded: bytes) -> None:
    """Raises ShardError for set metadata of another format version, whatever else it says."""
    version = msgspec.json.decode(encoded, type=_Version).format_version
    if version != FORMAT_VERSION:
        raise ShardError(
            str(path),
            found=f"format version {version}",
            expected=f"version {FORMAT_VERSION}",
            fix="Use the segdata that wrote the set, or a newer one."
            if version > FORMAT_VERSION
            else "Convert again with this segdata, or use the segdata that wrote the set.",
        )


def refuse_newer(folder: Path) -> None:
    """Raises ShardError for a set of a newer format, which a conversion would replace by an older one."""
    path = folder / MANIFEST
    try:
        encoded = (pq.read_schema(path).metadata or {})[METADATA_KEY]
        version = msgspec.json.decode(encoded, type=_Version).format_version
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, msgspec.MsgspecError):
        return  # nothing there, or nothing that can be read
    if version > FORMAT_VERSION:
        raise ShardError(
            str(path),
            found=f"format version {version}",
            expected=f"version {FORMAT_VERSION} or older",
            fix="Use the segdata that wrote the set, or a newer one; or remove the folder to make it anew in this form.",
        )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.parquet under a temporary name, then rename: readers see the old set or the new one."""
    columns = {field.name: [getattr(row, field.name) for row in manifest.rows] for field in MANIFEST_FIELDS}
    encoded = manifest.metadata.encoded()
    digest = bytes_digest(encoded[METADATA_KEY]).encode()  # page checksums cover the rows alone
    schema = MANIFEST_FIELDS.with_metadata(encoded | {_DIGEST_KEY: digest})
    table = pa.table(columns, schema=schema)
    with replace_file(folder / MANIFEST) as temporary:
        pq.write_table(table, temporary, compression="zstd", store_schema=True, write_page_checksum=True)


def _rows(table: Any) -> tuple[SampleRow, ...]:
    """The rows of a table, checked and taken over column by column: a dict for each would cost four times as much."""
    fields = msgspec.structs.fields(SampleRow)
    columns = [
        msgspec.convert(table[field.name].to_pylist(), GenericAlias(list, field.type)) for field in fields
    ]
    return tuple(map(SampleRow, *columns))


def read_manifest(folder: Path) -> Manifest:
    """Read manifest.parquet. Raises ShardError when it is absent, damaged, or of another format version."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ShardError(
            str(folder),
            found=f"no {MANIFEST}",
            expected="a finished shard set",
            fix="Run segdata convert NAME (dvc repro does, where params.yaml lists the pipeline), or dvc pull if the set "
            "lies on a remote.",
        )
    try:
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
        encoded = table.schema.metadata[METADATA_KEY]
        check_version(path, encoded)
        if table.schema.metadata.get(_DIGEST_KEY, b"").decode() != bytes_digest(encoded):
            raise ValueError("its metadata do not have the digest that stands beside them")
        metadata = msgspec.json.decode(encoded, type=SetMetadata)
        rows = _rows(table)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, msgspec.MsgspecError) as error:
        raise ShardError(
            str(path),
            found=f"a damaged manifest ({error})",
            expected="one written by segdata",
            fix="Convert again, or dvc checkout.",
        ) from error
    counted = Counter((row.shard, row.split) for row in rows)
    if counted != {(entry.name, entry.split): entry.rows for entry in metadata.shards}:
        raise ShardError(
            str(path),
            found="a damaged manifest (samples and shards that do not match)",
            expected="one written by segdata",
            fix="Convert again, or dvc checkout.",
        )
    return Manifest(metadata, rows)
