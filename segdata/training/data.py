"""Shards as torch sees them: one gather for a whole batch. Which photos it holds, segdata/shards/sampler.py says.

>>> dataset = ShardDataset(ShardSet.open(folder).split("train"))
>>> batch = dataset.__getitems__([4, 0, 7])
>>> batch.images.shape, batch.masks.dtype
(torch.Size([3, 96, 128, 3]), torch.uint8)

Loading happens in the training process (num_workers=0): the files are mapped into memory, and worker processes make
that 2 to 12 times slower, because each batch then travels between processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from segdata.shards import ShardSplit
from segdata.shards.sampler import EpochBatches


class Batch(NamedTuple):
    """images uint8 (N, H, W, 3) RGB; masks uint8 (N, H, W), 255 = ignore."""

    images: Tensor
    masks: Tensor


class ShardDataset(Dataset[tuple[Tensor, Tensor]]):
    """One split of a shard set, for torch's DataLoader."""

    def __init__(self, split: ShardSplit) -> None:
        self.split = split

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """One sample: uint8 (H, W, 3) and uint8 (H, W)."""
        images, masks = self.__getitems__([index])
        return images[0], masks[0]

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """A whole batch with one copy from the mapped files; DataLoader asks for it when it is there."""
        return Batch(
            torch.from_numpy(self.split.images(indices)), torch.from_numpy(self.split.masks(indices))
        )


def build_loader(split: ShardSplit, batches: EpochBatches, *, pin: bool) -> DataLoader[Batch]:
    """A DataLoader that yields Batch; `pin` puts batches into page-locked memory for a quicker trip to a GPU."""
    # The stubs know no dataset that gives whole batches.
    dataset: Dataset[Batch] = ShardDataset(split)  # type: ignore[assignment]
    return DataLoader(
        dataset,
        batch_sampler=batches,
        collate_fn=_pass_on,
        num_workers=0,
        pin_memory=pin,
        generator=torch.Generator(),  # else every epoch would draw from the global one
    )


def _pass_on(batch: Any) -> Any:
    return batch
