"""What all surveys need: the folder as a source that keeps every photo, and findings that do not flood.

29 photos without entry    the first ten one by one, then "19 more of them"
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.label_map import LabelMap
from segdata.ontology import IGNORE_INDEX, ontology_of_names
from segdata.survey import Survey

MOST_ALIKE = 10
"""So many findings of one kind are told one by one."""


def any_source(root: Path, options: Mapping[str, object] | None = None, *labels: str) -> OpenSource:
    """The folder as a source that keeps every photo, and maps these labels alone."""
    ontology = ontology_of_names("survey", labels or ["any"])
    known = LabelMap({label: number for number, label in enumerate(labels)}, {})
    return OpenSource(str(root), root, ontology, known, None, IGNORE_INDEX, "ignore", options or {})


def unreadable(error: DataError, root: Path, action: str = "") -> Finding:
    """A finding from an error, on a file relative to the root; `action` instead of the error's own advice."""
    name = error.where.removeprefix(str(root)).lstrip("/") or "."
    message = f"found {error.found}" + (f"; expected {error.expected}" if error.expected else "")
    return Finding("unreadable", name, error.place, message, action or error.fix or "left out", "error")


def few(findings: Sequence[Finding]) -> list[Finding]:
    """The first of each kind one by one, the others as a number."""
    kept: list[Finding] = []
    for code, count in Counter(finding.code for finding in findings).items():
        alike = [finding for finding in findings if finding.code == code]
        kept += alike[:MOST_ALIKE]
        if count > MOST_ALIKE:
            message = f"{count - MOST_ALIKE:,} more of them"
            kept.append(Finding(code, alike[-1].file, "", message, alike[-1].action, alike[-1].severity))
    return kept


def nothing_readable(
    format: str, evidence: str, photos: Sequence[str], findings: Sequence[Finding]
) -> Survey:
    """A survey of what looks like this format and cannot be read as it stands."""
    return Survey(
        format=format,
        certainty="possible",
        evidence=evidence,
        photos=tuple(photos),
        annotated=0,
        findings=tuple(findings),
    )
