"""The finished set on disk, as the next conversion builds on it: what has not changed is copied or left lying.

Nothing is taken on trust: pixels that do not have the digest that the manifest states are made anew.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from segdata.conversion.plan import SampleRecord, SampleTask, ShardResult, ShardTask, read_records
from segdata.digests import bytes_digest, file_digest
from segdata.errors import ShardError
from segdata.sample import Sample
from segdata.shards.reader import ShardSet, ShardSplit
from segdata.shards.schema import SetMetadata


class PreviousSet:
    """A shard set with the records of why its samples are as they are; empty when there is none to build on."""

    def __init__(self, shards_dir: Path, records_path: Path) -> None:
        self._folder = shards_dir
        self._shards: ShardSet | None = None
        self._records: dict[str, SampleRecord] = {}
        self._places: dict[str, tuple[ShardSplit, int]] = {}
        with contextlib.suppress(ShardError):
            self._shards = ShardSet.open(shards_dir)
            self._records = read_records(records_path)
            for name in self._shards.splits:
                split = self._shards.split(name)
                self._places |= {id: (split, index) for index, id in enumerate(split.ids)}

    @property
    def names(self) -> set[str]:
        """The files of the old set."""
        return {entry.name for entry in self._shards.manifest.metadata.shards} if self._shards else set()

    def _place(self, sample: SampleTask) -> tuple[ShardSplit, int] | None:
        """Where an unchanged sample lies: its key still holds, and the row is the one that the record speaks of."""
        record, place = self._records.get(sample.id), self._places.get(sample.id)
        if record is None or place is None or record.key != sample.key:
            return None
        split, index = place
        row = split.rows[index]
        return (
            place
            if (row.image_digest, row.mask_digest) == (record.image_digest, record.mask_digest)
            else None
        )

    def row(self, sample: SampleTask, size_hw: tuple[int, int]) -> Sample | None:
        """An unchanged sample as it was converted, or None."""
        place = self._place(sample)
        if place is None or place[0].size_hw != size_hw:
            return None
        split, index = place
        row = split.rows[index]
        try:
            image, mask = split.image_at(index), split.mask_at(index)
        except ShardError:
            return None
        if (bytes_digest(image.data), bytes_digest(mask.data)) != (row.image_digest, row.mask_digest):
            return None  # damaged on disk: the source is read again
        return Sample(
            sample.id,
            image,
            mask,
            (row.original_height, row.original_width),
            self._records[sample.id].findings,
        )

    def whole(self, task: ShardTask, metadata: SetMetadata) -> ShardResult | None:
        """The old shard as it lies, when it holds just these samples, all unchanged, under the same metadata."""
        if self._shards is None:
            return None
        old = self._shards.manifest.metadata
        if msgspec.structs.replace(old, shards=()) != metadata:
            return None
        rows = []
        for sample in task.samples:
            place = self._place(sample)
            if place is None or place[0].rows[place[1]].split != task.split:
                return None
            rows.append(place[0].rows[place[1]])
        entry = next(entry for entry in old.shards if entry.name == rows[0].shard)
        if entry.rows != len(rows) or any(row.shard != entry.name for row in rows):
            return None
        if file_digest(self._folder / entry.name) != entry.digest:
            return None
        records = tuple(self._records[sample.id] for sample in task.samples)
        return ShardResult(entry, tuple(rows), records, 0, len(rows))
