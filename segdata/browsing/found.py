"""What was doubtful about each sample: told by the conversion, and by `segdata check` where it was run.

    data/plans/mine.parquet             findings of each sample, as its conversion told them
    data/checks/mine.json               the same by file, and what was set aside
    data/shards/mine/manifest.parquet   masks without any label, and of one class alone
    data/check-report/mine/check.json   {"kinds": [{"findings": […]}, …], "copies": [{"photos": […]}, …], …}

Where files are named, a finding belongs to the sample whose photo that file is, or whose id the file's name ends in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from segdata.conversion.plan import SampleRecord
from segdata.errors import DataError
from segdata.findings import Finding, Severity
from segdata.formats._parts.photo_files import without_extension
from segdata.shards.manifest import Manifest
from segdata.shards.schema import SampleRow

_EMPTY, _SINGLE = "nothing-labelled", "one-class"
"""What segdata check calls masks without a label, and of one class."""


class _Kind(msgspec.Struct):
    findings: tuple[Finding, ...]


class _Copies(msgspec.Struct):
    code: str
    severity: Severity
    action: str
    photos: tuple[tuple[str, str], ...]
    masks_agree: bool | None = None


class _Read(msgspec.Struct):
    split: str
    photos: int


class CheckReport(msgspec.Struct):
    """check.json, as far as it speaks of single samples; splits: how many photos of each it read."""

    kinds: tuple[_Kind, ...] = ()
    copies: tuple[_Copies, ...] = ()
    splits: tuple[_Read, ...] = ()

    def counts(self) -> dict[str, int]:
        """Split → photos, of those that have some."""
        return {one.split: one.photos for one in self.splits if one.photos}


@dataclass(frozen=True)
class Found:
    """Findings by sample, and those of what is not in the shards.

    by_id   id → what was found in it, each thing once
    aside   what was set aside: samples that are not in the shards
    """

    by_id: Mapping[str, tuple[Finding, ...]]
    aside: tuple[Finding, ...]


def read_check_report(path: Path) -> CheckReport | None:
    """None where no check was run. Raises DataError for a file that segdata check did not write."""
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=CheckReport)
    except msgspec.MsgspecError as error:
        raise DataError(
            str(path), found=str(error), expected="what segdata check writes", fix="Run it again."
        ) from error


def gather(
    manifest: Manifest,
    records: Mapping[str, SampleRecord],
    conversion: Iterable[Finding],
    check: CheckReport | None,
) -> Found:
    """Findings of all samples of a set, from its manifest, the conversion's records and the check report.

    conversion  all findings of the conversion, by file
    """
    found: dict[str, dict[Finding, None]] = {row.id: {} for row in manifest.rows}
    names = [name for name, _ in manifest.metadata.classes]
    for row in manifest.rows:
        told = records[row.id].findings if row.id in records else ()
        found[row.id].update(dict.fromkeys([*told, *_of_mask(row, names)]))
    owners = _owners(records, found)
    for finding in conversion:
        owner = _owner(finding, owners)
        if owner is not None and finding.action != "set aside":
            found[owner].setdefault(finding)
    for id, finding in _of_check(check, owners) if check else ():
        if id in found:
            found[id].setdefault(finding)
    return Found(
        {id: tuple(its) for id, its in found.items() if its},
        tuple(one for one in conversion if one.action == "set aside"),
    )


def _of_mask(row: SampleRow, names: Sequence[str]) -> Iterator[Finding]:
    present = [name for name, pixels in zip(names, row.pixels, strict=True) if pixels]
    if not present:
        yield Finding(_EMPTY, row.id, "", "not one pixel is labelled", "kept", "warning")
    elif len(present) == 1 and len(names) > 1:
        yield Finding(_SINGLE, row.id, "", f"every labelled pixel is {present[0]!r}", "kept")


def _owners(records: Mapping[str, SampleRecord], ids: Iterable[str]) -> dict[str, str]:
    """Name of a file, with and without its extension → the one sample whose it is; names of two are nobody's."""
    owners: dict[str, str | None] = {}
    for id in ids:
        photo = records[id].photo if id in records else ""
        names = {id, photo, without_extension(photo), Path(photo).stem, id.rpartition("/")[2]} - {""}
        for name in names:
            owners[name] = None if owners.get(name, id) != id else id
    for id in ids:
        owners[id] = id  # an id is an id, whatever files are called
    return {name: id for name, id in owners.items() if id is not None}


def _owner(finding: Finding, owners: Mapping[str, str]) -> str | None:
    names = (finding.file, without_extension(finding.file), Path(finding.file).stem)
    return next((owners[name] for name in names if name in owners), None)


def _of_check(check: CheckReport, owners: Mapping[str, str]) -> Iterator[tuple[str, Finding]]:
    """(sample, finding) of a check report."""
    told_already = {_EMPTY, _SINGLE, *(group.code for group in check.copies)}
    for finding in (finding for kind in check.kinds for finding in kind.findings):
        owner = _owner(finding, owners)
        if owner is not None and finding.code not in told_already:
            yield owner, finding
    for group in check.copies:
        for id, split in group.photos:
            others = [f"{other} ({its})" for other, its in group.photos if other != id]
            message = f"a copy of {', '.join(others[:5])}" + (
                f" and {len(others) - 5} more" if others[5:] else ""
            )
            message += "; their annotations differ" if group.masks_agree is False else ""
            yield id, Finding(group.code, id, split, message, group.action, group.severity)
