"""Large arrays from memory that lies ready: a mask of 12 megapixels, and then, in the same place, the photo's pixels.

malloc would ask the system for pages, each of which must be filled with zeros, and give them back a moment later; or keep
what each thread freed, in pieces that fit nothing else. Here what an array leaves is lent to the next, of any thread.

>>> canvas = empty((3000, 4000))       # uint8, not zeroed; its block lies ready again once the last view of it is gone
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SMALLEST = 1 << 22
"""Bytes of an array that is worth it."""

_LARGEST = 1 << 25
"""Bytes of a block that is kept; a photo of 64 megapixels is rare, and what it took goes back to the system."""

_MOST = os.cpu_count() or 1
"""Blocks that lie ready at a time: more threads than that do not fill them at once."""

_ready: list[NDArray[np.uint8]] = []


class _Lent:
    """What an array borrowed; the block lies ready again when numpy lets go of this."""

    def __init__(self, block: NDArray[np.uint8], shape: tuple[int, ...]) -> None:
        self._block = block
        self.__array_interface__: dict[str, Any] = {
            "version": 3,
            "typestr": "|u1",
            "shape": shape,
            "data": (block.__array_interface__["data"][0], False),
        }

    def __del__(self) -> None:
        if len(self._block) <= _LARGEST and len(_ready) < _MOST:
            _ready.append(self._block)


def empty(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """uint8 (*shape), as numpy.empty."""
    size = math.prod(shape)
    if size < _SMALLEST:
        return np.empty(shape, np.uint8)
    block = _take(size)
    return np.asarray(_Lent(pages(size) if block is None else block, shape))


def _take(size: int) -> NDArray[np.uint8] | None:
    """A block that lies ready and is large enough. One operation on a list is one thread's alone."""
    for _ in range(len(_ready)):
        try:
            block = _ready.pop()
        except IndexError:
            return None
        if len(block) >= size:
            return block
    return None  # those that were too small go back to the system


def pages(size: int) -> NDArray[np.uint8]:
    """Zeros, uint8 (size,), in a mapping of their own, which goes back to the system with the last view of them."""
    mapped = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):  # Linux: a page fault for 2 MiB in place of one for each 4 KiB
        with contextlib.suppress(OSError):
            mapped.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(mapped, np.uint8)
