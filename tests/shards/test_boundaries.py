from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from segdata.shards.boundaries import group_into_shards, id_hash, target_rows

IDS = st.sets(st.text("abcdefgh0123456789", min_size=1, max_size=6), max_size=120)


@given(IDS, st.integers(1, 20), st.randoms(use_true_random=False))
def test_a_partition_in_id_order_whatever_the_order_of_the_input(
    ids: set[str], target: int, shuffler: random.Random
) -> None:
    mixed = sorted(ids)
    shuffler.shuffle(mixed)
    shards = group_into_shards(mixed, target)
    assert [id for shard in shards for id in shard] == sorted(ids)
    assert all(1 <= len(shard) <= 2 * target for shard in shards)
    assert shards == group_into_shards(sorted(ids), target)


@given(IDS, st.text("abcdefgh0123456789", min_size=1, max_size=6), st.integers(8, 20))
def test_one_more_id_leaves_the_shards_on_both_sides_alone(ids: set[str], newcomer: str, target: int) -> None:
    before = {tuple(shard) for shard in group_into_shards(sorted(ids), target)}
    after = {tuple(shard) for shard in group_into_shards(sorted(ids | {newcomer}), target)}
    # Where hashes alone cut, at most one old shard changes; a run above the maximum may be cut anew within itself.
    limit = 2**64 // target
    runs = sum(id_hash(shard[-1]) < limit for shard in before - after)
    assert runs <= 1


def test_a_camera_roll_of_new_names_touches_at_most_three_of_many_shards() -> None:
    old = [f"IMG_{number:05d}" for number in range(4000)]
    roll = [f"IMG_{number:05d}" for number in range(4000, 4010)]
    before = {tuple(shard) for shard in group_into_shards(old, 100)}
    after = {tuple(shard) for shard in group_into_shards(old + roll, 100)}
    assert 25 <= len(before) <= 60
    assert len(after - before) <= 3


def test_target_rows() -> None:
    assert target_rows((512, 512), 16.0) == 16
    assert target_rows((4096, 4096), 16.0) == 1
