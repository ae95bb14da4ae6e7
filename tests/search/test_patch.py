"""The best values put into a pipeline file: its comments and order stay, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from segdata.errors import ConfigError
from segdata.pipeline import read_pipeline
from segdata.project import Project
from segdata.search.patch import apply, diff_of, experiment, patched
from segdata.search.yaml_splice import put
from tests.projects import REPOSITORY


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("train:\n  lr: 0.1 # tried\n  b: 2\n", {"train.lr": 1e-5}, "train:\n  lr: 1e-05 # tried\n  b: 2\n"),
        ("train: {lr: 0.1, b: 2} # x\n", {"train.lr": 2, "train.c": "no"}, 'train: {lr: 2, b: 2, c: "no"} # x\n'),
        ("train:\n  a: 1 # x\n  # y\n\nb: 2\n", {"train.lr": 1}, "train:\n  a: 1 # x\n  lr: 1\n  # y\n\nb: 2\n"),
        ("train:\n  s:\n    n: 1\n", {"train.s.m": 2}, "train:\n  s:\n    n: 1\n    m: 2\n"),
        ("base: x\n", {"train.s.m": 2}, "base: x\ntrain: {s: {m: 2}}\n"),
        ("base: x", {"train.lr": 2}, "base: x\ntrain: {lr: 2}"),
        ("train: {}\nb: 1\n", {"train.lr": 2}, "train: {lr: 2}\nb: 1\n"),
        ("train:\n  lr:\n  b: 1\n", {"train.lr": 3}, "train:\n  lr: 3\n  b: 1\n"),
        ("train:\n  s:\n  - 1\n  - 2 # x\n  t: 1\n", {"train.t": 3}, "train:\n  s:\n  - 1\n  - 2 # x\n  t: 3\n"),
        ("train:\n  s: {k: a,\n      m: b}\n  t: 1\n", {"train.s": {"k": "c"}}, "train:\n  s: {k: c}\n  t: 1\n"),
        ('{"train": {"lr": 0.1}}', {"train.lr": 2.5}, '{"train": {"lr": 2.5}}'),
        ("train: {lr: '0.1'}\n", {"train.lr": 0.2}, "train: {lr: 0.2}\n"),
    ],
)  # fmt: skip
def test_text_after_values_were_put_in(text: str, values: dict[str, object], expected: str) -> None:
    assert put(text, values) == expected


def test_every_pipeline_of_the_repository_keeps_all_else() -> None:
    project = Project(REPOSITORY)
    values = {"train.lr": 0.0123, "train.schedule.factor": 0.77, "train.patience": 9}
    for name in project.pipeline_names():
        path, where = project.pipeline_path(name), f"pipelines/{name}.yaml"
        before, after = patched(path, where, values)
        gone = [line for line in diff_of(before, after, where).splitlines()[2:] if line.startswith("-")]
        assert 1 <= len(gone) + ("lr:" not in before) <= 4, name
        assert [line for line in before.splitlines() if "#" in line and "lr:" not in line][:3] == [
            line for line in after.splitlines() if "#" in line and "lr:" not in line
        ][:3]


def test_a_value_that_is_stated_already_is_left_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text((REPOSITORY / "pipelines/sample-via.yaml").read_text())
    before, after = patched(path, "x.yaml", {"train.weight_decay": 0.001})
    assert "weight_decay: 1e-3" in before
    assert (before, diff_of(before, after, "x.yaml")) == (after, "")


def test_applied_it_reads_as_meant(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + (REPOSITORY / "pipelines/sample-via.yaml").read_bytes())
    before, after = patched(path, "x.yaml", {"train.lr": 0.25, "model.options.dropout": 0.5})
    apply(path, after)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf# The road from VIA JSON")
    pipeline = read_pipeline(path)
    assert pipeline.train.lr == 0.25
    assert pipeline.model.options == {"aspp_channels": 32, "branch_channels": 32, "dropout": 0.5}
    assert diff_of(before, after, "pipelines/x.yaml").splitlines()[:2] == [
        "--- a/pipelines/x.yaml",
        "+++ b/pipelines/x.yaml",
    ]
    assert {item.name for item in tmp_path.iterdir()} == {"x.yaml"}


@pytest.mark.parametrize(
    ("change", "values", "words"),
    [
        (("lr: 0.006", "lr: &rate 0.006\n  dice: *rate"), {"train.lr": 0.1}, "found undefined alias"),
        (("optimizer: adamw", "optimizer: &o adamw\n  void: *o"), {"train.optimizer": "sgd"}, "found undefined alias"),
        (("schedule: {name: one-cycle}", "schedule: # x\n    name: one-cycle # y\n    factor: 1"), {"train.schedule": {"name": "poly"}}, "holds a comment"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_left_to_a_person(
    tmp_path: Path, change: tuple[str, str], values: dict[str, object], words: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text((REPOSITORY / "pipelines/sample-via.yaml").read_text().replace(*change))
    with pytest.raises(ConfigError, match=words):
        patched(path, "pipelines/x.yaml", values)
    assert {item.name for item in tmp_path.iterdir()} == {"x.yaml"}


def test_the_experiment_that_dvc_would_run() -> None:
    values = {"train.lr": 1e-5, "train.momentum": 0.9, "train.schedule": {"name": "poly"}}
    assert experiment(Project(REPOSITORY), "sample-via", values) == (
        "dvc exp run -S pipelines/sample-via.yaml:train.lr=1e-05 -S pipelines/sample-via.yaml:+train.momentum=0.9"
        " -S 'pipelines/sample-via.yaml:train.schedule={name: poly}'"
    )


def test_dvc_reads_those_arguments_and_a_file_with_a_search(tmp_path: Path) -> None:
    hydra = pytest.importorskip("dvc.utils.hydra", reason="needs the extra 'flows'")
    path = tmp_path / "x.yaml"
    path.write_text((REPOSITORY / "pipelines/unh-mininet.yaml").read_text())
    search = read_pipeline(path).search
    hydra.apply_overrides(path, ["train.lr=1e-05", "+train.patience=3", "train.schedule={name: poly}"])
    pipeline = read_pipeline(path)
    assert (pipeline.train.lr, pipeline.train.patience, pipeline.train.schedule.name) == (1e-5, 3, "poly")
    assert pipeline.search == search
