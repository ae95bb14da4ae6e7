"""Findings that say the same of many photos, as one line: what, how often, and the first few places.

error: 40 times in 40 files, first a.jpg (region 2), …: label 'Tree ' (31), 'TREE' (9): not in source.label_map; …
note: 112 times in 60 files, first a.jpg (region 1), …: … of … points outside the photo of 480x640 (height x width)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from segdata.findings import Finding, Severity
from segdata.wording import counted

SEVERITY_ORDER = {"error": 0, "warning": 1, "note": 2}

MOST_PLACES = 3
"""So many places are told of a kind that stands in several files."""

_QUOTED = re.compile(r"(?<!\w)(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")
_CHANGING = re.compile(_QUOTED.pattern + r"|(?<![\w.])\d[\d.,x]*\b")
"""What may differ between findings that say the same: quoted names, and numbers."""

_COUNTED = re.compile(r"(?<=… )(\w+?)s?\b")
"""The noun behind a number, which is one of several or not."""

_LABEL = re.compile(r"^found label ('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")
_MEANT = re.compile(r"did you mean .*?\?")
_KEPT = ("unmapped-label", "one-class")
"""Codes whose quoted names tell one kind from another."""

COPIES = {
    "exact-leak": "the same photo in different splits",
    "near-leak": "photos that look alike in different splits",
    "exact-copy": "the same photo more than once in a split",
    "near-copy": "photos that look alike in a split",
}
"""Codes of findings about groups of copies; each is one kind, whatever photos it names."""


class Kind(msgspec.Struct, frozen=True):
    """Findings of one code that say the same but for numbers and names.

    says      the message; "…" stands for what differs from finding to finding
    findings  all of them, by file and place
    files     how many files they name
    """

    code: str
    severity: Severity
    action: str
    says: str
    files: int
    findings: tuple[Finding, ...]

    def line(self) -> str:
        """One line for people: severity, how often and where first, what, code and action."""
        shown = self.findings[: MOST_PLACES if self.files > 1 else 1]
        where = ", ".join(f"{one.file} ({one.place})" if one.place else one.file for one in shown)
        many = len(self.findings)
        if many > 1:
            more = ", …" if many > len(shown) else ""
            where = f"{many:,} times in {counted(self.files, 'file')}, first {where}{more}"
        return f"{self.severity}: {where}: {self.says} [{self.code}: {self.action}]"


def group_findings(findings: Sequence[Finding]) -> tuple[Kind, ...]:
    """The kinds of these findings: most severe first, then those of most findings."""
    grouped: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in sort_findings(findings):
        key = (finding.severity, finding.code, finding.action, _gist(finding))
        grouped.setdefault(key, []).append(finding)
    kinds = [
        Kind(code, group[0].severity, action, _says(group), len({one.file for one in group}), tuple(group))
        for (_, code, action, _), group in grouped.items()
    ]
    return tuple(
        sorted(
            kinds, key=lambda kind: (SEVERITY_ORDER[kind.severity], -len(kind.findings), kind.code, kind.says)
        )
    )


def sort_findings(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Most severe first, then by file, place, code and message."""
    return tuple(
        sorted(
            findings,
            key=lambda one: (SEVERITY_ORDER[one.severity], one.file, one.place, one.code, one.message),
        )
    )


def _gist(finding: Finding) -> str:
    """What findings of one kind have in common. Labels that differ in case, blanks or underscores are alike."""
    if finding.code in COPIES:
        return COPIES[finding.code]
    label = _LABEL.match(finding.message)
    if finding.code == "unmapped-label" and label:
        return " ".join(label[1][1:-1].casefold().replace("_", " ").replace("-", " ").split())
    if finding.code in _KEPT:
        quoted = " ".join(_QUOTED.findall(finding.message))
        value = re.search(r"value \d+", finding.message)
        return f"{quoted} {value[0] if value else ''}"
    return _COUNTED.sub(r"\1", _CHANGING.sub("…", finding.message))


def _says(group: Sequence[Finding]) -> str:
    messages = {one.message for one in group}
    labels = [label[1] for one in group if (label := _LABEL.match(one.message))]
    if group[0].code == "unmapped-label" and len(labels) == len(group):
        counts = sorted(Counter(labels).items(), key=lambda item: (-item[1], item[0]))
        listed = ", ".join(f"{label} ({count:,})" if len(group) > 1 else label for label, count in counts)
        meant = _MEANT.search(group[0].message)
        return f"label {listed}: not in source.label_map" + (f"; {meant[0]}" if meant else "")
    if group[0].code in COPIES and len(group) > 1:
        return COPIES[group[0].code]
    parts = [_CHANGING.findall(message) for message in sorted(messages)]
    if len({len(part) for part in parts}) > 1:
        return group[0].message
    alike = iter([many[0] if len(set(many)) == 1 else "…" for many in zip(*parts, strict=True)])
    return _CHANGING.sub(lambda _: next(alike), group[0].message)
