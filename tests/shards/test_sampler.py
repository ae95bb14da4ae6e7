from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdata.errors import ShardError, TrainingError
from segdata.shards import ShardSet
from segdata.shards import resident as residency
from segdata.shards.resident import resident
from segdata.shards.sampler import EpochBatches
from tests.shards.test_shard_sets import write_set


def flat(batches: list[list[int]]) -> list[int]:
    return [index for batch in batches for index in batch]


def test_an_order_read_by_eye() -> None:
    plain = EpochBatches(7, 3, seed=0, shuffle=False)
    assert list(plain) == [[0, 1, 2], [3, 4, 5], [6]]
    assert len(plain) == 3
    assert [list(EpochBatches(7, 2, seed=0, shuffle=False, rank=rank, world_size=2)) for rank in (0, 1)] == [
        [[0, 2], [4, 6]],
        [[1, 3], [5]],
    ]
    padded = [EpochBatches(7, 2, seed=0, shuffle=False, rank=rank, world_size=2, pad=True) for rank in (0, 1)]
    assert [list(one) for one in padded] == [[[0, 2], [4, 6]], [[1, 3], [5, 0]]]
    assert [one.padding for one in padded] == [1, 1]
    assert list(EpochBatches(0, 4, seed=0)) == []


def test_the_order_is_numpys_permutation_of_seed_and_epoch() -> None:
    batches = EpochBatches(100, 32, seed=7)
    for epoch in range(3):  # each `for` is the next epoch
        assert flat(list(batches)) == np.random.default_rng((7, epoch)).permutation(100).tolist()
        assert batches.epoch == epoch
    again = EpochBatches(100, 32, seed=7, epoch=2)
    again.set_epoch(1)
    assert flat(list(again)) == np.random.default_rng((7, 1)).permutation(100).tolist()
    assert flat(list(EpochBatches(100, 32, seed=8))) != flat(list(EpochBatches(100, 32, seed=7)))


@given(st.integers(0, 60), st.integers(1, 9), st.integers(1, 5), st.integers(0, 3), st.booleans())
def test_every_sample_once_per_epoch_over_all_ranks(
    size: int, batch_size: int, world_size: int, epoch: int, pad: bool
) -> None:
    ranks = [
        EpochBatches(size, batch_size, seed=1, epoch=epoch, rank=rank, world_size=world_size, pad=pad)
        for rank in range(world_size)
    ]
    given_out = [list(one) for one in ranks]
    assert [len(batches) for batches in given_out] == [len(one) for one in ranks]
    counts = np.bincount(flat([flat(batches) for batches in given_out]), minlength=size)
    assert (counts >= 1).all()
    assert int(counts.sum()) == size + ranks[0].padding
    assert ranks[0].padding == (-size % world_size if pad and size else 0)
    if pad:
        assert len({len(flat(batches)) for batches in given_out}) == 1


@given(st.integers(1, 60), st.integers(1, 5), st.integers(1, 4), st.booleans())
def test_the_batches_of_all_ranks_are_those_of_one_process(
    size: int, batch_size: int, world_size: int, shuffle: bool
) -> None:
    whole = list(EpochBatches(size, batch_size * world_size, seed=2, epoch=3, shuffle=shuffle))
    for rank in range(world_size):
        options = {"seed": 2, "epoch": 3, "shuffle": shuffle, "rank": rank, "world_size": world_size}
        mine = list(EpochBatches(size, batch_size, **options))
        assert mine == [batch[rank::world_size] for batch in whole if len(batch) > rank]


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 4), st.data())
def test_a_resumed_epoch_is_the_undisturbed_one(
    size: int, batch_size: int, world_size: int, data: st.DataObject
) -> None:
    options = {"seed": 3, "epoch": 5, "world_size": world_size}
    whole = [list(EpochBatches(size, batch_size, rank=rank, **options)) for rank in range(world_size)]
    stop = data.draw(st.integers(0, len(whole[0])))
    first = EpochBatches(size, batch_size, **options)
    running = iter(first)
    before = [next(running) for _ in range(stop)]
    state = first.state_dict()
    assert state == {
        "epoch": 5,
        "seen": min(size, stop * batch_size * world_size),
        "size": size,
        "seed": 3,
        "shuffle": True,
    }
    for rank in range(world_size):
        resumed = EpochBatches(size, batch_size, seed=3, rank=rank, world_size=world_size)
        resumed.load_state_dict(state)
        resumed.set_epoch(state["epoch"])  # as frameworks do before each epoch: changes nothing
        rest = list(resumed)
        if state["seen"] == size:  # that epoch was over: the next one
            assert resumed.epoch == 6
            continue
        assert (before if rank == 0 else whole[rank][:stop]) + rest == whole[rank]
        assert (
            flat(list(resumed))[:1]
            == np.random.default_rng((3, 6)).permutation(size)[rank : rank + 1].tolist()
        )


def test_an_epoch_goes_on_with_other_ranks_and_batch_sizes() -> None:
    alone = EpochBatches(50, 4, seed=1)
    running = iter(alone)
    seen = [next(running) for _ in range(5)]
    rest = []
    for rank in range(3):
        one = EpochBatches(50, 7, seed=1, rank=rank, world_size=3)
        one.load_state_dict(alone.state_dict())
        rest += flat(list(one))
    assert sorted(flat(seen) + rest) == list(range(50))


def test_batches_drawn_ahead_are_told_apart_after_a_resume_with_another_batch_size() -> None:
    alone = EpochBatches(50, 5, seed=1)
    running = iter(alone)
    first = flat([next(running) for _ in range(2)])
    other = EpochBatches(50, 4, seed=1)
    other.load_state_dict(alone.state_dict())
    drawn = iter(other)
    second = next(drawn)
    for _ in range(3):
        next(drawn)
    assert other.state_dict(ahead=3)["seen"] == len(first + second) == 14
    with pytest.raises(ValueError, match="ahead 5: expected 0 to 4, the batches given out"):
        other.state_dict(ahead=5)
    last = EpochBatches(50, 7, seed=1)
    last.load_state_dict(other.state_dict(ahead=3))
    assert sorted(first + second + flat(list(last))) == list(range(50))


def test_a_state_of_another_set_is_refused() -> None:
    state = EpochBatches(50, 4, seed=1).state_dict()
    with pytest.raises(
        TrainingError, match=r"the state of the batches: size: found 50; expected 51, as here"
    ):
        EpochBatches(51, 4, seed=1).load_state_dict(state)
    with pytest.raises(TrainingError, match="seed: found 1; expected 2"):
        EpochBatches(50, 4, seed=2).load_state_dict(state)
    with pytest.raises(TrainingError, match="found epoch 0, seen 51; expected an epoch, and 0 to 50 samples"):
        EpochBatches(50, 4, seed=1).load_state_dict({**state, "seen": 51})
    with pytest.raises(ValueError, match="rank 2 of 2"):
        EpochBatches(50, 4, seed=1, rank=2, world_size=2)


@pytest.mark.parametrize("workers", [0, 2])
def test_torch_gives_the_same_order_whatever_the_workers(tmp_path: Path, workers: int) -> None:
    torch = pytest.importorskip("torch")
    truth = write_set(tmp_path, {"train": [3, 2, 4]})
    split = ShardSet.open(tmp_path).split("train")
    batches = EpochBatches(len(split), 2, seed=4)
    loader = torch.utils.data.DataLoader(
        _Photos(split), batch_sampler=batches, collate_fn=list, num_workers=workers
    )
    for epoch in range(2):
        order = np.random.default_rng((4, epoch)).permutation(9)
        given_out = flat(list(loader))
        for index, image in zip(order, given_out, strict=True):
            assert np.array_equal(image, truth[split.ids[index]][0])
    assert len(loader) == 5
    running = iter(loader)
    next(running)
    drawn = batches.state_dict()["seen"]
    ahead = drawn // 2 - 1 if drawn < 9 else 4  # prefetching runs ahead of the loop by whole batches
    assert batches.state_dict(ahead=ahead)["seen"] == 2
    assert ahead == (4 if workers else 0)


class _Photos:
    def __init__(self, split: object) -> None:
        self.split = split

    def __len__(self) -> int:
        return len(self.split)  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> np.ndarray:
        return self.split.images([index])[0]  # type: ignore[attr-defined,no-any-return]


def test_a_resident_split_is_the_same_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = write_set(tmp_path, {"train": [3, 2], "val": [1]})
    split = ShardSet.open(tmp_path).split("train")
    loaded = resident(split)
    for shard in tmp_path.glob("*.arrow"):
        shard.unlink()  # no file is read any more
    assert loaded.ids == split.ids
    assert loaded.all_masks.shape == (5, 4, 6)
    wanted = [4, 0, 4, 2]
    assert np.array_equal(loaded.images(wanted), [truth[split.ids[index]][0] for index in wanted])
    assert np.array_equal(loaded.masks(wanted), [truth[split.ids[index]][1] for index in wanted])
    assert np.array_equal(loaded.mask_at(3), truth[split.ids[3]][1])
    with pytest.raises(IndexError):
        loaded.image_at(5)
    with pytest.raises(ValueError, match="read-only"):
        loaded.all_images[0, 0, 0, 0] = 1
    monkeypatch.setattr(residency, "free_memory", lambda: 500)
    with pytest.raises(ShardError, match=r"found 0\.00 GiB of pixels; expected no more than 0\.00 GiB"):
        resident(split)


def test_sampler_and_residency_need_no_torch(tmp_path: Path) -> None:
    write_set(tmp_path, {"train": [2]})
    code = (
        "import sys\n"
        "for name in ('torch', 'prefect', 'dvc', 'lightning', 'cv2', 'pandas', 'fsspec'): sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "from segdata.shards import ShardSet\n"
        "from segdata.shards.resident import resident\n"
        "from segdata.shards.sampler import EpochBatches\n"
        f"split = resident(ShardSet.open(Path({str(tmp_path)!r})).split('train'))\n"
        "print([split.images(batch).shape for batch in EpochBatches(2, 2, seed=0)])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[(2, 4, 6, 3)]\n", done.stderr
