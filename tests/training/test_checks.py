"""What stops a run before or while it trains, in words that help."""

from __future__ import annotations

import csv
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from segdata.errors import TrainingError
from segdata.evaluation import evaluate_pipeline
from segdata.models import build_model
from segdata.models.weights import load_weights
from segdata.pipeline import MeanStd, Train
from segdata.project import Project
from segdata.shards import ShardSet, Statistics
from segdata.shards.manifest import Manifest, write_manifest
from segdata.shards.writer import ShardWriter
from segdata.training import train_pipeline
from segdata.training.checks import check_labels, choose_normalisation, no_memory_error
from tests.training.conftest import draw_splits

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


def test_a_shard_with_a_stray_value_stops_before_the_first_step(make_project: MakeProject) -> None:
    project = make_project()
    folder = project.shards_dir(NAME)
    shards = ShardSet.open(folder)
    train = shards.split("train")
    metadata = shards.manifest.metadata
    writer = ShardWriter(folder, "train", metadata, len(train))
    for index, row in enumerate(train.rows):
        mask = train.mask_at(index).copy()
        if index in (1, 3):  # as if somebody had added a class to the masks, and not to the ontology
            row = msgspec.structs.replace(
                row, pixels=(row.pixels[0] - int((mask == 0).sum()), *row.pixels[1:])
            )
            mask[mask == 0] = 3 + index
        writer.keep(row, train.image_at(index), mask)
    finished = writer.finish()
    assert finished is not None
    entries = [entry for entry in metadata.shards if entry.split != "train"]
    rows = [row for row in shards.manifest.rows if row.split != "train"]
    changed = msgspec.structs.replace(metadata, shards=(finished[0], *entries))
    write_manifest(folder, Manifest(changed, (*finished[1], *rows)))
    with pytest.raises(
        TrainingError,
        match=r"split 'train': found .* in 2 samples: 4 in train/p_01; 6 in train/p_03; expected",
    ):
        train_pipeline(project, NAME, quiet=True)
    assert not project.run_dir(NAME).exists()


@pytest.mark.parametrize("missing", ["train", "val"])
def test_an_empty_split_is_named(make_project: MakeProject, missing: str) -> None:
    project = make_project({**draw_splits(), missing: []})
    with pytest.raises(
        TrainingError, match=f"split '{missing}': found no samples; expected photos to learn from"
    ):
        train_pipeline(project, NAME, quiet=True)


def test_a_class_that_nobody_drew_is_told_and_stays_out_of_the_figures(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = draw_splits()
    for split in photos.values():
        for _, _, mask in split:
            mask[mask == 1] = 0
    project = make_project(photos, epochs=1, class_weights="median-frequency", dice=0.5)
    train_pipeline(project, NAME)
    assert "colours: no pixel of door in the training split: not learned\n" in capsys.readouterr().out
    scores = evaluate_pipeline(project, NAME)
    assert scores.mean_iou is not None and 0 < scores.mean_iou <= 1
    with (project.evaluation_dir(NAME) / "per_class.csv").open() as file:
        door = next(row for row in csv.DictReader(file) if row["class"] == "door")
    assert (door["truth_pixels"], door["accuracy"]) == ("0", "")
    train_pipeline(make_project(epochs=1), NAME)
    assert "no pixel of" not in capsys.readouterr().out


def test_a_loss_that_is_not_finite_stops_with_lr_and_step(make_project: MakeProject) -> None:
    project = make_project(optimizer="sgd", lr=1e30, schedule={"name": "constant"})
    with pytest.raises(
        TrainingError,
        match=r"epoch 1, step \d: found a loss that is not finite, at lr 1e\+30; .*\(to 0\.1, say\)\.$",
    ):
        train_pipeline(project, NAME, quiet=True)
    assert not project.run_dir(NAME).exists()


def test_a_late_failure_keeps_the_last_good_weights(make_project: MakeProject) -> None:
    project = make_project(optimizer="sgd", lr=1e-3, schedule={"name": "step", "every": 2, "factor": 1e35})
    with pytest.raises(
        TrainingError,
        match=r"epoch 3, step [789]: found a loss .* \.segdata/unfinished/train/colours/best-\*\.safetensors holds the best",
    ):
        train_pipeline(project, NAME, quiet=True)
    kept = project.root / ".segdata/unfinished/train" / NAME
    assert (kept / "state.pt").is_file()
    (best,) = kept.glob("best-[12].safetensors")
    again = build_model("mininet", 3, {"aspp_channels": 8, "branch_channels": 8})
    assert load_weights(best, again) == []
    assert all(bool(value.isfinite().all()) for value in again.state_dict().values())


def test_no_memory_in_a_step_is_told_with_batch_and_size(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr("segdata.training.module.SegmentationModule.training_step", full)
    with pytest.raises(
        TrainingError,
        match=r"too little memory for batches of 4 photos of 16x24 \(height x width\).*train\.batch_size 2 with train\.accumulate 2",
    ):
        train_pipeline(make_project(), NAME, quiet=True)


def test_no_memory_is_told_with_a_batch_to_try() -> None:
    error = no_memory_error(torch.OutOfMemoryError("CUDA out of memory."), TRAIN, (512, 1024))
    assert error is not None
    assert "batches of 8 photos of 512x1024 (height x width)" in str(error)
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


def test_a_batch_that_takes_all_photos_is_told(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    train_pipeline(make_project(epochs=1, batch_size=11), NAME)
    said = "colours: one step per epoch: batches of 11 take all 10 photos of the training split at once\n"
    assert said in capsys.readouterr().out
    train_pipeline(make_project(epochs=1, batch_size=10), NAME)
    assert "one step per epoch" not in capsys.readouterr().out


def test_the_criterion_that_chose_the_epoch_is_told_where_no_other_figure_shows_it(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(epochs=2, select="index_dice")
    result = train_pipeline(project, NAME)
    said = capsys.readouterr().out
    assert f"best epoch {result.best_epoch} of 2 by index_dice ({result.best.val_selected:.3f}): val" in said
    assert f", index_dice {result.best.val_selected:.3f}\n" in said
    train_pipeline(make_project(epochs=1), NAME)
    assert " by " not in capsys.readouterr().out
