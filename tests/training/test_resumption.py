"""Runs that were interrupted: they go on to the bit where nothing changed, and start over where something did."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from segdata.training import train_pipeline
from segdata.training.keep import code_digest
from tests.training.runs import NAME, MakeProject, PulledPlugError, files_of, stop_after


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "sgd", "momentum": 0.9, "schedule": {"name": "step", "every": 2, "factor": 0.5}},
        {"optimizer": "adam", "schedule": {"name": "poly"}, "accumulate": 2, "channels_last": True},
    ],
    ids=["adamw-one-cycle", "sgd-step", "adam-poly-accumulated"],
)
def test_a_run_in_three_sessions_equals_one_run_to_the_bit(
    make_project: MakeProject, changes: dict[str, object]
) -> None:
    whole, cut = make_project(**changes), make_project(**changes)
    train_pipeline(whole, NAME, quiet=True)
    for epoch in (1, 3):
        with pytest.raises(PulledPlugError):
            train_pipeline(cut, NAME, quiet=True, on_epoch=stop_after(epoch, PulledPlugError()))
        assert not cut.run_dir(NAME).exists()
    result = train_pipeline(cut, NAME, quiet=True)
    assert result.resumed_after == 3
    assert files_of(cut.run_dir(NAME)) == files_of(whole.run_dir(NAME))


def test_sessions_of_so_many_epochs_equal_one_run_to_the_bit(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = {"epochs": 5, "schedule": {"name": "milestones", "at": [3], "factor": 0.1}}
    whole, cut = make_project(**changes), make_project(**changes)
    train_pipeline(whole, NAME, quiet=True)
    results = [train_pipeline(cut, NAME, quiet=session > 0, session=2) for session in range(3)]
    assert [(result.epochs, result.finished) for result in results] == [(2, False), (4, False), (5, True)]
    assert files_of(cut.run_dir(NAME)) == files_of(whole.run_dir(NAME))
    assert "colours: epoch 2 of 5; run again to go on" in capsys.readouterr().out


def test_every_change_drawn_at_random_survives_a_resumption(make_project: MakeProject) -> None:
    augment = {"horizontal_flip": 0.5, "vertical_flip": 0.5, "rotate_degrees": 20, "brightness": 0.3}
    changes = {"epochs": 2, "augment": {**augment, "contrast": 0.3, "blur": 0.5}}
    whole, cut = make_project(**changes), make_project(**changes)
    train_pipeline(whole, NAME, quiet=True)
    with pytest.raises(PulledPlugError):
        train_pipeline(cut, NAME, quiet=True, on_epoch=stop_after(1, PulledPlugError()))
    train_pipeline(cut, NAME, quiet=True)
    assert files_of(cut.run_dir(NAME)) == files_of(whole.run_dir(NAME))


def test_another_seed_gives_another_run(make_project: MakeProject) -> None:
    one, other = make_project(epochs=1), make_project(epochs=1, seed=1)
    train_pipeline(one, NAME, quiet=True)
    train_pipeline(other, NAME, quiet=True)
    assert (
        files_of(one.run_dir(NAME))["model.safetensors"] != files_of(other.run_dir(NAME))["model.safetensors"]
    )


def test_a_changed_train_section_starts_over(make_project: MakeProject) -> None:
    project = make_project()
    with pytest.raises(PulledPlugError):
        train_pipeline(project, NAME, quiet=True, on_epoch=stop_after(2, PulledPlugError()))
    path = project.pipeline_path(NAME)
    path.write_text(path.read_text().replace('"lr":0.01', '"lr":0.02'))
    assert '"lr":0.02' in path.read_text()
    assert train_pipeline(project, NAME, quiet=True).resumed_after == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("segdata.training.finished.code_digest", lambda model: "other code"), ("torch.__version__", "0.0.1")],
)
def test_changed_code_and_another_torch_start_over(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    project = make_project(epochs=2)
    for resumed_after in (1, 0):
        with pytest.raises(PulledPlugError):
            train_pipeline(project, NAME, quiet=True, on_epoch=stop_after(1, PulledPlugError()))
        if resumed_after == 0:
            monkeypatch.setattr(name, value)
        assert train_pipeline(project, NAME, quiet=True).resumed_after == resumed_after


def test_the_code_of_a_run_is_training_its_own_model_and_what_reads_and_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[Path] = []

    def note(paths: Iterable[Path]) -> str:
        taken.extend(paths)
        return "digest"

    monkeypatch.setattr("segdata.training.keep.source_digest", note)
    assert code_digest("mininet") == "digest"
    names = {f"{path.parent.name}/{path.name}" for path in taken if path.is_file()}
    assert len(names) == len(taken)
    assert {"training/module.py", "training/optim.py", "training/transforms.py"} <= names
    assert {name for name in names if not name.startswith("training/")} == {
        "models/mininet.py",
        "models/layers.py",
        "evaluation/confusion.py",
        "evaluation/run.py",
        "shards/compressed.py",
        "shards/reader.py",
        "shards/sampler.py",
        "shards/statistics.py",
        "shards/window.py",
    }


def test_the_unfinished_run_of_a_pipeline_called_convert_lies_apart(make_project: MakeProject) -> None:
    project = make_project(epochs=2)
    project.shards_dir(NAME).rename(project.shards_dir("convert"))
    project.pipeline_path(NAME).rename(project.root / "pipelines" / "convert.yaml")
    journal = project.scratch_dir("unfinished", "convert", "via") / "shard.json"
    journal.write_text("{}")
    assert train_pipeline(project, "convert", quiet=True).epochs == 2
    assert journal.read_text() == "{}"


def test_resume_can_be_declined_and_a_damaged_state_is_no_obstacle(make_project: MakeProject) -> None:
    project = make_project()
    for resume, damage in ((False, False), (True, True)):
        with pytest.raises(PulledPlugError):
            train_pipeline(project, NAME, quiet=True, on_epoch=stop_after(2, PulledPlugError()))
        if damage:
            (project.root / ".segdata/unfinished/train" / NAME / "state.pt").write_bytes(b"half a fi")
        assert train_pipeline(project, NAME, quiet=True, resume=resume).resumed_after == 0


def test_a_crash_leaves_the_older_run_as_it_was(make_project: MakeProject) -> None:
    project = make_project(epochs=2)
    train_pipeline(project, NAME, quiet=True)
    before = files_of(project.run_dir(NAME))
    with pytest.raises(PulledPlugError):
        train_pipeline(project, NAME, quiet=True, on_epoch=stop_after(1, PulledPlugError()))
    assert files_of(project.run_dir(NAME)) == before


def test_a_finished_run_is_trained_again_and_that_is_said(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    said = (
        f"{NAME}: the run in data/runs/{NAME} is finished, with these very settings and shards. It is trained again, "
        "and stays until the new one is finished.\n"
    )
    project = make_project(epochs=1)
    train_pipeline(project, NAME)
    assert said not in capsys.readouterr().out
    before = files_of(project.run_dir(NAME))
    train_pipeline(project, NAME)
    assert said in capsys.readouterr().out
    assert files_of(project.run_dir(NAME)) == before
    train_pipeline(project, NAME, quiet=True)
    assert capsys.readouterr().out == ""
    path = project.pipeline_path(NAME)
    content = path.read_text()
    path.write_text(
        content.replace("0.01", "0.02") if "0.01" in content else content.replace("lr", "seed: 5\n  lr")
    )
    train_pipeline(project, NAME)
    assert said not in capsys.readouterr().out


def test_within_dvc_running_the_stage_again_goes_on(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_STAGE", f"train@{NAME}")
    with pytest.raises(SystemExit):
        train_pipeline(make_project(), NAME, quiet=True, on_epoch=stop_after(2, KeyboardInterrupt()))
    assert f"\n{NAME}: stopped; running it again goes on after epoch 2.\n" in capsys.readouterr().err


def test_ctrl_c_keeps_the_state_and_says_how_to_go_on(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project()
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as stopped:
        train_pipeline(project, NAME, quiet=True, on_epoch=stop_after(2, KeyboardInterrupt()))
    assert stopped.value.code == 130
    assert signal.getsignal(signal.SIGINT) is before
    assert f"`segdata train {NAME}` goes on after epoch 2" in capsys.readouterr().err
    train_pipeline(project, NAME)
    assert f"{NAME}: going on after epoch 2\n" in capsys.readouterr().out
