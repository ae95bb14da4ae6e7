"""What must be converted, and why: every sample has a key, and an unchanged key means the old row still holds."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

import segdata
from segdata.atomic import replace_file
from segdata.digests import source_digest, value_digest
from segdata.findings import Finding
from segdata.formats import Fingerprint, format_file, format_parts
from segdata.pipeline import Pipeline
from segdata.shards.schema import FORMAT_VERSION, SampleRow, ShardEntry

CODE = (
    "jpeg.py",
    "photo.py",
    "rasterize.py",
    "label_map.py",
    "ontology.py",
    "sample.py",
    "formats/__init__.py",
)
"""Code besides the format's own file that decides what a sample's pixels are."""

LIBRARIES = (
    "cityscapesscripts",
    "mat-io",
    "numpy",
    "opencv-python",
    "opencv-python-headless",
    "pillow",
    "pyarrow",
    "pycocotools",
    "scipy",
    "simplejpeg",
)
"""Packages whose version may change a pixel or a byte."""


class SampleTask(msgspec.Struct, frozen=True):
    """One sample to place: its id, its fingerprint, and the key of all that shapes it."""

    id: str
    fingerprint: Fingerprint
    key: str


class ShardTask(msgspec.Struct, frozen=True):
    """One shard to write: its split and its samples in id order."""

    split: str
    samples: tuple[SampleTask, ...]


class ConversionPlan(msgspec.Struct, frozen=True):
    """Every shard of the set, and what was doubtful or set aside before any photo was opened."""

    tasks: tuple[ShardTask, ...]
    findings: tuple[Finding, ...]


class ShardResult(msgspec.Struct, frozen=True):
    """What became of one task: the shard (None when no sample survived), its rows, and each sample's record."""

    shard: ShardEntry | None
    rows: tuple[SampleRow, ...]
    records: tuple[SampleRecord, ...]
    converted: int
    reused: int


class SampleRecord(msgspec.Struct, frozen=True):
    """Why a sample is as it is; kept beside the shard set so that the next run can tell what changed.

    image_digest and mask_digest are empty for a sample that was set aside.
    """

    id: str
    key: str
    image_digest: str
    mask_digest: str
    findings: tuple[Finding, ...]


def settings_digest(pipeline: Pipeline) -> str:
    """Digest of everything but the sample's own files that shapes its pixels: settings, code and decoders."""
    folder = Path(segdata.__file__).parent
    own = format_file(pipeline.source.format)
    code = [folder / name for name in CODE] + [own, *format_parts(pipeline.source.format)]
    source = pipeline.source
    return value_digest(
        {
            "format_version": FORMAT_VERSION,
            "size_hw": pipeline.shards.size_hw,
            "photo": pipeline.shards.photo,
            "exact": pipeline.shards.exact,
            "format": source.format,
            "ontology": list(source.ontology.items())
            if isinstance(source.ontology, dict)
            else source.ontology,
            "label_map": sorted(
                (str(type(name)), str(name), to) for name, to in (source.label_map or {}).items()
            ),
            "exif": source.exif,
            "unlabelled": source.unlabelled,
            "unannotated": source.unannotated,
            "options": source.options,
            "code": source_digest(code),
            "libraries": [_version(name) for name in LIBRARIES],
        }
    )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


_FIELDS = pa.schema([(name, pa.utf8()) for name in ("id", "key", "image_digest", "mask_digest", "findings")])


def write_records(path: Path, records: list[SampleRecord]) -> None:
    """Write the record file (Parquet, sorted by id), whole or not at all."""
    rows = sorted(records, key=lambda record: record.id)
    columns = {name: [getattr(row, name) for row in rows] for name in _FIELDS.names if name != "findings"}
    columns["findings"] = [msgspec.json.encode(row.findings).decode() for row in rows]
    with replace_file(path) as temporary:
        pq.write_table(
            pa.table(columns, schema=_FIELDS), temporary, compression="zstd", write_page_checksum=True
        )


def read_records(path: Path) -> dict[str, SampleRecord]:
    """Records by id; empty when there are none, or none that can be read (then all is converted again)."""
    try:
        rows = pq.ParquetFile(path, page_checksum_verification=True).read().to_pylist()
        records = [
            SampleRecord(
                row["id"],
                row["key"],
                row["image_digest"],
                row["mask_digest"],
                msgspec.json.decode(row["findings"], type=tuple[Finding, ...]),
            )
            for row in rows
        ]
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, msgspec.MsgspecError):
        return {}
    return {record.id: record for record in records}
