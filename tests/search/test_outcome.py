"""What a search came to, from trials that were never trained: tables, the best as a pipeline, the page, the progress."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from segdata.pipeline import Pipeline, Search, read_pipeline
from segdata.report.axes import short
from segdata.search.axes import Axis
from segdata.search.figures import ramp
from segdata.search.outcome import Outcome, best_text, write_tables
from segdata.search.page import write_page
from segdata.search.progress import Progress, in_words
from segdata.search.trial import trial_id, trial_pipeline
from segdata.search_section import Space
from tests.projects import REPOSITORY
from tests.search.projects import record

SPACE = {
    "train.lr": Space(choice=(1e-3, 1e-2, 1e-1)),
    "train.schedule": Space(choice=({"name": "poly"}, "<b>")),
}


def pipeline_with(**search: Any) -> Pipeline:
    section = Search(**{"sampler": "grid", "space": SPACE, "metric": "loss", **search})
    return msgspec.structs.replace(read_pipeline(REPOSITORY / "pipelines/sample-via.yaml"), search=section)


def outcome_of(**search: Any) -> Outcome:
    poly, other = {"name": "poly"}, "<b>"
    trials = (
        record({"train.lr": 1e-3, "train.schedule": poly}, 1.5, 1.25),
        record({"train.lr": 1e-3, "train.schedule": other}, 1.5, state="stopped"),
        record({"train.lr": 1e-2, "train.schedule": poly}, 0.9, 0.5, 0.75),
        record({"train.lr": 1e-2, "train.schedule": other}, 0.5),
        record(
            {"train.lr": 1e-1, "train.schedule": poly}, 30.0, state="diverged", why="epoch 2: not <finite>"
        ),
        record({"train.lr": 1e-1, "train.schedule": other}, state="failed", why="no memory"),
    )
    return Outcome("sample-via", pipeline_with(**search), trials, True)


def test_tables_hold_every_trial_and_every_epoch(tmp_path: Path) -> None:
    write_tables(outcome_of(), tmp_path)
    assert (tmp_path / "trials.csv").read_text().splitlines() == [
        "trial,train.lr,train.schedule,state,rank,epochs,best_epoch,train_loss,val_loss,val_mean_iou,val_pixel_accuracy,why",
        '1,0.001,"{""name"":""poly""}",finished,3,2,2,1.5,1.25,-0.25,-0.125,',
        "2,0.001,<b>,stopped,4,1,1,1.5,1.5,-0.5,-0.25,",
        '3,0.01,"{""name"":""poly""}",finished,1,3,2,1.5,0.5,0.5,0.25,',
        "4,0.01,<b>,finished,2,1,1,1.5,0.5,0.5,0.25,",
        '5,0.1,"{""name"":""poly""}",diverged,,1,,,,,,epoch 2: not <finite>',
        "6,0.1,<b>,failed,,0,,,,,,no memory",
    ]
    curves = (tmp_path / "curves.csv").read_text().splitlines()
    assert curves[0] == "trial,epoch,train_loss,val_loss,val_mean_iou,val_pixel_accuracy,lr"
    assert curves[4:7] == [
        "3,1,1.5,0.9,0.09999999999999998,0.04999999999999999,0.01",
        "3,2,1.5,0.5,0.5,0.25,0.01",
        "3,3,1.5,0.75,0.25,0.125,0.01",
    ]
    assert len(curves) == 9


def test_the_best_is_the_earlier_of_equals_and_a_pipeline_of_its_own(tmp_path: Path) -> None:
    outcome = outcome_of()
    assert outcome.ranked == [3, 4, 1, 2]
    (tmp_path / "sample-via.yaml").write_text((REPOSITORY / "pipelines/sample-via.yaml").read_text())
    (tmp_path / "best.yaml").write_text(best_text(outcome, {"title": "x"}))
    best = read_pipeline(tmp_path / "best.yaml")
    assert (best.train.lr, best.train.schedule.name, best.train.epochs) == (0.01, "poly", 32)
    assert best.title == "Street scenes from VIA polygons, best of a search"
    assert (tmp_path / "best.yaml").read_text().splitlines()[0] == (
        "# sample-via: 6 trials (3 finished, 1 stopped, 1 diverged, 1 failed); best is trial 3: loss 0.5000 after epoch 2,"
        " with train.lr 0.01, train.schedule {name: poly}."
    )
    variant = {"base": "sample-via", "train": {"epochs": 3, "lr": 1.0}, "title": "short"}
    (tmp_path / "best.yaml").write_text(best_text(outcome, variant))
    best = read_pipeline(tmp_path / "best.yaml")
    assert (best.train.lr, best.train.schedule.name, best.train.epochs) == (0.01, "poly", 3)
    assert outcome.failures() == ["trial 6 failed after 0 epochs (no memory)"]


def test_another_metric_ranks_by_its_larger_end() -> None:
    assert outcome_of(metric="mean_iou").ranked == [3, 4, 1, 2]
    assert outcome_of(metric="index_dice").ranked == []


class _Svg(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_has_one_curve_per_trial_and_a_chart_per_value_of_the_second_key(tmp_path: Path) -> None:
    outcome = outcome_of()
    write_page(outcome, tmp_path, "--- a/x\n+++ b/x\n-  lr: <1>\n")
    html = (tmp_path / "index.html").read_text()
    parser = _Svg()
    parser.feed(html)
    names = [attributes.get("aria-label") for tag, attributes in parser.tags if tag == "svg"]
    assert names[:2] == ["Validation loss: 3 curves over 3 epochs", "Validation loss: 2 curves over 3 epochs"]
    assert names[2:] == [
        "Best figures over train.lr",
        "Best figures over train.schedule",
        "All trials across all keys",
    ]
    assert (
        "<dt>Best loss on val</dt>" in html and "it was chosen by this, so it is no figure to report" in html
    )
    assert "scroll it sideways" in html[html.index("All keys side by side") :]
    assert html.count('class="cross"') == 4  # two trials without a figure, in two charts
    assert len(re.findall(r'<g class="best"[^>]*><title>trial 3: train\.lr 0\.01', html)) == 2
    assert "<b>" not in html.replace("&lt;b&gt;", "") and "not &lt;finite&gt;" in html
    assert not {"script", "link"} & {
        tag for tag, attributes in parser.tags if attributes.get("rel") != "icon"
    }
    assert not re.search(r'(src|href)="(?!#|data:)', html)
    first = (tmp_path / "index.html").read_bytes()
    write_page(outcome, tmp_path, "--- a/x\n+++ b/x\n-  lr: <1>\n")
    assert (tmp_path / "index.html").read_bytes() == first


def test_what_the_best_was_not_held_against_is_said(tmp_path: Path) -> None:
    """The file trains 32 epochs at a rate of 0.006, with one-cycle."""
    lacking = outcome_of(epochs=4).not_compared()
    assert lacking == (
        "train.lr 0.006, train.schedule {name: one-cycle, every: 10, factor: 0.1, at: []}, as in the file, was not tried; "
        "a trial had at most 4 epochs, the file trains 32"
    )
    write_page(outcome_of(epochs=4), tmp_path, "-  lr: 0.006\n+  lr: 0.01\n")
    assert f"<strong>Not compared:</strong> {lacking}." in (tmp_path / "index.html").read_text()
    pipeline = pipeline_with(space={path: SPACE[path] for path in SPACE})
    tried = msgspec.structs.replace(pipeline, train=msgspec.structs.replace(pipeline.train, lr=1e-2))
    cycle = {"name": "one-cycle"}  # as the file has it, whose defaults are left out here
    trials = tuple(record({"train.lr": lr, "train.schedule": cycle}, 0.5) for lr in (1e-3, 1e-2))
    assert Outcome("sample-via", tried, trials, True).not_compared() == ""
    failed = record({"train.lr": 1e-2, "train.schedule": cycle}, state="failed")
    assert "was not tried" in Outcome("sample-via", tried, (trials[0], failed), True).not_compared()


def test_axes_put_values_where_they_belong() -> None:
    rates = Axis.of([1e-5, 1e-1])
    assert (rates.kind, rates.place(1e-3)) == ("log", 0.5)
    losses = Axis.of([0.4, 1.7])
    assert (losses.kind, losses.place(0.5), losses.place(2.0)) == ("linear", 0.25, 1.0)
    assert [text for _, text in Axis.of([0.03, 2.0]).marks] == ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"]
    chosen = Axis.of_choice([10, 2, 2, 1e-6])
    assert chosen.names == ("1e-06", "2", "10") and chosen.place(2) == 0.5
    assert Axis.of(["sgd", "adam"]).place("adam") == 0.75
    epochs = Axis.of_epochs(4)
    assert (epochs.place(1), epochs.place(4)) == (0, 1)
    assert [text for _, text in epochs.marks] == ["1", "2", "3", "4"]
    assert (Axis.of_epochs(1).place(1), Axis.of_epochs(1).marks) == (0.5, ((0.5, "1"),))
    assert [short(value) for value in (0, 0.03, 0.0003, 12000, 1e30, -2.5e-7)] == [
        "0",
        "0.03",
        "3e-4",
        "12000",
        "1e30",
        "-2.5e-7",
    ]
    assert ramp(0.5) == "#1f9c82"


def test_a_trial_is_named_by_what_it_trains_alone() -> None:
    pipeline = pipeline_with()
    values = {"train.lr": 0.01, "train.schedule": {"name": "poly"}}
    own = trial_pipeline(pipeline, values)
    assert (own.train.lr, own.train.schedule.name, own.train.epochs, own.train.select) == (
        0.01,
        "poly",
        32,
        "loss",
    )
    shorter = trial_pipeline(pipeline_with(epochs=7, patience=3), values)
    assert (shorter.train.epochs, shorter.train.patience) == (7, 3)
    again = trial_pipeline(pipeline_with(sampler="random", trials=4), values)
    assert trial_id(own, "a") == trial_id(again, "a")
    assert len({trial_id(own, "a"), trial_id(own, "b"), trial_id(shorter, "a")}) == 3


def test_progress_tells_of_trials_best_and_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("segdata.search.progress.time.monotonic", lambda: float(next(clock)))
    progress = Progress("mine", "loss", total=3, epochs=4, quiet=False)
    for number in (1, 2):
        progress.started(number)
    progress.epoch(1, 1, 0.9, earlier=True)
    progress.epoch(1, 2, 0.5, earlier=False)
    progress.epoch(2, 1, float("inf"), earlier=False)
    progress.trial_over(2, record({}, state="diverged", why="epoch 1: x"))
    progress.epoch(1, 4, 0.25, earlier=False)
    progress.trial_over(1, record({}, 0.9, 0.5, 0.4, 0.25))
    progress.trial_over(1, record({}))  # told once
    progress.close()
    assert capsys.readouterr().out.splitlines() == [
        "mine: trial 2 of 3 diverged after 0 epochs (epoch 1: x); best 0.5000 (trial 1); 1 running, 0.1 epochs/s, 60 s left at most",
        "mine: trial 1 of 3 finished after 4 epochs, loss 0.2500; best 0.2500 (trial 1); 0 running, 0.15 epochs/s, 27 s left at most",
    ]
    assert [in_words(seconds) for seconds in (7, 600, 9000)] == ["7 s", "10 min", "2.5 h"]
