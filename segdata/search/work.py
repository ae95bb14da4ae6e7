"""What a worker does with one trial: train it, go on with it, or tell again what it came to. Knows nothing of Ray.

Every epoch is kept before it is told, so whatever ends the worker costs at most the epoch that was going on.
"""

from __future__ import annotations

import csv
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from segdata.atomic import only_one
from segdata.digests import file_digest
from segdata.errors import SegdataError, TrainingError
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.search.draws import Values
from segdata.search.trial import (
    EpochRow,
    TrialProject,
    TrialRecord,
    metric_of,
    plain,
    trial_id,
    trial_pipeline,
    worst,
)
from segdata.shards import ShardSet

if TYPE_CHECKING:
    from segdata.training.keep import EpochFigures

_PATIENCE_SECONDS = 120.0
_TRACEBACK = "error.txt"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What all trials of a search have in common; travels to the workers as JSON.

    root    the project's folder, which every machine must see at this path
    shards  digest of the shard set
    folder  where trials keep what they have
    device  auto, cpu, cuda or mps
    """

    root: str
    name: str
    pipeline: Pipeline
    shards: str
    folder: str
    device: str

    def trial(self, values: Values) -> TrialProject:
        """The trial of these values."""
        own = trial_pipeline(self.pipeline, values)
        assert own.search is not None
        return TrialProject(
            Path(self.root),
            own=own,
            folder=Path(self.folder) / trial_id(own, self.shards),
            threads=own.search.resources.cpus,
        )

    def key_of(self, own: Pipeline, weights: str | None) -> str:
        """What the figures of a trial follow from; `weights`: digest of the file it starts from."""
        from segdata.training.finished import run_inputs, run_key

        shards = ShardSet.open(Project(Path(self.root)).shards_dir(self.name))
        return run_key(run_inputs(own, shards, weights))


class Tell(Protocol):
    """Hears of an epoch: its number, the best figure so far, and whether it was trained at an earlier time.

    What it raises ends the trial; its state is kept.
    """

    def __call__(self, epoch: int, worth: float, *, earlier: bool) -> None: ...


def work(job: Job, values: Values, tell: Tell) -> None:
    """Bring one trial to its end and keep its record; its epochs are told in order, those of earlier times first.

    A trial that cannot be trained is recorded as such, and nothing is raised: the others go on.
    """
    if not Path(job.root).is_dir():
        raise SegdataError(
            job.root,
            found="no such folder on this machine of the cluster",
            expected="the project's folder, at the same path on every machine",
        )
    trial, search = job.trial(values), job.pipeline.search
    assert search is not None
    with _alone(trial.folder / "lock"):
        key = job.key_of(trial.own, weights_digest(trial, job.name))
        record = trial.read_record()
        if record is None or not record.is_worth_something(key, search):
            record = TrialRecord(values=values, key=key)
        if not record.is_over:
            record.epochs += _unrecorded(trial, job.name, record)
        for count in range(1, len(record.epochs) + 1):
            earlier = msgspec.structs.replace(record, epochs=record.epochs[:count], state="unfinished")
            tell(earlier.epochs[-1].epoch, earlier.worth(metric_of(trial.own)), earlier=True)
        if not record.is_over:
            _train(trial, job, record, tell)
        elif record.state == "diverged":
            tell(len(record.epochs) + 1, worst(metric_of(trial.own)), earlier=True)


def _train(trial: TrialProject, job: Job, record: TrialRecord, tell: Tell) -> None:
    from segdata.training import train_pipeline

    metric = metric_of(trial.own)
    record.state, record.why = "unfinished", ""
    trial.write_record(record)

    def note(figures: EpochFigures) -> None:
        row = _row(figures)
        record.epochs = [*(one for one in record.epochs if one.epoch < row.epoch), row]
        trial.write_record(record)
        tell(row.epoch, record.worth(metric), earlier=False)

    try:
        again = f"`segdata search {job.name}`"
        train_pipeline(trial, job.name, device=job.device, quiet=True, on_epoch=note, again=again)
    except Exception as error:
        if isinstance(error, TrainingError) and error.found.startswith("a loss that is not finite"):
            record.state, record.why = "diverged", f"{error.place}: {error.found}"
        elif isinstance(error, SegdataError):
            record.state, record.why = "failed", str(error)
        else:
            (trial.folder / _TRACEBACK).write_text(traceback.format_exc())
            said = f"{type(error).__name__}: {error} (see {trial.folder / _TRACEBACK})"
            record.state, record.why = "failed", said
        trial.write_record(record)
        tell(len(record.epochs) + 1, worst(metric), earlier=False)
        return
    told = len(record.epochs)
    record.epochs = _read_curves(trial.run_dir(job.name) / "curves.csv")
    record.state = "finished"
    trial.write_record(record)
    if len(record.epochs) > told:  # killed after the last epoch, before it was told
        tell(record.epochs[-1].epoch, record.worth(metric), earlier=True)


def _unrecorded(trial: TrialProject, name: str, record: TrialRecord) -> list[EpochRow]:
    """Epochs that training will go on after, and a worker that was killed in between did not record."""
    from segdata.training.keep import UnfinishedRun

    unfinished = UnfinishedRun(trial.scratch_dir("unfinished", "train") / name, record.key)
    kept = unfinished.read(trial.own.train.select)
    figures = kept.progress.figures if kept else []
    return [_row(one) for one in figures[len(record.epochs) :]]


def _row(figures: EpochFigures) -> EpochRow:
    return EpochRow(
        **{name: plain(getattr(figures, name)) for name in EpochRow.__struct_fields__[1:]},
        epoch=figures.epoch,
    )


def weights_digest(project: Project, name: str) -> str | None:
    """SHA-256 of the weights that a pipeline starts from, fetched where they are not there yet; None without any."""
    from segdata.training.start import find_weights

    weights = project.pipeline(name).model.weights
    return None if weights is None else file_digest(find_weights(project, weights, f"pipelines/{name}.yaml"))


def _read_curves(path: Path) -> list[EpochRow]:
    with path.open(newline="") as file:
        rows = [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]
    return msgspec.convert(rows, list[EpochRow], strict=False)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait for whoever has this trial: the same values drawn twice, or a worker of a killed search that is still ending."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(only_one(lock, f"trial {lock.parent.name}"))
                break
            except SegdataError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
        yield
