"""A whole split on the device that trains on it: for sets that fit into a GPU's memory, no batch ever travels again.

>>> split = on_device(ShardSet.open(folder).split("train"), torch.device("cuda"))      # 2,000 of 224x224: 0.37 GiB
>>> images, masks = split[[4, 0, 7]]                                                   # gathered there
>>> DataLoader(split, sampler=EpochBatches(len(split), 32, seed=2012), batch_size=None)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segdata.shards import ShardSplit
from segdata.shards.resident import check_room, free_memory

AT_ONCE = 64
"""Samples that are copied to the device at a time."""


class DeviceSplit:
    """images uint8 (N, H, W, 3) and masks uint8 (N, H, W) as tensors of one device, and the ids in their order."""

    def __init__(self, images: Tensor, masks: Tensor, ids: Sequence[str]) -> None:
        self.images, self.masks, self.ids = images, masks, tuple(ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int | Sequence[int] | NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """A sample, or a batch of several, copied on the device. Raises IndexError."""
        if isinstance(index, int | np.integer):
            images, masks = self[[int(index)]]
            return images[0], masks[0]
        if any(not 0 <= one < len(self) for one in index):  # a GPU would only say that it asserted
            raise IndexError(f"sample index outside 0 … {len(self) - 1}")
        wanted = torch.as_tensor(index, dtype=torch.int64).to(self.images.device, non_blocking=True)
        return self.images.index_select(0, wanted), self.masks.index_select(0, wanted)

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
        """Samples, views of one batch: what DataLoader asks for before it puts a batch together itself."""
        return list(zip(*self[indices], strict=True))


def on_device(split: ShardSplit, device: torch.device) -> DeviceSplit:
    """Copy a whole split to a device. Raises ShardError when that much of its memory is not free."""
    check_room(split, _free(device))
    height, width = split.size_hw
    images = torch.empty((len(split), height, width, 3), dtype=torch.uint8, device=device)
    masks = torch.empty((len(split), height, width), dtype=torch.uint8, device=device)
    for start in range(0, len(split), AT_ONCE):
        rows = range(start, min(start + AT_ONCE, len(split)))
        images[start : rows.stop] = torch.from_numpy(split.images(rows)).to(device)
        masks[start : rows.stop] = torch.from_numpy(split.masks(rows)).to(device)
    return DeviceSplit(images, masks, split.ids)


def _free(device: torch.device) -> int | None:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return free_memory()  # also of Apple's GPUs, which share it
