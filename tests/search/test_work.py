"""One trial, trained for real on a few drawn photos: kept by epoch, told in order, never trained twice. Without Ray."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from segdata.atomic import only_one
from segdata.errors import MissingExtraError
from segdata.project import Project
from segdata.search import search_pipeline
from segdata.search import work as work_module
from segdata.search.trial import TRIAL, TrialRecord, read_record
from segdata.search.work import Job, work
from segdata.search_section import HyperBand
from segdata.shards import ShardSet
from tests.search.projects import NAME, make_project, record, row

SEARCH = {"sampler": "grid", "space": {"train.lr": {"choice": [0.01, 1e30]}}, "metric": "loss", "epochs": 3}
VALUES = {"train.lr": 0.01}
Told = list[tuple[int, float, bool]]


class PulledPlugError(Exception):
    """Stands for whatever ends a worker."""


def job_of(project: Project) -> Job:
    job = Job(
        root=str(project.root),
        name=NAME,
        pipeline=project.pipeline(NAME),
        shards=ShardSet.open(project.shards_dir(NAME)).digest,
        folder=str(project.scratch_dir("search", NAME)),
        device="cpu",
    )
    return msgspec.json.decode(msgspec.json.encode(job), type=Job)  # as it travels to a worker


def run(job: Job, values: dict[str, Any] = VALUES, *, stop_after: int = 0) -> Told:
    told: Told = []

    def tell(epoch: int, worth: float, *, earlier: bool) -> None:
        told.append((epoch, worth, earlier))
        if epoch == stop_after:
            raise SystemExit  # as Tune stops a trial

    if stop_after:
        with pytest.raises(SystemExit):
            work(job, values, tell)
    else:
        work(job, values, tell)
    return told


def kept(job: Job, values: dict[str, Any] = VALUES) -> TrialRecord:
    found = read_record(job.trial(values).folder)
    assert found is not None
    return found


def test_a_trial_is_trained_told_and_kept_and_nothing_else_is_written(tmp_path: Path) -> None:
    project = make_project(tmp_path, SEARCH, epochs=20, select="mean_iou")
    job = job_of(project)
    told = run(job)
    record = kept(job)
    assert (record.state, len(record.epochs), record.values) == ("finished", 3, VALUES)
    losses = [row.val_loss for row in record.epochs]
    assert all(loss is not None for loss in losses)
    assert told == [(n + 1, min(losses[: n + 1]), False) for n in range(3)]  # type: ignore[type-var]
    assert not project.run_dir(NAME).exists()
    assert not (project.root / ".segdata/unfinished").exists()
    folder = job.trial(VALUES).folder
    assert {path.name for path in folder.iterdir()} == {TRIAL, "lock", "locks"}


def test_a_finished_trial_is_told_again_and_not_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(make_project(tmp_path, SEARCH))
    first = run(job)
    monkeypatch.setattr("segdata.training.train_pipeline", lambda *_, **__: pytest.fail("trained again"))
    assert run(job) == [(epoch, worth, True) for epoch, worth, _ in first]


def test_a_stopped_trial_goes_on_and_equals_an_undisturbed_one_to_the_digit(tmp_path: Path) -> None:
    whole, cut = (job_of(make_project(tmp_path / name, SEARCH)) for name in ("whole", "cut"))
    told = run(whole)
    assert run(cut, stop_after=1) == told[:1]
    assert kept(cut).state == "unfinished"
    assert run(cut, stop_after=2) == [(1, told[0][1], True), told[1]]
    assert run(cut) == [(1, told[0][1], True), (2, told[1][1], True), told[2]]
    assert kept(cut) == kept(whole)


def test_an_epoch_that_was_trained_but_not_recorded_leaves_no_gap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, cut = (job_of(make_project(tmp_path / name, SEARCH | {"epochs": 4})) for name in ("whole", "cut"))
    told = run(whole)
    run(cut, stop_after=2)
    assert f"{NAME}: stopped; `segdata search {NAME}` goes on after epoch 2." in capsys.readouterr().err
    trial = cut.trial(VALUES)
    record = kept(cut)
    record.epochs.pop()  # killed between the state of epoch 2 and its record
    trial.write_record(record)
    assert run(cut, stop_after=3) == [(1, told[0][1], True), (2, told[1][1], True), told[2]]
    assert [row.epoch for row in kept(cut).epochs] == [1, 2, 3]
    assert kept(cut).epochs == kept(whole).epochs[:3]


def test_a_loss_that_is_not_finite_is_an_outcome_worse_than_any(tmp_path: Path) -> None:
    job = job_of(make_project(tmp_path, SEARCH))
    values = {"train.lr": 1e30}
    assert run(job, values) == [(1, math.inf, False)]
    assert kept(job, values).state == "diverged"
    assert "a loss that is not finite, at lr" in kept(job, values).why
    assert run(job, values) == [(1, math.inf, True)]


def test_a_trial_that_cannot_be_trained_says_why_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(make_project(tmp_path, SEARCH))
    with monkeypatch.context() as patched:

        def break_down(*_: object, **__: object) -> None:
            raise PulledPlugError("no power")

        patched.setattr("segdata.training.train_pipeline", break_down)
        assert run(job) == [(1, math.inf, False)]
    record = kept(job)
    assert record.state == "failed" and record.why.startswith("PulledPlugError: no power (see ")
    assert "break_down" in (job.trial(VALUES).folder / "error.txt").read_text()
    assert len(run(job)) == 3
    assert kept(job).state == "finished"


def test_other_code_makes_what_was_kept_worthless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_of(make_project(tmp_path, SEARCH))
    run(job)
    monkeypatch.setattr("segdata.training.finished.code_digest", lambda model: "other code")
    assert [earlier for *_, earlier in run(job)] == [False, False, False]


def test_a_trial_that_another_scheduler_stopped_is_trained_to_its_end(tmp_path: Path) -> None:
    job = job_of(make_project(tmp_path, SEARCH))
    run(job, stop_after=2)
    stopped = kept(job)
    stopped.state = "stopped"
    stopped.stopped_by = HyperBand(name="async-hyperband", grace=1)
    job.trial(VALUES).write_record(stopped)
    assert [epoch for epoch, _, earlier in run(job) if not earlier] == [1, 2, 3]
    assert kept(job).state == "finished"


def test_a_worker_of_before_that_still_ends_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(make_project(tmp_path, {**SEARCH, "epochs": 1}))
    folder = job.trial(VALUES).folder
    released = threading.Event()

    def wait(_: float) -> None:
        released.set()
        holder.join()

    def hold(ready: Callable[[], object]) -> None:
        with only_one(folder / "lock", "trial"):
            ready()
            released.wait(30)

    ready = threading.Event()
    holder = threading.Thread(target=hold, args=(ready.set,))
    holder.start()
    ready.wait(30)
    monkeypatch.setattr(work_module.time, "sleep", wait)
    assert len(run(job)) == 1
    assert released.is_set()


def test_patience_counts_by_the_metric_of_the_search(tmp_path: Path) -> None:
    search = {**SEARCH, "space": {"train.lr": {"choice": [1e-12]}}, "epochs": 30, "patience": 2}
    job = job_of(make_project(tmp_path, search, schedule={"name": "constant"}))
    values = {"train.lr": 1e-12}
    run(job, values)
    record = kept(job, values)
    best = record.best("loss")
    assert record.state == "finished" and best is not None
    assert len(record.epochs) == best.epoch + 2 < 30


def test_the_best_epoch_is_the_earlier_of_equals_and_undefined_figures_are_never_it() -> None:
    trial = record({}, 0.5, None, 0.4, 0.4)
    best = trial.best("loss")
    assert best is not None and (best.epoch, trial.worth("loss"), trial.worth("mean_iou")) == (3, 0.4, 0.6)
    assert record({}, None).worth("loss") == math.inf
    assert record({}, None).worth("mean_iou") == -math.inf
    assert record({}, 0.1, state="diverged").worth("loss") == math.inf
    assert row(1, 0.5).figure("index_dice") is None


def test_without_ray_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(tmp_path, SEARCH)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"no package 'ray'; expected the extra 'ray'"):
        search_pipeline(project, NAME, quiet=True)
