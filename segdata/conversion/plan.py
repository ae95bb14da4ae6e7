"""What must be converted, and why: every sample has a key, and an unchanged key means the old row still holds."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

import segdata
from segdata import duplicates
from segdata.atomic import replace_file
from segdata.digests import source_digest, value_digest
from segdata.duplicates import perceptual_hash
from segdata.findings import Finding
from segdata.formats import Fingerprint, format_file, format_parts
from segdata.pipeline import Pipeline
from segdata.sample import Image
from segdata.shards.schema import FORMAT_VERSION, SampleRow, ShardEntry

CODE = (
    "area.py",
    "crossings.py",
    "decode.py",
    "exif.py",
    "file_names.py",
    "image_file.py",
    "jpeg.py",
    "lossy_mask.py",
    "mask_file.py",
    "photo.py",
    "png.py",
    "rasterize.py",
    "resample.py",
    "label_map.py",
    "ontology.py",
    "sample.py",
    "formats/__init__.py",
)
"""Code besides the format's own file that decides what a sample's pixels are."""

LIBRARIES = (
    "cityscapesscripts",
    "h5py",
    "mat-io",
    "numpy",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
    "opencv-python",
    "opencv-python-headless",
    "pillow",
    "pyarrow",
    "pycocotools",
    "scipy",
    "simplejpeg",
)
"""Packages whose version may change a pixel or a byte."""


class SampleTask(msgspec.Struct, frozen=True, gc=False):
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


class SampleRecord(msgspec.Struct, frozen=True, gc=False):
    """Why a sample is as it is; kept beside the shard set so that the next run can tell what changed.

    image_digest, mask_digest and look are empty for a sample that was set aside. look is the perceptual hash of the
    image as it stands in its shard, 16 hex digits: what the leak gate compares. photo is the photo's file, relative to
    the source's root; orientation its EXIF orientation, 0 where it is not known.
    """

    id: str
    key: str
    image_digest: str
    mask_digest: str
    findings: tuple[Finding, ...]
    look: str = ""
    photo: str = ""
    orientation: int = 0


def look_of(image: Image) -> str:
    """Perceptual hash of an image, uint8 (H, W, 3), as 16 hex digits."""
    return f"{int(perceptual_hash(image)):016x}"


def settings_digest(pipeline: Pipeline) -> str:
    """Digest of everything but the sample's own files that shapes its pixels: settings, code and decoders."""
    folder = Path(segdata.__file__).parent
    own = format_file(pipeline.source.format)
    code = [folder / name for name in CODE] + [own, *format_parts(pipeline.source.format)]
    return value_digest(
        {
            **_of_pixels(pipeline),
            "format_version": FORMAT_VERSION,
            "code": source_digest(code),
            "libraries": [_version(name) for name in LIBRARIES],
        }
    )


def stated_digest(pipeline: Pipeline) -> str:
    """Digest of what the pipeline file says of its set, whatever code and machine: of pixels, and of splits."""
    return value_digest([_of_pixels(pipeline), pipeline.source.splits])


def _of_pixels(pipeline: Pipeline) -> dict[str, Any]:
    source = pipeline.source
    return {
        "size_hw": pipeline.shards.size_hw,
        "photo": pipeline.shards.photo,
        "exact": pipeline.shards.exact,
        "format": source.format,
        "ontology": list(source.ontology.items()) if isinstance(source.ontology, dict) else source.ontology,
        "label_map": None
        if source.label_map is None  # the identity; an empty one maps nothing
        else sorted((str(type(name)), str(name), to) for name, to in source.label_map.items()),
        "exif": source.exif,
        "unlabelled": source.unlabelled,
        "unannotated": source.unannotated,
        "options": source.options,
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


_FIELDS = pa.schema(
    [
        *(
            (name, pa.utf8())
            for name in ("id", "key", "image_digest", "mask_digest", "findings", "look", "photo")
        ),
        ("orientation", pa.int8()),
    ]
)
_LOOK_CODE = b"look_code"
_STATED = b"stated"


def _look_code() -> bytes:
    """Digest of the code that makes looks: those that other code made are not compared with."""
    assert duplicates.__file__
    return source_digest([Path(duplicates.__file__)]).encode()


def write_records(path: Path, records: list[SampleRecord], stated: str = "") -> None:
    """Write the record file (Parquet, sorted by id), whole or not at all; stated: `stated_digest` of the conversion."""
    rows = sorted(records, key=lambda record: record.id)
    columns = {name: [getattr(row, name) for row in rows] for name in _FIELDS.names if name != "findings"}
    columns["findings"] = [msgspec.json.encode(row.findings).decode() for row in rows]
    schema = _FIELDS.with_metadata({_LOOK_CODE: _look_code(), _STATED: stated.encode()})
    with replace_file(path) as temporary:
        pq.write_table(
            pa.table(columns, schema=schema), temporary, compression="zstd", write_page_checksum=True
        )


def read_stated(path: Path) -> str | None:
    """The digest that `write_records` was given; None without a record file, or one that does not say."""
    try:
        stated: bytes = (pq.read_schema(path).metadata or {})[_STATED]
        return stated.decode() or None
    except (OSError, pa.ArrowException, KeyError, UnicodeDecodeError):
        return None


def read_records(path: Path) -> dict[str, SampleRecord]:
    """Records by id; empty when there are none, or none that can be read (then all is converted again)."""
    try:
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
        is_comparable = (table.schema.metadata or {}).get(_LOOK_CODE) == _look_code()
        findings = msgspec.json.Decoder(tuple[Finding, ...])
        columns = {name: table[name].to_pylist() for name in _FIELDS.names}
        columns["findings"] = map(findings.decode, columns["findings"])
        if not is_comparable:
            columns["look"] = [""] * len(table)
        records = [SampleRecord(*row) for row in zip(*columns.values(), strict=True)]
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, msgspec.MsgspecError):
        return {}
    return {record.id: record for record in records}
