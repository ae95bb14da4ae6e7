"""What a conversion came to: counts, class shares and every finding, as JSON beside the shard set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from segdata.atomic import replace_file
from segdata.conversion.leaks import Pair
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.kinds import group_findings
from segdata.pipeline import SPLITS, Split
from segdata.shards.manifest import Manifest
from segdata.shards.schema import SampleRow
from segdata.shards.statistics import sum_statistics
from segdata.wording import counted

_ORDER = {"error": 0, "warning": 1, "note": 2}


class Originals(msgspec.Struct, frozen=True):
    """So many photos of one upright size and one EXIF orientation (1 to 8; 0 where it is not known)."""

    height: int
    width: int
    orientation: int
    photos: int


class Summary(msgspec.Struct, frozen=True):
    """Counts per split, pixel counts per split and class, and all findings in (severity, file) order.

    originals  the photos as they came: sizes and EXIF orientations, the most frequent first
    alike      "train, test" → pairs of photos that look alike, one in each split; None: they were not looked for
    The part that is versioned says what the set is; what this run did (converted, reused) is for the log alone.
    """

    pipeline: str
    samples: dict[str, int]
    shards: int
    bytes: int
    pixels: dict[str, dict[str, int]]
    ignored: dict[str, int]
    findings: tuple[Finding, ...]
    set_aside: int
    errors: int
    originals: tuple[Originals, ...] = ()
    alike: dict[str, int] | None = None
    converted: int = 0
    reused: int = 0

    def counts_line(self) -> str:
        """One line for people: what the set holds and what this run had to do."""
        total = sum(self.samples.values())
        parts = ", ".join(f"{count} {split}" for split, count in self.samples.items())
        return (
            f"{self.pipeline}: {counted(total, 'sample')} ({parts}) in {counted(self.shards, 'shard')}, {self.bytes / 2**20:.1f} MiB; "
            f"{self.converted} converted, {self.reused} unchanged, {self.set_aside} set aside"
        )

    def problem_lines(self, most: int = 20) -> list[str]:
        """Errors and warnings, one line for all that say the same, errors first; the rest, and all notes, as counts."""
        loud = group_findings([finding for finding in self.findings if finding.severity != "note"])
        lines = [kind.line() for kind in loud[:most]]
        if len(loud) > most:
            lines.append(f"… and {counted(len(loud) - most, 'more kind')} in the check report")
        notes = [f"{code} {count:,}" for code, severity, count in self.by_code() if severity == "note"]
        if notes:
            number = sum(finding.severity == "note" for finding in self.findings)
            lines.append(
                f"{counted(number, 'note')} ({', '.join(notes)}): segdata check {self.pipeline} shows where"
            )
        return lines

    def reasons(self, most: int = 50) -> list[str]:
        """Every error and warning in a line of its own, for when no report is written; the rest as a count."""
        loud = [finding for finding in self.findings if finding.severity != "note"]
        lines = [finding.line() for finding in loud[:most]]
        return lines if len(loud) <= most else [*lines, f"… and {len(loud) - most:,} more"]

    def by_code(self) -> list[tuple[str, str, int]]:
        """(code, severity, count), most severe and most frequent first."""
        counts = Counter((finding.code, finding.severity) for finding in self.findings)
        return sorted(
            ((code, severity, count) for (code, severity), count in counts.items()),
            key=lambda row: (_ORDER[row[1]], -row[2], row[0]),
        )


def originals_of(rows: Iterable[SampleRow], orientations: Mapping[str, int]) -> tuple[Originals, ...]:
    """The photos of some rows by upright size and EXIF orientation (id → orientation)."""
    counts = Counter((row.original_height, row.original_width, orientations.get(row.id, 0)) for row in rows)
    return tuple(
        Originals(*key, count) for key, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    )


def across(pairs: Iterable[Pair]) -> dict[str, int]:
    """Pairs of photos by the two splits that they stand in, in the order train, val, test."""
    counts = Counter(tuple(sorted((one.split, other.split), key=SPLITS.index)) for one, other in pairs)
    return {", ".join(splits): count for splits, count in sorted(counts.items())}


def summarize(
    name: str,
    manifest: Manifest,
    findings: list[Finding],
    originals: Sequence[Originals],
    alike: dict[str, int] | None,
    converted: int,
    reused: int,
) -> Summary:
    """Add up a manifest. Class shares come from its integer pixel counts."""
    names = [label for label, _ in manifest.metadata.classes]
    splits = [split for split in ("train", "val", "test") if manifest.split_rows([split])]
    statistics = {split: sum_statistics(manifest.split_rows([split]), manifest.metadata) for split in splits}
    return Summary(
        pipeline=name,
        samples={split: len(manifest.split_rows([split])) for split in splits},
        shards=len(manifest.metadata.shards),
        bytes=sum(entry.bytes for entry in manifest.metadata.shards),
        pixels={split: dict(zip(names, statistics[split].pixels.tolist(), strict=True)) for split in splits},
        ignored={split: statistics[split].ignored for split in splits},
        findings=tuple(
            sorted(findings, key=lambda f: (_ORDER[f.severity], f.file, f.place, f.code, f.message))
        ),
        set_aside=sum(finding.action == "set aside" for finding in findings),
        errors=sum(finding.severity == "error" for finding in findings),
        originals=tuple(originals),
        alike=alike,
        converted=converted,
        reused=reused,
    )


def refuse(summary: Summary, expected_counts: Mapping[Split, int], where: str, *, strict: bool) -> None:
    """Raises DataError for a set that must not take the place of the old one."""
    problems = "\n  ".join(["", *summary.reasons()])
    if not summary.samples:
        raise DataError(
            where,
            found="not one sample that can be used",
            expected="annotated photos",
            fix=f"What was wrong:{problems}",
        )
    if strict and summary.errors:
        raise DataError(
            where,
            found=f"problems that set samples aside: {summary.errors}",
            expected="none with --strict",
            fix=f"Mend or remove them; the shard set stays as it was.{problems}",
        )
    actual = {split: summary.samples.get(split, 0) for split in expected_counts}
    if actual != dict(expected_counts):
        raise DataError(
            where,
            place="source.expected_counts",
            found=str(actual),
            expected=str(dict(expected_counts)),
            fix=f"Complete the raw folder, or state the counts that are right.{problems}",
        )


def write_summary(path: Path, summary: Summary) -> None:
    """Write the check file. It holds nothing about this run, so that unchanged data give unchanged bytes."""
    lasting = {
        name: value
        for name, value in msgspec.structs.asdict(summary).items()
        if name not in ("converted", "reused")
    }
    with replace_file(path) as temporary:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(lasting), indent=1) + b"\n")
