"""One trial: a training of the pipeline with other values, in a folder of its own, and what is kept of it.

    .segdata/search/sample-via/3f9c1be07a52d480/
        trial.json       {"values": {"train.lr": 0.003}, "state": "finished", "epochs": [{"epoch": 1, …}, …], …}
        unfinished/ …    what segdata.training keeps after every epoch, until the trial is over

The folder's name follows from what is trained, so a search that is changed finds again what it has in common with the
one before. Weights are not kept: the best values are trained in full by `segdata train`.
"""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from segdata.atomic import replace_file
from segdata.digests import value_digest
from segdata.pipeline import Pipeline
from segdata.project import Params, Project, TrainParams
from segdata.search.draws import Values
from segdata.search_section import Search, better, with_values

TRIAL = "trial.json"


class EpochRow(msgspec.Struct, frozen=True):
    """One epoch, as in a run's curves.csv: seven significant digits; None where a figure is not defined."""

    epoch: int
    train_loss: float | None
    val_loss: float | None
    val_mean_iou: float | None
    val_pixel_accuracy: float | None
    lr: float | None
    val_selected: float | None = None

    def figure(self, metric: str) -> float | None:
        """The figure that `train.select` and `search.metric` name so."""
        known = {
            "loss": self.val_loss,
            "mean_iou": self.val_mean_iou,
            "pixel_accuracy": self.val_pixel_accuracy,
        }
        return known.get(metric, self.val_selected)


class TrialRecord(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """trial.json.

    key    what the figures follow from (segdata.training.finished.run_key); with another one they are worth nothing
    state  unfinished: goes on · finished: all its epochs, or patience was at an end · stopped: by the scheduler ·
           diverged: its loss was not finite · failed: see `why`; tried again
    """

    values: Values
    key: str = ""
    state: Literal["unfinished", "finished", "stopped", "diverged", "failed"] = "unfinished"
    why: str = ""
    epochs: list[EpochRow] = []

    @property
    def is_over(self) -> bool:
        """Nothing is left to train."""
        return self.state in ("finished", "stopped", "diverged")

    def best(self, metric: str) -> EpochRow | None:
        """The epoch with the best figure, of equals the earlier; None where no figure is defined, or the loss diverged."""
        if self.state in ("diverged", "failed"):
            return None
        known = [row for row in self.epochs if row.figure(metric) is not None]
        sign = 1 if better(metric) == "min" else -1
        return min(known, key=lambda row: sign * (row.figure(metric) or 0.0), default=None)

    def worth(self, metric: str) -> float:
        """The figure of the best epoch; the worst there is where none is defined."""
        row = self.best(metric)
        figure = None if row is None else row.figure(metric)
        return worst(metric) if figure is None else figure


def worst(metric: str) -> float:
    """A value that every figure is better than."""
    return math.inf if better(metric) == "min" else -math.inf


def trial_pipeline(pipeline: Pipeline, values: Values) -> Pipeline:
    """What a trial trains: the pipeline with these values, the search's epochs and patience, chosen by its metric.

    A trial's best epoch is that of the search's metric, which patience then counts by too. Only `model` and `train`
    differ. The values must have passed read_pipeline.
    """
    search = pipeline.search
    assert search is not None
    given: Values = {
        "train.epochs": search.epochs,
        "train.patience": search.patience,
        "train.select": search.metric,
    }
    stated = {path: value for path, value in given.items() if value is not None}
    changed = with_values(msgspec.to_builtins(pipeline), {**values, **stated})
    return msgspec.convert(changed, Pipeline)


def trial_id(pipeline: Pipeline, shards: str) -> str:
    """The name of a trial's folder, from its own pipeline and the digest of the shards."""
    return value_digest([pipeline.model, pipeline.train, shards])[:16]


@dataclass(frozen=True)
class TrialProject(Project):
    """The project as a trial sees it: its own pipeline and folders for what it writes, all else as it is."""

    own: Pipeline
    folder: Path
    threads: int

    def pipeline(self, name: str) -> Pipeline:
        return self.own

    def params(self) -> Params:
        params = super().params()
        device = TrainParams(device=params.device.device, threads=self.threads)
        return msgspec.structs.replace(params, device=device)

    def run_dir(self, name: str) -> Path:
        return self.folder / "run"

    def scratch_dir(self, *parts: str) -> Path:
        folder = self.folder.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def read_record(self) -> TrialRecord | None:
        return read_record(self.folder)

    def write_record(self, record: TrialRecord) -> None:
        """Keep trial.json; of a trial that is over, nothing else."""
        with replace_file(self.folder / TRIAL) as temporary:
            temporary.write_bytes(msgspec.json.encode(record) + b"\n")
        if record.is_over:
            clear_states(self.folder)


def clear_states(folder: Path) -> None:
    """Remove what only a trial that goes on needs."""
    for part in ("unfinished", "runs", "run"):
        shutil.rmtree(folder / part, ignore_errors=True)


def read_record(folder: Path) -> TrialRecord | None:
    """trial.json of a folder; None when there is none, or it is damaged: then the trial is trained again."""
    try:
        return msgspec.json.decode((folder / TRIAL).read_bytes(), type=TrialRecord)
    except (OSError, msgspec.MsgspecError):
        return None


def metric_of(pipeline: Pipeline) -> str:
    """The figure by which the trials of a pipeline are compared."""
    search: Search | None = pipeline.search
    assert search is not None
    return search.metric or pipeline.train.select


def plain(value: Any) -> float | None:
    """A figure as curves.csv keeps it."""
    return None if value != value else float(f"{value:.7g}")
