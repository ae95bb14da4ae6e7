"""Paints truth, prediction and their difference over a photo, as JPEG data URIs: people judge segmentation by eye.

pictures = paint(image, truth, prediction, ontology.color_table())
pictures.difference   # "data:image/jpeg;base64,…": grey where right, red where wrong, hatched where not scored
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from segdata.overlay import WRONG, difference, overlay, read_prediction
from segdata.sample import Image, Mask

__all__ = ["WRONG", "Pictures", "difference", "overlay", "paint", "read_prediction"]

LONGER_SIDE = 384
"""Pixels of a picture's longer side in the page: enough to judge by, small enough for dozens of them."""
JPEG_QUALITY = 80


@dataclass(frozen=True)
class Pictures:
    """Four JPEG data URIs of one size, and that size."""

    photo: str
    truth: str
    prediction: str
    difference: str
    width: int
    height: int


def paint(image: Image, truth: Mask, prediction: Mask, colors: NDArray[np.uint8]) -> Pictures:
    """Four pictures of one photo.

    image uint8 (H, W, 3); truth and prediction uint8 (H, W); colors uint8 (256, 3). Pictures are scaled to a longer
    side of 384 pixels, masks by nearest neighbour.
    """
    height, width = truth.shape
    scale = LONGER_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    kind = PillowImage.Resampling.BICUBIC if scale > 1 else PillowImage.Resampling.BOX
    photo = np.asarray(PillowImage.fromarray(np.ascontiguousarray(image)).resize(size, kind))
    truth, prediction = scale_mask(truth, size), scale_mask(prediction, size)
    return Pictures(
        jpeg_uri(photo),
        jpeg_uri(overlay(photo, truth, colors)),
        jpeg_uri(overlay(photo, prediction, colors)),
        jpeg_uri(difference(photo, truth, prediction)),
        *size,
    )


def scale_mask(mask: Mask, size: tuple[int, int]) -> Mask:
    """A mask uint8 (H, W) at another size (width, height), by nearest neighbour."""
    picture = PillowImage.fromarray(np.ascontiguousarray(mask))
    return np.asarray(picture.resize(size, PillowImage.Resampling.NEAREST))


def jpeg_uri(pixels: Image, quality: int = JPEG_QUALITY) -> str:
    """uint8 (H, W, 3) as a JPEG data URI."""
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels).save(buffer, "JPEG", quality=quality, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
