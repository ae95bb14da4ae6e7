"""An inspection as lines for people.

data/raw/mine: via (certain)
  via_region_data.json (VIA 2 annotations): 46 photos annotated
  photos      48, 46 of them annotated
  shapes      polygon 210, polyline 14
  classes     9 (regions of each)
                road   48
                car    31
  sizes       46 × 480x640, 2 × 640x480 (height x width, upright)
  EXIF turns  3 of orientation 6, 2 of orientation 8
  splits      none of their own
"""

from __future__ import annotations

import importlib
import posixpath
import shlex
from collections.abc import Iterator, Mapping, Sequence

from segdata.findings import Finding
from segdata.formats import format_names
from segdata.inspection.recognise import Headers, Inspection
from segdata.inspection.yaml_text import printable
from segdata.kinds import group_findings
from segdata.pipeline import SPLITS
from segdata.survey import Survey
from segdata.wording import counted

MOST_CLASSES = 30
MOST_SIZES = 6
MOST_FINDINGS = 20


def describe(found: Inspection, shown_as: str) -> list[str]:
    """What lies there, as the taken format sees it; then who else knows the folder, and who could not look."""
    assert found.survey is not None
    survey = found.survey
    lines = [
        f"{shown_as}: {survey.format} ({survey.certainty})",
        f"  {survey.evidence}",
        _row("photos", f"{len(survey.photos):,}, {survey.annotated:,} of them annotated"),
    ]
    if survey.shapes:
        shapes = sorted(survey.shapes.items(), key=lambda item: (-item[1], item[0]))
        lines.append(_row("shapes", ", ".join(f"{name} {count:,}" for name, count in shapes)))
    lines += _classes(survey)
    lines += _photos(found.headers, len(survey.photos))
    splits = ", ".join(
        f"{name} {count:,}" + (f" ({survey.bare[name]:,} without annotation)" if name in survey.bare else "")
        for name, count in _ordered(survey.splits)
    )
    lines.append(_row("splits", splits or "none of their own"))
    lines += _findings(found.findings)
    for other in found.others:
        takes = (
            "no annotation of which can be read"
            if not other.annotated
            else f"--format {other.format} takes that instead"
        )
        lines.append(f"also {other.format} ({other.certainty}): {other.evidence}; {takes}")
    lines += [f"also {line}" for line in better_inside(found, shown_as)]
    lines += [f"could not look: {name}: {why}" for name, why in found.failed.items()]
    return [printable(line) for line in lines]


def better_inside(found: Inspection, shown_as: str) -> list[str]:
    """Which folders below are whole sets of a format, and how to take them."""
    return [
        printable(
            f"its folder {folder} is {survey.format} ({survey.certainty}): {survey.evidence}; "
            f"give that: segdata inspect {shlex.quote(posixpath.join(shown_as, folder))}"
        )
        for folder, survey in found.inside.items()
    ]


def nothing_found(found: Inspection, names: Sequence[str] = ()) -> list[str]:
    """What each format would need to see, one line each (all formats, or those named); then who could not look."""
    lines = []
    for name in names or format_names():
        document = importlib.import_module(f"segdata.formats.{name}").__doc__ or ""
        lines.append(f"  {name:<12}{document.strip().splitlines()[0]}")
    lines += [f"could not look: {name}: {why}" for name, why in found.failed.items()]
    return [printable(line) for line in lines]


def _ordered(splits: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(splits.items(), key=lambda item: (item[0] not in SPLITS, (*SPLITS, item[0]).index(item[0])))


def _row(name: str, value: str) -> str:
    return f"  {name:<12}{value}"


def _classes(survey: Survey) -> Iterator[str]:
    unit = "regions" if survey.looked_at is None else f"masks that hold it, of {survey.looked_at:,} looked at"
    if not survey.labels:
        yield _row("classes", "no label found")
        return
    yield _row("classes", f"{len(survey.labels):,} ({unit})")
    labels = sorted(survey.labels.items(), key=lambda item: (-item[1], str(item[0])))[:MOST_CLASSES]
    shown = [(_shown(label), f"{count:,}", _becomes(label, survey)) for label, count in labels]
    width = max(len(name) for name, _, _ in shown)
    digits = max(len(count) for _, count, _ in shown)
    yield from (f"    {name:<{width}}  {count:>{digits}}{becomes}" for name, count, becomes in shown)
    if len(survey.labels) > MOST_CLASSES:
        yield f"    … and {len(survey.labels) - MOST_CLASSES:,} more"


def _shown(label: str | int) -> str:
    """Plain where it cannot be misread: the label 1 and the label "1" are two."""
    if isinstance(label, int):
        return str(label)
    plain = label and label == label.strip() and not label.lstrip("-").isdigit()
    return label if plain else f'"{label}"'


def _becomes(label: str | int, survey: Survey) -> str:
    """The class that is proposed for a name of the annotation's own, where it is called otherwise; or for a number."""
    name = (survey.label_map or {}).get(label, label)
    return "" if name in (label, f"class {label}") else f"  {name}"


def _photos(headers: Headers, photos: int) -> Iterator[str]:
    sizes = [f"{count:,} × {height}x{width}" for (height, width), count in headers.sizes.items()]
    more = f", … and {len(sizes) - MOST_SIZES:,} more sizes" if len(sizes) > MOST_SIZES else ""
    some = f"; of {headers.looked_at:,} photos looked at" if headers.looked_at < photos else ""
    listed = ", ".join(sizes[:MOST_SIZES]) + more
    yield _row("sizes", f"{listed} (height x width, upright{some})" if sizes else "no photo could be opened")
    turns = ", ".join(f"{count:,} of orientation {turn}" for turn, count in headers.turns.items())
    yield _row("EXIF turns", (turns or "none") + (some if headers.looked_at < photos else ""))


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    kinds = group_findings(findings)
    if not kinds:
        return
    yield _row("findings", f"{len(findings):,}" + (", the gravest first" if len(kinds) > 1 else ""))
    yield from (f"    {kind.line()}" for kind in kinds[:MOST_FINDINGS])
    if len(kinds) > MOST_FINDINGS:
        yield f"    … and {counted(len(kinds) - MOST_FINDINGS, 'more kind')}"
