"""Batches, random changes, schedules and the keeping of the best epoch, each against its definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from segdata.pipeline import Augment, Schedule, Train
from segdata.project import Project
from segdata.shards import ShardSet
from segdata.shards.sampler import EpochBatches
from segdata.training.data import ShardDataset, build_loader
from segdata.training.keep import EpochFigures, Progress
from segdata.training.optim import build_optimizer, build_schedule, current_lr, lr_factor
from segdata.training.transforms import augment_batch, generator_for, seed_step

NAN = float("nan")


def test_batches_hold_the_samples_asked_for(make_project: Callable[..., Project]) -> None:
    split = ShardSet.open(make_project().shards_dir("colours")).split("train")
    dataset = ShardDataset(split)
    batch = dataset[[7, 2]]
    assert (batch.images.dtype, batch.masks.dtype) == (torch.uint8, torch.uint8)
    assert np.array_equal(batch.images[1].numpy(), split.image_at(2))
    assert np.array_equal(batch.masks[0].numpy(), split.mask_at(7))
    for order in (np.array([7, 2]), torch.tensor([7, 2])):
        assert torch.equal(dataset[order].masks, batch.masks)  # type: ignore[index]
    image, mask = dataset[7]
    assert torch.equal(image, batch.images[0])
    assert torch.equal(mask, batch.masks[0])
    state = torch.get_rng_state()
    loaded = list(build_loader(split, EpochBatches(len(split), 4, seed=0, shuffle=False), pin=False))
    assert np.array_equal(loaded[2].masks[1].numpy(), split.mask_at(9))
    assert torch.equal(torch.get_rng_state(), state)  # loading draws nothing from the global generator


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("given_as", ["sampler", "batch_sampler"])
def test_torchs_loader_takes_dataset_and_epochs_as_documented(
    make_project: Callable[..., Project], given_as: str, workers: int
) -> None:
    split = ShardSet.open(make_project().shards_dir("colours")).split("train")
    batches = EpochBatches(len(split), 4, seed=3)
    options: dict[str, Any] = {given_as: batches} | ({"batch_size": None} if given_as == "sampler" else {})
    dataset = ShardDataset(split)
    loader: DataLoader[Any] = DataLoader(dataset, **options, num_workers=workers)
    assert len(loader) == len(batches) > 1
    for epoch in range(2):
        order = np.random.default_rng((3, epoch)).permutation(len(split))
        pairs = list(loader)
        assert [len(images) for images, _ in pairs[:-1]] == [4] * (len(batches) - 1)
        for column, truth in enumerate((split.images(order), split.masks(order))):
            given = torch.cat([pair[column] for pair in pairs])
            assert given.dtype == torch.uint8 and np.array_equal(given, truth)


def test_torchs_own_samplers_take_the_dataset(make_project: Callable[..., Project]) -> None:
    split = ShardSet.open(make_project().shards_dir("colours")).split("train")
    images, masks = next(iter(DataLoader(ShardDataset(split), batch_size=3)))
    assert np.array_equal(images, split.images(range(3))) and np.array_equal(masks, split.masks(range(3)))
    with pytest.raises(IndexError, match="outside 0"):
        ShardDataset(split)[len(split)]


def photos(count: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 3, 12, 12), generator=generator, dtype=torch.uint8)
    # The mask says what the red channel is, so that it shows when one moves without the other.
    return images, images[:, 0] // 64


def augmented(batch: int = 0, **changes: float) -> tuple[torch.Tensor, torch.Tensor]:
    images, masks = photos()
    return augment_batch(images, masks, Augment(**changes), (10, 20, 30), generator_for(1, 2, batch))


def test_photo_and_mask_flip_together_and_each_photo_for_itself() -> None:
    images, masks = photos()
    flipped_images, flipped_masks = augmented(horizontal_flip=0.5)
    chosen = [bool((one != other).any()) for one, other in zip(flipped_masks, masks, strict=True)]
    assert 0 < sum(chosen) < 6
    for index, flip in enumerate(chosen):
        assert torch.equal(flipped_images[index], (images[index].flip(-1) if flip else images[index]).float())
        assert torch.equal(flipped_masks[index], masks[index].flip(-1) if flip else masks[index])
    upside_down, masks_down = augmented(vertical_flip=1.0)
    assert torch.equal(upside_down, images.flip(-2).float())
    assert torch.equal(masks_down, masks.flip(-2))


def test_random_changes_follow_from_seed_epoch_and_batch() -> None:
    everything = {
        "horizontal_flip": 0.5,
        "rotate_degrees": 30,
        "brightness": 0.3,
        "contrast": 0.3,
        "blur": 0.5,
    }
    first, again, other = augmented(**everything), augmented(**everything), augmented(1, **everything)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_a_step_is_seeded_as_torch_would_seed_it() -> None:
    before = torch.get_rng_state()
    torch.manual_seed((1 << 63) + 5)
    expected = torch.rand(4)
    seed_step((1 << 63) + 5, torch.device("cpu"))
    assert torch.equal(torch.rand(4), expected)
    torch.set_rng_state(before)


def test_rotation_fills_with_the_mean_colour_and_255() -> None:
    images = torch.full((8, 3, 20, 20), 200, dtype=torch.uint8)
    masks = torch.ones((8, 20, 20), dtype=torch.uint8)
    turned, turned_masks = augment_batch(
        images, masks, Augment(rotate_degrees=45), (10, 20, 30), generator_for(0, 0, 0)
    )
    assert set(turned_masks.unique().tolist()) == {1, 255}
    corner = turned_masks[:, 0, 0] == 255
    assert bool(corner.any())
    assert turned[corner][0, :, 0, 0].tolist() == pytest.approx([10, 20, 30])
    assert turned[:, :, 10, 10].flatten().tolist() == pytest.approx([200] * 24)


def test_brightness_and_contrast_are_torchvisions() -> None:
    functional = pytest.importorskip("torchvision.transforms.v2.functional")
    images, _ = photos()
    draws = torch.rand(7, 6, generator=generator_for(1, 2, 0))
    bright, _ = augmented(brightness=0.4)
    contrasted, _ = augmented(contrast=0.6)
    for index, image in enumerate(images.float() / 255):
        up, spread = (float(1 + (draws[row, index] * 2 - 1) * reach) for row, reach in ((3, 0.4), (4, 0.6)))
        assert torch.allclose(bright[index] / 255, functional.adjust_brightness(image, up), atol=1e-5)
        assert torch.allclose(contrasted[index] / 255, functional.adjust_contrast(image, spread), atol=1e-4)


def test_blur_takes_contrast_from_some_photos_and_leaves_masks() -> None:
    images, masks = photos()
    blurred, same = augmented(blur=0.5)
    changed = [not torch.equal(one, other.float()) for one, other in zip(blurred, images, strict=True)]
    assert 0 < sum(changed) < 6
    assert float(blurred.std()) < float(images.float().std())
    assert torch.equal(same, masks)


def train_section(**changes: Any) -> Train:
    return Train(**{"epochs": 10, "batch_size": 2, "optimizer": "sgd", "lr": 0.5, **changes})


def rates(train: Train, steps_per_epoch: int) -> list[float]:
    optimizer = build_optimizer([nn.Parameter(torch.zeros(1))], train)
    schedule = build_schedule(optimizer, train, steps_per_epoch)
    found = []
    for _ in range(train.epochs * steps_per_epoch):
        found.append(current_lr(optimizer))
        optimizer.step()
        schedule.step()
    return found


def test_schedules_follow_their_formulas() -> None:
    assert rates(train_section(), 2) == [0.5] * 20
    stepped = rates(train_section(schedule=Schedule(name="step", every=4, factor=0.1)), 2)
    assert stepped == pytest.approx([0.5] * 8 + [0.05] * 8 + [0.005] * 4)
    poly = rates(train_section(schedule=Schedule(name="poly")), 2)
    assert poly == pytest.approx([0.5 * (1 - step / 20) ** 0.9 for step in range(20)])
    cycle = rates(train_section(schedule=Schedule(name="one-cycle")), 2)
    assert (cycle[0], max(cycle), cycle[5]) == pytest.approx((0.02, 0.5, 0.5))
    assert cycle[-1] == pytest.approx(0.02 / 1e4)
    assert lr_factor(Schedule(name="poly"), 20, 20, 2) == 0.0


def test_optimizers_take_their_numbers_and_leave_frozen_parameters_alone() -> None:
    frozen = nn.Parameter(torch.zeros(1), requires_grad=False)
    free = nn.Parameter(torch.zeros(1))
    group = build_optimizer([frozen, free], train_section(momentum=0.9, weight_decay=1e-4)).param_groups[0]
    assert (group["params"], group["momentum"], group["weight_decay"]) == ([free], 0.9, 1e-4)
    kinds = {
        name: type(build_optimizer([free], train_section(optimizer=name))).__name__
        for name in ("adam", "adamw")
    }
    assert kinds == {"adam": "Adam", "adamw": "AdamW"}


def figures(epoch: int, mean_iou: float, loss: float = 1.0) -> EpochFigures:
    return EpochFigures(epoch, 1.0, loss, mean_iou, 0.5, 0.1)


def test_of_equal_epochs_the_earlier_is_the_best() -> None:
    progress = Progress("mean_iou")
    assert [progress.add(figures(*row)) for row in ((1, NAN), (2, 0.4), (3, 0.6), (4, 0.6), (5, NAN))] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert (progress.best_epoch, progress.best.val_mean_iou) == (3, 0.6)
    assert progress.is_over(5, None)
    assert progress.is_over(9, 2)
    assert not progress.is_over(9, 3)
    by_loss = Progress("loss")
    assert [by_loss.add(figures(*row)) for row in ((1, 0.9, 2.0), (2, 0.1, 1.0))] == [True, True]
