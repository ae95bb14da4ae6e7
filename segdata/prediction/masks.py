"""One photo to its mask, at the photo's own size: the rows of the mask one band after the other.

At every pixel the class wins that has the largest mean, over the scales, of softmax probabilities; each scale's logits
are resized bilinearly to the photo first. With one scale that is the largest logit.

Memory beside the photo's pixels at each scale (3 bytes each) and the mask (1 byte per pixel): for a band some six times
`BAND_NUMBERS` numbers of 4 bytes (or six photo rows of all classes, where that is more), and per scale what `View` holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from segdata.errors import DataError
from segdata.evaluation.run import Run
from segdata.image_file import MAX_PIXELS
from segdata.photo import Photo, Resize
from segdata.prediction.how import How
from segdata.prediction.upscale import likeliest_at
from segdata.prediction.views import Rows, View, Whole, resized_rows
from segdata.sample import Mask
from segdata.wording import size_text

BAND_NUMBERS = 1 << 22
"""Classes x rows x columns that are resized, compared and forgotten at once: 16 MiB as float32."""


def predict_mask(run: Run, photo: Photo, how: How) -> Mask:
    """The likeliest class of every pixel of the upright photo, uint8 (H, W).

    Raises DataError for a damaged photo, or one that would become too large at a scale; TrainingError out of memory.
    """
    views: list[Rows] = [_view(run, photo, how, scale) for scale in how.scales]
    if how.tile_hw is None:
        views = [Whole(view.rows(0, view.size_hw[0])) for view in views]
    return likeliest(views, photo.upright_hw, len(run.ontology))


def likeliest(views: Sequence[Rows], size_hw: tuple[int, int], num_classes: int) -> Mask:
    """The class with the largest mean softmax probability over the views, uint8 (H, W) of the size asked for."""
    if len(views) == 1 and isinstance(views[0], Whole) and views[0].logits.device.type == "cpu":
        return likeliest_at(views[0].logits.permute(1, 2, 0).contiguous().numpy(), size_hw)
    height, width = size_hw
    widest = max(width, *(view.size_hw[1] for view in views))
    band = max(1, BAND_NUMBERS // (num_classes * widest))
    mask = np.empty((height, width), np.uint8)
    with torch.inference_mode():
        for start in range(0, height, band):
            stop = min(start + band, height)
            total = resized_rows(views[0], (height, width), start, stop)
            if len(views) > 1:
                total = total.softmax(0)
                for view in views[1:]:
                    total += resized_rows(view, (height, width), start, stop).softmax(0)
            # argmax(0) would give the same, on the CPU eight times slower
            mask[start:stop] = total.max(0).indices.to(torch.uint8).cpu().numpy()
    return mask


def _view(run: Run, photo: Photo, how: How, scale: float) -> View:
    size_hw = how.seen_hw(photo.upright_hw, scale)
    if size_hw[0] * size_hw[1] > MAX_PIXELS:
        raise DataError(
            photo.name,
            found=f"{size_text(size_hw)} at scale {scale:g}",
            expected=f"at most {MAX_PIXELS:,} pixels",
            fix="Leave out the larger scales.",
        )
    image = photo.read(Resize(size_hw, how.photo, how.exact))
    return View(run, image, how.tile_hw, how.overlap, how.flip)
