"""Which samples share a shard: decided by the ids alone, so that a set's history leaves no trace in its bytes.

Within a split, ids stand in sorted order; a shard ends after an id whose hash falls below 1/target, and a run longer
than the maximum is cut after its smallest hash, again and again. A new camera roll (neighbouring names) touches one
or two shards, k scattered changes touch about k, and a growing set never re-shards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

MAXIMUM_TO_TARGET = 2
"""A shard holds at most this many times the target."""


def id_hash(id: str) -> int:
    """BLAKE2b of an id as an integer of 0 … 2**64 - 1."""
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8, person=b"shard").digest())


def group_into_shards(ids: Sequence[str], target: int) -> list[list[str]]:
    """Cut ids into shards of about `target` and at most 2 x `target` samples. Order of the input does not matter."""
    limit = 2**64 // max(target, 1)
    shards: list[list[str]] = []
    current: list[str] = []
    for id in sorted(ids):
        current.append(id)
        if id_hash(id) < limit:
            shards.append(current)
            current = []
    if current:
        shards.append(current)
    return [part for shard in shards for part in _cut(shard, target * MAXIMUM_TO_TARGET)]


def _cut(ids: list[str], maximum: int) -> list[list[str]]:
    pending, done = [ids], []
    while pending:
        run = pending.pop()
        if len(run) <= max(maximum, 1):
            done.append(run)
            continue
        # The last id already ends the run; any other may end the first part.
        cut = min(range(len(run) - 1), key=lambda index: (id_hash(run[index]), run[index])) + 1
        pending += [run[cut:], run[:cut]]
    return done


def target_rows(size_hw: tuple[int, int], target_mib: float) -> int:
    """How many samples of this size come closest to the target, at least one."""
    height, width = size_hw
    return max(1, round(target_mib * 2**20 / (height * width * 4)))
