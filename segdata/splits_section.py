"""The section `source.splits`: which photos train, validate and test, and which of them belong together.

splits: {method: hash, shares: {train: 0.7, val: 0.15, test: 0.15}, group: {by: burst, seconds: 30}}

What the sections mean for a photo, segdata/splits.py works out.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from segdata.sections import Positive, Section, Seed, Share, Split


class OfficialSplits(Section, frozen=True, tag="official", tag_field="method"):
    """The lists or folders that came with the data decide; a photo in none of them is set aside."""


class FolderGroups(Section, frozen=True, tag="folder", tag_field="by"):
    """Photos of one folder belong together."""


class ListGroups(Section, frozen=True, tag="list", tag_field="by"):
    """segdata-groups.csv in the source's root, written by hand, says who belongs together."""


class BurstGroups(Section, frozen=True, tag="burst", tag_field="by"):
    """Photos of one camera, taken one soon after the other, belong together, as a list says that `segdata group` makes.

    seconds  the longest pause between two of them, by their EXIF
    """

    seconds: Positive = 30.0


class LookGroups(Section, frozen=True, tag="look", tag_field="by"):
    """Photos that look alike, directly or through others, belong together, as a list says that `segdata group` makes.

    bits  how many of 64 bits of their looks may differ
    """

    bits: Annotated[int, msgspec.Meta(ge=0, le=32)] = 8


Listed = ListGroups | BurstGroups | LookGroups


class HashSplits(Section, frozen=True, tag="hash", tag_field="method"):
    """A stable hash of the group key decides: growing sets never move a photo, groups never straddle.

    shares  share of each split; they sum to 1
    group   regular expression searched in the id; its first group (or whole match) is the key. None: the id itself.
            {by: folder}: the photo's folder is the key. {by: burst, seconds: 30}, {by: look, bits: 8} or {by: list}: the
            key stands in a list beside the photos
    """

    shares: dict[Split, Share]
    group: str | FolderGroups | ListGroups | BurstGroups | LookGroups | None = None


class SeededSplits(Section, frozen=True, tag="seeded", tag_field="method"):
    """The seeded shuffle of a report, over the sorted ids.

    recipe  scikit-learn: train_test_split(test) then train_test_split(val) of the rest, same seed each time;
            floor: one permutation; the first int(train·n) are train, the next int(val·n) val, the rest test
    seed    of the shuffle
    test    share of test
    val     share of val: of what the test split left (scikit-learn), or of all (floor)
    """

    recipe: Literal["scikit-learn", "floor"]
    seed: Seed
    test: Share
    val: Share

    def __post_init__(self) -> None:
        taken = self.test + self.val if self.recipe == "floor" else max(self.test, self.val)
        if taken >= 1:
            raise ValueError("test and val must leave something to train on")


Splits = OfficialSplits | HashSplits | SeededSplits
