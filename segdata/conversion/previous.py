"""The finished set on disk, as the next conversion builds on it: what has not changed is copied or left lying.

Pixels that do not have the digest that the manifest states are made anew. A shard that is gone or damaged costs its
own samples, not the set. What the digest cache remembers of a shard file that nobody touched is believed, as it is of
photos: `segdata convert --verify` and `segdata verify` read every byte.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from segdata.conversion.plan import SampleRecord, SampleTask, ShardResult, ShardTask, look_of, read_records
from segdata.digest_cache import remembered_digest
from segdata.digests import bytes_digest
from segdata.errors import ShardError
from segdata.sample import Image, Mask
from segdata.shards.compressed import Rows
from segdata.shards.manifest import Manifest, read_manifest
from segdata.shards.reader import map_shard
from segdata.shards.schema import SampleRow, SetMetadata, ShardEntry

Columns = tuple[Rows, Rows]


class Kept(NamedTuple):
    """A sample that is copied from the old set: its row and record there, and views of its pixels."""

    row: SampleRow
    record: SampleRecord
    image: Image
    mask: Mask


class PreviousSet:
    """A shard set with the records of why its samples are as they are; empty when there is none to build on."""

    def __init__(self, shards_dir: Path, records_path: Path) -> None:
        self._folder = shards_dir
        self._manifest: Manifest | None = None
        self._records: dict[str, SampleRecord] = {}
        self._entries: dict[str, ShardEntry] = {}
        self._sound: dict[str, bool] = {}
        self._mapped: dict[str, Columns | None] = {}
        with contextlib.suppress(ShardError):
            self._manifest = read_manifest(shards_dir)
            self._records = read_records(records_path)
            self._entries = {entry.name: entry for entry in self._manifest.metadata.shards}

    @property
    def names(self) -> set[str]:
        """The files of the old set."""
        return set(self._entries)

    @property
    def entries(self) -> tuple[ShardEntry, ...]:
        """The shards that the manifest names."""
        return tuple(self._entries.values())

    def is_sound(self, entry: ShardEntry) -> bool:
        """Whether a shard's file is what the manifest states, through the digest cache that is in use."""
        if entry.name not in self._sound:
            try:
                self._sound[entry.name] = remembered_digest(self._folder / entry.name) == entry.digest
            except OSError:
                self._sound[entry.name] = False
        return self._sound[entry.name]

    def _row(self, sample: SampleTask) -> SampleRow | None:
        """The row of an unchanged sample: its key still holds, and the row is the one that the record speaks of."""
        record = self._records.get(sample.id)
        row = self._manifest.by_id.get(sample.id) if self._manifest else None
        if record is None or row is None or record.key != sample.key:
            return None
        # Records are written before the manifest: where a run died between them, the row is older than its record.
        source = sample.fingerprint
        said = (record.image_digest, record.mask_digest, source.photo, source.annotation)
        same = (row.image_digest, row.mask_digest, row.photo_digest, row.annotation_digest) == said
        return row if same else None

    def looks(self, metadata: SetMetadata) -> dict[str, str]:
        """Digest of a photo's file → its look, where it was converted under the same metadata and is known."""
        if self._manifest is None or msgspec.structs.replace(self._manifest.metadata, shards=()) != metadata:
            return {}
        pairs = ((row, self._records.get(row.id)) for row in self._manifest.rows)
        return {
            row.photo_digest: record.look
            for row, record in pairs
            if record is not None and record.look and record.image_digest == row.image_digest
        }

    def _columns(self, name: str) -> Columns | None:
        if name not in self._mapped:  # threads that come at once map it twice, which does no harm
            try:
                self._mapped[name] = map_shard(self._folder, self._entries[name])
            except (ShardError, KeyError):
                self._mapped[name] = None
        return self._mapped[name]

    def pixels(self, row: SampleRow) -> tuple[Image, Mask] | None:
        """Image and mask of a row, or None where they do not have the digests that the row states."""
        columns = self._columns(row.shard)
        if columns is None or row.row >= len(columns[0]):
            return None
        try:
            image, mask = columns[0][row.row], columns[1][row.row]
        except ShardError:
            return None
        if (bytes_digest(image.data), bytes_digest(mask.data)) != (row.image_digest, row.mask_digest):
            return None  # damaged on disk: the source is read again
        return image, mask

    def holds(self, sample: SampleTask) -> bool:
        """Whether a sample is unchanged and its shard can be opened; its pixels are not looked at."""
        row = self._row(sample)
        return row is not None and self._columns(row.shard) is not None

    def kept(self, sample: SampleTask, size_hw: tuple[int, int]) -> Kept | None:
        """An unchanged sample as it was converted, or None."""
        row = self._row(sample)
        pixels = self.pixels(row) if row else None
        if row is None or pixels is None or pixels[0].shape[:2] != size_hw:
            return None
        return Kept(row, self._with_look(row.id, pixels[0]), *pixels)

    def _with_look(self, id: str, image: Image) -> SampleRecord:
        """The record of a sample, with its look also where the records are older or other code made them."""
        record = self._records[id]
        return record if record.look else msgspec.structs.replace(record, look=look_of(image))

    def whole(self, task: ShardTask, metadata: SetMetadata) -> ShardResult | None:
        """The old shard as it lies, when it holds just these samples, all unchanged, under the same metadata."""
        if self._manifest is None or msgspec.structs.replace(self._manifest.metadata, shards=()) != metadata:
            return None
        rows = []
        for sample in task.samples:
            row = self._row(sample)
            if row is None or row.split != task.split:
                return None
            rows.append(row)
        entry = self._entries.get(rows[0].shard)
        if entry is None or entry.rows != len(rows) or any(row.shard != entry.name for row in rows):
            return None
        if not self.is_sound(entry):
            return None
        records = []
        for row in rows:
            record = self._records[row.id]
            if not record.look:
                pixels = self.pixels(row)
                if pixels is None:
                    return None
                record = self._with_look(row.id, pixels[0])
            records.append(record)
        return ShardResult(entry, tuple(rows), tuple(records), 0, len(rows))
