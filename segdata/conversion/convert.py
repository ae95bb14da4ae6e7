"""Plan, convert, finish: the three verbs of a conversion, as plain functions of files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from segdata.conversion.journal import Journal
from segdata.conversion.plan import (
    ConversionPlan,
    SampleRecord,
    SampleTask,
    ShardResult,
    ShardTask,
    settings_digest,
    write_records,
)
from segdata.conversion.previous import PreviousSet
from segdata.conversion.sources import open_source, set_aside
from segdata.conversion.summary import Summary, summarize, write_summary
from segdata.digests import value_digest
from segdata.errors import ConfigError, DataError
from segdata.findings import Finding
from segdata.formats import Reader, format_file, open_reader
from segdata.photo import Resize
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.shards.boundaries import group_into_shards, target_rows
from segdata.shards.manifest import Manifest, write_manifest
from segdata.shards.schema import SetMetadata
from segdata.shards.writer import ShardWriter
from segdata.splits import assign_splits


@dataclass(frozen=True)
class Conversion:
    """One source on its way into one shard set. Threads may share it."""

    name: str
    where: str
    pipeline: Pipeline
    reader: Reader
    shards_dir: Path
    records_path: Path
    check_path: Path
    journal: Journal

    @classmethod
    def open(cls, project: Project, name: str) -> Conversion:
        """Raises ConfigError for a wrong pipeline file, DataError for a source that cannot be read at all."""
        pipeline = project.pipeline(name)
        where = f"pipelines/{name}.yaml"
        # A link inside the project may lead elsewhere (its owner made it); a path may not.
        if not Path(os.path.normpath(project.root / pipeline.source.root)).is_relative_to(project.root):
            raise ConfigError(
                where, place="source.root", found=pipeline.source.root, expected="a folder inside the project"
            )
        format_file(pipeline.source.format, where)
        source = open_source(pipeline.source, project.root / pipeline.source.root, where)
        return cls(
            name,
            where,
            pipeline,
            open_reader(pipeline.source.format, source),
            project.shards_dir(name),
            project.plan_path(name),
            project.check_path(name),
            Journal(project.root / ".segdata" / "unfinished" / "convert" / name),
        )

    @cached_property
    def _metadata(self) -> SetMetadata:
        source, shards = self.pipeline.source, self.pipeline.shards
        return SetMetadata.of(source.build_ontology(), shards.size_hw, shards.photo, source.format)

    @cached_property
    def _previous(self) -> PreviousSet:
        return PreviousSet(self.shards_dir, self.records_path)

    def plan(self) -> ConversionPlan:
        """List, fingerprint, split and group every sample; opens no photo."""
        settings = settings_digest(self.pipeline)
        splits = assign_splits(
            self.reader.ids(), self.pipeline.source.splits, self.reader.official_split, self.where
        )
        findings = list(self.reader.findings)
        samples: dict[str, dict[str, SampleTask]] = {"train": {}, "val": {}, "test": {}}
        for id, split in splits.items():
            if split is None:
                message = "in none of the official lists"
                findings.append(Finding("no-split", id, "", message, "set aside", "warning"))
                continue
            try:
                fingerprint = self.reader.fingerprint(id)
            except DataError as error:
                findings.append(set_aside(error))
                continue
            key = value_digest([settings, fingerprint])
            samples[split][id] = SampleTask(id, fingerprint, key)
        target = target_rows(self.pipeline.shards.size_hw, self.pipeline.shards.target_mib)
        tasks = tuple(
            ShardTask(split, tuple(by_id[id] for id in ids))
            for split, by_id in samples.items()
            for ids in group_into_shards(list(by_id), target)
        )
        return ConversionPlan(tasks, tuple(findings))

    def convert(self, task: ShardTask) -> ShardResult:
        """One shard: as it lies when nothing in it changed, else made anew. Writes one file; twice does no harm."""
        made = self._previous.whole(task, self._metadata) or self.journal.recall(task, self.shards_dir)
        if made is None:
            made = self._make(task)
            self.journal.note(task, made)
        return made

    @property
    def _resize(self) -> Resize:
        shards = self.pipeline.shards
        return Resize(shards.size_hw, shards.photo, shards.exact)

    def _make(self, task: ShardTask) -> ShardResult:
        writer = ShardWriter(self.shards_dir, task.split, self._metadata, len(task.samples))
        records: list[SampleRecord] = []
        kept = 0
        for sample in task.samples:
            old = self._previous.row(sample, self.pipeline.shards.size_hw)
            if old is not None:
                image, mask, findings, original_hw = old.image, old.mask, old.findings, old.original_hw
                kept += 1
            else:
                try:
                    read = self.reader.read(sample.id, self._resize)
                except DataError as error:
                    records.append(SampleRecord(sample.id, sample.key, "", "", (set_aside(error),)))
                    continue
                image, mask, findings, original_hw = read.image, read.mask, read.findings, read.original_hw
            digests = (sample.fingerprint.photo, sample.fingerprint.annotation)
            row = writer.append(sample.id, image, mask, digests, original_hw)
            records.append(SampleRecord(sample.id, sample.key, row.image_digest, row.mask_digest, findings))
        finished = writer.finish()
        shard, rows = finished if finished else (None, [])
        return ShardResult(shard, tuple(rows), tuple(records), len(rows) - kept, kept)

    def finish(
        self, plan: ConversionPlan, results: Sequence[ShardResult], *, strict: bool = False
    ) -> Summary:
        """Check the whole, then write records and check report, then the manifest, then remove orphaned shards.

        Raises DataError when nothing is left, when `strict` and a sample could not be used, or when counts are not
        the expected ones; then the old set and its check report stay as they were.
        """
        rows = tuple(row for result in results for row in result.rows)
        entries = tuple(result.shard for result in results if result.shard is not None)
        manifest = Manifest(msgspec.structs.replace(self._metadata, shards=entries), rows)
        records = [record for result in results for record in result.records]
        findings = [*plan.findings, *(finding for record in records for finding in record.findings)]
        summary = summarize(
            self.name,
            manifest,
            findings,
            sum(result.converted for result in results),
            sum(result.reused for result in results),
        )
        try:
            self._refuse(summary, strict)
        except DataError:
            self._remove_orphans(self._previous.names)
            self.journal.clear()
            raise
        write_records(self.records_path, records)
        write_summary(self.check_path, summary)
        write_manifest(self.shards_dir, manifest)
        self._remove_orphans({entry.name for entry in entries})
        self.journal.clear()
        return summary

    def _refuse(self, summary: Summary, strict: bool) -> None:
        problems = "\n  ".join(["", *summary.problem_lines()])
        if not summary.samples:
            raise DataError(
                self.where,
                found="not one sample that can be used",
                expected="annotated photos",
                fix=f"What was wrong:{problems}",
            )
        if strict and summary.errors:
            raise DataError(
                self.where,
                found=f"problems that set samples aside: {summary.errors}",
                expected="none with --strict",
                fix=f"Mend or remove them; the shard set stays as it was.{problems}",
            )
        expected = self.pipeline.source.expected_counts
        actual = {split: summary.samples.get(split, 0) for split in expected}
        if expected and actual != expected:
            raise DataError(
                self.where,
                place="source.expected_counts",
                found=str(actual),
                expected=str(expected),
                fix=f"Complete the raw folder, or state the counts that are right.{problems}",
            )

    def _remove_orphans(self, names: set[str]) -> None:
        """Remove shards that no manifest names, and what a killed run left half-written; nothing else."""
        for pattern in ("*.arrow", ".*.partial"):
            for path in self.shards_dir.glob(pattern):
                if path.name not in names:
                    path.unlink()
