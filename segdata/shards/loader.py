"""Batches read ahead of the loop by threads: what worker processes are for other loaders, without their price.

>>> loader = BatchLoader(split, EpochBatches(len(split), 32, seed=2012), workers=2)
>>> for images, masks in loader:                         # the next `for` is the next epoch
...     torch.from_numpy(images).to(device, non_blocking=True), …
>>> loader.state_dict()                                  # at any moment: what the loop has had, not what was read ahead

A worker process hands each batch over through shared memory, which costs more than it took to gather it from mapped files.
numpy copies without holding Python's lock, so a thread gathers while the loop computes, or waits for the disk in its stead.
The order is that of the batches, whatever the number of workers; without torch, as everything here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from segdata.shards.reader import ShardSplit
from segdata.shards.sampler import BatchesState, EpochBatches

Pixels = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""images (N, H, W, 3) and masks (N, H, W)."""


class BatchLoader:
    """Epochs over a split, one `for` each; every batch is a copy.

    workers  threads that gather batches; 0: the loop's own
    ahead    batches that each of them has ready, or under way
    """

    def __init__(self, split: ShardSplit, batches: EpochBatches, *, workers: int = 0, ahead: int = 2) -> None:
        if workers < 0 or ahead < 1:
            raise ValueError(f"workers {workers}, ahead {ahead}: expected 0 or more, and 1 or more")
        self.split, self.batches, self.workers, self.ahead = split, batches, workers, ahead
        self._drawn: deque[Future[Pixels]] = deque()

    def __len__(self) -> int:
        """Batches of a whole epoch."""
        return len(self.batches)

    def _read(self, indices: list[int]) -> Pixels:
        return self.split.images(indices), self.split.masks(indices)

    def __iter__(self) -> Iterator[Pixels]:
        drawn = self._drawn = deque[Future[Pixels]]()
        if not self.workers:
            yield from map(self._read, self.batches)
            return
        with ThreadPoolExecutor(self.workers, "segdata-batches") as pool:
            try:
                for indices in self.batches:
                    drawn.append(pool.submit(self._read, indices))
                    if len(drawn) > self.workers * self.ahead:
                        yield drawn.popleft().result()
                while drawn:
                    yield drawn.popleft().result()
            finally:  # the loop was left: nobody wants the rest
                for future in drawn:
                    future.cancel()

    def state_dict(self) -> BatchesState:
        """Where the loop stands; see EpochBatches."""
        return self.batches.state_dict(ahead=len(self._drawn))

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """The next `for` goes on where the state was taken. Raises TrainingError for a state of other samples."""
        self._drawn = deque()
        self.batches.load_state_dict(state)
