"""Draws a check as one HTML file: no script, no link, no font, no request; every name from the data is escaped.

At most MOST_PICTURES pictures of findings, the most severe findings first; what is not pictured is listed, or counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from segdata.checking.copies import CopyGroup
from segdata.checking.examine import Examination
from segdata.checking.pictures import as_uri, draw_file
from segdata.findings import Finding
from segdata.kinds import COPIES, SEVERITY_ORDER, Kind
from segdata.report.render import write_page as render_page
from segdata.survey import evenly_spaced

MOST_PICTURES = 200
MOST_KINDS = 80
MOST_GROUPS = 60
MOST_LISTED = 40
_PLACES = 6
_IN_GROUP = 6
_FEW = 9
_CAPS = (200, 100, 50, 25, 12)
"""Pictures per kind: the first of these at which all kinds together stay within the limit, else the last."""


@dataclass(frozen=True)
class Entry:
    """One file of a kind of finding: what was found in it, and its picture or None."""

    file: str
    lines: tuple[str, ...]
    more: int
    picture: str | None


@dataclass(frozen=True)
class KindView:
    """One kind with its files: pictured ones, listed ones, and how many are neither."""

    kind: Kind
    anchor: str
    pictured: tuple[Entry, ...]
    listed: tuple[Entry, ...]
    left: int


@dataclass(frozen=True)
class GroupView:
    """One group of copies: (id, split, picture or None) of its first photos, and how many more there are."""

    group: CopyGroup
    photos: tuple[tuple[str, str, str | None], ...]
    more: int


@dataclass
class _Budget:
    """Pictures still to be had."""

    left: int


def write_page(path: Path, examination: Examination) -> None:
    """Write the page. The same examination gives the same bytes."""
    check = examination.check
    shown = check.kinds[:MOST_KINDS]
    budget = _Budget(MOST_PICTURES)
    cap = _cap(shown)
    groups: dict[int, GroupView] = {}
    views: dict[int, KindView] = {}
    for severity in SEVERITY_ORDER:
        for number, group in enumerate(check.copies[:MOST_GROUPS]):
            if group.severity == severity:
                groups[number] = _group_view(group, examination, budget)
        for number, kind in enumerate(shown):
            if kind.severity == severity:
                views[number] = _kind_view(kind, number, examination, cap, budget)
    render_page(
        path,
        "segdata.checking",
        "check.html.j2",
        check=check,
        kinds=[views[number] for number in sorted(views)],
        copies=COPIES,
        more_kinds=len(check.kinds) - len(shown),
        groups=[groups[number] for number in sorted(groups)],
        more_groups=max(0, len(check.copies) - MOST_GROUPS),
        pictures=MOST_PICTURES - budget.left,
        most_pictures=MOST_PICTURES,
        few=[
            (id, as_uri(examination.pictures[id])) for id in evenly_spaced(sorted(examination.pictures), _FEW)
        ],
        total=sum(row.pixels for row in check.splits),
        leaks=[group for group in check.copies if group.code.endswith("leak")],
    )


def _cap(kinds: Sequence[Kind]) -> int:
    files = [kind.files for kind in kinds if kind.code not in COPIES]
    return next((cap for cap in _CAPS if sum(min(cap, many) for many in files) <= MOST_PICTURES), _CAPS[-1])


def _kind_view(kind: Kind, number: int, examination: Examination, cap: int, budget: _Budget) -> KindView:
    pictured: list[Entry] = []
    listed: list[Entry] = []
    left = 0
    for file, findings in _by_file(kind.findings):
        picture = None
        if kind.code not in COPIES and len(pictured) < cap and budget.left > 0:
            picture = _picture(examination, file, findings)
        lines = tuple(_line(one, kind) for one in findings[:_PLACES])
        entry = Entry(file, lines, max(0, len(findings) - _PLACES), picture)
        if picture is not None:
            budget.left -= 1
            pictured.append(entry)
        elif len(listed) < MOST_LISTED:
            listed.append(entry)
        else:
            left += 1
    return KindView(kind, f"kind-{number}", tuple(pictured), tuple(listed), left)


def _by_file(findings: Sequence[Finding]) -> Iterator[tuple[str, list[Finding]]]:
    files: dict[str, list[Finding]] = {}
    for finding in findings:
        files.setdefault(finding.file, []).append(finding)
    yield from files.items()


def _line(finding: Finding, kind: Kind) -> str:
    """The place, and the message where it says more than the kind's own line."""
    message = finding.message.split("; expected ")[0] if kind.code == "unmapped-label" else finding.message
    parts = [finding.place, "" if message == kind.says else message]
    return ": ".join(part for part in parts if part)


def _picture(examination: Examination, file: str, findings: Sequence[Finding]) -> str | None:
    ids = [examination.ids.get(findings[0], ""), file]
    path = next((examination.pictures[id] for id in ids if id in examination.pictures), None)
    if path is not None:
        return as_uri(path)
    drawn = draw_file(examination.root, file, [one.place for one in findings])
    if drawn is None:
        drawn = draw_file(examination.root, examination.photos.get(ids[0], ""))
    return None if drawn is None else as_uri(drawn)


def _group_view(group: CopyGroup, examination: Examination, budget: _Budget) -> GroupView:
    photos: list[tuple[str, str, str | None]] = []
    for id, split in group.photos[:_IN_GROUP]:
        path = examination.pictures.get(id) if budget.left > 0 else None
        if path is not None:
            budget.left -= 1
        photos.append((id, split, None if path is None else as_uri(path)))
    return GroupView(group, tuple(photos), len(group.photos) - len(photos))
