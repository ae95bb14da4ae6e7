"""The leak gate: a photo that a model learned from must not score it, so no photo may lie in two splits.

    source: {accept_leaks: [IMG_0007, "seq06/*"]}     these may have a copy elsewhere; the check report says so
    source: {accept_leaks: all}                       video frames of an official split, say

An exact copy is a photo file of the same bytes, known before any photo is converted. A near copy is another file
whose shard-size image looks alike (segdata/duplicates.py), at most `convert.near_duplicate_bits` of params.yaml apart.
A copy is accepted when one of its two photos is named. Copies within one split are no leak.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import numpy as np

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.pipeline import Source
from segdata.shards.schema import SampleRow
from segdata.splits_section import OfficialSplits

_PLACE = "source.accept_leaks"
_SHOWN = 5


@dataclass(frozen=True, order=True)
class Place:
    """Where a photo lies: its id and its split."""

    id: str
    split: str

    def __str__(self) -> str:
        return f"{self.id} ({self.split})"


Pair = tuple[Place, Place]


@dataclass(frozen=True)
class Gate:
    """What a pipeline file accepts. `where` is that file, for messages; `official`: the source says the splits itself."""

    accepted: Literal["all"] | tuple[str, ...]
    where: str
    official: bool = False

    @classmethod
    def of(cls, source: Source, where: str) -> Gate:
        return cls(source.accept_leaks, where, isinstance(source.splits, OfficialSplits))

    def accepts(self, id: str) -> bool:
        return self.accepted == "all" or any(_names(entry, id) for entry in self.accepted)

    def exact(self, photos: Iterable[tuple[Place, str]]) -> list[Finding]:
        """Check photos with the digests of their files; what is accepted comes back as findings.

        Raises DataError that names photos and splits.
        """
        copies: dict[str, list[Place]] = {}
        for place, digest in sorted(photos, key=lambda photo: (photo[0].id, photo[0].split)):
            copies.setdefault(digest, []).append(place)
        leaks: list[Pair] = []
        accepted: list[Pair] = []
        for places in copies.values():
            across = _across(places)
            if across:
                leak = _across([place for place in places if not self.accepts(place.id)])
                (leaks if leak else accepted).append(leak or across)
        return self._settle(leaks, accepted, "the same photo in two splits", "=")

    def near(self, pairs: Iterable[Pair]) -> list[Finding]:
        """Check pairs that look alike, as `exact` does; those within one split are passed over."""
        leaks: list[Pair] = []
        accepted: list[Pair] = []
        for first, second in sorted(pairs):
            if first.split != second.split:
                is_accepted = self.accepts(first.id) or self.accepts(second.id)
                (accepted if is_accepted else leaks).append((first, second))
        return self._settle(leaks, accepted, "photos that look alike in two splits", "~")

    def unknown(self, ids: Sequence[str]) -> list[Finding]:
        """A warning for every entry that names no photo at all."""
        entries = () if self.accepted == "all" else self.accepted
        return [
            Finding("accept-leaks", self.where, _PLACE, f"{entry!r} names no photo", "ignored", "warning")
            for entry in entries
            if not any(_names(entry, id) for id in ids)
        ]

    def _ways_out(self, id: str, *, made: bool) -> str:
        """What to do. `made`: all photos were converted before it was known, which the next run takes up."""
        name = Path(self.where).stem
        together = (
            ""
            if self.official
            else f"; or keep them together (beside method: hash and shares in source.splits, group: {{by: look}}, then segdata group {name})"
        )
        return (
            f"Remove one of each two (segdata remove {name} {id}){together}; or accept one of each two by name: "
            f"source.accept_leaks: [{id}], patterns or all. The shard set stays as it was"
            + ("; what was made for the new one lies beside it for the next run." if made else ".")
        )

    def _settle(self, leaks: Sequence[Pair], accepted: Sequence[Pair], what: str, sign: str) -> list[Finding]:
        if leaks:
            raise DataError(
                self.where,
                place=_PLACE,
                found=f"{what}: {_listed(leaks, sign)}",
                expected="every photo in one split",
                fix=self._ways_out(leaks[0][1].id, made=sign == "~"),
            )
        if not accepted:
            return []
        message = f"{what}: {_listed(accepted, sign)}"
        return [Finding("leak", self.where, _PLACE, message, "accepted", "warning")]


def alike(rows: Sequence[SampleRow], looks: Mapping[str, str], max_bits: int) -> list[Pair]:
    """Pairs of samples whose looks (id → 16 hex digits) differ in at most so many bits; copies of one file left out."""
    from segdata.duplicates import iter_near_pairs

    hashes = np.array([int(looks[row.id] or "0", 16) for row in rows], np.uint64)
    splits = np.unique([row.split for row in rows], return_inverse=True)[1]
    found: list[Pair] = []
    for pairs in iter_near_pairs(hashes, max_bits):  # a still camera's are millions, hardly one across splits
        for first, second in pairs[splits[pairs[:, 0]] != splits[pairs[:, 1]]]:
            one, other = rows[first], rows[second]
            if one.photo_digest != other.photo_digest:
                found.append((Place(one.id, one.split), Place(other.id, other.split)))
    return found


def _names(entry: str, id: str) -> bool:
    return entry == id or fnmatchcase(id, entry)


def _across(places: Sequence[Place]) -> Pair | None:
    """The first two places in different splits."""
    for place in places[1:]:
        if place.split != places[0].split:
            return places[0], place
    return None


def _listed(pairs: Sequence[Pair], sign: str) -> str:
    shown = ", ".join(f"{first} {sign} {second}" for first, second in pairs[:_SHOWN])
    return f"{shown} and {len(pairs) - _SHOWN} more ({len(pairs)} in all)" if len(pairs) > _SHOWN else shown
