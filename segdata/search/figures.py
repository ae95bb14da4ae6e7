"""Draws a search as inline SVG: one curve per trial, a dot per trial and key, and all keys beside each other.

No plotting library, no random ids; every mark carries the trial's values as its title.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from segdata.search.axes import Axis

WIDTH, HEIGHT = 420, 236
LEFT, RIGHT, TOP, BOTTOM = 48, 408, 12, 196
"""The frame of a chart, in SVG units."""

_RAMP = (
    (91, 63, 184),
    (53, 102, 201),
    (24, 140, 178),
    (31, 156, 130),
    (88, 164, 62),
    (196, 146, 20),
    (214, 69, 43),
)
"""From the first value to the last; readable on light and on dark ground."""


@dataclass(frozen=True)
class Curve:
    """One trial's figures over its epochs; None where a figure is not defined."""

    title: str
    color: str
    points: tuple[tuple[int, float | None], ...]
    best: bool


@dataclass(frozen=True)
class Dot:
    """One trial's value of a key and its best figure; None where it came to none."""

    title: str
    value: object
    figure: float | None
    best: bool


def ramp(share: float) -> str:
    """A colour of the ramp, at 0 … 1 of its way.

    >>> ramp(0), ramp(1)
    ('#5b3fb8', '#d6452b')
    """
    place = min(max(share, 0.0), 1.0) * (len(_RAMP) - 1)
    index = min(int(place), len(_RAMP) - 2)
    part = place - index
    mixed = (round(a + (b - a) * part) for a, b in zip(_RAMP[index], _RAMP[index + 1], strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def curves_chart(title: str, curves: Sequence[Curve], y: Axis, epochs: int) -> Markup:
    """Figures over epochs, one line per trial; the best trial stands out, and lines of one epoch are dots."""
    x = Axis.of_epochs(epochs)
    parts = [_grid(y), _numbers_below(x, "epoch")]
    for curve in sorted(curves, key=lambda one: one.best):
        points = [
            (_x(x.place(epoch)), _y(y.place(value))) for epoch, value in curve.points if value is not None
        ]
        css = Markup(' class="best"') if curve.best else Markup("")
        line = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        parts.append(
            Markup('<g{} style="stroke:{};fill:{}"><title>{}</title><polyline points="{}"/>').format(
                css, curve.color, curve.color, curve.title, line
            )
        )
        if curve.best or len(points) == 1:
            parts += [
                Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.5"/>').format(px, py) for px, py in points[-1:]
            ]
        parts.append(Markup("</g>"))
    return _svg(f"{title}: {len(curves)} curves over {epochs} epochs", parts)


def scatter(title: str, dots: Sequence[Dot], x: Axis, y: Axis, *, worst_is_up: bool) -> Markup:
    """Best figures over the values of one key; a cross at the edge stands for a trial without a figure."""
    parts = [_grid(y), _numbers_below(x, title)]
    for dot in sorted(dots, key=lambda one: one.best):
        px = _x(x.place(dot.value))
        py = _y(1.0 if worst_is_up else 0.0) if dot.figure is None else _y(y.place(dot.figure))
        shape = (
            Markup('<path class="cross" d="M{:.1f} {:.1f}l8 8m0 -8l-8 8"/>').format(px - 4, py - 4)
            if dot.figure is None
            else Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{}"/>').format(px, py, 6 if dot.best else 4.5)
        )
        css = "dot best" if dot.best else "dot"
        parts.append(Markup('<g class="{}"><title>{}</title>{}</g>').format(css, dot.title, shape))
    return _svg(f"Best figures over {title}", parts)


def parallel(
    axes: Sequence[tuple[str, Axis]], trials: Sequence[tuple[str, tuple[object, ...], str, bool]]
) -> Markup:
    """Each trial as a line across one upright axis per key, the figure last: (title, values, colour, is best)."""
    width = max(900, 170 * len(axes))
    left, right = 70, width - 70
    places = [left + number * (right - left) / (len(axes) - 1) for number in range(len(axes))]
    parts = []
    for place, (name, _) in zip(places, axes, strict=True):
        parts.append(
            Markup('<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>').format(
                place, TOP, BOTTOM
            )
        )
        parts.append(
            Markup('<text class="name" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                place, BOTTOM + 26, name
            )
        )
    for title, values, color, best in sorted(trials, key=lambda one: one[3]):
        points = " ".join(
            f"{place:.1f},{_y(axis.place(value)):.1f}"
            for place, (_, axis), value in zip(places, axes, values, strict=True)
        )
        parts.append(
            Markup('<g{} style="stroke:{}"><title>{}</title><polyline points="{}"/></g>').format(
                Markup(' class="best"') if best else Markup(""), color, title, points
            )
        )
    for place, (_, axis) in zip(places, axes, strict=True):  # above the lines, or nobody reads them
        parts += [
            Markup('<text class="on" x="{:.1f}" y="{:.1f}">{}</text>').format(
                place + 5, _y(mark) + 4, _cut(text)
            )
            for mark, text in axis.marks
        ]
    return _svg("All trials across all keys", parts, width)


def _x(share: float) -> float:
    return LEFT + share * (RIGHT - LEFT)


def _y(share: float) -> float:
    return BOTTOM - share * (BOTTOM - TOP)


def _grid(axis: Axis) -> Markup:
    said = Markup('<text x="2" y="{}">logarithmic axis</text>').format(BOTTOM + 35)
    return (said if axis.kind == "log" else Markup("")) + Markup("").join(
        Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
            LEFT, RIGHT, _y(mark), _y(mark)
        )
        + Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
            LEFT - 6, _y(mark) + 4, _cut(text)
        )
        for mark, text in axis.marks
    )


def _numbers_below(axis: Axis, name: str) -> Markup:
    marks = Markup("").join(
        Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
            _x(mark), BOTTOM + 17, _cut(text)
        )
        for mark, text in axis.marks
    )
    below = Markup('<text class="name" x="{}" y="{}" text-anchor="middle">{}</text>')
    return marks + below.format((LEFT + RIGHT) / 2, BOTTOM + 35, name)


def _cut(text: str) -> str:
    return text if len(text) <= 18 else f"{text[:17]}…"


def _svg(spoken: str, parts: Sequence[Markup], width: int = WIDTH) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, HEIGHT, spoken, Markup("").join(parts)
    )
