"""Regions → photo: flat colours first, then grain, light, a lens and a sensor.

Colours and grain are computed in integers, so that every machine paints the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from segdata.sample_data.regions import ASPHALT, LEAVES, PAVING, PLAIN, PLASTER, SKY, Mask, Points, Region
from segdata.sample_data.town import Light

Photo = npt.NDArray[np.uint8]

# How much fine, middling and coarse noise each surface carries, in 1/128 of the noise's own swing of ±128.
GRAIN: dict[int, tuple[int, int, int]] = {
    PLAIN: (3, 4, 4),
    SKY: (0, 4, 26),
    LEAVES: (44, 52, 20),
    ASPHALT: (20, 6, 10),
    PAVING: (10, 8, 14),
    PLASTER: (12, 8, 12),
}
SHADOW = 150  # of 256 parts of the light reach a shadow under a bright sun


def paint_photo(
    regions: Iterable[Region], size_hw: tuple[int, int], light: Light, rng: np.random.Generator
) -> Photo:
    """The photo (H, W, 3) RGB of regions given in painting order."""
    canvas: Photo = np.zeros((*size_hw, 4), np.uint8)  # red, green, blue, surface
    for region in regions:
        if region.shadow_xy is not None:
            _darken(canvas, region.shadow_xy, round(256 - (256 - SHADOW) * (0.55 + 0.45 * light.sun)))
        _paint(canvas, region)
    shaded = canvas[..., :3].astype(np.int16) + _grain(canvas[..., 3], rng)[..., None]
    gains = np.array([round(gain * 128) for gain in light.gain], np.uint16)
    lit = np.clip(shaded, 0, 255).astype(np.uint16) * gains >> 7
    photo: Photo = np.clip(lit, 0, 255).astype(np.uint8)
    photo = _soften(photo)
    noise = rng.integers(-5, 6, size=(*size_hw, 3), dtype=np.int8)
    noisy: Photo = np.clip(photo.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    return noisy


def _frame(points: Points) -> tuple[slice, slice, tuple[int, int]]:
    """The rectangle around an outline that lies inside the picture, and the shift into it."""
    x0, y0 = (int(value) for value in points.min(axis=0))
    x1, y1 = (int(value) for value in points.max(axis=0))
    return slice(y0, y1 + 1), slice(x0, x1 + 1), (-x0, -y0)


def _paint(canvas: Photo, region: Region) -> None:
    """Colour a region's pixels and its details', whatever the details' outlines reach beyond."""
    if not region.details:
        cv2.fillPoly(canvas, [region.points_xy], (*region.colour, region.surface))
        return
    rows, columns, shift = _frame(region.points_xy)
    patch = np.ascontiguousarray(canvas[rows, columns])
    inside: Mask = np.zeros(patch.shape[:2], np.uint8)
    cv2.fillPoly(inside, [region.points_xy], 1, offset=shift)
    patch[:] = (*region.colour, region.surface)
    for detail in region.details:
        for outline in detail.outlines:
            cv2.fillPoly(patch, [outline], (*detail.colour, detail.surface), offset=shift)
    cv2.copyTo(patch, inside, canvas[rows, columns])


def _darken(canvas: Photo, outline: Points, parts: int) -> None:
    rows, columns, shift = _frame(outline)
    part = canvas[rows, columns]
    inside: Mask = np.zeros(part.shape[:2], np.uint8)
    cv2.fillPoly(inside, [outline], 1, offset=shift)
    darker = part.copy()
    darker[..., :3] = part[..., :3].astype(np.uint16) * parts >> 8
    cv2.copyTo(darker, inside, part)


def _grain(surface: Mask, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Brightness to add to each pixel, by its surface."""
    height, width = surface.shape
    noises = [_noise(surface.shape, doublings, rng) for doublings in (0, 2, 5)]
    total: npt.NDArray[np.int16] = np.zeros((height, width), np.int16)
    for scale, noise in enumerate(noises):
        strength = np.zeros(256, np.int16)
        for kind, amounts in GRAIN.items():
            strength[kind] = amounts[scale]
        total += (noise.astype(np.int16) - 128) * strength[surface] >> 7
    return total


def _noise(size_hw: tuple[int, ...], doublings: int, rng: np.random.Generator) -> Mask:
    """Random brightness 0 … 255 in cells of 2 ** doublings pixels, smoothly joined."""
    height, width = size_hw
    cells: Mask = rng.integers(
        0, 256, size=(-(-height >> doublings) + 1, -(-width >> doublings) + 1), dtype=np.uint8
    )
    for _ in range(doublings):
        cells = cv2.pyrUp(cells).astype(np.uint8, copy=False)
    return cells[:height, :width]


def _soften(photo: Photo) -> Photo:
    """The lens: each pixel with its neighbours, 1-2-1 each way."""
    wide = np.pad(photo, ((1, 1), (1, 1), (0, 0)), mode="edge").astype(np.uint16)
    rows = wide[:-2] + 2 * wide[1:-1] + wide[2:]
    both = rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]
    softened: Photo = (both + 8 >> 4).astype(np.uint8)
    return softened
