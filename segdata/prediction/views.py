"""One look of the network at a photo: its logits, given out from the top row to the bottom, a few rows at a time.

The logits of a whole 12-megapixel photo for 19 classes would take 0.9 GB. A look keeps no more than the rows that one
row of tiles covers, a few times over: at most `4 · classes · tile height · width` numbers.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from segdata.errors import TrainingError
from segdata.evaluation.predict import predict_logits
from segdata.evaluation.run import Run
from segdata.models.layers import resize
from segdata.prediction.windows import Windows
from segdata.sample import Image
from segdata.wording import counted, size_text

BATCH_PIXELS = 1 << 20
"""Tiles go through the network together up to so many pixels."""


class Rows(Protocol):
    """Logits of a photo, given out from the top row to the bottom."""

    size_hw: tuple[int, int]

    def rows(self, start: int, stop: int) -> Tensor:
        """Logits float32 (C, stop - start, W)."""


class Whole:
    """Logits that are at hand: float32 (C, H, W)."""

    def __init__(self, logits: Tensor) -> None:
        self.size_hw = (logits.shape[1], logits.shape[2])
        self.logits = logits

    def rows(self, start: int, stop: int) -> Tensor:
        return self.logits[:, start:stop]


_SMALLEST = float(np.finfo(np.float32).tiny)


class View:
    """The logits of a photo seen in tiles (or in a single one), averaged by a smooth window where tiles overlap.

    image    uint8 (H, W, 3), the scaled photo; smaller than a tile it is continued by reflection, and cut again
    tile_hw  a tile, pixels of `image`; None: all of it
    flip     see each tile mirrored too; the logarithm of the mean of both softmax probabilities takes the logits'
             place (of one softmax alone it would be the logits but for a number common to all classes)
    """

    def __init__(
        self, run: Run, image: Image, tile_hw: tuple[int, int] | None, overlap: int, flip: bool
    ) -> None:
        self.size_hw = (image.shape[0], image.shape[1])
        tile_hw = tile_hw or self.size_hw
        self._run, self._flip, self._tile_hw = run, flip, tile_hw
        below, right = (max(0, tile - side) for tile, side in zip(tile_hw, self.size_hw, strict=True))
        self._image = (
            np.pad(image, ((0, below), (0, right), (0, 0)), mode="reflect") if below or right else image
        )
        self._rows = Windows(self._image.shape[0], tile_hw[0], overlap)
        self._columns = Windows(self._image.shape[1], tile_hw[1], overlap)
        self._row_of_tiles = 0
        self._sum: Tensor | None = None  # (C, tile height, W), begun where the next row of tiles begins
        self._ready: Tensor | None = None  # (C, n, W), rows `_first` … that no further tile touches
        self._first = 0

    def rows(self, start: int, stop: int) -> Tensor:
        """Logits float32 (C, stop - start, W). Rows before `start` are forgotten: ask from the top downwards."""
        assert self._first <= start < stop <= self.size_hw[0], (self._first, start, stop, self.size_hw)
        while self._ready is None or self._first + self._ready.shape[1] < stop:
            self._next_tiles()
        self._ready = self._ready[:, start - self._first :]
        self._first = start
        return self._ready[:, : stop - start, : self.size_hw[1]]

    def _next_tiles(self) -> None:
        """Predict the next row of tiles and move the rows that are complete to `_ready`."""
        index, starts = self._row_of_tiles, self._rows.starts
        last = index == len(starts) - 1
        summed = self._add_tiles(index)
        done = self._tile_hw[0] if last else starts[index + 1] - starts[index]
        complete = summed[:, :done]
        self._ready = complete if self._ready is None else torch.cat([self._ready, complete], dim=1)
        self._sum = None
        if not last:
            self._sum = torch.zeros_like(summed)
            self._sum[:, : self._tile_hw[0] - done] = summed[:, done:]
        self._row_of_tiles += 1

    def _add_tiles(self, index: int) -> Tensor:
        """One row of tiles, weighted, on top of what the row above left."""
        (height, width), top = self._tile_hw, self._rows.starts[index]
        lefts = self._columns.starts
        if len(self._rows.starts) == len(lefts) == 1:
            return self._logits(self._image[None])[0]
        summed = self._sum
        down = torch.from_numpy(self._rows.weights[index, top : top + height]).to(self._run.device)
        at_once = max(1, BATCH_PIXELS // (height * width))
        for begin in range(0, len(lefts), at_once):
            batch = range(begin, min(begin + at_once, len(lefts)))
            pixels = [self._image[top : top + height, lefts[tile] : lefts[tile] + width] for tile in batch]
            for tile, logits in zip(batch, self._logits(np.stack(pixels)), strict=True):
                left = lefts[tile]
                across = torch.from_numpy(self._columns.weights[tile, left : left + width]).to(
                    self._run.device
                )
                if summed is None:
                    summed = logits.new_zeros((logits.shape[0], height, self._image.shape[1]))
                summed[:, :, left : left + width] += logits * down[:, None] * across
        assert summed is not None
        return summed

    def _logits(self, images: Image) -> Tensor:
        try:
            logits = predict_logits(self._run, images)
            if not self._flip:
                return logits
            mirrored = predict_logits(self._run, images[:, :, ::-1]).flip(3)
            return ((logits.softmax(1) + mirrored.softmax(1)) / 2).clamp_min(_SMALLEST).log()
        except torch.OutOfMemoryError as error:
            count, height, width = images.shape[:3]
            raise TrainingError(
                f"{self._run.record.model} on {self._run.device}",
                found=f"no memory left for {counted(count, 'photo or tile', 'photos or tiles')} of {size_text((height, width))}",
                expected="enough for one",
                fix=f"Give smaller tiles (--tile {max(64, height // 2)} {max(64, width // 2)}), or --device cpu.",
            ) from error


def resized_rows(view: Rows, size_hw: tuple[int, int], start: int, stop: int) -> Tensor:
    """Rows start … stop - 1 of a view's logits resized bilinearly to `size_hw`: float32 (C, stop - start, W).

    Pixel centres are aligned (align_corners=False) and no neighbour lies outside: what
    torch.nn.functional.interpolate gives for the whole, computed for these rows alone.
    """
    if size_hw == view.size_hw:
        return view.rows(start, stop)
    above, below, share = _neighbours(start, stop, size_hw[0], view.size_hw[0])
    part = view.rows(int(above[0]), int(below[-1]) + 1)
    above, below, share = (numbers.to(part.device) for numbers in (above - above[0], below - above[0], share))
    share = share[:, None]
    rows = part[:, above] * (1 - share) + part[:, below] * share
    return resize(rows[None], (stop - start, size_hw[1]))[0]  # as many rows as before: each by itself


def _neighbours(start: int, stop: int, size: int, source: int) -> tuple[Tensor, Tensor, Tensor]:
    """For pixels start … stop - 1 of `size`: the source pixels before and after each, and the share of the latter."""
    places = ((torch.arange(start, stop, dtype=torch.float64) + 0.5) * (source / size) - 0.5).clamp_min(0)
    before = places.floor().to(torch.int64).clamp_max(source - 1)
    return before, (before + 1).clamp_max(source - 1), (places - before).to(torch.float32)
