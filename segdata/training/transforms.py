"""Random changes of photo and mask together, a batch at a time on the device, repeatable to the bit.

Each photo of a batch draws its own numbers from a generator seeded by (seed, epoch, batch), so that a resumed run
sees what an undisturbed one would have seen:

    augment: {horizontal_flip: 0.5, rotate_degrees: 20, brightness: 0.2}
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from segdata.ontology import IGNORE_INDEX
from segdata.pipeline import Augment, Reach

# Weights of red, green and blue in a grey value: ITU-R BT.601, as torchvision takes them.
_GREY = (0.2989, 0.587, 0.114)
_BLUR_SIGMA = (0.1, 2.0)
_BLUR_KERNEL = 9


def generator_for(seed: int, epoch: int, batch: int) -> torch.Generator:
    """A CPU generator that depends on these three numbers alone."""
    word = int(np.random.SeedSequence((seed, epoch, batch)).generate_state(1, np.uint64)[0])
    # torch takes seeds of int64; half the range is plenty.
    return torch.Generator().manual_seed(word >> 1)


def seed_step(seed: int, device: torch.device) -> None:
    """Seed what a step on this device draws from, dropout above all.

    torch.manual_seed seeds every kind of device; for those that are not there it keeps a call for later, with a
    formatted stack, at each step: 2 ms that a small network's step on a CPU feels.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def augment_batch(
    images: Tensor,
    masks: Tensor,
    augment: Augment,
    fill: Sequence[float],
    generator: torch.Generator,
    part: tuple[int, int, int] | None = None,
) -> tuple[Tensor, Tensor]:
    """Photos uint8 (N, 3, H, W) and masks uint8 (N, H, W) → photos float32 (N, 3, H, W) of 0 to 255, and masks.

    fill  RGB of 0 to 255 for corners that a rotation lays bare; masks are 255 there
    part  (rank, processes, photos): these are the photos rank, rank + processes, … of a batch of so many
    In this order: flips, rotation (photo bilinear, mask nearest), brightness, contrast, blur. Flips and blur
    happen with the probability given; rotate_degrees, brightness and contrast give the range of a uniform draw, for
    the shares `rotate` and `adjust` of the photos.
    """
    rank, processes, count = part or (0, 1, images.shape[0])
    # All numbers are drawn whatever is switched on: turning one change off leaves the others as they were.
    draws = torch.rand(7, count, generator=generator)[:, rank::processes]
    shares = torch.rand(2, count, generator=generator)[:, rank::processes]
    for share, draw, axis in (
        (augment.horizontal_flip, draws[0], -1),
        (augment.vertical_flip, draws[1], -2),
    ):
        images, masks = _flip(images, masks, draw < share, axis)
    photos = images.to(torch.float32)
    if augment.rotate_degrees > 0:
        degrees = (draws[2] * 2 - 1) * augment.rotate_degrees * (shares[0] < augment.rotate)
        photos, masks = _rotate(photos, masks, degrees.tolist(), fill)
    adjusted = shares[1] < augment.adjust
    if augment.brightness != 0:
        photos = (photos * _factors(draws[3], augment.brightness, adjusted, photos)).clamp(0, 255)
    if augment.contrast != 0:
        factors = _factors(draws[4], augment.contrast, adjusted, photos)
        weights = _beside(torch.tensor(_GREY), photos).view(3, 1, 1)
        grey = (photos * weights).sum(dim=1, keepdim=True).mean(dim=(2, 3), keepdim=True)
        photos = (photos * factors + grey * (1 - factors)).clamp(0, 255)
    if augment.blur > 0:
        low, high = _BLUR_SIGMA
        sigmas = low + draws[6] * (high - low)
        photos = _blur(photos, (draws[5] < augment.blur).tolist(), sigmas.tolist())
    return photos, masks


def _flip(images: Tensor, masks: Tensor, chosen: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    if not bool(chosen.any()):
        return images, masks
    chosen = _beside(chosen, images)
    return (
        torch.where(chosen.view(-1, 1, 1, 1), images.flip(axis), images),
        torch.where(chosen.view(-1, 1, 1), masks.flip(axis), masks),
    )


def _rotate(
    photos: Tensor, masks: Tensor, degrees: Sequence[float], fill: Sequence[float]
) -> tuple[Tensor, Tensor]:
    # Imported here: torchvision takes seconds to import, and most runs do not rotate.
    from torchvision import tv_tensors
    from torchvision.transforms.v2 import InterpolationMode, functional

    turned_photos, turned_masks = [], []
    for photo, mask, angle in zip(photos, masks, degrees, strict=True):
        if angle == 0:
            turned_photos.append(photo)
            turned_masks.append(mask)
            continue
        turned_photos.append(
            functional.rotate(
                tv_tensors.Image(photo), angle, InterpolationMode.BILINEAR, fill=list(fill)
            ).as_subclass(Tensor)
        )
        turned_masks.append(
            functional.rotate(tv_tensors.Mask(mask), angle, fill=IGNORE_INDEX).as_subclass(Tensor)
        )
    return torch.stack(turned_photos), torch.stack(turned_masks)


def _factors(draw: Tensor, reach: float | Reach, adjusted: Tensor, photos: Tensor) -> Tensor:
    """Uniform in 1 + low … 1 + high, never below 0, and 1 where not adjusted; shaped to multiply (N, 3, H, W)."""
    if isinstance(reach, Reach):
        factors = 1 + reach.low + draw * (reach.high - reach.low)
    else:
        factors = 1 + (draw * 2 - 1) * reach
    factors = torch.where(adjusted, factors, torch.ones_like(factors))
    return _beside(factors.clamp(min=0), photos).view(-1, 1, 1, 1)


def _beside(numbers: Tensor, photos: Tensor) -> Tensor:
    """A few numbers on the device of the photos, without waiting for all that a GPU has still to do."""
    return numbers.to(photos.device, non_blocking=True)


def _blur(photos: Tensor, chosen: Sequence[bool], sigmas: Sequence[float]) -> Tensor:
    from torchvision.transforms.v2 import functional

    blurred = [
        functional.gaussian_blur(photo, [_BLUR_KERNEL, _BLUR_KERNEL], [sigma, sigma]) if take else photo
        for photo, take, sigma in zip(photos, chosen, sigmas, strict=True)
    ]
    return torch.stack(blurred)
