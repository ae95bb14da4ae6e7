"""data/search/<name>/index.html: which values were best, how every trial went, and what to change. No script, no request.

Trials of a grid have their colour by the first key; every combination of the others has a chart of its own. With the
learning rate first, each chart is one curve of validation loss per learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from segdata.inspection.yaml_text import flow
from segdata.report.render import write_page as write_file
from segdata.search.axes import Axis
from segdata.search.figures import Curve, Dot, curves_chart, parallel, ramp, scatter
from segdata.search.outcome import PAGE, Outcome
from segdata.search.progress import spoken
from segdata.search.trial import TrialRecord
from segdata.search_section import better

_MOST_PANELS = 12
_MOST_KEYS = 6
"""Keys that a page draws; the tables hold them all."""


@dataclass(frozen=True)
class Panel:
    title: str
    chart: Markup


@dataclass(frozen=True)
class Row:
    """One trial in the table."""

    number: int
    rank: int | None
    values: tuple[str, ...]
    state: str
    epochs: int
    best_epoch: int | None
    figures: tuple[float | None, ...]
    why: str


def write_page(outcome: Outcome, folder: Path, diff: str) -> None:
    """Write index.html; `diff`: what the best values change in the pipeline file."""
    search = outcome.pipeline.search
    assert search is not None
    paths = list(search.space)
    metrics = ["loss", *(metric for metric in [outcome.metric] if metric != "loss")]
    best = outcome.best
    write_file(
        folder / PAGE,
        "segdata.search",
        "search.html.j2",
        outcome=outcome,
        search=search,
        paths=paths,
        metric=spoken(outcome.metric),
        best_row=None if best is None else best.best(outcome.metric),
        best_values=[] if best is None else [(path, flow(best.values[path])) for path in paths],
        figure_names=_figure_names(outcome),
        rows=_rows(outcome),
        legend=_legend(outcome),
        curves=[(f"Validation {spoken(metric)}", _panels(outcome, metric)) for metric in metrics],
        scatters=[_scatter(outcome, path) for path in paths[:_MOST_KEYS]],
        parallel=_parallel(outcome) if len(paths) > 1 else None,
        states=outcome.states(),
        spaces=[(path, _space_text(outcome, path)) for path in paths],
        diff=diff,
        not_compared=outcome.not_compared(),
    )


def _figure_names(outcome: Outcome) -> list[str]:
    names = ["loss", "mean_iou", "pixel_accuracy"]
    return names if outcome.metric in names else [outcome.metric, *names]


def _rows(outcome: Outcome) -> list[Row]:
    ranks = {number: rank for rank, number in enumerate(outcome.ranked, 1)}
    rows = []
    for number, trial in enumerate(outcome.trials, 1):
        best = trial.best(outcome.metric)
        figures = tuple(None if best is None else best.figure(name) for name in _figure_names(outcome))
        values = tuple(flow(value) for value in trial.values.values())
        rows.append(
            Row(
                number,
                ranks.get(number),
                values,
                trial.state,
                len(trial.epochs),
                None if best is None else best.epoch,
                figures,
                trial.why,
            )
        )
    return sorted(rows, key=lambda row: (row.rank is None, row.rank or 0, row.number))


def _titled(outcome: Outcome, number: int) -> str:
    trial = outcome.trials[number - 1]
    values = ", ".join(f"{path} {flow(value)}" for path, value in trial.values.items())
    worth = trial.worth(outcome.metric)
    figure = f"; {spoken(outcome.metric)} {worth:.4f}" if math.isfinite(worth) else f"; {trial.state}"
    return f"trial {number}: {values}{figure}"


def _first_axis(outcome: Outcome) -> tuple[str, Axis]:
    path = next(iter(outcome.trials[0].values))
    return path, _axis(outcome, path)


def _axis(outcome: Outcome, path: str) -> Axis:
    """The axis of a key: of a choice its values, as far as a trial has them."""
    search = outcome.pipeline.search
    assert search is not None
    values = [trial.values[path] for trial in outcome.trials]
    return Axis.of(values) if search.space[path].choice is None else Axis.of_choice(values)


def _color(outcome: Outcome, trial: TrialRecord) -> str:
    """By the first key: of a few values by their rank, that neighbours differ; of many by their place."""
    path, axis = _first_axis(outcome)
    values = sorted({axis.place(one.values[path]) for one in outcome.trials})
    place = axis.place(trial.values[path])
    if len(values) <= 8:
        return ramp(values.index(place) / max(1, len(values) - 1))
    return ramp((place - values[0]) / (values[-1] - values[0]))


def _legend(outcome: Outcome) -> tuple[str, list[tuple[str, str]]]:
    """The first key, and (colour, value) of each of its values, or of its ends where there are many."""
    path, axis = _first_axis(outcome)
    found: dict[float, tuple[str, str]] = {}
    for trial in outcome.trials:
        value = trial.values[path]
        found.setdefault(axis.place(value), (_color(outcome, trial), flow(value)))
    ordered = [found[place] for place in sorted(found)]
    return path, ordered if len(ordered) <= 8 else [ordered[0], ordered[len(ordered) // 2], ordered[-1]]


def _panels(outcome: Outcome, metric: str) -> list[Panel]:
    """One chart for each combination of all keys but the first of a grid; one for everything else."""
    search = outcome.pipeline.search
    assert search is not None
    groups: dict[str, list[int]] = {}
    for number, trial in enumerate(outcome.trials, 1):
        others = list(trial.values.items())[1:]
        title = ", ".join(f"{path} {flow(value)}" for path, value in others)
        groups.setdefault(title if search.sampler == "grid" else "", []).append(number)
    if len(groups) > _MOST_PANELS:
        groups = {"": list(range(1, len(outcome.trials) + 1))}
    known = [
        figure
        for trial in outcome.trials
        for row in trial.epochs
        if (figure := row.figure(metric)) is not None
    ]
    if not known:
        return []
    y, epochs = Axis.of(known), max(len(trial.epochs) for trial in outcome.trials)
    return [Panel(title, _curves(outcome, metric, numbers, y, epochs)) for title, numbers in groups.items()]


def _curves(outcome: Outcome, metric: str, numbers: Sequence[int], y: Axis, epochs: int) -> Markup:
    curves = []
    for number in numbers:
        trial = outcome.trials[number - 1]
        points = tuple((row.epoch, row.figure(metric)) for row in trial.epochs)
        if points:
            is_best = number == outcome.best_number
            curves.append(Curve(_titled(outcome, number), _color(outcome, trial), points, is_best))
    return curves_chart(f"Validation {spoken(metric)}", curves, y, epochs)


def _figure_axis(outcome: Outcome) -> Axis:
    return Axis.of([outcome.trials[number - 1].worth(outcome.metric) for number in outcome.ranked])


def _scatter(outcome: Outcome, path: str) -> Markup:
    dots = []
    for number, trial in enumerate(outcome.trials, 1):
        worth = trial.worth(outcome.metric)
        figure = worth if math.isfinite(worth) else None
        dots.append(Dot(_titled(outcome, number), trial.values[path], figure, number == outcome.best_number))
    return scatter(
        path, dots, _axis(outcome, path), _figure_axis(outcome), worst_is_up=better(outcome.metric) == "min"
    )


def _parallel(outcome: Outcome) -> Markup:
    search = outcome.pipeline.search
    assert search is not None
    paths = list(search.space)[:_MOST_KEYS]
    axes = [(path, _axis(outcome, path)) for path in paths]
    figures = _figure_axis(outcome)
    trials = []
    for place, number in enumerate(reversed(outcome.ranked)):
        trial = outcome.trials[number - 1]
        values = (*(trial.values[path] for path in paths), trial.worth(outcome.metric))
        color = ramp(1 - place / max(1, len(outcome.ranked) - 1))
        trials.append((_titled(outcome, number), values, color, number == outcome.best_number))
    return parallel([*axes, (spoken(outcome.metric), figures)], trials)


def _space_text(outcome: Outcome, path: str) -> str:
    search = outcome.pipeline.search
    assert search is not None
    space = search.space[path]
    if space.choice is not None:
        return f"one of {', '.join(flow(value) for value in space.choice)}"
    assert space.ends is not None
    low, high = space.ends
    return f"{low:g} to {high:g}, {'uniform' if space.uniform else 'uniform in its logarithm'}"
