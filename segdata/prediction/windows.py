"""Where tiles lie along one side of a photo, and how much each counts where they overlap.

>>> windows = Windows(10, tile=6, overlap=1)
>>> windows.starts
(0, 4)
>>> windows.weights.sum(axis=0)[4:6], float(windows.weights[0, 0])     # over all tiles: 1 everywhere
(array([1., 1.], dtype=float32), 1.0)

In two dimensions a tile counts with the product of its row's and its column's weights, which sums to 1 as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Windows:
    """Tiles of `tile` pixels that cover 0 … size - 1 exactly, neighbours sharing at least `overlap` pixels.

    As few as do, evenly spread; the last one ends with the side. `size` is at least `tile`, `overlap` less.
    """

    size: int
    tile: int
    overlap: int

    def __post_init__(self) -> None:
        assert self.size >= self.tile > self.overlap >= 0, (self.size, self.tile, self.overlap)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        step = self.tile - self.overlap
        steps = -(-(self.size - self.tile) // step)
        return tuple(index * (self.size - self.tile) // max(1, steps) for index in range(steps + 1))

    @cached_property
    def weights(self) -> NDArray[np.float32]:
        """float32 (tiles, size): 0 outside the tile; inside sin² that falls to its borders, over the sum of all.

        A tile's border, where the network sees least around a pixel, counts least; it never counts nothing.
        """
        window = np.sin(np.pi * (np.arange(self.tile) + 0.5) / self.tile) ** 2
        placed = np.zeros((len(self.starts), self.size))
        for row, start in zip(placed, self.starts, strict=True):
            row[start : start + self.tile] = window
        shares: NDArray[np.float64] = placed / placed.sum(axis=0)
        return shares.astype(np.float32)
