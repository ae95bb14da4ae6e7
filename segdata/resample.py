"""Turning and resizing arrays of pixels by stated rules: photos area-averaged (or bilinear, nearest), masks nearest.

>>> resize_mask(np.array([[1, 1, 2, 2]], np.uint8), (1, 2)).tolist()
[[1, 2]]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from segdata.area import area_average
from segdata.sample import Image, Mask

Method = Literal["area", "bilinear", "nearest"]
_Pixels = TypeVar("_Pixels", bound=np.generic)

_ROWS = 32
"""Taken at a time: all those of a large mask, before columns are taken, would need as much room as a photo."""


@dataclass(frozen=True, slots=True)
class Resize:
    """Target size (height, width) in pixels and how photos are resampled; masks are always nearest.

    exact  decode every photo in full, also where a reduced decode would do
    """

    size_hw: tuple[int, int]
    photo: Method = "area"
    exact: bool = False


def turn_upright(pixels: NDArray[_Pixels], orientation: int) -> NDArray[_Pixels]:
    """Undo EXIF orientation 1…8 on (H, W) or (H, W, C) pixels. Source: EXIF 2.32, tag 0x0112.

    5 and 7 mirror along a diagonal; 6 was stored turned left, 8 turned right.
    """
    if orientation >= 5:
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def turn_back(pixels: NDArray[_Pixels], orientation: int) -> NDArray[_Pixels]:
    """The inverse of `turn_upright`: upright pixels as EXIF orientation 1…8 stores them."""
    return turn_upright(pixels, {6: 8, 8: 6}.get(orientation, orientation))


def resize_image(image: NDArray[np.uint8], resize: Resize) -> Image:
    """Resample uint8 (H, W, 3) to resize.size_hw; area averaging becomes bilinear where it would enlarge."""
    height, width = resize.size_hw
    if image.shape[:2] == (height, width):
        return np.ascontiguousarray(image)
    if resize.photo == "nearest":
        return nearest_pixels(image, resize.size_hw)
    method = resize.photo
    if height > image.shape[0] or width > image.shape[1]:
        method = "bilinear"
    pixels = np.ascontiguousarray(image)
    if method == "area":
        return area_average(pixels, (height, width))
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def resize_mask(mask: Mask, size_hw: tuple[int, int]) -> Mask:
    """Nearest by pixel centres, in integers: no label is ever invented between two labels."""
    return nearest_pixels(mask, size_hw)


def nearest_pixels(pixels: NDArray[_Pixels], size_hw: tuple[int, int]) -> NDArray[_Pixels]:
    """Row i of the result is source row floor((i + 0.5) * H / h), columns alike."""
    height, width = size_hw
    rows = (2 * np.arange(height) + 1) * pixels.shape[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * pixels.shape[1] // (2 * width)
    nearest = np.empty((height, width, *pixels.shape[2:]), pixels.dtype)
    for top in range(0, height, _ROWS):
        into = nearest[top : top + _ROWS]
        pixels.take(rows[top : top + _ROWS], axis=0).take(columns, axis=1, out=into, mode="clip")
    return nearest
