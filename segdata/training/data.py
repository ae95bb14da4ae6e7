"""Shards as torch sees them: one gather for a whole batch. Which photos it holds, segdata/shards/sampler.py says.

>>> dataset = ShardDataset(ShardSet.open(folder).split("train"))
>>> batches = EpochBatches(len(dataset), 32, seed=2012)
>>> for images, masks in DataLoader(dataset, sampler=batches, batch_size=None):      # the next `for` is the next epoch
...     images.shape, masks.dtype
(torch.Size([32, 96, 128, 3]), torch.uint8)

With batch_size=None, torch's DataLoader asks for a batch at once and passes it on as it is. DataLoader(dataset,
batch_sampler=batches), or batch_size=32 with torch's own samplers, gives the same batches, copied once more to put
single samples together.

Loading happens in the training process (num_workers=0): the files are mapped into memory, and worker processes make
that 2 to 12 times slower, because each batch then travels between processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from segdata.shards import ShardSplit
from segdata.shards.sampler import EpochBatches


class Batch(NamedTuple):
    """images uint8 (N, H, W, 3) RGB; masks uint8 (N, H, W), 255 = ignore."""

    images: Tensor
    masks: Tensor


class ShardDataset(Dataset[tuple[Tensor, Tensor]]):
    """One split of a shard set, for torch's DataLoader: by an index a sample, by several a batch."""

    def __init__(self, split: ShardSplit) -> None:
        self.split = split

    def __len__(self) -> int:
        return len(self.split)

    @overload
    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]: ...

    @overload
    def __getitem__(self, index: Sequence[int] | NDArray[np.int64]) -> Batch: ...

    def __getitem__(self, index: int | Sequence[int] | NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """A sample, uint8 (H, W, 3) and uint8 (H, W), or a Batch with one copy from the mapped files.

        Raises IndexError.
        """
        if isinstance(index, int | np.integer):
            batch = self[[int(index)]]
            return batch.images[0], batch.masks[0]
        images, masks = self.split.images(index), self.split.masks(index)
        return Batch(torch.from_numpy(images), torch.from_numpy(masks))

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
        """Samples, views of one batch: what DataLoader asks for before it puts a batch together itself."""
        return list(zip(*self[indices], strict=True))


class _Batches(ShardDataset):
    """The same as batches that nobody puts together once more."""

    def __getitems__(self, indices: Sequence[int]) -> Any:
        return self[indices]


def build_loader(split: ShardSplit, batches: EpochBatches, *, pin: bool) -> DataLoader[Batch]:
    """A DataLoader that yields Batch; `pin` puts batches into page-locked memory for a quicker trip to a GPU."""
    # Not sampler=batches, batch_size=None: Lightning sets the epoch of a sampler by its own count, which begins anew in a
    # run that goes on. The stubs know no dataset that gives whole batches.
    dataset: Dataset[Batch] = _Batches(split)  # type: ignore[assignment]
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
