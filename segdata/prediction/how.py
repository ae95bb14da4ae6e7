"""How photos are brought before the network: whole or in tiles, at which scales, mirrored too or not.

    How(size_hw=(512, 1024))                                       the whole photo, as it was trained
    How(size_hw=(512, 1024), tile_hw=(512, 1024), overlap=128, tile_scale_hw=(0.5, 0.5), flip=True, scales=(0.75, 1.0))

Whole photos are resized to the run's size. Tiles see a photo at the scale of training: shards of 512x1024 made from
photos of 1024x2048 taught the network a scale of 0.5, so a panorama of 1024x8192 is shrunk to 512x4096 and cut.
"""

from __future__ import annotations

from statistics import median
from typing import Literal

import msgspec

from segdata.errors import ConfigError, ShardError
from segdata.project import Project
from segdata.shards import ShardSet
from segdata.wording import size_text

SCALES_OF_DENSEASPP = (0.5, 0.75, 1.0, 1.25, 1.5, 1.8)
"""What the authors of DenseASPP average over (Yang et al., CVPR 2018, section 4.2)."""


class How(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a prediction; two predictions of the same weights and options give the same masks.

    size_hw        what whole photos are resized to at scale 1, pixels
    photo, exact   how they are resampled, as in the pipeline's `shards` section
    tile_hw        size of a tile, pixels of the scaled photo; None: the photo is seen whole
    overlap        pixels that neighbouring tiles share at least
    tile_scale_hw  height and width of the scaled photo per pixel of the photo, at scale 1
    flip           see every tile (or whole photo) mirrored left to right, too
    scales         averaged over; the network sees the photo so many times as large
    """

    size_hw: tuple[int, int]
    photo: Literal["area", "bilinear", "nearest"] = "area"
    exact: bool = False
    tile_hw: tuple[int, int] | None = None
    overlap: int = 0
    tile_scale_hw: tuple[float, float] = (1.0, 1.0)
    flip: bool = False
    scales: tuple[float, ...] = (1.0,)

    def check(self) -> None:
        """Raises ConfigError for what cannot be done."""
        if self.tile_hw is not None and not 0 <= self.overlap < min(self.tile_hw):
            raise ConfigError(
                "--overlap",
                found=str(self.overlap),
                expected=f"0 to {min(self.tile_hw) - 1}: less than the tile's shorter side",
            )
        if not 1 <= len(self.scales) <= 16 or len(set(self.scales)) != len(self.scales):
            raise ConfigError("--scales", found=str(list(self.scales)), expected="1 to 16 different scales")
        if not all(0.1 <= scale <= 4 for scale in self.scales):
            raise ConfigError("--scales", found=str(list(self.scales)), expected="scales of 0.1 to 4")
        if not all(0.01 <= scale <= 100 for scale in self.tile_scale_hw):
            raise ConfigError("--tile-scale", found=str(self.tile_scale_hw), expected="0.01 to 100")

    def seen_hw(self, upright_hw: tuple[int, int], scale: float) -> tuple[int, int]:
        """The size at which the network sees a photo, whole or cut into tiles; at least 1x1."""
        base_hw = self.size_hw
        if self.tile_hw is not None:
            (height, width), (down, across) = upright_hw, self.tile_scale_hw
            return max(1, round(height * down * scale)), max(1, round(width * across * scale))
        return max(1, round(base_hw[0] * scale)), max(1, round(base_hw[1] * scale))

    def line(self) -> str:
        """One line for people.

        >>> How(size_hw=(96, 128), flip=True, scales=(0.5, 1.0)).line()
        'whole photos at 96x128 (height x width), mirrored too, scales 0.5 1'
        """
        text = f"whole photos at {size_text(self.size_hw)}"
        if self.tile_hw is not None:
            down, across = self.tile_scale_hw
            times = f"{down:.4g}" if down == across else f"{down:.4g} (height) and {across:.4g} (width)"
            text = (
                f"tiles of {size_text(self.tile_hw)} overlapping by {self.overlap}, photos scaled by {times}"
            )
        text += ", mirrored too" if self.flip else ""
        return (
            text
            if self.scales == (1.0,)
            else f"{text}, scales {' '.join(f'{scale:g}' for scale in self.scales)}"
        )


def training_scale(project: Project, name: str) -> tuple[float, float]:
    """Height and width of a shard's photos over those of the originals, the medians of the training split.

    Raises ConfigError where no shard set lies to ask.
    """
    try:
        shards = ShardSet.open(project.shards_dir(name))
    except ShardError as error:
        raise ConfigError(
            "--tile",
            found=f"no shards of {name}, which say at what scale it was trained",
            expected="them, or --tile-scale",
            fix="Give --tile-scale, e.g. 0.5 when photos were halved for training.",
        ) from error
    rows = shards.manifest.split_rows(["train"])
    if not rows:
        raise ConfigError(
            "--tile", found=f"no training photos in the shards of {name}", fix="Give --tile-scale."
        )
    height, width = shards.manifest.metadata.size_hw
    return median(height / row.original_height for row in rows), median(
        width / row.original_width for row in rows
    )
