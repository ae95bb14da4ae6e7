"""Samples of many mapped shards as rows of one array: a shuffled batch is one numpy call, whatever shards it is from."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segdata.shards.compressed import Rows

LARGEST_WINDOW = sys.maxsize
"""numpy's limit of an array's size, rows that overlap counted in full."""


class Window:
    """Samples of several shards as rows of one array, so that numpy gathers a batch in one go, as from a memory map.

    The window begins where the lowest array lies in memory and ends with the highest. Its row i is the sample's worth of
    bytes from byte i on; rows overlap, and only those at which a sample begins are ever read. Without a window, as for
    compressed shards, samples are gathered one by one.
    """

    def __init__(self, rows: Sequence[Rows]) -> None:
        self._rows = rows  # the memory lives as long as they do
        self._shape = rows[0].shape[1:]
        self._window: NDArray[np.uint8] | None = None
        arrays = [one for one in rows if isinstance(one, np.ndarray)]
        if len(arrays) < len(rows):  # compressed
            return
        row = math.prod(self._shape)
        addresses = np.array([array.ctypes.data for array in arrays], np.int64)
        counts = [len(array) for array in arrays]
        lowest = int(addresses.argmin())
        self._at = np.concatenate(
            [
                address - addresses[lowest] + row * np.arange(count)
                for address, count in zip(addresses, counts, strict=True)
            ]
        )
        span = int(self._at.max()) + 1
        if span * row <= LARGEST_WINDOW:
            first = arrays[lowest].reshape(-1)
            self._window = np.lib.stride_tricks.as_strided(first, (span, row), (1, 1), writeable=False)

    def rows(self, wanted: NDArray[np.int64]) -> NDArray[np.uint8]:
        """A copy of these samples."""
        if self._window is not None:
            gathered: NDArray[np.uint8] = self._window[self._at[wanted]]
            return gathered.reshape(wanted.size, *self._shape)
        ends = np.cumsum([len(array) for array in self._rows])
        array_of = np.searchsorted(ends, wanted, side="right")
        out = np.empty((wanted.size, *self._shape), np.uint8)
        for place, (number, index) in enumerate(zip(array_of.tolist(), wanted.tolist(), strict=True)):
            array = self._rows[number]
            out[place] = array[index - int(ends[number]) + len(array)]
        return out
