"""One re-annotated photo before and after, and where its classes changed, as JPEG data URIs.

Changed pixels are red, and framed together, so that a change of three pixels is found too. Pictures are scaled to a
longer side of 384; a pixel of the difference is red when any of those it stands for has changed.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw

from segdata.overlay import WRONG, difference, overlay
from segdata.sample import Image, Mask

LONGER_SIDE = 384
JPEG_QUALITY = 80
MARGIN = 3


@dataclass(frozen=True)
class ChangePictures:
    """Three JPEG data URIs of one size, and that size."""

    before: str
    after: str
    difference: str
    width: int
    height: int


def paint_change(
    images: tuple[Image, Image],
    masks: tuple[Mask, Mask],
    changed: NDArray[np.bool_],
    colors: tuple[NDArray[np.uint8], NDArray[np.uint8]],
) -> ChangePictures:
    """Photos uint8 (H, W, 3), masks uint8 (H, W) and colours uint8 (256, 3) before and after; changed bool (H, W)."""
    height, width = changed.shape
    scale = LONGER_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    photos = [_scale(np.ascontiguousarray(image), size, nearest=scale > 1) for image in images]
    small = [_scale(np.ascontiguousarray(mask), size, nearest=True) for mask in masks]
    share = PillowImage.fromarray(changed.astype(np.float32))
    kind = PillowImage.Resampling.NEAREST if scale > 1 else PillowImage.Resampling.BOX
    red = (np.asarray(share.resize(size, kind)) > 0).astype(np.uint8)
    painted = [overlay(photos[side], small[side], colors[side]) for side in (0, 1)]
    painted.append(difference(photos[1], np.zeros_like(red), red))
    before, after, red_uri = (_jpeg_uri(_framed(pixels, red)) for pixels in painted)
    return ChangePictures(before, after, red_uri, *size)


def _scale(pixels: NDArray[np.uint8], size: tuple[int, int], *, nearest: bool) -> NDArray[np.uint8]:
    kind = PillowImage.Resampling.NEAREST if nearest else PillowImage.Resampling.BOX
    return np.asarray(PillowImage.fromarray(pixels).resize(size, kind))


def _framed(pixels: Image, red: Mask) -> Image:
    """A frame around all changed pixels, a white line inside a red one."""
    rows, columns = np.flatnonzero(red.any(1)), np.flatnonzero(red.any(0))
    picture = PillowImage.fromarray(pixels)
    if rows.size:
        draw = ImageDraw.Draw(picture)
        box = (columns[0] - MARGIN, rows[0] - MARGIN, columns[-1] + MARGIN, rows[-1] + MARGIN)
        edges = [int(value) for value in box]
        right, bottom = picture.width - 1, picture.height - 1
        for inset, color in ((0, WRONG), (1, (255, 255, 255))):
            left, top = max(inset, edges[0] + inset), max(inset, edges[1] + inset)
            draw.rectangle(
                (left, top, min(right - inset, edges[2] - inset), min(bottom - inset, edges[3] - inset)),
                outline=color,
            )
    return np.asarray(picture)


def _jpeg_uri(pixels: Image) -> str:
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
