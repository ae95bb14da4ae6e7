"""A split on a device; the CPU stands in for a GPU, which differs in nothing but where the tensors lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from segdata import device_split
from segdata.device_split import on_device
from segdata.errors import ShardError
from segdata.shards import ShardSet
from segdata.shards.sampler import EpochBatches
from tests.shards.test_shard_sets import write_set

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")),
]


@pytest.mark.parametrize("device", DEVICES)
def test_it_is_the_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    monkeypatch.setattr(device_split, "AT_ONCE", 4)
    truth = write_set(tmp_path, {"train": [3, 2, 5], "val": [1]})
    split = ShardSet.open(tmp_path).split("train")
    loaded = on_device(split, torch.device(device))
    for shard in tmp_path.glob("*.arrow"):
        shard.unlink()  # no file is read any more
    assert loaded.ids == split.ids and len(loaded) == 10
    assert loaded.images.device.type == loaded.masks.device.type == device
    wanted = [9, 0, 4, 4, 2]
    images, masks = loaded[wanted]
    assert np.array_equal(images.cpu(), [truth[split.ids[index]][0] for index in wanted])
    assert np.array_equal(masks.cpu(), [truth[split.ids[index]][1] for index in wanted])
    assert all(torch.equal(*both) for both in zip(loaded[4], (images[2], masks[2]), strict=True))
    for order in (np.array(wanted), torch.tensor(wanted)):
        assert torch.equal(loaded[order][1], masks)  # type: ignore[index]
    assert torch.equal(loaded[np.int64(4)][1], masks[2])  # type: ignore[index]
    images[:] = 0  # a copy
    assert np.array_equal(loaded[[9]][0].cpu()[0], truth[split.ids[9]][0])
    for index in (-1, 10):
        with pytest.raises(IndexError, match=r"outside 0 … 9"):
            loaded[[index]]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("given_as", ["sampler", "batch_sampler"])
def test_torchs_loader_takes_it_with_the_epoch_sampler(tmp_path: Path, device: str, given_as: str) -> None:
    truth = write_set(tmp_path, {"train": [3, 2, 5]})
    loaded = on_device(ShardSet.open(tmp_path).split("train"), torch.device(device))
    batches = EpochBatches(10, 4, seed=1)
    options: dict[str, Any] = {given_as: batches} | ({"batch_size": None} if given_as == "sampler" else {})
    pairs = list(DataLoader(loaded, **options))  # type: ignore[arg-type]
    order = np.random.default_rng((1, 0)).permutation(10)
    for column in (0, 1):
        given = torch.cat([pair[column] for pair in pairs])
        assert given.device.type == device
        assert np.array_equal(given.cpu(), [truth[loaded.ids[index]][column] for index in order])


def test_a_split_that_does_not_fit_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(tmp_path, {"train": [3]})
    monkeypatch.setattr(device_split, "free_memory", lambda: 300)
    with pytest.raises(ShardError, match=r"found 0\.00 GiB of pixels; expected no more than 0\.00 GiB"):
        on_device(ShardSet.open(tmp_path).split("train"), torch.device("cpu"))
