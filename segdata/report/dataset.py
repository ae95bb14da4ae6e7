"""Says what a shard set holds, from its manifest: class shares per split, original sizes, photos in two splits.

describe_dataset(shards).splits[0]   # SplitShares("train", 34, (0.18, 0.22, …, 0.01))
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from segdata.shards import ShardSet


@dataclass(frozen=True)
class SplitShares:
    """Pixels of each class in one split, as shares of all its pixels, "not labelled" last; they sum to 1."""

    split: str
    photos: int
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Dataset:
    """What the shard set holds."""

    digest: str
    size_hw: tuple[int, int]
    splits: tuple[SplitShares, ...]
    original_sizes: tuple[tuple[str, int], ...]
    in_two_splits: int


def describe_dataset(shards: ShardSet) -> Dataset:
    """Everything here comes from the manifest; no pixel is read."""
    rows = shards.manifest.rows
    splits = []
    for split in shards.splits:
        statistics = shards.statistics([split])
        counts = [*(int(pixels) for pixels in statistics.pixels), statistics.ignored]
        total = sum(counts)
        photos = sum(row.split == split for row in rows)
        splits.append(SplitShares(split, photos, tuple(count / total for count in counts)))
    sizes = Counter(f"{row.original_width} × {row.original_height}" for row in rows)
    splits_of: dict[str, set[str]] = {}
    for row in rows:
        splits_of.setdefault(row.photo_digest, set()).add(row.split)
    return Dataset(
        digest=shards.digest,
        size_hw=shards.size_hw,
        splits=tuple(splits),
        original_sizes=tuple(sorted(sizes.items(), key=lambda item: (-item[1], item[0]))),
        in_two_splits=sum(len(found) > 1 for found in splits_of.values()),
    )
