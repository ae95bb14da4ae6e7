"""The table at the end: what the report measured, the same figure here, the standard one, and whether they agree."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segdata.evaluation.pixel_sums import VOID
from segdata.evaluation.protocols import ProtocolScore
from segdata.evaluation.score import Scores
from segdata.pipeline import Published, Split
from segdata.project import Project
from segdata.wording import counted

_HEADER = (
    "figure",
    "split",
    "height x width",
    "protocol",
    "published",
    "here",
    "95 % interval",
    "difference",
    "verdict",
)
OWN = "own"
"""Stands for the size of a figure that is counted at each photo's own size."""


@dataclass(frozen=True)
class Row:
    """One figure: shares of 1; None where the report, or the data, gives none. `size`: of the masks it is counted on."""

    metric: str
    split: str
    size: str
    protocol: str
    published: float | None
    here: float | None
    interval: tuple[float | None, float | None]
    tolerance: float

    @property
    def within(self) -> bool | None:
        """Whether it agrees with the report; None where there is nothing to compare."""
        if self.published is None or self.here is None:
            return None
        return abs(self.here - self.published) <= self.tolerance

    def cells(self) -> tuple[str, ...]:
        low, high = self.interval
        difference = "-" if self.within is None else f"{(self.here or 0) - (self.published or 0):+.5f}"
        verdict = (
            "-" if self.within is None else ("within" if self.within else "outside") + f" ±{self.tolerance:g}"
        )
        figures = (_figure(self.published), _figure(self.here), f"{_figure(low)} … {_figure(high)}")
        return (self.metric, self.split, self.size, self.protocol, *figures, difference, verdict)


@dataclass(frozen=True)
class ClassRow:
    """One class of the main split, at the size of its figures but the standard one; where the last is void, it counts as any other."""

    name: str
    iou: str
    accuracy: str


@dataclass(frozen=True)
class Comparison:
    """All figures of a report beside ours; the first row is the main one."""

    name: str
    where: str
    samples: int
    rows: tuple[Row, ...]
    classes: tuple[ClassRow, ...]

    def lines(self) -> list[str]:
        """The table as text, per class beneath."""
        counted_as = "jaccard-20" if self.classes and self.classes[-1].name == VOID else "mean-iou"
        per_class = [
            ("class", f"IoU, {counted_as}", "accuracy"),
            *((one.name, one.iou, one.accuracy) for one in self.classes),
        ]
        return [
            f"{self.name}: {self.where}, scored on {counted(self.samples, 'photo')}",
            *_aligned([_HEADER, *(row.cells() for row in self.rows)]),
            "",
            *_aligned(per_class),
        ]


def compare(
    project: Project,
    name: str,
    published: Published,
    scores: Mapping[Split, Scores],
    own_size: ProtocolScore | None,
) -> Comparison:
    """The comparison of a published result with the scores of its splits.

    own_size  the standard figure at the photos' own size; None: the one at the size of the others
    """
    rows = []
    for figure in published.figures:
        scored = scores[figure.split]
        here = scored.by(figure.protocol)
        rows.append(
            Row(
                figure.metric,
                figure.split,
                _size(scored),
                figure.protocol,
                figure.value,
                here.value,
                here.interval,
                published.tolerance,
            )
        )
    main = scores[published.split]
    standard = own_size or main.by(published.standard)
    rows.append(
        Row(
            "standard",
            published.split,
            OWN if own_size else _size(main),
            published.standard,
            None,
            standard.value,
            standard.interval,
            published.tolerance,
        )
    )
    return Comparison(
        name, published.where, main.samples, tuple(rows), _classes(project, name, published.split)
    )


def _classes(project: Project, name: str, split: str) -> tuple[ClassRow, ...]:
    with (project.scored_dir(name, split) / "per_class.csv").open(newline="", encoding="utf-8") as file:
        return tuple(
            ClassRow(row["class"], _text(row["iou"]), _text(row["accuracy"])) for row in csv.DictReader(file)
        )


def _size(scored: Scores) -> str:
    height, width = scored.size_hw
    return f"{height}x{width}"


def _text(cell: str) -> str:
    return _figure(float(cell)) if cell else "absent"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.5f}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
