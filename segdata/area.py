"""Area averaging in whole numbers: the same bytes on every machine, and two to three times as fast as cv2's floats.

A pixel of the result is the mean of the photo over its own area; a source pixel that its border cuts counts by the part
inside. From 750 rows to 224, that part is a multiple of 1/112 of a row, so that rows weigh 0 to 112, and 375 in all.
Sums of weighted pixels are whole numbers then, which floats hold exactly up to 2^24 (float64: 2^53): in whatever order
a processor adds them, they come out the same, and so matrix products may do it. Halves are rounded up.

>>> area_average(np.array([[[0], [10], [21]]], np.uint8), (1, 2))[..., 0].tolist()      # (0 + 10/2) / 1.5, (10/2 + 21) / 1.5
[[3, 17]]
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_CHUNK = 1 << 17
"""Numbers of a chunk of rows that is averaged along its rows; they stay in a processor's cache."""

_BLOCK = 1 << 16
"""Numbers multiplied at a time; small products also stay in the calling thread, as all of segdata's own threads do."""

_WIDEST = 65_535
"""Wider photos, as no camera makes them, would take much room for their rows; they are left to cv2, whose sums are floats."""

_TOGETHER = 4
"""Rows of the result made by one product: more of them share a row of the source, and multiply more of it by 0."""


@dataclass(frozen=True)
class _Axis:
    """How `size` rows are averaged to `to` rows: of each block of rows of the result, where it starts and its weights.

    first    number of each block's first row, `_TOGETHER` apart
    rows     intp (blocks, span): the source rows that a block reads
    weights  int64 (blocks, _TOGETHER, span), 0 to `to` / gcd; those of one row add up to `total`
    """

    first: tuple[int, ...]
    rows: NDArray[np.intp]
    weights: NDArray[np.int64]
    total: int
    to: int


@lru_cache(maxsize=64)
def _axis(size: int, to: int) -> _Axis:
    first = np.arange(0, to, _TOGETHER)
    last = np.minimum(first + _TOGETHER, to)
    span = int((-(-last * size // to) - first * size // to).max())
    start = np.minimum(first * size // to, size - span)
    target = (first[:, None] + np.arange(_TOGETHER))[:, :, None]
    rows = start[:, None] + np.arange(span)
    source = rows[:, None, :]
    # In units of 1 / to of a source row, row j of the result covers [j * size, (j + 1) * size).
    inside = np.minimum((target + 1) * size, (source + 1) * to) - np.maximum(target * size, source * to)
    common = gcd(size, to)
    return _Axis(tuple(first.tolist()), rows, np.maximum(inside, 0) // common, size // common, to)


class _Desk(threading.local):
    """Room for one thread's sums, kept from photo to photo: to ask the system anew takes longer than to sum."""

    def __init__(self) -> None:
        self._kept: dict[str, NDArray[np.uint8]] = {}

    def room(self, name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Uninitialised (*shape); what was there under this name is overwritten."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if name not in self._kept or len(self._kept[name]) < size:
            self._kept[name] = np.empty(size, np.uint8)
        room: NDArray[Any] = self._kept[name][:size].view(dtype).reshape(shape)
        return room


_DESK = _Desk()


def area_average(pixels: NDArray[np.uint8], size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """uint8 (H, W, C) averaged to `size_hw`, at most (H, W)."""
    (height, width), (high, wide, channels) = size_hw, pixels.shape
    if wide > _WIDEST:
        return np.asarray(
            cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        ).reshape(height, width, channels)
    is_halved = (high, wide, channels) == (2 * height, 2 * width, 3)
    if is_halved:  # here cv2 adds whole numbers, too, and rounds alike
        halved = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(halved, np.uint8)
    down, along = _axis(high, height), _axis(wide, width)
    count = down.total * along.total
    exact: Any = np.float32 if 255 * count < 1 << 24 else np.float64
    whole: Any = np.uint32 if 256 * count < 1 << 32 else np.uint64
    weights = along.weights.astype(exact)
    result = np.empty((height, width, channels), np.uint8)
    for top, sums in _summed_down(pixels.reshape(high, wide * channels), down):
        rows = len(sums)
        totals = _summed_along(sums.reshape(rows, wide, channels), along, weights)
        means = _DESK.room("means", totals.shape, whole)
        np.copyto(means, totals, casting="unsafe")
        means += count // 2
        means //= count
        columns = _DESK.room("columns", (width, rows, channels), np.uint8)
        np.copyto(columns, means.reshape(columns.shape), casting="unsafe")
        _turn(columns, result[top : top + rows])
    return result


def _summed_down(source: NDArray[np.uint8], axis: _Axis) -> Iterator[tuple[int, NDArray[Any]]]:
    """Weighted sums of rows, uint8 (H, N), some rows of the result at a time: the first one's number, whole floats (n, N)."""
    exact: Any = np.float32 if 255 * axis.total < 1 << 24 else np.float64
    weights, length, span = axis.weights.astype(exact), source.shape[1], axis.rows.shape[1]
    across = min(length, max(_BLOCK // span, 1))
    block = _DESK.room("block", (span, across), exact)
    some = max(_CHUNK // (length * _TOGETHER), 1)
    for at in range(0, len(axis.first), some):
        blocks = range(at, min(at + some, len(axis.first)))
        top = axis.first[at]
        sums = _DESK.room("sums", (min(axis.to - top, len(blocks) * _TOGETHER), length), exact)
        for number in blocks:
            row, start = axis.first[number] - top, axis.rows[number, 0]
            into = sums[row : row + _TOGETHER]
            for left in range(0, length, across):
                piece = source[start : start + span, left : left + across]
                part = block[:, : piece.shape[1]]
                np.copyto(part, piece)
                np.matmul(weights[number, : len(into)], part, out=into[:, left : left + across])
        yield top, sums


def _summed_along(sums: NDArray[Any], axis: _Axis, weights: NDArray[Any]) -> NDArray[Any]:
    """Weighted sums within rows: whole floats (n, W, C) -> (width, n * C), columns first."""
    rows, wide, channels = sums.shape
    columns = _DESK.room("turned", (wide, rows, channels), sums.dtype)
    _turn(sums, columns)
    if columns.dtype != weights.dtype:
        wider = _DESK.room("wider", columns.shape, weights.dtype)
        np.copyto(wider, columns)
        columns = wider
    gathered = _DESK.room("gathered", (*axis.rows.shape, rows * channels), weights.dtype)
    np.take(columns.reshape(wide, -1), axis.rows, axis=0, out=gathered, mode="clip")
    totals = _DESK.room("totals", (*weights.shape[:2], rows * channels), weights.dtype)
    return np.matmul(weights, gathered, out=totals).reshape(-1, rows * channels)[: axis.to]


def _turn(pixels: NDArray[Any], into: NDArray[Any]) -> None:
    """Rows (H, W, C) to columns (W, H, C), as `cv2.transpose`, which is several times as fast as a copy by numpy."""
    if pixels.shape[2] == 1:
        pixels, into = pixels[..., 0], into[..., 0]
    cv2.transpose(pixels, into)
