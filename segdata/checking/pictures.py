"""Small pictures for the report: the photo beside its classes, as one JPEG.

A photo that was set aside has no mask to paint, so the file that the finding names is shown as it is: a photo, or a
mask with a colour for each of its numbers. A place "row 17, column 902" is ringed.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segdata.errors import DataError
from segdata.formats._parts.photo_files import is_photo
from segdata.mask_file import read_mask_values
from segdata.overlay import overlay
from segdata.photo import Photo, Resize, nearest_pixels, resize_image
from segdata.sample import Image, Sample

LONGER_SIDE = 224
"""Pixels of one picture's longer side: enough to tell what is on it, small enough for two hundred of them."""

_GAP = 4
_RING = (255, 0, 200)
_PLACE = re.compile(r"row (\d+), column (\d+)")


def draw_sample(sample: Sample, colors: NDArray[np.uint8]) -> Image:
    """uint8 (h, 2 w + 4, 3): the photo in its own proportions, and the classes over it. colors uint8 (256, 3)."""
    size_hw = _small(sample.original_hw)
    photo = resize_image(sample.image, Resize(size_hw))
    mask = nearest_pixels(sample.mask, size_hw)
    gap = np.full((size_hw[0], _GAP, 3), 255, np.uint8)
    return np.hstack([photo, gap, overlay(photo, mask, colors)])


def draw_file(root: Path, name: str, places: Sequence[str] = ()) -> Image | None:
    """The photo or mask file of this name below `root`; None when it is none, cannot be read, or lies elsewhere."""
    path = Path(os.path.normpath(root / name))
    if not is_photo(name) or not path.is_relative_to(os.path.normpath(root)) or not path.is_file():
        return None
    try:
        photo = Photo.open(path, name)
        marks = [(int(row), int(column)) for row, column in _PLACE.findall("; ".join(places))]
        drawn = _numbers(path, name) if marks else photo.read(Resize(_small(photo.upright_hw)))
    except (DataError, OSError):
        return None
    original_hw = photo.stored_hw if marks else photo.upright_hw
    drawn = np.ascontiguousarray(drawn)
    for row, column in marks:
        at = (column * drawn.shape[1] // original_hw[1], row * drawn.shape[0] // original_hw[0])
        cv2.circle(drawn, at, 9, (255, 255, 255), 4, cv2.LINE_AA)
        cv2.circle(drawn, at, 9, _RING, 2, cv2.LINE_AA)
    return drawn


def _numbers(path: Path, name: str) -> Image:
    """A mask file with a colour for each of its numbers (numbers far apart in hue), as RGB where it is coloured."""
    values = read_mask_values(path, name)
    values = nearest_pixels(values, _small((values.shape[0], values.shape[1])))
    if values.ndim == 3:
        return values.astype(np.uint8)
    numbers = values.astype(np.int64)
    hue, light = numbers * 67 % 180, 255 - numbers * 29 % 120
    colored = np.stack([hue, np.full_like(hue, 170), light], axis=2).astype(np.uint8)
    return np.asarray(cv2.cvtColor(colored, cv2.COLOR_HSV2RGB), np.uint8)


def _small(size_hw: tuple[int, int]) -> tuple[int, int]:
    scale = LONGER_SIDE / max(size_hw)
    return max(1, round(size_hw[0] * scale)), max(1, round(size_hw[1] * scale))


def save_picture(path: Path, picture: Image) -> None:
    """Write a JPEG of quality 78."""
    path.write_bytes(_jpeg(picture))


def as_uri(picture: Image | Path) -> str:
    """A JPEG data URI, of pixels or of a JPEG file."""
    data = picture.read_bytes() if isinstance(picture, Path) else _jpeg(picture)
    return "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")


def _jpeg(picture: Image) -> bytes:
    quality = [cv2.IMWRITE_JPEG_QUALITY, 78]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)
    assert done
    return data.tobytes()
