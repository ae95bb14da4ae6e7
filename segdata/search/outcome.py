"""What a search came to, as files that a spreadsheet, a plot or an editor opens.

data/search/sample-via/
    trials.csv    trial,train.lr,train.momentum,state,epochs,best_epoch,loss,…      one row a trial
    curves.csv    trial,epoch,train_loss,val_loss,val_mean_iou,…                    one row an epoch of a trial
    best.yaml     the best values as a pipeline of its own: a variant of the one that was searched
    index.html    all of it to look at

The same trials give the same bytes; neither time nor machine stands in them.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from segdata.inspection.yaml_text import flow
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.search.progress import said, spoken
from segdata.search.trial import EpochRow, TrialRecord, metric_of, trial_pipeline
from segdata.search_section import better, value_at, with_values
from segdata.wording import counted

TRIALS, CURVES, BEST, PAGE = "trials.csv", "curves.csv", "best.yaml", "index.html"


@dataclass(frozen=True)
class Outcome:
    """All trials of a search in the order in which they were drawn; a trial's number is its place, from 1.

    complete  False when trials are left that go on with the next run
    """

    name: str
    pipeline: Pipeline
    trials: tuple[TrialRecord, ...]
    complete: bool

    @property
    def metric(self) -> str:
        return metric_of(self.pipeline)

    @property
    def ranked(self) -> list[int]:
        """Numbers of the trials that came to a figure, best first; of equals, the earlier."""
        sign = 1 if better(self.metric) == "min" else -1
        known = [
            (sign * trial.worth(self.metric), number)
            for number, trial in enumerate(self.trials, 1)
            if math.isfinite(trial.worth(self.metric))
        ]
        return [number for _, number in sorted(known)]

    @property
    def best_number(self) -> int | None:
        return self.ranked[0] if self.ranked else None

    @property
    def best(self) -> TrialRecord | None:
        return None if self.best_number is None else self.trials[self.best_number - 1]

    def states(self) -> str:
        """ "8 finished, 2 diverged"."""
        states = [trial.state for trial in self.trials]
        order = ("finished", "stopped", "diverged", "failed", "unfinished")
        return ", ".join(f"{states.count(state)} {state}" for state in order if state in states)

    def line(self) -> str:
        """The search in a sentence."""
        head = f"{self.name}: {counted(len(self.trials), 'trial')} ({self.states()})"
        search = self.pipeline.search
        assert search is not None
        if self.complete and any(trial.state == "unfinished" for trial in self.trials):
            head += f", the budget of {search.seconds:g} s is spent"
        best, number = self.best, self.best_number
        if best is None:
            return f"{head}, none with a figure"
        row = best.best(self.metric)
        assert row is not None
        values = ", ".join(f"{path} {flow(value)}" for path, value in best.values.items())
        return f"{head}; best is trial {number}: {spoken(self.metric)} {row.figure(self.metric):.4f} after epoch {row.epoch}, with {values}"

    def not_compared(self) -> str:
        """What the best values were not held against: those of the pipeline file, at its length; empty where they were."""
        search = self.pipeline.search
        assert search is not None
        own = msgspec.to_builtins(self.pipeline)
        present = {path: value for path in search.space if (value := value_at(own, path)) is not None}
        said = []
        if present not in [self._trained(self.trials[number - 1], present) for number in self.ranked]:
            values = ", ".join(f"{path} {flow(value)}" for path, value in present.items())
            said.append(f"{values}, as in the file, was not tried")
        if search.epochs not in (None, self.pipeline.train.epochs):
            said.append(
                f"a trial had at most {counted(search.epochs or 0, 'epoch')}, the file trains {self.pipeline.train.epochs}"
            )
        return "; ".join(said)

    def _trained(self, trial: TrialRecord, paths: Iterable[str]) -> dict[str, object]:
        """What a trial trained at these paths, with the defaults of what its values leave out; nothing where they do not fit."""
        try:
            own = msgspec.to_builtins(trial_pipeline(self.pipeline, trial.values))
        except msgspec.ValidationError:
            return {}
        return {path: value_at(own, path) for path in paths}

    def failures(self) -> list[str]:
        return [
            f"trial {number} {said(trial, self.metric)}"
            for number, trial in enumerate(self.trials, 1)
            if trial.state == "failed"
        ]


def write_tables(outcome: Outcome, folder: Path) -> None:
    """trials.csv and curves.csv into an existing folder."""
    search = outcome.pipeline.search
    assert search is not None
    paths, metric = list(search.space), outcome.metric
    columns = [name for name in EpochRow.__struct_fields__ if name not in ("epoch", "lr")]
    if metric in ("loss", "mean_iou", "pixel_accuracy"):
        columns.remove("val_selected")
    rows: list[list[Any]] = []
    curves: list[list[Any]] = []
    ranks = {number: rank for rank, number in enumerate(outcome.ranked, 1)}
    for number, trial in enumerate(outcome.trials, 1):
        best = trial.best(metric)
        values = [_cell(trial.values[path]) for path in paths]
        figures = [None if best is None else getattr(best, column) for column in columns]
        rank, best_epoch = ranks.get(number), None if best is None else best.epoch
        rows.append([number, *values, trial.state, rank, len(trial.epochs), best_epoch, *figures, trial.why])
        curves += [
            [number, row.epoch, *(getattr(row, column) for column in columns), row.lr] for row in trial.epochs
        ]
    header = ("trial", *paths, "state", "rank", "epochs", "best_epoch", *columns, "why")
    _write_csv(folder / TRIALS, header, rows)
    _write_csv(folder / CURVES, ("trial", "epoch", *columns, "lr"), curves)


def best_text(outcome: Outcome, own: object) -> str:
    """best.yaml: a variant of the pipeline with the best values; of a variant, another one of the same base.

    own  the plain values of the pipeline's own file
    """
    assert outcome.best is not None and isinstance(own, dict)
    variant = own if "base" in own else {"base": outcome.name}
    changed = with_values(variant, outcome.best.values)
    changed["title"] = f"{outcome.pipeline.title}, best of a search"
    lines = [
        f"# {outcome.line()}.",
        "# As pipelines/<another name>.yaml this is a pipeline of its own, beside the one that was searched.",
        *(f"{section}: {flow(changed[section])}" for section in ("base", "title")),
        *(
            f"{section}: {flow(values)}"
            for section, values in changed.items()
            if section not in ("base", "title")
        ),
    ]
    return "\n".join(lines) + "\n"


def results_dir(project: Project, name: str) -> Path:
    return project.root / "data" / "search" / name


def _cell(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else msgspec.json.encode(value).decode()


def _write_csv(path: Path, header: tuple[str, ...], rows: list[list[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode())
