"""Which split a sample belongs to: official lists, a stable hash of a group key, or the seeded split of a report.

    splits: {method: hash, shares: {train: 0.8, val: 0.2}, group: "^([a-z]+)_"}     aachen_001 and aachen_002 together
    splits: {method: hash, shares: {train: 0.8, val: 0.2}, group: "(20[0-9]{6})"}   one day of a phone's IMG_20240131_…
    splits: {method: hash, shares: {train: 0.8, val: 0.2}, group: {by: folder}}     "roll 2/a" and "roll 2/b" together
    splits: {method: hash, shares: {train: 0.8, val: 0.2}, group: {by: burst, seconds: 30}}     as EXIF times say
    splits: {method: hash, shares: {train: 0.8, val: 0.2}, group: {by: look, bits: 8}}          photos that look alike

The first three read a group key from one id alone. For bursts and looks it stands in a list beside the photos, which is an
input like an official list (segdata/group_list.py): what it says stays, whatever comes later.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from segdata.errors import ConfigError
from segdata.findings import Finding
from segdata.group_list import GROUP_LIST, need_groups
from segdata.pipeline import (
    SPLITS,
    FolderGroups,
    HashSplits,
    Listed,
    OfficialSplits,
    SeededSplits,
    Split,
    Splits,
)


def assign_splits(
    ids: Sequence[str], splits: Splits, official: Callable[[str], str | None], where: str, root: Path
) -> dict[str, Split | None]:
    """The split of every id; None for a photo that no list names. `root` is the source's, where a list of groups lies.

    Raises ConfigError for shares that do not sum to 1, an id without the group that the splits ask for, or no list.
    """
    if isinstance(splits, OfficialSplits):
        return {id: _official(official(id)) for id in ids}
    if isinstance(splits, HashSplits):
        group, edges = splits.group, _edges(splits, where)
        if isinstance(group, Listed):
            groups = need_groups(root, where)
            return {id: _split_at(groups[id], edges) if id in groups else None for id in ids}
        return {id: _split_at(group_key(id, group, where), edges) for id in ids}
    return dict(seeded_splits(sorted(ids), splits))


def without_split(id: str, splits: Splits, name: str) -> Finding:
    """The finding that stands for a photo of pipeline `name` that no list names."""
    if isinstance(splits, OfficialSplits):
        return Finding("no-split", id, "", "in none of the official lists", "set aside", "warning")
    message = f"in no group of {GROUP_LIST} yet: run segdata group {name}"
    return Finding("no-group", id, "", message, "set aside", "error")


def _official(name: str | None) -> Split | None:
    return next((split for split in SPLITS if split == name), None)


def group_key(id: str, pattern: str | FolderGroups | None, where: str) -> str:
    """What must stay together: the pattern's first group (or whole match) in the id, its folder, or the id itself."""
    if pattern is None:
        return id
    if isinstance(pattern, FolderGroups):
        folder, _, _ = id.rpartition("/")
        if not folder:
            raise ConfigError(
                where,
                place="source.splits.group.by",
                found=f"id {id!r}, which lies in no folder",
                expected="every photo in a folder of its group",
                fix="Move it into one, or give a regular expression as source.splits.group.",
            )
        return folder
    try:
        match = re.search(pattern, id)
    except re.error as error:
        raise ConfigError(
            where,
            place="source.splits.group",
            found=f"{pattern!r} ({error})",
            expected="a regular expression",
        ) from error
    if match is None or (match.re.groups and match.group(1) is None):
        raise ConfigError(
            where,
            place="source.splits.group",
            found=f"no match in id {id!r}",
            expected=f"{pattern!r} in every id",
        )
    return match.group(1) if match.re.groups else match.group(0)


def hash_split(key: str, splits: HashSplits, where: str) -> Split:
    """The split of a group key: BLAKE2b of the key as a fraction of 1, cut at the cumulated shares."""
    return _split_at(key, _edges(splits, where))


def _edges(splits: HashSplits, where: str) -> list[tuple[float, Split]]:
    """Where the fractions of each split end; raises ConfigError for shares that do not sum to 1."""
    if not math.isclose(sum(splits.shares.values()), 1.0, abs_tol=1e-9) or min(splits.shares.values()) < 0:
        raise ConfigError(
            where,
            place="source.splits.shares",
            found=str(splits.shares),
            expected="shares of 0 or more that sum to 1",
        )
    present = [split for split in SPLITS if splits.shares.get(split, 0) > 0]
    return list(zip(accumulate(splits.shares[split] for split in present), present, strict=True))


def _split_at(key: str, edges: Sequence[tuple[float, Split]]) -> Split:
    fraction = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) / 2**64
    return next((split for edge, split in edges if fraction < edge), edges[-1][1])


def seeded_splits(ids: Sequence[str], splits: SeededSplits) -> dict[str, Split]:
    """Seeded random splits as the published notebooks drew them.

    scikit-learn's ShuffleSplit: `RandomState(seed).permutation(n)`, the first ceil(share·n) are held out and the
    next floor((1 - share)·n) kept, in permuted order; the second cut shuffles what the first one kept, same seed.
    """
    if splits.recipe == "floor":
        order = np.random.RandomState(splits.seed).permutation(len(ids))
        train = int((1 - splits.test - splits.val) * len(ids) + 1e-9)
        val = int(splits.val * len(ids) + 1e-9)
        return {
            ids[index]: "train" if rank < train else "val" if rank < train + val else "test"
            for rank, index in enumerate(order)
        }
    kept, test = _held_out(list(ids), splits.test, splits.seed)
    train_ids, val_ids = _held_out(kept, splits.val, splits.seed)
    parts: list[tuple[Split, list[str]]] = [("train", train_ids), ("val", val_ids), ("test", test)]
    return {id: split for split, members in parts for id in members}


def _held_out(ids: list[str], share: float, seed: int) -> tuple[list[str], list[str]]:
    count = math.ceil(share * len(ids))
    order = np.random.RandomState(seed).permutation(len(ids))
    return [ids[index] for index in order[count:]], [ids[index] for index in order[:count]]
