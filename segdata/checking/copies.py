"""Photos that are there more than once, within a split and across splits, as groups and as findings.

exact-leak   the same file in two splits      error, as the conversion stops; accepted by source.accept_leaks: warning
near-leak    alike, in two splits             error; accepted: warning
exact-copy   the same file in one split       warning: it counts twice
near-copy    alike, in one split              note: frames of a video, a burst
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from segdata.checking.reading import Seen
from segdata.duplicates import connect, equal_pairs, grouped, groups, iter_near_pairs
from segdata.findings import Finding, Severity
from segdata.kinds import SEVERITY_ORDER

CopyCode = Literal["exact-leak", "near-leak", "exact-copy", "near-copy"]
_SHOWN = 5


class CopyGroup(msgspec.Struct, frozen=True):
    """Photos that are one another's copies, directly or through others of the group.

    action       accepted (by source.accept_leaks) · conversion stops · kept
    bits         bits in which the two most alike (of those in different splits, for a leak) differ; 0 for exact ones
    photos       (id, split), sorted; for a leak, the two most alike come first
    masks_agree  whether all of them carry one and the same mask; None where some were set aside
    """

    code: CopyCode
    severity: Severity
    action: str
    bits: int
    photos: tuple[tuple[str, str], ...]
    masks_agree: bool | None

    def finding(self) -> Finding:
        (first, split), *others = self.photos
        listed = ", ".join(f"{id} ({split})" for id, split in others[:_SHOWN])
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        what = (
            "the same photo as" if self.code.startswith("exact") else f"looks like ({self.bits} of 64 bits)"
        )
        differ = (
            "; their annotations differ" if self.masks_agree is False and self.code[:5] == "exact" else ""
        )
        return Finding(self.code, first, split, f"{what} {listed}{more}{differ}", self.action, self.severity)


def find_copies(
    seen: Sequence[Seen], max_bits: int, accepts: Callable[[str], bool], *, near_stops: bool
) -> list[CopyGroup]:
    """Leaks first, then by the first photo. Exact copies alone are no near copies of one another.

    accepts     whether source.accept_leaks names an id; near_stops: whether the conversion stops at near copies
    """
    by_id = sorted((one for one in seen if one.photo_digest), key=lambda one: one.id)
    exact = groups(len(by_id), equal_pairs([one.photo_digest for one in by_id]))
    found = [_exact([by_id[index] for index in group], accepts) for group in exact]
    near = _Near(by_id, max_bits, accepts)
    for group in grouped(near.labels):
        found.append(_near(by_id, group, near, near_stops))
    return sorted(found, key=lambda one: (SEVERITY_ORDER[one.severity], one.code, one.photos))


class _Near:
    """Near copies among photos: label of each one's group; per label, the closest pair and whether all is accepted.

    Works on arrays, block by block: a camera that stands still yields millions of pairs.
    """

    def __init__(self, photos: Sequence[Seen], max_bits: int, accepts: Callable[[str], bool]) -> None:
        self._looks = np.array([one.look for one in photos], np.uint64)
        self._files = _numbered([one.photo_digest for one in photos])
        self._splits = _numbered([one.split for one in photos])
        self._accepted = np.array([accepts(one.id) for one in photos], bool)
        self._max_bits = max_bits
        self.labels = np.arange(len(photos))
        for pairs in self._pairs():
            self.labels = connect(self.labels, pairs)
        self.closest: dict[int, tuple[bool, int, int, int]] = {}
        """Label → (both in one split, bits, first, second); pairs across splits come first."""
        self.leaking: set[int] = set()
        """Labels with a pair across splits that is not accepted."""
        for pairs in self._pairs():
            self._look_at(pairs)

    def _pairs(self) -> Iterator[NDArray[np.intp]]:
        for pairs in iter_near_pairs(self._looks, self._max_bits):
            yield pairs[self._files[pairs[:, 0]] != self._files[pairs[:, 1]]]

    def _look_at(self, pairs: NDArray[np.intp]) -> None:
        first, second = pairs.T
        label = self.labels[first]
        within = self._splits[first] == self._splits[second]
        bits = np.bitwise_count(self._looks[first] ^ self._looks[second])
        order = np.lexsort((second, first, bits, within, label))
        for at in order[np.unique(label[order], return_index=True)[1]].tolist():
            best = (bool(within[at]), int(bits[at]), int(first[at]), int(second[at]))
            known = self.closest.get(int(label[at]), best)
            self.closest[int(label[at])] = min(known, best)
        open_ = ~within & ~self._accepted[first] & ~self._accepted[second]
        self.leaking.update(np.unique(label[open_]).tolist())


def _numbered(names: Sequence[str]) -> NDArray[np.intp]:
    """Equal names get equal numbers."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.intp)


def _exact(group: list[Seen], accepts: Callable[[str], bool]) -> CopyGroup:
    across = len({one.split for one in group}) > 1
    accepted = across and len({one.split for one in group if not accepts(one.id)}) < 2
    if across:
        other = next(one for one in group if one.split != group[0].split)
        group = [group[0], other, *(one for one in group[1:] if one is not other)]
    severity: Severity = "error" if across and not accepted else "warning"
    action = "accepted" if accepted else "conversion stops" if across else "kept"
    return _group("exact-leak" if across else "exact-copy", severity, action, 0, group)


def _near(photos: Sequence[Seen], group: Sequence[int], near: _Near, stops: bool) -> CopyGroup:
    label = int(near.labels[group[0]])
    within, bits, *pair = near.closest[label]
    ordered = [photos[index] for index in (*pair, *(index for index in group if index not in pair))]
    if within:
        return _group("near-copy", "note", "kept", bits, ordered)
    if label not in near.leaking:
        return _group("near-leak", "warning", "accepted", bits, ordered)
    return _group("near-leak", "error", "conversion stops" if stops else "kept", bits, ordered)


def _group(code: CopyCode, severity: Severity, action: str, bits: int, group: list[Seen]) -> CopyGroup:
    masks = {one.mask_digest for one in group}
    agree = None if "" in masks else len(masks) == 1
    return CopyGroup(code, severity, action, bits, tuple((one.id, one.split) for one in group), agree)
