"""A whole split in memory: for sets that fit, on disks or network folders that are slower than they seem.

>>> split = resident(ShardSet.open(folder).split("train"))     # reads it once; then as any ShardSplit
>>> split.images([4, 0, 7]).shape
(3, 96, 128, 3)

On a local disk the system's page cache does as much for a mapped file once it was read; what residency adds is that no
other program can push the pixels out. On a GPU: segdata/device_split.py.
"""

from __future__ import annotations

import os
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segdata.errors import ShardError
from segdata.shards.reader import ShardSplit, map_shard

KEPT_FREE = 0.1
"""Share of the free memory that is left to others."""


class ResidentSplit(ShardSplit):
    """A split whose pixels lie in memory as two arrays: all_images (N, H, W, 3) and all_masks (N, H, W), uint8."""

    def __init__(self, split: ShardSplit) -> None:
        super().__init__(split.folder, split.entries, split.rows, split.size_hw)
        self._starts = np.array([0, len(self)])

    @cached_property
    def _mapped(self) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
        images = np.empty((len(self), *self.size_hw, 3), np.uint8)
        masks = np.empty((len(self), *self.size_hw), np.uint8)
        row = 0
        for entry in self.entries:
            own_images, own_masks = map_shard(self.folder, entry)
            images[row : row + entry.rows], masks[row : row + entry.rows] = own_images, own_masks
            row += entry.rows
        images.flags.writeable = masks.flags.writeable = False
        return [(images, masks)]

    @property
    def all_images(self) -> NDArray[np.uint8]:
        """uint8 (N, H, W, 3), read-only, in id order."""
        return self._mapped[0][0]

    @property
    def all_masks(self) -> NDArray[np.uint8]:
        """uint8 (N, H, W), read-only, in id order."""
        return self._mapped[0][1]


def resident(split: ShardSplit) -> ResidentSplit:
    """Read a whole split into memory. Raises ShardError when that much memory is not free."""
    check_room(split, free_memory())
    loaded = ResidentSplit(split)
    assert loaded.all_images.shape[0] == len(split)
    return loaded


def check_room(split: ShardSplit, free: int | None) -> None:
    """Raises ShardError when the pixels of a split need more than `free` bytes, less what is left to others."""
    height, width = split.size_hw
    needed = len(split) * height * width * 4
    if free is not None and needed > free * (1 - KEPT_FREE):
        raise ShardError(
            str(split.folder),
            found=f"{needed / 2**30:.2f} GiB of pixels",
            expected=f"no more than {free * (1 - KEPT_FREE) / 2**30:.2f} GiB of the free memory",
            fix="Use the split as it is: it reads from mapped files.",
        )


def free_memory() -> int | None:
    """Bytes that can be had without swapping; None where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None
