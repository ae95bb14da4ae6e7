"""What only a machine with a GPU can show; skipped elsewhere."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import torch

from segdata.evaluation import evaluate_pipeline
from segdata.models import build_model
from segdata.project import Project
from segdata.shards import ShardSet
from segdata.training import train_pipeline
from segdata.training.checks import check_data
from segdata.training.module import SegmentationModule
from segdata.training.optim import build_optimizer

NAME = "colours"
MakeProject = Callable[..., Project]
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


@pytest.fixture
def waiting_is_an_error() -> Iterator[None]:
    torch.cuda.set_sync_debug_mode("error")
    yield
    torch.cuda.set_sync_debug_mode("default")


def curves(project: Project) -> list[float]:
    with (project.run_dir(NAME) / "curves.csv").open() as file:
        return [float(row["train_loss"]) for row in csv.DictReader(file)]


def test_a_gpu_trains_as_a_cpu_does(make_project: MakeProject) -> None:
    on_cpu, on_gpu = make_project(), make_project()
    for project in (on_cpu, on_gpu):
        path = project.pipeline_path(NAME)
        path.write_text(path.read_text().replace('"options":{"aspp', '"options":{"dropout":0.0,"aspp'))
        assert project.pipeline(NAME).model.options["dropout"] == 0
    train_pipeline(on_cpu, NAME, quiet=True, device="cpu")
    train_pipeline(on_gpu, NAME, quiet=True, device="cuda")
    assert curves(on_gpu)[0] == pytest.approx(curves(on_cpu)[0], rel=0.01)


def test_all_switches_at_once_learn(make_project: MakeProject) -> None:
    augment = {"horizontal_flip": 0.5, "rotate_degrees": 10, "brightness": 0.2, "blur": 0.2}
    project = make_project(epochs=12, precision="bf16", channels_last=True, compile=True, augment=augment)
    train_pipeline(project, NAME, quiet=True, device="cuda")
    assert evaluate_pipeline(project, NAME, device="cuda").pixel_accuracy > 0.9


def test_a_step_never_makes_the_cpu_wait_for_the_gpu(
    make_project: MakeProject, request: pytest.FixtureRequest
) -> None:
    project = make_project(augment={"horizontal_flip": 0.5, "brightness": 0.2, "contrast": 0.2})
    shards, train = ShardSet.open(project.shards_dir(NAME)), project.pipeline(NAME).train
    data = check_data(shards, train)
    network = build_model("mininet", 3, {"aspp_channels": 8, "branch_channels": 8}).cuda()
    splits = (data.train, data.val)
    module = SegmentationModule(network, train, splits, data.normalisation, None, 3, None).cuda()
    optimizer = build_optimizer(network.parameters(), train)
    trainer = SimpleNamespace(global_rank=0, world_size=1, current_epoch=0, optimizers=[optimizer])
    module.trainer = trainer
    module.on_train_epoch_start()
    batches = list(module.train_dataloader())
    for index, batch in enumerate(batches):
        if index == 1:  # the first step looks for its convolutions
            request.getfixturevalue("waiting_is_an_error")
        moved = type(batch)(*(part.cuda(non_blocking=True) for part in batch))
        module.training_step(moved, index).backward()
        optimizer.step()
        optimizer.zero_grad()
