"""What lies there of an unfinished run when one of other settings, or of a damaged state, begins."""

from __future__ import annotations

import msgspec
import pytest
import torch

from segdata.project import Project
from segdata.shards import ShardSet
from segdata.training import train_pipeline
from segdata.training.finished import run_inputs, run_key, what_differs
from tests.training.runs import NAME, MakeProject, PulledPlugError, files_of, stop_after


def cut_and_edited(make_project: MakeProject, after: int) -> tuple[Project, str]:
    """A project whose run was cut after so many epochs and its file edited since; and what the file said."""
    project = make_project()
    with pytest.raises(PulledPlugError):
        train_pipeline(project, NAME, quiet=True, on_epoch=stop_after(after, PulledPlugError()))
    path = project.pipeline_path(NAME)
    was = path.read_text()
    path.write_text(was.replace('"lr":0.01', '"lr":0.02'))
    return project, was


def test_an_unfinished_run_of_other_settings_is_named_and_stays_until_an_epoch_is_done(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    project, was = cut_and_edited(make_project, after=2)
    folder = project.scratch_dir("unfinished", "train") / NAME
    lying = files_of(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segdata.training.fit.fit", pull_the_plug)
        with pytest.raises(PulledPlugError):
            train_pipeline(project, NAME)
    assert capsys.readouterr().out == (
        "colours: starts over: the unfinished run here (2 epochs) was begun otherwise (train.lr 0.01 then, 0.02 now). It "
        "is dropped once the first epoch of this one is done: stop now (Ctrl-C) and put that back to go on with it.\n"
    )
    assert files_of(folder) == lying
    project.pipeline_path(NAME).write_text(was)
    assert train_pipeline(project, NAME, quiet=True).resumed_after == 2


def test_what_a_run_was_begun_with_is_told_key_by_key() -> None:
    before = {
        "model": {"name": "mininet", "options": {"width": 8}},
        "train": {"epochs": 4, "patience": 2},
        "shards": "a",
        "weights": None,
        "code": "c",
        "torch": "2.8",
    }
    now = {
        "model": {"name": "mininet"},
        "train": {"epochs": 4, "augment": {"blur": 0.5}},
        "shards": "b",
        "weights": "w",
        "code": "d",
        "torch": "2.9",
    }
    assert what_differs(before, before) == ""
    assert what_differs(before | {"values": "x"}, before | {"values": "y"}) == "other defaults of segdata"
    before, now = before | {"values": "x"}, now | {"values": "y"}
    assert what_differs(before, now) == (
        "other code of segdata; model.options.width 8 then, not given now; other shards; "
        'torch "2.8" then, "2.9" now; train.augment.blur not given then, 0.5 now; train.patience 2 then, not given now; '
        "other weights to start from"
    )


def test_a_default_that_changed_is_another_run_though_the_file_says_the_same(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project()
    pipeline, shards = project.pipeline(NAME), ShardSet.open(project.shards_dir(NAME))
    key = run_key(run_inputs(pipeline, shards, None))
    assert pipeline.train.dice == 0 and "dice" not in run_inputs(pipeline, shards, None)["train"]
    monkeypatch.setattr(
        "segdata.training.finished.stated", lambda section: {}
    )  # all of it has become a default
    changed = msgspec.structs.replace(pipeline, train=msgspec.structs.replace(pipeline.train, dice=1.0))
    assert key != run_key(run_inputs(pipeline, shards, None)) != run_key(run_inputs(changed, shards, None))


def test_a_run_of_another_key_never_lies_beside_the_weights_of_this_one(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, was = cut_and_edited(make_project, after=1)
    with monkeypatch.context() as patch:
        patch.setattr("segdata.training.keep.torch.save", pull_the_plug)
        with pytest.raises(PulledPlugError):
            train_pipeline(project, NAME, quiet=True)
    project.pipeline_path(NAME).write_text(was)
    assert train_pipeline(project, NAME, quiet=True).resumed_after == 0


def pull_the_plug(*_: object, **__: object) -> None:
    raise PulledPlugError


def test_a_damaged_unfinished_run_is_said_to_be_one(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(epochs=2)
    with pytest.raises(PulledPlugError):
        train_pipeline(project, NAME, quiet=True, on_epoch=stop_after(1, PulledPlugError()))
    state = project.scratch_dir("unfinished", "train") / NAME / "state.pt"
    state.write_bytes(state.read_bytes()[:5000])
    assert train_pipeline(project, NAME).resumed_after == 0
    said = capsys.readouterr().out
    assert "colours: starts over: the unfinished run here cannot be read, as its state is damaged\n" in said


def test_an_unfinished_run_of_an_older_segdata_is_not_said_to_be_damaged(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(epochs=2)
    with pytest.raises(PulledPlugError):
        train_pipeline(project, NAME, quiet=True, on_epoch=stop_after(1, PulledPlugError()))
    path = project.scratch_dir("unfinished", "train") / NAME / "state.pt"
    state = torch.load(path, weights_only=True)
    del state["inputs"]
    torch.save(state | {"key": "of other code"}, path)
    assert train_pipeline(project, NAME).resumed_after == 0
    said = capsys.readouterr().out
    assert (
        "colours: starts over: the unfinished run here (1 epoch) was begun otherwise (by an older segdata). It is dropped"
        in said
    )
    assert "damaged" not in said
