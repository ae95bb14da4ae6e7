"""Epochs of batches: an exact shuffle that follows from (seed, epoch), shared among ranks, resumable in the middle.

>>> batches = EpochBatches(len(split), 32, seed=2012)
>>> for indices in batches:                              # the next `for` is the next epoch
...     images, masks = split.images(indices), split.masks(indices)
...     torch.save({"model": …, "batches": batches.state_dict()}, …)      # at any moment
>>> batches.load_state_dict(kept["batches"])             # goes on with the next batch of that epoch

numpy only; torch's DataLoader takes it as `sampler` with batch_size=None, or as `batch_sampler`
(segdata/training/data.py says when), and since indices are drawn in the main process, the order is the same whatever the
number of workers. Nothing is drawn from a global generator.

Every sample comes exactly once per epoch, over all ranks. Where the samples do not divide by world_size, ranks differ by
one sample, and so perhaps by a batch, which training in lock step (DistributedDataParallel) would wait for in vain: with
`pad=True` the epoch's first samples come once more to fill up, `padding` of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from segdata.errors import TrainingError

MAXIMUM_SIZE = 2**31


class BatchesState(TypedDict):
    """Where an epoch stands: `seen` samples of its order were given out, over all ranks, of a set of `size`."""

    epoch: int
    seen: int
    size: int
    seed: int
    shuffle: bool


class EpochBatches:
    """Batches of indices of 0 … size - 1 for one rank; the same object serves all epochs, one after the other.

    Ranks take turns in the order, so that the batches of all ranks together are a batch of batch_size * world_size of
    one process. The last batch of an epoch holds what is left.
    """

    def __init__(
        self,
        size: int,
        batch_size: int,
        *,
        seed: int,
        epoch: int = 0,
        rank: int = 0,
        world_size: int = 1,
        shuffle: bool = True,
        pad: bool = False,
    ) -> None:
        if not 0 <= size <= MAXIMUM_SIZE:
            raise ValueError(f"size {size}: expected 0 to {MAXIMUM_SIZE}")
        if batch_size < 1 or not 0 <= rank < world_size:
            raise ValueError(f"batch_size {batch_size}, rank {rank} of {world_size}: expected 1 or more, and 0 <= rank < world_size")  # fmt: skip
        self.size, self.batch_size, self.seed, self.shuffle, self.pad = size, batch_size, seed, shuffle, pad
        self.rank, self.world_size = rank, world_size
        self._epoch, self._seen, self._resume = epoch, 0, True
        self._start = 0

    @property
    def epoch(self) -> int:
        """The epoch that runs, or that the next `for` begins."""
        return self._epoch

    @property
    def padding(self) -> int:
        """How many samples come twice in a whole epoch, over all ranks: 0 without `pad`."""
        return -self.size % self.world_size if self.pad and self.size else 0

    def set_epoch(self, epoch: int) -> None:
        """The next `for` gives this epoch, as frameworks ask for it; where it was left if it is the one just loaded."""
        if not (self._resume and epoch == self._epoch):
            self._epoch, self._seen, self._resume = epoch, 0, True
            self._start = 0

    def order(self, epoch: int) -> NDArray[np.int64]:
        """int64 (size,): all indices in the order of an epoch, before they are dealt to the ranks."""
        if not self.shuffle:
            return np.arange(self.size)
        return np.random.default_rng((self.seed, epoch)).permutation(self.size)

    def __iter__(self) -> Iterator[list[int]]:
        # All of it at the first batch: DataLoader asks for an iterator twice when it has workers, and drops one.
        if not self._resume or self._seen >= self.size > 0:
            self._epoch, self._seen = self._epoch + 1, 0
        self._resume = False
        order, start = self.order(self._epoch), self._seen
        self._start = start
        rest = order[start:]
        missing = -len(rest) % self.world_size if self.pad else 0
        if missing:
            rest = np.concatenate([rest, np.resize(order, missing)])
        mine = rest[self.rank :: self.world_size].tolist()
        for first in range(0, len(mine), self.batch_size):
            self._seen = min(self.size, start + (first + self.batch_size) * self.world_size)
            yield mine[first : first + self.batch_size]
        self._seen = self.size

    def __len__(self) -> int:
        """Batches of a whole epoch on this rank."""
        samples = self.size + self.padding
        mine = max(0, -(-(samples - self.rank) // self.world_size))
        return -(-mine // self.batch_size)

    def state_dict(self, *, ahead: int = 0) -> BatchesState:
        """Where this epoch stands, the same on every rank. Raises ValueError for more batches than were given out.

        ahead: batches that were drawn and not yet trained on. DataLoader draws num_workers * prefetch_factor batches
        ahead of the loop; without workers it is 0.
        """
        of_all_ranks = self.batch_size * self.world_size
        batches = -(-(self._seen - self._start) // of_all_ranks)  # since the last `for` began
        if not 0 <= ahead <= batches:
            raise ValueError(f"ahead {ahead}: expected 0 to {batches}, the batches given out")
        seen = self._seen if not ahead else self._start + (batches - ahead) * of_all_ranks
        return {
            "epoch": self._epoch,
            "seen": seen,
            "size": self.size,
            "seed": self.seed,
            "shuffle": self.shuffle,
        }

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """The next `for` goes on where the state was taken, also with other ranks or batch sizes than then.

        Raises TrainingError for a state of other samples or another order.
        """
        own: dict[str, object] = {"size": self.size, "seed": self.seed, "shuffle": self.shuffle}
        for key, value in own.items():
            if state.get(key) != value:
                raise TrainingError(
                    "the state of the batches",
                    place=key,
                    found=repr(state.get(key)),
                    expected=f"{value!r}, as here",
                    fix="It belongs to another set or seed: start the epoch anew.",
                )
        epoch, seen = state.get("epoch"), state.get("seen")
        if not isinstance(epoch, int) or not isinstance(seen, int) or epoch < 0 or not 0 <= seen <= self.size:
            raise TrainingError(
                "the state of the batches",
                found=f"epoch {epoch!r}, seen {seen!r}",
                expected=f"an epoch, and 0 to {self.size} samples",
            )
        self._epoch, self._seen, self._resume = epoch, seen, True
        self._start = seen
