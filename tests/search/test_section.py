"""The section `search`: what it may say, what its values are held against, and which trials follow from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from segdata.errors import ConfigError
from segdata.pipeline import Search, read_pipeline
from segdata.project import Project
from segdata.search.draws import drawn
from segdata.search_section import Space, with_values
from tests.projects import REPOSITORY, sample_pipeline

GRID = {"sampler": "grid", "space": {"train.lr": {"choice": [0.1, 0.01]}}}
RANDOM = {"sampler": "random", "trials": 3, "space": {"train.lr": {"loguniform": [1e-5, 0.1]}}}


def read(tmp_path: Path, search: dict[str, Any]) -> Search:
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump({**sample_pipeline("via"), "search": search}))
    section = read_pipeline(path, "pipelines/x.yaml").search
    assert section is not None
    return section


def test_a_section_is_read_and_the_pipeline_is_else_the_same(tmp_path: Path) -> None:
    search = read(tmp_path, {**RANDOM, "scheduler": {"name": "async-hyperband", "grace": 2}, "seconds": 9})
    assert search.space == {"train.lr": Space(loguniform=(1e-5, 0.1))}
    assert (search.trials, search.seed, search.batch, search.resources.cpus) == (3, 0, 1, 1)
    assert search.scheduler is not None and (search.scheduler.grace, search.scheduler.factor) == (2, 4)
    assert search.seconds == 9


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({**GRID, "sampler": "grd"}, "search.sampler: found 'grd'; did you mean 'grid'? Valid: grid, random, tpe"),
        ({**GRID, "spaces": {}}, "search: found unknown key 'spaces'; did you mean 'space'?"),
        ({**GRID, "trials": 2}, "random and tpe need `trials`, and a grid has as many as combinations"),
        ({**RANDOM, "trials": None}, "random and tpe need `trials`"),
        ({**RANDOM, "batch": 2}, "batch belongs to sampler tpe"),
        ({**RANDOM, "metric": "los"}, "search.metric: found 'los'; did you mean 'loss'?"),
        ({**RANDOM, "metric": "loss", "mode": "max"}, "mode max looks for the worst loss"),
        ({**RANDOM, "mode": "max"}, "mode needs a metric beside it"),
        ({**GRID, "space": {}}, "search.space: found {}; expected a mapping"),
        ({**GRID, "space": {"train.lr": {"uniform": [0, 1]}}}, "a grid needs a choice for every key"),
        ({**RANDOM, "space": {"train.lr": {"uniform": [1, 1]}}}, "low must be less than high"),
        ({**RANDOM, "space": {"train.lr": {"uniform": [0, float("inf")]}}}, "low must be less than high"),
        ({**RANDOM, "space": {"train.lr": {"loguniform": [0, 1]}}}, "a loguniform range must begin above 0"),
        ({**RANDOM, "space": {"train.lr": {"choice": [1, 2], "uniform": [1, 2]}}}, "a key needs one of choice"),
        ({**RANDOM, "space": {"train.lr": {"choice": [1, 2, 1]}}}, "choice holds a value twice"),
        ({**RANDOM, "space": {"train.lr": {"choice": []}}}, "expected a list of length >= 1"),
        ({**RANDOM, "space": {"shards.size_hw": {"choice": [[8, 8]]}}}, "search.space: found 'shards.size_hw'; expected a key of train or model.options"),
        ({**RANDOM, "space": {"train.epochs": {"choice": [1]}}}, "found 'train.epochs'; expected search.epochs, which sets it"),
        ({**RANDOM, "space": {"train.lr": {"choice": [0.1, -1]}}}, "search.space: train.lr: found -1; expected a number > 0.0"),
        ({**RANDOM, "space": {"train.lrr": {"choice": [0.1]}}}, "search.space: train: found unknown key 'lrr'; did you mean 'lr'?"),
        ({**RANDOM, "space": {"train.momentum": {"uniform": [0.1, 1]}}}, "search.space: train.momentum: found 1.0; expected a number < 1.0"),
        ({**RANDOM, "space": {"train.batch_size": {"uniform": [2, 8]}}}, "search.space: train.batch_size: found 2.0 (float); expected a whole number"),
        ({**RANDOM, "scheduler": {"name": "async-hyperband", "grace": 33}}, "search.scheduler.grace: found 33; expected no more than the 32 epochs of a trial"),
        ({**RANDOM, "resources": {"cpus": 0}}, "search.resources.cpus: found 0; expected a whole number >= 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_named(tmp_path: Path, search: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, search)
    assert str(raised.value).startswith("pipelines/x.yaml: ")
    assert words in str(raised.value)


def test_the_trials_of_a_grid_are_all_combinations_in_order() -> None:
    space = {"train.lr": Space(choice=(0.1, 0.01)), "train.optimizer": Space(choice=("sgd", "adam"))}
    assert drawn(Search(sampler="grid", space=space)) == [
        {"train.lr": 0.1, "train.optimizer": "sgd"},
        {"train.lr": 0.1, "train.optimizer": "adam"},
        {"train.lr": 0.01, "train.optimizer": "sgd"},
        {"train.lr": 0.01, "train.optimizer": "adam"},
    ]


def test_a_random_trial_follows_from_seed_and_number_alone() -> None:
    space = {
        "train.lr": Space(loguniform=(1e-5, 1e-1)),
        "train.momentum": Space(uniform=(0.1, 0.9)),
        "train.optimizer": Space(choice=("sgd", "adam")),
    }
    few = drawn(Search(sampler="random", space=space, trials=3, seed=5))
    many = drawn(Search(sampler="random", space=space, trials=200, seed=5))
    assert many[:3] == few
    assert drawn(Search(sampler="random", space=space, trials=3, seed=6)) != few
    rates = sorted(values["train.lr"] for values in many)
    assert 1e-5 <= rates[0] < 3e-5 and 3e-2 < rates[-1] <= 1e-1
    assert 5e-4 < rates[100] < 2e-3  # the median of a loguniform is the geometric middle, 1e-3
    assert all(0.1 <= values["train.momentum"] <= 0.9 for values in many)
    assert {values["train.optimizer"] for values in many} == {"sgd", "adam"}
    assert all(float(f"{rate:.6g}") == rate for rate in rates)


def test_a_space_smaller_than_the_trials_is_drawn_once_each() -> None:
    found = drawn(Search(sampler="random", space={"train.lr": Space(choice=(1, 2, 3))}, trials=9))
    assert sorted(values["train.lr"] for values in found) == [1, 2, 3]


def test_values_are_put_in_without_touching_the_original() -> None:
    before = {"train": {"lr": 1, "schedule": {"name": "step"}}, "title": "x"}
    after = with_values(before, {"train.schedule.every": 3, "model.options.width": 8})
    assert after["train"] == {"lr": 1, "schedule": {"name": "step", "every": 3}}
    assert after["model"] == {"options": {"width": 8}}
    assert before == {"train": {"lr": 1, "schedule": {"name": "step"}}, "title": "x"}


@pytest.mark.parametrize(
    ("name", "trials", "epochs", "metric"),
    [
        ("unh-denseaspp", 20, 20, "loss"),
        ("unh-mininet", 5, 10, "loss"),
        ("unh-unet-mini", 9, 1, None),
    ],
)
def test_the_searches_of_the_reports(name: str, trials: int, epochs: int, metric: str | None) -> None:
    search = Project(REPOSITORY).pipeline(name).search
    assert search is not None
    assert (len(drawn(search)), search.epochs, search.metric) == (trials, epochs, metric)
    if name == "unh-mininet":
        assert search.scheduler is not None
        assert (search.scheduler.grace, search.seconds) == (10, 100)
        assert search.space["train.momentum"].uniform == (0.1, 0.9)
    if name == "unh-denseaspp":
        assert search.patience == 10
        assert {"train.lr": 0.03162, "train.momentum": 0.99} in drawn(search)
