"""Draws the page's figures as inline SVG, and lays out its tables of colours; no plotting library, no random ids.

line_chart("Loss", [1, 2, 3], [Line("training", (2.1, 1.4, 1.1)), Line("validation", (2.0, 1.5, 1.3))], best=3)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from segdata.report.axes import decades, short, ticks, whole_marks
from segdata.report.inputs import ClassScore, Confused

WIDTH, HEIGHT = 420, 236
LEFT, RIGHT, TOP, BOTTOM = 44, 408, 18, 196
"""The frame of a chart, in SVG units (about CSS pixels in a narrow window)."""

MAX_MATRIX_CLASSES = 40
"""A larger confusion matrix shows its most frequent classes only: nobody reads 255 x 255 cells."""

_DECADES_FROM = 50.0
"""From this ratio of the largest loss to the smallest on, its axis is logarithmic: one early peak would flatten all else."""


@dataclass(frozen=True)
class Line:
    """One curve; None where a value is not known."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class _Scale:
    """The axis of values: its ends, its marks, and where a value stands from 0 (low) to 1 (high)."""

    low: float
    high: float
    marks: list[float]
    logarithmic: bool

    @classmethod
    def of(cls, known: Sequence[float], from_zero: bool) -> _Scale:
        smallest, largest = min(known), max(known)
        if from_zero or smallest <= 0 or largest / smallest < _DECADES_FROM:
            marks = ticks(min(0.0, smallest), largest)
            return cls(marks[0], marks[-1], marks, False)
        return cls(*decades(smallest, largest), True)

    def place(self, value: float) -> float:
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def line_chart(
    title: str, epochs: Sequence[int], lines: Sequence[Line], best: int | None, *, from_zero: bool = True
) -> Markup:
    """An SVG chart of values over epochs, with the best epoch marked. A single epoch stands in the middle, as dots.

    from_zero  the axis of values begins at 0, or below; else it is logarithmic, and says so, where values span decades
    The n-th line has the CSS class `line-n`; lines differ in dash as well as in colour.
    """
    known = [value for line in lines for value in line.values if value is not None]
    if not known:
        return Markup("")
    scale = _Scale.of(known, from_zero)
    first, last = epochs[0], epochs[-1]

    def x(epoch: float) -> float:
        share = (epoch - first) / (last - first) if last > first else 0.5
        return LEFT + share * (RIGHT - LEFT)

    def y(value: float) -> float:
        return BOTTOM - scale.place(value) * (BOTTOM - TOP)

    parts = [
        Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
            LEFT, RIGHT, y(mark), y(mark)
        )
        + Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
            LEFT - 6, y(mark) + 4, short(mark)
        )
        for mark in scale.marks
    ]
    parts += [
        Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(x(mark), BOTTOM + 17, mark)
        for mark in whole_marks(first, last)
    ]
    if scale.logarithmic:
        parts.append(Markup('<text x="2" y="{}">logarithmic axis</text>').format(BOTTOM + 34))
    parts.append(
        Markup('<text x="{}" y="{}" text-anchor="middle">epoch</text>').format(
            (LEFT + RIGHT) / 2, BOTTOM + 34
        )
    )
    if best is not None:
        parts.append(_best_mark(x(best), best))
    for number, line in enumerate(lines):
        points = [(x(e), y(v), e) for e, v in zip(epochs, line.values, strict=True) if v is not None]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py, _ in points)
        parts.append(Markup('<polyline class="line-{}" points="{}"/>').format(number, path))
        parts += [
            Markup('<circle class="line-{}" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(number, px, py)
            for px, py, epoch in points
            if epoch == best or len(points) == 1
        ]
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, _spoken(title, epochs, lines, best), Markup("").join(parts)
    )


def _best_mark(place: float, epoch: int) -> Markup:
    anchor, shift = ("end", -5) if place > (LEFT + RIGHT) / 2 else ("start", 5)
    line = Markup('<line class="best" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>')
    text = Markup('<text class="best" x="{:.1f}" y="{}" text-anchor="{}">best: epoch {}</text>')
    return line.format(place, TOP, BOTTOM) + text.format(place + shift, TOP - 6, anchor, epoch)


def _spoken(title: str, epochs: Sequence[int], lines: Sequence[Line], best: int | None) -> str:
    ends = []
    for line in lines:
        values = [value for value in line.values if value is not None]
        if values:
            ended = f"from {values[0]:.3f} to {values[-1]:.3f}" if len(epochs) > 1 else f"{values[0]:.3f}"
            ends.append(f"{line.name} {ended}")
    marked = "" if best is None or len(epochs) < 2 else f"; best epoch {best}"
    over = f"over epochs {epochs[0]} to {epochs[-1]}" if len(epochs) > 1 else f"after epoch {epochs[0]}"
    return f"{title} {over}: {', '.join(ends)}{marked}"


@dataclass(frozen=True)
class Cell:
    """One field of a confusion matrix: pixels, and their share of the row's truth (None for an absent class)."""

    prediction: str
    pixels: int
    share: float | None

    @property
    def text(self) -> str:
        """Whole percent; "<1" for a little, empty for nothing."""
        if not self.pixels or self.share is None:
            return ""
        percent = self.share * 100
        return "<1" if percent < 0.5 else f"{percent:.0f}"


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix, rows = truth, each row divided by its sum; `hidden` classes did not fit."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    hidden: int

    def confusions(self) -> list[tuple[str, Cell]]:
        """Of each class, what most of it was wrongly taken for, as (truth, cell); the largest share first."""
        wrong = []
        for name, cells in self.rows:
            others = [cell for cell in cells if cell.prediction != name and cell.share]
            if others:
                wrong.append((name, max(others, key=lambda cell: cell.share or 0.0)))
        return sorted(wrong, key=lambda pair: -(pair[1].share or 0.0))


def confusion_matrix(classes: Sequence[ClassScore], confused: Sequence[Confused]) -> Matrix:
    """Row-normalised matrix in the order of `classes`; rows count every prediction, also of classes not shown."""
    counts = {(entry.truth, entry.prediction): entry.pixels for entry in confused}
    totals: dict[str, int] = {}
    for entry in confused:
        totals[entry.truth] = totals.get(entry.truth, 0) + entry.pixels
    ranked = sorted(range(len(classes)), key=lambda index: (-classes[index].truth_pixels, index))
    names = tuple(classes[index].name for index in sorted(ranked[:MAX_MATRIX_CLASSES]))
    rows = []
    for truth in names:
        total = totals.get(truth, 0)
        cells = []
        for prediction in names:
            pixels = counts.get((truth, prediction), 0)
            cells.append(Cell(prediction, pixels, pixels / total if total else None))
        rows.append((truth, tuple(cells)))
    return Matrix(names, tuple(rows), len(classes) - len(names))
