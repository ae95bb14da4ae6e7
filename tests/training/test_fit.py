"""A whole training run on a drawn project: what it writes, that it repeats to the bit, and that it can be resumed."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch
from torch import nn

from segdata.errors import ConfigError, SegdataError
from segdata.evaluation import evaluate_pipeline
from segdata.project import Project
from segdata.training import train_pipeline
from segdata.training.keep import EpochFigures, code_digest

NAME = "colours"
MakeProject = Callable[..., Project]


class PulledPlugError(Exception):
    """Stands for whatever ends a process."""


def stop_after(epoch: int, error: BaseException) -> Callable[[EpochFigures], None]:
    def stop(figures: EpochFigures) -> None:
        if figures.epoch == epoch:
            raise error

    return stop


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def curves(project: Project) -> list[dict[str, str]]:
    with (project.run_dir(NAME) / "curves.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_run_learns_and_writes_what_it_promises(make_project: MakeProject) -> None:
    project = make_project(epochs=10)
    result = train_pipeline(project, NAME, quiet=True)
    assert sorted(files_of(project.run_dir(NAME))) == ["curves.csv", "model.json", "model.safetensors"]
    rows = curves(project)
    assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(1, 11)]
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"]) / 3
    best = max(range(10), key=lambda index: (float(rows[index]["val_mean_iou"]), -index))
    record = json.loads((project.run_dir(NAME) / "model.json").read_text())
    assert record["best_epoch"] == result.best_epoch == best + 1
    assert record["val"]["mean_iou"] == pytest.approx(float(rows[best]["val_mean_iou"]), abs=1e-6)
    assert [name for name, _ in record["classes"]] == ["wall", "door", "floor"]
    assert record["size_hw"] == [16, 24]
    last = json.loads((project.root / ".segdata/runs" / NAME / "last.json").read_text())
    assert (last["epochs"], last["device"], last["threads"]) == (10, "cpu", 1)
    assert not (project.root / "lightning_logs").exists()
    assert not list((project.root / ".segdata/unfinished/train").iterdir())

    scores = evaluate_pipeline(project, NAME, split="val")
    assert scores.mean_iou == record["val"]["mean_iou"]  # the weights handed over are those of the best epoch
    assert evaluate_pipeline(project, NAME).pixel_accuracy > 0.9


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
        "shards/reader.py",
        "shards/sampler.py",
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


def test_patience_ends_a_run_that_gets_no_better(make_project: MakeProject) -> None:
    project = make_project(epochs=30, lr=1e-12, patience=3, schedule={"name": "constant"}, select="loss")
    result = train_pipeline(project, NAME, quiet=True)
    assert result.epochs == result.best_epoch + 3 < 30


def test_without_a_terminal_a_tenth_of_the_run_is_a_line(
    make_project: MakeProject, capfd: pytest.CaptureFixture[str]
) -> None:
    train_pipeline(make_project(epochs=20), NAME)
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert [line.split(",")[0] for line in lines[:10]] == [
        f"colours: epoch {epoch}/20" for epoch in range(2, 21, 2)
    ]
    assert lines[10].startswith("colours: best epoch")
    assert len(lines) == 11
    assert err == ""


def test_a_second_training_of_the_same_pipeline_is_turned_away(make_project: MakeProject) -> None:
    project = make_project(epochs=1)

    def again(_: EpochFigures) -> None:
        train_pipeline(project, NAME, quiet=True)

    with pytest.raises(SegdataError, match="another process at the same work"):
        train_pipeline(project, NAME, quiet=True, on_epoch=again)


def test_a_compiled_network_trains_to_the_same_bytes(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []

    def compile_as_it_is(network: nn.Module) -> None:
        compiled.append(type(network).__name__)
        network._compiled_call_impl = torch.compile(network._call_impl, backend="eager")

    monkeypatch.setattr(nn.Module, "compile", compile_as_it_is)
    plain, other = make_project(epochs=2), make_project(epochs=2, compile=True)
    train_pipeline(plain, NAME, quiet=True)
    train_pipeline(other, NAME, quiet=True)
    assert compiled == ["MiniNet"]
    assert files_of(plain.run_dir(NAME)) == files_of(other.run_dir(NAME))


def test_bf16_is_near_fp32_and_resumes_to_the_bit(make_project: MakeProject) -> None:
    plain, half, cut = make_project(), make_project(precision="bf16"), make_project(precision="bf16")
    for project in (plain, half):
        train_pipeline(project, NAME, quiet=True)
    losses = [[float(row["train_loss"]) for row in curves(project)] for project in (plain, half)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)
    with pytest.raises(PulledPlugError):
        train_pipeline(cut, NAME, quiet=True, on_epoch=stop_after(2, PulledPlugError()))
    train_pipeline(cut, NAME, quiet=True)
    assert files_of(cut.run_dir(NAME)) == files_of(half.run_dir(NAME))


def test_class_weights_of_the_pipeline_weigh_the_loss(make_project: MakeProject) -> None:
    losses = []
    for weighting in ("none", "inverse-frequency", "effective-number"):
        project = make_project(epochs=1, class_weights=weighting)
        train_pipeline(project, NAME, quiet=True)
        losses.append(curves(project)[0]["train_loss"])
    assert len(set(losses)) == 3


def test_it_starts_from_given_weights(make_project: MakeProject) -> None:
    project = make_project(epochs=2)
    train_pipeline(project, NAME, quiet=True)
    first = float(curves(project)[0]["train_loss"])
    (project.root / "start.safetensors").write_bytes(
        (project.run_dir(NAME) / "model.safetensors").read_bytes()
    )
    path = project.pipeline_path(NAME)
    path.write_text(
        path.read_text().replace('"name":"mininet"', '"name":"mininet","weights":"start.safetensors"')
    )
    train_pipeline(project, NAME, quiet=True)
    assert float(curves(project)[0]["train_loss"]) < first * 0.8


def test_an_unknown_model_option_and_device_are_named(make_project: MakeProject) -> None:
    project = make_project()
    with pytest.raises(ConfigError, match="'tpu'"):
        train_pipeline(project, NAME, device="tpu")
    path = project.pipeline_path(NAME)
    path.write_text(path.read_text().replace("aspp_channels", "asp_channels"))
    with pytest.raises(
        ConfigError,
        match=r"^pipelines/colours\.yaml: model\.options: found unknown key 'asp_channels'; "
        r"did you mean 'aspp_channels'\?",
    ):
        train_pipeline(project, NAME)
    path.write_text(path.read_text().replace('"name":"mininet"', '"name":"mininett"'))
    with pytest.raises(
        ConfigError, match=r"^pipelines/colours\.yaml: model\.name: found 'mininett'; did you mean 'mininet'"
    ):
        train_pipeline(project, NAME)


BARE = """
import sys
for name in ("dvc", "prefect", "dvclive"):
    sys.modules[name] = None
import segdata.training, segdata.evaluation
assert "torch" not in sys.modules and "lightning" not in sys.modules
from pathlib import Path
from segdata.project import Project
project = Project(Path(sys.argv[1]))
if sys.argv[2] == "train":
    segdata.training.train_pipeline(project, "colours", quiet=True)
else:
    segdata.evaluation.evaluate_pipeline(project, "colours")
    assert not [name for name in sys.modules if name.split(".")[0] in ("lightning", "pytorch_lightning")]
"""


def test_neither_dvc_nor_prefect_is_needed_and_evaluation_not_even_lightning(
    make_project: MakeProject,
) -> None:
    project = make_project(epochs=1)
    for work in ("train", "evaluate"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", BARE, str(project.root), work],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (project.evaluation_dir(NAME) / "metrics.json").is_file()
