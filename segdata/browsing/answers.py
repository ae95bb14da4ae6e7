"""What the page is told, as values: the set, a page of photos, one photo."""

from __future__ import annotations

import math
from collections.abc import Sequence

from segdata.browsing.compute import Progress, why_not
from segdata.browsing.index import ModelFigures, size_of
from segdata.browsing.opened import Opened
from segdata.findings import Finding

MOST_ASIDE = 500
"""Set-aside samples that the page lists; data/checks/<name>.json has them all."""


def about_set(opened: Opened) -> dict[str, object]:
    """All that the page needs once: classes, what can be filtered by, and what was set aside."""
    index, shards = opened.index, opened.shards
    height, width = shards.size_hw
    aside = index.found.aside
    return {
        "key": opened.key,
        "name": opened.name,
        "title": opened.pipeline.title,
        "digest": shards.digest,
        "photos": len(index),
        "height": height,
        "width": width,
        "classes": [
            {
                "name": label.name,
                "color": "#" + "".join(f"{part:02x}" for part in label.color),
                "photos": int((index.pixels[:, number] > 0).sum()),
            }
            for number, label in enumerate(shards.ontology.labels)
        ],
        "splits": index.split_counts,
        "sizes": index.size_counts,
        "findings": index.finding_counts,
        "checked": opened.checked,
        "aside": [_told(finding) for finding in aside[:MOST_ASIDE]],
        "aside_total": len(aside),
    }


def about_model(opened: Opened, progress: Progress, figures: ModelFigures) -> dict[str, object]:
    """Whether photos can be sorted by what a model makes of them, and how far its computation is.

    why_not     why nothing can be computed; empty when it can
    known       photos whose loss is known        predicted  photos that have a prediction to show
    scores      what to know of the last evaluation's scores; empty: they are of what lies here
    """
    reason = why_not(opened.project, opened.name)
    left = progress.seconds_left
    return {
        "why_not": reason,
        "scores": _about_scores(opened),
        "weights": opened.weights[:16],
        "known": len(opened.index) - sum(map(math.isnan, figures.loss.tolist())),
        "complete": bool(opened.weights) and not opened.kept.missing(),
        "predicted": len(opened.index) - sum(map(math.isnan, figures.wrong.tolist())),
        "running": progress.running,
        "done": progress.done,
        "total": progress.total,
        "photos_per_second": round(progress.photos_per_second, 1),
        "seconds_left": None if left is None else round(left),
        "error": progress.error,
    }


def _about_scores(opened: Opened) -> str:
    known, way = opened.standing, f"dvc repro, or segdata evaluate {opened.name}"
    if known.state == "stale":
        found = f"The last scores and predictions are of other {known.of}"
        if not known.of:
            found = "What the last scores and predictions are of cannot be told, as the note of it is damaged"
        return f"{found}: they are left out until {way}, has run. {known.why}"
    if known.state == "unknown" and opened.scored:
        return f"Whether the last scores and predictions are of these shards and weights cannot be told: {way}, notes it."
    return ""


def page_of(opened: Opened, numbers: Sequence[int], figures: ModelFigures) -> list[dict[str, object]]:
    """What stands under the thumbnails."""
    index = opened.index
    return [
        {
            "number": number,
            "id": index.ids[number],
            "split": index.rows_by_number[number].split,
            "findings": len(index.findings(number)),
            "severity": _worst(index.findings(number)),
            "loss": _figure(figures.loss[number]),
            "wrong": _figure(figures.wrong[number]),
            "iou": _figure(figures.iou[number]),
        }
        for number in numbers
    ]


def about_photo(opened: Opened, number: int, figures: ModelFigures) -> dict[str, object]:
    """One photo: what is known of it, and what can be shown."""
    index = opened.index
    row = index.rows_by_number[number]
    area = max(1, sum(row.pixels) + row.ignored)
    (one,) = page_of(opened, [number], figures)
    original = opened.original(number)
    return one | {
        "size": size_of(row),
        "shares": [round(pixels / area, 6) for pixels in row.pixels],
        "unlabelled": round(row.ignored / area, 6),
        "found": [_told(finding) for finding in index.findings(number)],
        "photo": "" if original is None else original.relative_to(opened.project.root).as_posix(),
        "turned": opened.records[row.id].orientation if row.id in opened.records else 0,
        "has_prediction": opened.prediction(number) is not None,
    }


def _told(finding: Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "file": finding.file,
        "place": finding.place,
        "message": finding.message,
        "action": finding.action,
    }


def _worst(findings: Sequence[Finding]) -> str:
    order = ("error", "warning", "note")
    return min((finding.severity for finding in findings), key=order.index, default="")


def _figure(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 6)
