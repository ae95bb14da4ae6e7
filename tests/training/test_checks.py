"""What stops a run before or while it trains, in words that help."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from segdata.errors import ShardError, TrainingError
from segdata.pipeline import MeanStd, Train
from segdata.project import Project
from segdata.shards import ShardSet, Statistics
from segdata.training import train_pipeline
from segdata.training.checks import check_data, check_labels, choose_normalisation, no_memory_error

NAME = "colours"
MakeProject = Callable[..., Project]
TRAIN = Train(epochs=1, batch_size=8, optimizer="sgd", lr=0.1)


def test_labels_outside_the_classes_are_named_with_their_samples() -> None:
    masks = [np.array([[0, 1]]), np.array([[2, 255]]), np.array([[7, 3]])]
    split: Any = SimpleNamespace(size_hw=(1, 2), ids=("a", "b", "c"), mask_at=masks.__getitem__)
    split = type("Split", (SimpleNamespace,), {"__len__": lambda _: 3})(**vars(split))
    statistics = Statistics(np.array([1, 1]), 1, np.zeros(3), np.ones(3))
    shards: Any = SimpleNamespace(ontology=("wall", "door"), statistics=lambda splits: statistics)
    with pytest.raises(TrainingError, match=r"in 2 samples: 2 in b; 3, 7 in c; expected class ids of 0 to 1"):
        check_labels(shards, split, "train")


@pytest.mark.parametrize("missing", ["train", "val"])
def test_an_empty_split_is_named(make_project: MakeProject, missing: str) -> None:
    from_conftest = make_project()
    shards = ShardSet.open(from_conftest.shards_dir(NAME))
    without: Any = SimpleNamespace(
        split=lambda name: (_ for _ in ()).throw(ShardError("x")) if name == missing else shards.split(name),
        statistics=shards.statistics,
        ontology=shards.ontology,
    )
    with pytest.raises(TrainingError, match=f"split '{missing}': found no samples"):
        check_data(without, TRAIN)


def test_a_loss_that_is_not_finite_stops_with_lr_and_step(make_project: MakeProject) -> None:
    project = make_project(optimizer="sgd", lr=1e30, schedule={"name": "constant"})
    with pytest.raises(
        TrainingError, match=r"epoch 1, step \d: found a loss that is not finite, at lr 1e\+30"
    ):
        train_pipeline(project, NAME, quiet=True)
    assert not project.run_dir(NAME).exists()


def test_a_late_failure_keeps_the_last_good_weights(make_project: MakeProject) -> None:
    project = make_project(optimizer="sgd", lr=1e-3, schedule={"name": "step", "every": 2, "factor": 1e35})
    with pytest.raises(TrainingError, match=r"epoch 3, step [789]: found a loss"):
        train_pipeline(project, NAME, quiet=True)
    kept = project.root / ".segdata/unfinished/train" / NAME
    assert (kept / "state.pt").is_file()
    assert len(list(kept.glob("best-[12].safetensors"))) == 1


def test_no_memory_is_told_with_a_batch_to_try() -> None:
    error = no_memory_error(torch.OutOfMemoryError("CUDA out of memory."), TRAIN, (512, 1024))
    assert error is not None
    assert "batches of 8 photos of 512x1024 (HxW)" in str(error)
    assert "train.batch_size 4 with train.accumulate 2" in str(error)
    cpu = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")
    assert no_memory_error(cpu, TRAIN, (8, 8)) is not None
    single = no_memory_error(MemoryError(), Train(epochs=1, batch_size=1, optimizer="sgd", lr=1), (512, 1024))
    assert "shards.size_hw [256, 512]" in str(single)
    assert no_memory_error(RuntimeError("shapes do not match"), TRAIN, (8, 8)) is None


def test_normalisations(make_project: MakeProject) -> None:
    shards = ShardSet.open(make_project().shards_dir(NAME))
    train = shards.split("train")
    pixels = train.images(range(len(train))).reshape(-1, 3) / 255
    of_train = choose_normalisation(shards, TRAIN)
    assert of_train.mean == pytest.approx(pixels.mean(axis=0))
    assert of_train.std == pytest.approx(pixels.std(axis=0))
    everything = np.concatenate(
        [
            shards.split(name).images(range(len(shards.split(name)))).reshape(-1, 3) / 255
            for name in shards.splits
        ]
    )
    chosen = choose_normalisation(
        shards, Train(epochs=1, batch_size=1, optimizer="sgd", lr=1, normalise="all")
    )
    assert chosen.mean == pytest.approx(everything.mean(axis=0))
    given = MeanStd(mean=(0.1, 0.2, 0.3), std=(1, 0, 1))
    with pytest.raises(TrainingError, match="standard deviation"):
        choose_normalisation(shards, Train(epochs=1, batch_size=1, optimizer="sgd", lr=1, normalise=given))
