"""Draws the page's figures as inline SVG, and lays out its tables of colours; no plotting library, no random ids.

line_chart("Loss", [1, 2, 3], [Line("training", (2.1, 1.4, 1.1)), Line("validation", (2.0, 1.5, 1.3))], best=3)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from segdata.report.inputs import ClassScore, Confused

WIDTH, HEIGHT = 420, 236
LEFT, RIGHT, TOP, BOTTOM = 44, 408, 18, 196
"""The frame of a chart, in SVG units (about CSS pixels in a narrow window)."""

MAX_MATRIX_CLASSES = 40
"""A larger confusion matrix shows its most frequent classes only: nobody reads 255 x 255 cells."""


@dataclass(frozen=True)
class Line:
    """One curve; None where a value is not known."""

    name: str
    values: tuple[float | None, ...]


def line_chart(title: str, epochs: Sequence[int], lines: Sequence[Line], best: int | None) -> Markup:
    """An SVG chart of values over epochs, with the best epoch marked.

    The n-th line has the CSS class `line-n`; lines differ in dash as well as in colour.
    """
    known = [value for line in lines for value in line.values if value is not None]
    if not known:
        return Markup("")
    marks = ticks(min(0.0, *known), max(known))
    low, high = marks[0], marks[-1]
    first, last = epochs[0], max(epochs[-1], epochs[0] + 1)

    def x(epoch: float) -> float:
        return LEFT + (epoch - first) / (last - first) * (RIGHT - LEFT)

    def y(value: float) -> float:
        return BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP)

    parts = [
        Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
            LEFT, RIGHT, y(mark), y(mark)
        )
        + Markup('<text x="{}" y="{:.1f}" text-anchor="end">{:g}</text>').format(LEFT - 6, y(mark) + 4, mark)
        for mark in marks
    ]
    for mark in ticks(first, last):
        if mark == int(mark) and first <= mark <= last:
            parts.append(
                Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{:g}</text>').format(
                    x(mark), BOTTOM + 17, mark
                )
            )
    parts.append(
        Markup('<text x="{}" y="{}" text-anchor="middle">epoch</text>').format(
            (LEFT + RIGHT) / 2, BOTTOM + 34
        )
    )
    if best is not None:
        anchor, shift = ("end", -5) if x(best) > (LEFT + RIGHT) / 2 else ("start", 5)
        parts.append(
            Markup('<line class="best" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>').format(
                x(best), TOP, BOTTOM
            )
            + Markup('<text class="best" x="{:.1f}" y="{}" text-anchor="{}">best: epoch {}</text>').format(
                x(best) + shift, TOP - 6, anchor, best
            )
        )
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


def _spoken(title: str, epochs: Sequence[int], lines: Sequence[Line], best: int | None) -> str:
    ends = []
    for line in lines:
        values = [value for value in line.values if value is not None]
        if values:
            ends.append(f"{line.name} from {values[0]:.3f} to {values[-1]:.3f}")
    marked = "" if best is None else f"; best epoch {best}"
    return f"{title} over epochs {epochs[0]} to {epochs[-1]}: {', '.join(ends)}{marked}"


def ticks(low: float, high: float) -> list[float]:
    """Three to seven round numbers, evenly spaced, from at or below `low` to at or above `high`."""
    span = high - low if high > low else abs(high) or 1.0
    rough = span / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    start = math.floor(low / step + 1e-9)
    stop = max(start + 1, math.ceil(high / step - 1e-9))
    return [round(index * step, 12) for index in range(start, stop + 1)]


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
