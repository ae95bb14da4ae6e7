"""What the page shows of a sample: thumbnails and the photo as JPEG, masks as their numbers.

A mask goes to the page as it is, one byte per pixel, row by row, packed with gzip: the page paints, hides and compares
classes by itself, and no colour has to be turned back into a class.
"""

from __future__ import annotations

import gzip
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from segdata.overlay import difference, overlay
from segdata.photo import Resize, nearest_pixels, resize_image
from segdata.sample import Image, Mask

Kind = Literal["photo", "truth", "prediction", "difference"]

THUMBNAIL_SIDE = 240
"""Pixels of a thumbnail's longer side: sharp at 160 CSS pixels on a screen of 1.5 device pixels each."""

DRAWN_AS = 1
"""Part of every thumbnail's key: a number that grows when they are drawn otherwise."""

_QUALITY = 82
_PHOTO_QUALITY = 93


def draw_thumbnail(
    kind: Kind, image: Image, truth: Mask, prediction: Mask | None, colors: NDArray[np.uint8]
) -> bytes:
    """JPEG of the photo, of the truth or the prediction over it, or of where the two differ.

    image uint8 (H, W, 3); truth and prediction uint8 (H, W), the latter where `kind` needs it; colors uint8 (256, 3)
    """
    size_hw = small_hw((truth.shape[0], truth.shape[1]))
    photo = _scaled(image, size_hw)
    if kind == "photo":
        return jpeg(photo, _QUALITY)
    small = nearest_pixels(truth, size_hw)
    if kind == "truth":
        return jpeg(overlay(photo, small, colors), _QUALITY)
    assert prediction is not None, kind
    predicted = nearest_pixels(prediction, size_hw)
    if kind == "prediction":
        return jpeg(overlay(photo, predicted, colors), _QUALITY)
    return jpeg(difference(photo, small, predicted), _QUALITY)


def small_hw(size_hw: tuple[int, int]) -> tuple[int, int]:
    """A thumbnail's height and width; small samples are not enlarged."""
    scale = min(1.0, THUMBNAIL_SIDE / max(size_hw))
    return max(1, round(size_hw[0] * scale)), max(1, round(size_hw[1] * scale))


def _scaled(image: Image, size_hw: tuple[int, int]) -> Image:
    return image if image.shape[:2] == size_hw else resize_image(image, Resize(size_hw))


def photo_jpeg(image: Image) -> bytes:
    """The photo as it stands in its shard."""
    return jpeg(image, _PHOTO_QUALITY)


def packed(mask: Mask) -> bytes:
    """uint8 (H, W) as gzip of its bytes, row by row. The same mask gives the same bytes."""
    return gzip.compress(np.ascontiguousarray(mask).tobytes(), compresslevel=1, mtime=0)


def unpacked(content: bytes, size_hw: tuple[int, int]) -> Mask:
    """The mask again. Raises ValueError for bytes that are none of this size."""
    try:
        plain = gzip.decompress(content)
    except (OSError, EOFError) as error:
        raise ValueError(f"no packed mask ({error})") from error
    return np.frombuffer(plain, np.uint8).reshape(size_hw)


def jpeg(pixels: Image, quality: int) -> bytes:
    """uint8 (H, W, 3) RGB as JPEG."""
    bgr = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return data.tobytes()
