"""Make damaged shards of a finished set again, each byte for byte as it was, from the same photos and annotations.

The manifest stays as it lies, so nothing downstream becomes stale. What is not as it was (a photo edited since, another
pipeline file, another decoder) is refused: a conversion, not a repair, brings it up to date.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from segdata.conversion.convert import Conversion
from segdata.conversion.sources import require_same
from segdata.errors import DataError, ShardError
from segdata.shards.manifest import Manifest
from segdata.shards.schema import SampleRow, ShardEntry
from segdata.shards.writer import ShardWriter


def remake(conversion: Conversion, manifest: Manifest, names: Sequence[str]) -> int:
    """Write these shards of the set anew and return how many samples were read from the source for it.

    Samples of a damaged shard whose pixels hold are copied. Raises DataError when the source is no longer what the
    set was made from, before anything is written; ShardError when the bytes come out differently.
    """
    _same_settings(conversion, manifest)
    entries = [entry for entry in manifest.metadata.shards if entry.name in names]
    rows_of = {entry.name: [row for row in manifest.rows if row.shard == entry.name] for entry in entries}
    for rows in rows_of.values():
        for row in rows:
            require_same(conversion.reader, conversion.ids, row, conversion.name)
    return sum(_write(conversion, manifest, entry, rows_of[entry.name]) for entry in entries)


def _same_settings(conversion: Conversion, manifest: Manifest) -> None:
    if msgspec.structs.replace(manifest.metadata, shards=()) != conversion.metadata:
        raise DataError(
            conversion.where,
            found="another size, ontology or resampling than the shard set has",
            expected="those it was made with",
            fix=f"Run segdata convert {conversion.name}.",
        )


def _write(conversion: Conversion, manifest: Manifest, entry: ShardEntry, rows: Sequence[SampleRow]) -> int:
    writer = ShardWriter(conversion.shards_dir, entry.split, conversion.metadata, len(rows))
    read = 0
    for row in rows:
        pixels = conversion.previous.pixels(row)
        if pixels is not None:
            writer.keep(row, *pixels)
            continue
        sample = conversion.reader.read(row.id, conversion.resize)
        digests = (row.photo_digest, row.annotation_digest)
        writer.append(row.id, sample.image, sample.mask, digests, (row.original_height, row.original_width))
        read += 1
    finished = writer.finish()
    assert finished is not None
    made = finished[0]
    if made.digest != entry.digest:
        if made.name not in {other.name for other in manifest.metadata.shards}:
            (conversion.shards_dir / made.name).unlink(missing_ok=True)
        raise ShardError(
            str(conversion.shards_dir / entry.name),
            found="other bytes when it is made again: code, libraries or the pipeline file changed since",
            expected="the bytes that the manifest states",
            fix=f"Run segdata convert {conversion.name}, or dvc checkout {conversion.shards_dir}.",
        )
    return read
