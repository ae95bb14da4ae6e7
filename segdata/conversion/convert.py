"""Plan, convert, finish: the three verbs of a conversion, as plain functions of files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from segdata.atomic import only_one
from segdata.conversion.doubts import TRAINED_ON, about_colors, about_splits
from segdata.conversion.garbage import collected_later
from segdata.conversion.journal import Journal
from segdata.conversion.leaks import Gate, Pair, Place, alike
from segdata.conversion.orphans import remove_orphans, take_back
from segdata.conversion.plan import (
    ConversionPlan,
    SampleRecord,
    SampleTask,
    ShardResult,
    ShardTask,
    look_of,
    settings_digest,
    stated_digest,
    write_records,
)
from segdata.conversion.previous import Kept, PreviousSet
from segdata.conversion.reading import Reading
from segdata.conversion.sources import open_source, require_rest, root_of
from segdata.conversion.summary import Summary, across, originals_of, refuse, summarize, write_summary
from segdata.digest_cache import DigestCache
from segdata.digests import value_digest
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import Reader, format_file, open_reader
from segdata.photo import Resize
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.shards.boundaries import group_into_shards, target_rows
from segdata.shards.manifest import Manifest, refuse_newer, write_manifest
from segdata.shards.schema import SampleRow, SetMetadata
from segdata.shards.writer import ShardWriter, room_on_disk
from segdata.splits import assign_splits, without_split


def one_conversion(project: Project, name: str) -> AbstractContextManager[None]:
    """Hold this around a conversion or a repair. Raises SegdataError when another process is at the same set."""
    return only_one(project.scratch_dir("locks") / f"convert-{name}", f"convert {name}")


@dataclass(frozen=True)
class Conversion:
    """One source on its way into one shard set. Threads may share it."""

    name: str
    where: str
    pipeline: Pipeline
    root: Path
    reader: Reader
    shards_dir: Path
    records_path: Path
    check_path: Path
    unfinished: Path
    digests: DigestCache
    near_bits: int | None
    threads: int

    @classmethod
    @collected_later()
    def open(cls, project: Project, name: str, *, threads: int | None = None) -> Conversion:
        """`threads` read photos at a time (None: as params.yaml says), for all shards that are made side by side.

        Raises ConfigError for a wrong pipeline file, DataError for a source that cannot be read at all.

        ShardError where a newer segdata wrote the shard set that this conversion would replace.
        """
        pipeline, settings = project.pipeline(name), project.params().convert
        where = f"pipelines/{name}.yaml"
        root = root_of(project.root, pipeline.source, where)
        format_file(pipeline.source.format, where)
        refuse_newer(project.shards_dir(name))
        source = open_source(pipeline.source, root, where)
        return cls(
            name,
            where,
            pipeline,
            source.root,
            open_reader(pipeline.source.format, source),
            project.shards_dir(name),
            project.plan_path(name),
            project.check_path(name),
            project.root / ".segdata" / "unfinished" / "convert" / name,
            DigestCache(project.root / ".segdata" / "digests" / name),
            settings.near_duplicate_bits,
            threads or settings.threads,
        )

    @cached_property
    def ids(self) -> frozenset[str]:
        """Every sample of the source."""
        return frozenset(self.reader.ids())

    @cached_property
    def metadata(self) -> SetMetadata:
        source, shards = self.pipeline.source, self.pipeline.shards
        return SetMetadata.of(
            source.build_ontology(), shards.size_hw, shards.photo, source.format, shards.compression
        )

    @cached_property
    def journal(self) -> Journal:
        return Journal(self.unfinished, self.metadata)

    @cached_property
    def _reading(self) -> Reading:
        return Reading(self.reader, self.previous, self.resize, self.threads)

    @cached_property
    def previous(self) -> PreviousSet:
        return PreviousSet(self.shards_dir, self.records_path)

    @collected_later()
    def plan(self, *, verify: bool = False) -> ConversionPlan:
        """List, fingerprint, split and group every sample; reads a photo's bytes only where its file changed.

        With `verify`, every file is read, whatever its size and times say.
        """
        require_rest(self.root, self.pipeline.source.root, self.name)
        with self.digests.in_use(verify=verify):
            self._reading.check_shards()
            return self._plan()

    def _plan(self) -> ConversionPlan:
        settings = settings_digest(self.pipeline)
        splits = assign_splits(
            self.reader.ids(), self.pipeline.source.splits, self.reader.official_split, self.where, self.root
        )
        findings = list(self.reader.findings)
        samples: dict[str, dict[str, SampleTask]] = {"train": {}, "val": {}, "test": {}}
        ids = [id for id, split in splits.items() if split is not None]
        fingerprints = dict(zip(ids, self._reading.fingerprints(ids), strict=True))
        for id, split in splits.items():
            if split is None:
                findings.append(without_split(id, self.pipeline.source.splits, self.name))
                continue
            fingerprint = fingerprints[id]
            if isinstance(fingerprint, Finding):
                findings.append(fingerprint)
                continue
            key = value_digest([settings, fingerprint])
            samples[split][id] = SampleTask(id, fingerprint, key)
        findings += self._check_copies(samples)
        target = target_rows(self.pipeline.shards.size_hw, self.pipeline.shards.target_mib)
        tasks = tuple(
            ShardTask(split, tuple(by_id[id] for id in ids))
            for split, by_id in samples.items()
            for ids in group_into_shards(list(by_id), target)
        )
        return ConversionPlan(tasks, tuple(findings))

    @property
    def _gate(self) -> Gate:
        return Gate.of(self.pipeline.source, self.where)

    def _check_copies(self, samples: Mapping[str, Mapping[str, SampleTask]]) -> list[Finding]:
        """Raises DataError for one photo in two splits, before anything is converted."""
        tasks = [(split, task) for split, by_id in samples.items() for task in by_id.values()]
        counts = Counter(task.fingerprint.photo for _, task in tasks)
        copies = [
            (Place(task.id, split), task.fingerprint.photo)
            for split, task in tasks
            if counts[task.fingerprint.photo] > 1
        ]
        return [*self._gate.unknown([task.id for _, task in tasks]), *self._gate.exact(copies)]

    def _alike(self, rows: Sequence[SampleRow], records: Sequence[SampleRecord]) -> list[Pair] | None:
        """Photos that look alike in two splits; None where params.yaml does not want them looked for."""
        if self.near_bits is None:
            return None
        return alike(rows, {record.id: record.look for record in records}, self.near_bits)

    def convert(self, task: ShardTask) -> ShardResult:
        """One shard: as it lies when nothing in it changed, else made anew. Writes one file; twice does no harm."""
        made = self.previous.whole(task, self.metadata) or self.journal.recall(task, self.shards_dir)
        if made is None:
            made = self._make(task)
            with room_on_disk(self.journal.folder):
                self.journal.note(task, made)
        return made

    @property
    def resize(self) -> Resize:
        shards = self.pipeline.shards
        return Resize(shards.size_hw, shards.photo, shards.exact)

    def _make(self, task: ShardTask) -> ShardResult:
        writer = ShardWriter(self.shards_dir, task.split, self.metadata, len(task.samples))
        records: list[SampleRecord] = []
        kept = 0
        for sample, read in zip(task.samples, self._reading.samples(task.samples), strict=True):
            if isinstance(read, Kept):
                writer.keep(read.row, read.image, read.mask)
                records.append(read.record)
                kept += 1
                continue
            if isinstance(read, Finding):
                records.append(SampleRecord(sample.id, sample.key, "", "", (read,)))
                continue
            digests = (sample.fingerprint.photo, sample.fingerprint.annotation)
            row = writer.append(sample.id, read.image, read.mask, digests, read.original_hw)
            made = (row.image_digest, row.mask_digest, read.findings, look_of(read.image))
            photo = "" if read.photo is None else Path(os.path.relpath(read.photo, self.root)).as_posix()
            records.append(SampleRecord(sample.id, sample.key, *made, photo, read.orientation))
        finished = writer.finish()
        shard, rows = finished if finished else (None, [])
        return ShardResult(shard, tuple(rows), tuple(records), len(rows) - kept, kept)

    @collected_later()
    def finish(
        self, plan: ConversionPlan, results: Sequence[ShardResult], *, strict: bool = False
    ) -> Summary:
        """Check the whole, then write records and check report, then the manifest, then remove orphaned shards.

        Raises DataError when nothing is left, when `strict` and a sample could not be used, when counts are not the
        expected ones, or when photos look alike in two splits; ShardError when the disk is full. Then the old set and
        its check report stay as they were.
        """
        rows = tuple(row for result in results for row in result.rows)
        entries = tuple(result.shard for result in results if result.shard is not None)
        manifest = Manifest(msgspec.structs.replace(self.metadata, shards=entries), rows)
        records = [record for result in results for record in result.records]
        findings = [*plan.findings, *(finding for record in records for finding in record.findings)]
        pairs = self._alike(rows, records)
        findings += self._gate.near(pairs or [])
        findings += about_colors(self.metadata.ontology(), self.where)
        findings += about_splits(Counter(row.split for row in rows), TRAINED_ON if rows else (), self.where)
        summary = summarize(
            self.name,
            manifest,
            findings,
            originals_of(rows, {record.id: record.orientation for record in records}),
            None if pairs is None else across(pairs),
            sum(result.converted for result in results),
            sum(result.reused for result in results),
        )
        try:
            refuse(summary, self.pipeline.source.expected_counts, self.where, strict=strict)
        except DataError:
            take_back(self.shards_dir, {entry.name for entry in entries}, self.previous.names)
            self.journal.clear()
            raise
        with room_on_disk(self.shards_dir):
            write_records(self.records_path, records, stated_digest(self.pipeline))
            write_summary(self.check_path, summary)
            write_manifest(self.shards_dir, manifest)
        remove_orphans(self.shards_dir, {entry.name for entry in entries})
        self.journal.clear()
        return summary
