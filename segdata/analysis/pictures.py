"""Heat over a photo, and a mask over a photo, as small JPEG data URIs for a page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from segdata.overlay import overlay
from segdata.report.pictures import jpeg_uri, scale_mask
from segdata.sample import Image, Mask

LONGER_SIDE = 240
_QUALITY = 78
_HEAT = 0.7
_STOPS = ((6, 5, 36), (76, 17, 103), (155, 37, 94), (222, 80, 52), (250, 160, 30), (250, 245, 155))
"""From cold to hot, even in lightness; after Smith and van der Walt's inferno."""


class Canvas:
    """One photo at the size of a page's pictures; all pictures of it have that size, (width, height)."""

    def __init__(self, image: Image) -> None:
        scale = LONGER_SIDE / max(image.shape[:2])
        height, width = image.shape[:2]
        self.size = (max(1, round(width * scale)), max(1, round(height * scale)))
        kind = PillowImage.Resampling.BICUBIC if scale > 1 else PillowImage.Resampling.BOX
        self.photo = np.asarray(PillowImage.fromarray(np.ascontiguousarray(image)).resize(self.size, kind))

    def plain(self) -> str:
        return jpeg_uri(self.photo, _QUALITY)

    def classes(self, mask: Mask, colors: NDArray[np.uint8]) -> str:
        """uint8 (H, W) class ids in their colours, 255 hatched."""
        return jpeg_uri(overlay(self.photo, scale_mask(mask, self.size), colors), _QUALITY)

    def heat(self, values: NDArray[np.float32], low: float, truth: NDArray[np.bool_] | None) -> str:
        """float32 (H, W) from `low` (cold) to 1 (hot) over the photo in grey; white lines around where truth is."""
        large = PillowImage.fromarray(np.ascontiguousarray(values)).resize(
            self.size, PillowImage.Resampling.BILINEAR
        )
        shares = (np.asarray(large) - low) / (1 - low)
        grey = (self.photo @ np.array([0.299, 0.587, 0.114]))[..., None]
        painted = heat_colors(shares) * _HEAT + grey * (1 - _HEAT)
        if truth is not None:
            inside = scale_mask(truth.astype(np.uint8), self.size) > 0
            painted[_edges(inside)] = 255
        return jpeg_uri(np.clip(np.rint(painted), 0, 255).astype(np.uint8), _QUALITY)


def heat_colors(shares: NDArray[np.floating]) -> NDArray[np.float64]:
    """float64 (…, 3) of 0 to 255 for shares of 0 to 1; what lies outside has the colour of its end."""
    places = np.linspace(0, 1, len(_STOPS))
    channels = [np.interp(shares, places, [stop[channel] for stop in _STOPS]) for channel in range(3)]
    return np.stack(channels, axis=-1)


def css_gradient() -> str:
    """The scale as a CSS background, cold at the left."""
    return f"linear-gradient(90deg, {', '.join(f'rgb{stop}' for stop in _STOPS)})"


def _edges(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels inside that touch the outside, or the other way round, one pixel wide."""
    edges = np.zeros(inside.shape, np.bool_)
    edges[:, 1:] |= inside[:, 1:] != inside[:, :-1]
    edges[1:] |= inside[1:] != inside[:-1]
    return edges
