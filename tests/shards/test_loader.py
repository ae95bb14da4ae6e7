"""The loader: the same batches whatever the number of threads, resumable, and ended when the loop is left."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from segdata.shards import ShardSet, ShardSplit
from segdata.shards.loader import BatchLoader
from segdata.shards.sampler import EpochBatches
from tests.shards.test_shard_sets import write_set


@pytest.fixture
def split(tmp_path: Path) -> ShardSplit:
    write_set(tmp_path, {"train": [3, 2, 4, 7, 5, 2]})
    return ShardSet.open(tmp_path).split("train")


def loader(split: ShardSplit, workers: int, **options: int) -> BatchLoader:
    return BatchLoader(split, EpochBatches(len(split), 4, seed=3, **options), workers=workers)


@pytest.mark.parametrize("workers", [0, 1, 2, 5])
def test_the_order_is_that_of_the_batches(split: ShardSplit, workers: int) -> None:
    own = loader(split, workers)
    assert len(own) == 6
    for epoch in range(3):
        order = np.random.default_rng((3, epoch)).permutation(23)
        batches = list(own)
        assert [len(masks) for _, masks in batches] == [4, 4, 4, 4, 4, 3]
        assert np.array_equal(np.concatenate([images for images, _ in batches]), split.images(order))
        assert np.array_equal(np.concatenate([masks for _, masks in batches]), split.masks(order))


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("had", [0, 1, 4, 6])
def test_the_state_is_of_what_the_loop_has_had(split: ShardSplit, workers: int, had: int) -> None:
    whole = [masks.tobytes() for _, masks in loader(split, 0)]
    first = loader(split, workers)
    running = iter(first)
    seen = [next(running)[1].tobytes() for _ in range(had)]
    state = first.state_dict()
    assert (state["epoch"], state["seen"]) == (0, min(23, 4 * had))
    again = loader(split, workers)
    again.load_state_dict(state)
    rest = [masks.tobytes() for _, masks in again]
    if had < 6:
        assert seen + rest == whole
    else:  # that epoch was over: the next one
        assert again.batches.epoch == 1


def test_no_thread_outlives_a_loop_that_was_left(split: ShardSplit) -> None:
    for _, masks in loader(split, 2):
        assert masks.shape == (4, 4, 6)
        break
    assert not [one for one in threading.enumerate() if one.name.startswith("segdata-batches")]


def test_an_error_reaches_the_loop(split: ShardSplit) -> None:
    for shard in split.folder.glob("*.arrow"):
        shard.unlink()
    with pytest.raises(Exception, match="No such file"):
        list(loader(split, 2))


def test_wrong_numbers_are_named(split: ShardSplit) -> None:
    with pytest.raises(ValueError, match="workers -1, ahead 2: expected 0 or more"):
        loader(split, -1)
