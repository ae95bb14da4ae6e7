"""Findings that say the same of many photos, as one line: what, how often, and the first few places.

error: 40 times in 40 files, first a.jpg (region 2), b.jpg (region 1), …: label 'Tree ' (31), 'TREE' (9): not in …
note: 112 times in 60 files, first a.jpg (region 1): 3 of 14 points outside the photo of 480x640; also b.jpg (region 4), …
error: 7 times in 1 file, first coco.json (image 4): no '4.jpg', '9.jpg', '12.jpg' and 4 more in images
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
"""So many files, places in one file, or names are told of a kind."""

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
        """One line for people: severity, how often, the first places, what (of the first, where it differs), code, action."""
        first, many = self.findings[0], len(self.findings)
        if many == 1:
            return f"{self.severity}: {_where(first)}: {self.says} [{self.code}: {self.action}]"
        firsts: dict[str, Finding] = {}
        for one in self.findings:
            firsts.setdefault(one.file, one)
        names = [_where(one) for one in firsts.values()]
        more = ", …" if len(names) > MOST_PLACES else ""
        where, says = names[0], self.says
        if self.code == "unmapped-label" or "…" not in says:
            where = _places(self.findings) if len(names) == 1 else ", ".join(names[:MOST_PLACES]) + more
        elif (named := self._named()) is not None:
            says = named
        else:
            others = ", ".join(names[1:MOST_PLACES])
            says = first.message + (f"; also {others}{more}" if others else "")
        head = f"{many:,} times in {counted(self.files, 'file')}, first {where}"
        return f"{self.severity}: {head}: {says} [{self.code}: {self.action}]"

    def _named(self) -> str | None:
        """What it says with the first few names in place of "…"; None where more than one name differs."""
        before, mark, after = self.says.partition("…")
        if not mark or "…" in after:
            return None
        names = list(dict.fromkeys(one.message[len(before) :].removesuffix(after) for one in self.findings))
        if not all(map(_QUOTED.fullmatch, names)):
            return None
        more = f" and {len(names) - MOST_PLACES:,} more" if len(names) > MOST_PLACES else ""
        return before + ", ".join(names[:MOST_PLACES]) + more + after


def _where(finding: Finding) -> str:
    return f"{finding.file} ({finding.place})" if finding.place else finding.file


def _places(findings: Sequence[Finding]) -> str:
    """The first few places of findings in one file."""
    places = list(dict.fromkeys(one.place for one in findings if one.place))
    more = "; …" if len(places) > MOST_PLACES else ""
    listed = "; ".join(places[:MOST_PLACES]) + more
    return f"{findings[0].file} ({listed})" if places else findings[0].file


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
