"""A whole training run on a drawn project: what it writes, that it repeats to the bit, and what its switches do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from segdata.errors import ConfigError, SegdataError
from segdata.evaluation import evaluate_pipeline
from segdata.training import train_pipeline
from segdata.training.keep import EpochFigures
from tests.training.runs import NAME, MakeProject, PulledPlugError, curves, files_of, stop_after


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
