"""Says what a shard set holds: class shares per split, the photos as they came, photos in two splits.

describe_dataset(shards, check).splits[0]     # SplitShares("train", 34, (0.18, 0.22, …, 0.01), (34, 31, …))
describe_dataset(shards, check).originals[0]  # Original(640, 480, 48, ((6, 3), (8, 2)))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from segdata.conversion.summary import Originals
from segdata.report.inputs import Check
from segdata.shards import ShardSet
from segdata.shards.schema import SampleRow


@dataclass(frozen=True)
class SplitShares:
    """Pixels of each class in one split, as shares of all its pixels, "not labelled" last; they sum to 1.

    photos_with  photos that show each class
    """

    split: str
    photos: int
    shares: tuple[float, ...]
    photos_with: tuple[int, ...]


@dataclass(frozen=True)
class Original:
    """Photos of one upright size; turned: (EXIF orientation, photos) of those stored turned, None where not known."""

    width: int
    height: int
    photos: int
    turned: tuple[tuple[int, int], ...] | None


@dataclass(frozen=True)
class Overlap:
    """What two splits share: photo files, and pairs of photos that look alike (None: they were not looked for)."""

    splits: tuple[str, str]
    same: int
    alike: int | None


@dataclass(frozen=True)
class Dataset:
    """What the shard set holds."""

    digest: str
    size_hw: tuple[int, int]
    splits: tuple[SplitShares, ...]
    originals: tuple[Original, ...]
    overlaps: tuple[Overlap, ...]
    in_two_splits: int

    @property
    def photos(self) -> int:
        return sum(split.photos for split in self.splits)


def describe_dataset(shards: ShardSet, check: Check | None) -> Dataset:
    """From the manifest, and what the conversion noted of the photos; no pixel is read."""
    rows = shards.manifest.rows
    splits = []
    for split in shards.splits:
        statistics = shards.statistics([split])
        counts = [*(int(pixels) for pixels in statistics.pixels), statistics.ignored]
        total = sum(counts)
        own = [row for row in rows if row.split == split]
        photos_with = tuple(sum(row.pixels[id] > 0 for row in own) for id in range(len(shards.ontology)))
        splits.append(SplitShares(split, len(own), tuple(one / total for one in counts), photos_with))
    splits_of: dict[str, set[str]] = {}
    for row in rows:
        splits_of.setdefault(row.photo_digest, set()).add(row.split)
    alike = check.alike if check is not None else None
    return Dataset(
        digest=shards.digest,
        size_hw=shards.size_hw,
        splits=tuple(splits),
        originals=_originals(rows, check.originals if check is not None else ()),
        overlaps=tuple(
            Overlap(
                (one, other),
                sum({one, other} <= found for found in splits_of.values()),
                None if alike is None else alike.get(f"{one}, {other}", 0),
            )
            for one, other in combinations(shards.splits, 2)
        ),
        in_two_splits=sum(len(found) > 1 for found in splits_of.values()),
    )


def _originals(rows: Sequence[SampleRow], noted: Sequence[Originals]) -> tuple[Original, ...]:
    """The sizes of the manifest, with the turns that the conversion noted where its counts are those of this set."""
    sizes = Counter((row.original_width, row.original_height) for row in rows)
    turns: dict[tuple[int, int], Counter[int]] = {}
    for one in noted:
        turns.setdefault((one.width, one.height), Counter())[one.orientation] += one.photos
    is_known = {size: found.total() for size, found in turns.items()} == sizes and not any(
        0 in found for found in turns.values()
    )
    return tuple(
        Original(
            *size,
            photos,
            tuple(sorted((turn, many) for turn, many in turns[size].items() if turn != 1))
            if is_known
            else None,
        )
        for size, photos in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    )
