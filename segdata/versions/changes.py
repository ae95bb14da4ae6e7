"""The words for what changed between two versions of a shard set, as they stand in the JSON of `segdata diff`.

{"added": [{"id": "street", "split": "train"}], "moved": [{"id": "IMG_1", "before": "test", "after": "train"}],
 "reannotated": [{"id": "IMG_4", "split": "train", "pixels": 1204, "of": 12288}], …,
 "classes": ["road", "sky", "ignore"], "transitions": [[9000, 1003, 0], [0, 2000, 0], [201, 0, 84]], …}
"""

from __future__ import annotations

import msgspec


class SampleAt(msgspec.Struct, frozen=True):
    id: str
    split: str


class Moved(msgspec.Struct, frozen=True):
    """A photo that stands in another split; before, after: the splits. `was`: its id before, where that is another."""

    id: str
    before: str
    after: str
    was: str = ""

    @property
    def name(self) -> str:
        return f"{self.was} → {self.id}" if self.was else self.id


class Reannotated(msgspec.Struct, frozen=True):
    """A photo whose mask is another; pixels: how many of `of` differ, None where sizes differ."""

    id: str
    split: str
    pixels: int | None
    of: int


class ClassShare(msgspec.Struct, frozen=True):
    """A class's share of the labelled pixels of a split (of "ignore": of all pixels); None without split or class."""

    split: str
    name: str
    before: float | None
    after: float | None

    @property
    def change(self) -> float:
        return (self.after or 0.0) - (self.before or 0.0)


class Side(msgspec.Struct, frozen=True):
    label: str
    size_hw: tuple[int, int]
    photos: dict[str, int]


class Difference(msgspec.Struct, frozen=True):
    """before → after. Ids are sorted, `reannotated` by changed pixels, the most first.

    classes      names of both versions and "ignore" last: the rows (before) and columns (after) of `transitions`
    transitions  pixels of the re-annotated photos, int64 in JSON's integers; None where pixels cannot be compared
    without_effect  photos whose annotation was edited and whose mask is the same at this size
    """

    before: Side
    after: Side
    notes: tuple[str, ...]
    added: tuple[SampleAt, ...]
    removed: tuple[SampleAt, ...]
    moved: tuple[Moved, ...]
    reannotated: tuple[Reannotated, ...]
    photo_changed: tuple[SampleAt, ...]
    without_effect: tuple[str, ...]
    unchanged: int
    classes: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    transitions: tuple[tuple[int, ...], ...] | None
    class_shares: tuple[ClassShare, ...]

    @property
    def is_empty(self) -> bool:
        """Neither a photo nor what all of them share is another."""
        return not (
            self.notes or self.added or self.removed or self.moved or self.reannotated or self.photo_changed
        )

    @property
    def pixels_changed(self) -> int:
        return sum(one.pixels or 0 for one in self.reannotated)

    def pairs(self) -> list[tuple[str, str, int]]:
        """(class before, class after, pixels) of what changed, the most pixels first."""
        found = [
            (self.classes[row], self.classes[column], pixels)
            for row, line in enumerate(self.transitions or ())
            for column, pixels in enumerate(line)
            if row != column and pixels
        ]
        return sorted(found, key=lambda pair: (-pair[2], pair[0], pair[1]))
