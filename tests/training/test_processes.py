"""Two processes that share every batch train as one does: the same curves, on CPUs over gloo."""

from __future__ import annotations

import csv
from collections.abc import Callable
from types import SimpleNamespace

import msgspec
import pytest
import torch
from torch import nn

from segdata.errors import TrainingError
from segdata.evaluation.run import load_run
from segdata.pipeline import Train
from segdata.project import Project
from segdata.shards import ShardSet
from segdata.training import train_pipeline
from segdata.training.checks import check_data
from segdata.training.data import Batch
from segdata.training.launch import check_processes
from segdata.training.module import SegmentationModule
from tests.training.conftest import draw_splits

NAME = "colours"
MakeProject = Callable[..., Project]


def loaded(project: Project, rank: int, processes: int) -> tuple[list[Batch], list[Batch]]:
    """The batches of the third epoch, train and val, that one of so many processes is given."""
    shards = ShardSet.open(project.shards_dir(NAME))
    train = project.pipeline(NAME).train
    data = check_data(shards, train)
    module = SegmentationModule(
        nn.Conv2d(3, 3, 1), train, (data.train, data.val), data.normalisation, None, 3, None
    )
    trainer = SimpleNamespace(global_rank=rank, world_size=processes, current_epoch=2)
    module.trainer = trainer
    return list(module.train_dataloader()), list(module.val_dataloader())


def test_the_batches_of_two_processes_are_those_of_one(make_project: MakeProject) -> None:
    project = make_project(draw_splits(train=10, val=7))
    for whole, *parts in zip(*(loaded(project, *who) for who in ((0, 1), (0, 2), (1, 2))), strict=True):
        assert sum(len(batch.images) for batch in whole) in (10, 7)
        for batch, first, second in zip(whole, *parts, strict=True):
            assert torch.equal(batch.images[0::2], first.images)
            assert torch.equal(batch.images[1::2], second.images)
            assert torch.equal(batch.masks[1::2], second.masks)


def test_a_process_without_a_photo_is_refused() -> None:
    train = Train(epochs=1, batch_size=4, optimizer="sgd", lr=0.1)
    check_processes(2, train, 10, 2)
    check_processes(1, train, 9, 1)
    with pytest.raises(TrainingError, match="found a batch of 1 of the 9 photos for 2 processes"):
        check_processes(2, train, 9, 2)
    with pytest.raises(TrainingError, match="split 'val': found 1 photo for 2 processes"):
        check_processes(2, train, 10, 1)
    with pytest.raises(TrainingError, match=r"found 4, which 3 processes cannot share evenly.*Take 3, or"):
        check_processes(3, train, 10, 3)
    with pytest.raises(TrainingError, match=r"found 4, which 8 processes cannot share evenly.*Take 8, or"):
        check_processes(8, train, 10, 8)


def without_norms_and_dropout(project: Project) -> Project:
    path = project.pipeline_path(NAME)
    values = msgspec.json.decode(path.read_bytes())
    values["model"]["options"]["dropout"] = 0.0
    path.write_bytes(msgspec.json.encode(values))
    return project


def curves(project: Project) -> list[tuple[float, ...]]:
    keys = ("train_loss", "val_loss", "val_mean_iou", "val_pixel_accuracy", "lr")
    with (project.run_dir(NAME) / "curves.csv").open() as file:
        return [tuple(float(row[key]) for key in keys) for row in csv.DictReader(file)]


def test_two_processes_draw_the_curves_of_one_with_the_double_batch(make_project: MakeProject) -> None:
    changes = {
        "epochs": 3,
        "augment": {"horizontal_flip": 0.5, "rotate_degrees": 20, "brightness": 0.3, "blur": 0.5},
        "augment_val": True,
        # The parts with batch norms, which on CPUs see each process's own photos alone.
        "freeze": ["stem.", "dense.", "transition.", "norm."],
    }
    photos = draw_splits(train=10, val=7)
    one, two = (without_norms_and_dropout(make_project(photos, **changes)) for _ in range(2))
    train_pipeline(one, NAME, quiet=True)
    result = train_pipeline(two, NAME, quiet=True, processes=2)
    assert result.epochs == 3
    for alone, shared in zip(curves(one), curves(two), strict=True):
        assert shared == pytest.approx(alone, abs=1e-4)
    first, second = (load_run(project.run_dir(NAME)).network.state_dict() for project in (one, two))
    assert all(torch.allclose(first[key], second[key], atol=1e-4) for key in first)
    assert len({row[0] for row in curves(one)}) == 3  # and it did learn


def test_what_stops_a_process_is_told_in_its_own_words(make_project: MakeProject) -> None:
    project = make_project(
        draw_splits(train=4, val=2), optimizer="sgd", lr=1e30, schedule={"name": "constant"}
    )
    with pytest.raises(
        TrainingError, match=r"^train: epoch 1, step 1: found a loss that is not finite|^train: epoch 2"
    ):
        train_pipeline(project, NAME, quiet=True, processes=2)
