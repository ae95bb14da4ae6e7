"""What all surveys need: the folder as a source that keeps every photo, and errors as findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.label_map import LabelMap
from segdata.ontology import IGNORE_INDEX, ontology_of_names
from segdata.survey import Survey


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
