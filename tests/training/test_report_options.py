"""What single reports trained by: void as a class, dice beside, frozen parts, their own criteria and random changes."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from segdata.errors import ConfigError, TrainingError
from segdata.evaluation.run import load_run
from segdata.pipeline import Augment, Reach, Schedule, Train
from segdata.project import Project
from segdata.training import train_pipeline
from segdata.training.criteria import ValidationFigures
from segdata.training.losses import soft_dice_loss
from segdata.training.module import freeze
from segdata.training.optim import lr_factor
from segdata.training.transforms import augment_batch, generator_for

NAME = "colours"
MakeProject = Callable[..., Project]


def rows(project: Project) -> list[dict[str, str]]:
    with (project.run_dir(NAME) / "curves.csv").open() as file:
        return list(csv.DictReader(file))


def test_milestones_divide_after_the_epochs_named() -> None:
    schedule = Schedule(name="milestones", at=(2, 5), factor=0.1)
    factors = [lr_factor(schedule, step, steps=60, steps_per_epoch=10) for step in (0, 19, 20, 49, 50, 59)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_soft_dice_by_hand() -> None:
    # Two labelled pixels of class 0 and 1, one void; shares of class 0: 0.8, 0.4, and 0.1 that does not count.
    shares = torch.tensor([0.8, 0.4, 0.1])
    logits = torch.stack([shares, 1 - shares, torch.zeros(3)]).log().clamp(min=-30).view(1, 3, 1, 3)
    target = torch.tensor([[[0, 1, 255]]])
    first, second = 2 * 0.8 / (1.2 + 1), 2 * 0.6 / (0.8 + 1)
    assert float(soft_dice_loss(logits, target)) == pytest.approx(1 - (first + second) / 2, abs=1e-5)
    assert float(soft_dice_loss(logits, torch.full((1, 1, 3), 255))) == 1


def module_with(**changes: Any) -> Any:
    from segdata.evaluation.run import Normalisation
    from segdata.training.module import SegmentationModule

    split: Any = [0, 1]
    train = Train(epochs=1, batch_size=2, optimizer="sgd", lr=0.1, **changes)
    normalisation = Normalisation((0.5,) * 3, (0.5,) * 3)
    void_id = 0 if changes.get("void") else 255
    return SegmentationModule(
        nn.Conv2d(3, 2, 1), train, (split, split), normalisation, None, 2, None, void_id
    )


def test_void_is_learned_as_the_class_that_is_named() -> None:
    logits = torch.tensor([[1.0, 2.0], [0.5, -1.0]]).view(1, 2, 1, 2)
    masks = torch.tensor([[[1, 255]]], dtype=torch.uint8)
    left_out, weight = module_with()._loss(logits, masks)
    assert (float(left_out), int(weight)) == (pytest.approx(math.log(1 + math.exp(0.5))), 1)
    as_class, weight = module_with(void="wall")._loss(logits, masks)
    assert int(weight) == 2
    assert float(as_class) == pytest.approx(math.log(1 + math.exp(0.5)) + math.log(1 + math.exp(-3)))


def test_dice_stands_beside_the_cross_entropy() -> None:
    logits, masks = torch.randn(2, 2, 3, 4), torch.randint(2, (2, 3, 4), dtype=torch.uint8)
    total, weight = module_with(dice=0.5)._loss(logits, masks)
    expected = functional.cross_entropy(logits, masks.long()) + 0.5 * soft_dice_loss(logits, masks.long())
    assert float(total / weight) == pytest.approx(float(expected), rel=1e-5)


def test_criteria_of_the_reports_by_hand() -> None:
    truth = torch.tensor([[[0, 1, 2, 255]]], dtype=torch.uint8)
    found = torch.tensor([[[0, 2, 2, 0]]], dtype=torch.uint8)
    chosen = {}
    for select in ("onehot_accuracy", "index_dice", "dice", "loss"):
        figures = ValidationFigures(3, select)
        figures.add(truth, found, torch.tensor(3.0), torch.tensor(3))
        chosen[select] = figures.selected
        assert (figures.loss, figures.matrix.pixel_accuracy()) == (1.0, pytest.approx(2 / 3))
    assert chosen["onehot_accuracy"] == 3 / 4  # void counts as class 0, and 0 was found there
    assert chosen["index_dice"] == 2 * (1 * 2 + 2 * 2) / (0 + 3 + 4)  # one batch of one photo
    assert chosen["dice"] == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert math.isnan(chosen["loss"])


def test_a_class_called_void_is_in_no_figure() -> None:
    truth = torch.tensor([[[0, 1, 2, 2]]], dtype=torch.uint8)
    found = torch.tensor([[[0, 2, 2, 0]]], dtype=torch.uint8)
    figures = ValidationFigures(3, "dice", 2)
    figures.add(truth, found, torch.tensor(3.0), torch.tensor(3))
    assert (figures.matrix.mean_iou(), figures.matrix.pixel_accuracy(), figures.selected) == (0.5, 0.5, 0.5)


def test_the_best_epoch_is_chosen_by_the_reports_criterion(make_project: MakeProject) -> None:
    project = make_project(epochs=4, select="onehot_accuracy", void="wall")
    result = train_pipeline(project, NAME, quiet=True)
    figures = [float(row["val_selected"]) for row in rows(project)]
    assert result.best_epoch == figures.index(max(figures)) + 1
    plain = make_project(epochs=1)
    train_pipeline(plain, NAME, quiet=True)
    assert rows(plain)[0]["val_selected"] == ""


def test_frozen_parts_keep_parameters_and_running_statistics(make_project: MakeProject) -> None:
    torch.manual_seed(0)
    project = make_project(epochs=2, freeze=["stem.", "dense."])
    from segdata.models import build_model

    before = build_model("mininet", 3, {"aspp_channels": 8, "branch_channels": 8}).state_dict()
    train_pipeline(project, NAME, quiet=True)
    after = load_run(project.run_dir(NAME)).network.state_dict()
    same = {key.split(".")[0] for key in before if torch.equal(before[key], after[key])}
    changed = {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert same == {"stem", "dense"}
    assert changed == {"transition", "norm", "aspp_3", "aspp_6", "head"}


def test_a_part_to_freeze_that_is_not_there_is_named() -> None:
    with pytest.raises(TrainingError, match=r"train\.freeze: found 'bakbone\.'; did you mean 'backbone\.'\?"):
        freeze(nn.ModuleDict({"backbone": nn.Linear(1, 1), "head": nn.Linear(1, 1)}), ("bakbone.",))


def test_a_void_class_that_is_not_there_is_named(make_project: MakeProject) -> None:
    with pytest.raises(
        ConfigError, match=r"pipelines/colours\.yaml: train\.void: found 'wal'; did you mean 'wall'"
    ):
        train_pipeline(make_project(void="wal"), NAME, quiet=True)


def test_validation_photos_change_too_where_a_report_did_so(make_project: MakeProject) -> None:
    augment = {"vertical_flip": 1.0, "brightness": 0.9}
    losses = []
    for augment_val in (False, True):
        project = make_project(epochs=1, augment=augment, augment_val=augment_val)
        train_pipeline(project, NAME, quiet=True)
        losses.append((rows(project)[0]["train_loss"], rows(project)[0]["val_loss"]))
    assert losses[0][0] == losses[1][0]
    assert losses[0][1] != losses[1][1]


def changed(**changes: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    images = torch.full((40, 3, 8, 8), 100, dtype=torch.uint8)
    masks = torch.zeros((40, 8, 8), dtype=torch.uint8)
    return (*augment_batch(images, masks, Augment(**changes), (0, 0, 0), generator_for(1, 2, 3)), images)


def test_only_a_share_of_the_photos_is_turned_and_what_is_laid_bare_is_void() -> None:
    _, masks, _ = changed(rotate_degrees=30, rotate=0.5)
    turned = [bool((mask == 255).any()) for mask in masks]
    assert 10 <= sum(turned) <= 30
    assert set(masks.unique().tolist()) == {0, 255}


def test_brightness_of_a_one_sided_reach_for_a_share_of_the_photos() -> None:
    photos, _, images = changed(brightness=Reach(low=0, high=0.5), adjust=0.5)
    factors = (photos / images)[:, 0, 0, 0]
    assert 10 <= int((factors != 1).sum()) <= 30
    assert 1 <= float(factors.min()) <= float(factors.max()) <= 1.5
    assert float(factors.max()) > 1.3


@pytest.mark.parametrize("accumulate", [1, 2])
def test_gradients_let_go_before_the_forward_pass_give_the_same_weights(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, accumulate: int
) -> None:
    """10 photos in batches of 4: with two batches a step, the third batch of an epoch stands alone."""
    from segdata.training.module import SegmentationModule

    project = make_project(epochs=2, accumulate=accumulate)
    kept: list[list[bool]] = []
    forward = SegmentationModule.forward

    def noted(self: Any, images: torch.Tensor) -> Any:
        if self.training:
            kept[-1].append(any(one.grad is not None for one in self.network.parameters()))
        return forward(self, images)

    monkeypatch.setattr(SegmentationModule, "forward", noted)
    weights = []
    for _ in range(2):
        kept.append([])
        train_pipeline(project, NAME, quiet=True, resume=False)
        weights.append((project.run_dir(NAME) / "model.safetensors").read_bytes())
        monkeypatch.setattr(SegmentationModule, "on_train_batch_start", lambda *_: None)
    assert weights[0] == weights[1]
    here, by_lightning = kept
    assert here == [False, accumulate == 2, False] * 2
    assert by_lightning == [False, True, True] * 2
