"""Puts photos that belong together into the list of groups: bursts by the camera's clock, or photos that look alike.

    known    IMG_1 → a, IMG_9 → b                     the list beside the photos (segdata/group_list.py)
    clusters [IMG_1, IMG_2], [IMG_5, IMG_6]           who is linked to whom, over all photos
    →        IMG_2 → a, IMG_5 → IMG_5, IMG_6 → IMG_5

What the list says stays. A newcomer that links groups of different splits would leak from one to the other wherever it
stood: it is left without a group, told, and set aside by the conversion until somebody has decided.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segdata.captured import Capture, capture_of
from segdata.conversion import Conversion
from segdata.conversion.plan import look_of
from segdata.duplicates import connect, grouped, iter_near_pairs
from segdata.errors import ConfigError, DataError
from segdata.formats._parts.photo_files import digest_of, is_photo, list_files
from segdata.group_list import read_groups, write_groups
from segdata.photo import Photo
from segdata.pipeline import BurstGroups, HashSplits, ListGroups, LookGroups
from segdata.project import Project
from segdata.splits import hash_split

Cluster = tuple[str, ...]


@dataclass(frozen=True)
class Conflict:
    """Newcomers without a group, and for each split a photo of it that they are linked to."""

    ids: tuple[str, ...]
    linked: tuple[tuple[str, str], ...]

    def line(self) -> str:
        others = " and ".join(f"{id} ({split})" for id, split in self.linked)
        return f"{', '.join(self.ids)}: linked to {others}; left without a group"


@dataclass(frozen=True)
class Grouped:
    """What came of it.

    groups     id → group, all that stand in the list now
    new        ids that were added to it
    gone       ids that left it, as their photo is no longer there
    unclear    photos that do not say when they were taken, or cannot be read: each is a group of its own
    """

    groups: Mapping[str, str]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    unclear: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


def needs_list(splits: object) -> bool:
    """Whether `group` makes the list that these splits go by."""
    return isinstance(splits, HashSplits) and isinstance(splits.group, BurstGroups | LookGroups)


def group(project: Project, name: str, *, dry_run: bool = False) -> Grouped:
    """Extend the list of a pipeline's source by the photos that stand in it not yet.

    Raises ConfigError for a pipeline whose splits go by no such list, DataError for a source that cannot be read.
    """
    conversion = Conversion.open(project, name)
    splits = conversion.pipeline.source.splits
    if not isinstance(splits, HashSplits) or not isinstance(splits.group, BurstGroups | LookGroups):
        by_hand = isinstance(splits, HashSplits) and isinstance(splits.group, ListGroups)
        raise ConfigError(
            conversion.where,
            place="source.splits.group",
            found="a list that is written by hand" if by_hand else "splits that go by no list of groups",
            expected="{by: burst, seconds: 30} or {by: look, bits: 8}",
        )
    ids = list(conversion.reader.ids())
    listed = read_groups(conversion.root) or {}
    known = {id: listed[id] for id in ids if id in listed}
    photos = _photos(conversion, ids)
    if isinstance(splits.group, BurstGroups):
        captures = {id: capture_of(path) for id, (path, _) in photos.items()}
        clusters, unclear = bursts(captures, splits.group.seconds)
    else:
        clusters, unclear = alike(_looks(conversion, photos), splits.group.bits)
    unclear += [id for id in ids if id not in photos]
    groups, conflicts = extend(
        known, [*clusters, *((id,) for id in unclear)], lambda one: hash_split(one, splits, conversion.where)
    )
    new = tuple(sorted(groups.keys() - known.keys()))
    gone = tuple(sorted(listed.keys() - known.keys()))
    if (new or gone) and not dry_run:
        write_groups(conversion.root, groups)
    return Grouped(groups, new, gone, tuple(id for id in unclear if id not in known), tuple(conflicts))


def extend(
    known: Mapping[str, str], clusters: Iterable[Cluster], split_of: Callable[[str], str]
) -> tuple[dict[str, str], list[Conflict]]:
    """Known groups and those of the newcomers: of the photos that they are linked to, or new ones.

    clusters  photos that are linked, in an order of their own; a new group is called after the first of them
    """
    groups = dict(known)
    names = set(known.values())
    conflicts = []
    for cluster in sorted(clusters):
        new = [id for id in cluster if id not in known]
        by_split: dict[str, str] = {}
        for id in cluster:
            if id in known:
                by_split.setdefault(split_of(known[id]), id)
        if not new:
            continue
        if len(by_split) > 1:
            linked = tuple((id, split) for split, id in sorted(by_split.items()))
            conflicts.append(Conflict(tuple(sorted(new)), linked))
            continue
        first = next((known[id] for id in cluster if id in known), None)
        name = _free(cluster[0], names) if first is None else first
        names.add(name)
        groups |= dict.fromkeys(new, name)
    return groups, conflicts


def _free(name: str, taken: set[str]) -> str:
    """A photo that had this name may have left its name to a group of others."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free


def bursts(captures: Mapping[str, Capture | None], seconds: float) -> tuple[list[Cluster], list[str]]:
    """Photos of one camera, each at most so many seconds after the one before; and those without a time."""
    timed = sorted((capture.camera, capture.at, id) for id, capture in captures.items() if capture)
    found: list[list[str]] = []
    for number, (camera, at, id) in enumerate(timed):
        before, earlier = timed[number - 1][:2] if number else ("", at)
        if number and before == camera and (at - earlier).total_seconds() <= seconds:
            found[-1].append(id)
        else:
            found.append([id])
    return [tuple(cluster) for cluster in found], sorted(id for id, one in captures.items() if one is None)


def alike(looks: Mapping[str, str | None], bits: int) -> tuple[list[Cluster], list[str]]:
    """Photos whose looks (16 hex digits) differ in at most so many bits, directly or through others; and those without."""
    ids = sorted(id for id, look in looks.items() if look)
    hashes = np.array([int(looks[id] or "0", 16) for id in ids], np.uint64)
    labels = np.arange(len(ids))
    for pairs in iter_near_pairs(hashes, bits):
        labels = connect(labels, pairs)
    together = [tuple(ids[index] for index in one) for one in grouped(labels)]
    within = {id for cluster in together for id in cluster}
    return [*together, *((id,) for id in ids if id not in within)], sorted(looks.keys() - set(ids))


Photos = Mapping[str, tuple[Path, str]]
"""id → photo file and its digest."""


def _photos(conversion: Conversion, ids: Iterable[str]) -> Photos:
    """Formats do not say where a photo lies, but which digest it has. One that cannot be read is left out."""
    found = {}
    with conversion.digests.in_use():
        files = list_files(conversion.root, conversion.root, [])
        by_digest = {digest_of(path, name): path for name, path in files.items() if is_photo(name)}
        for id in ids:
            with contextlib.suppress(DataError):
                digest = conversion.reader.fingerprint(id).photo
                if digest in by_digest:
                    found[id] = (by_digest[digest], digest)
    return found


def _looks(conversion: Conversion, photos: Photos) -> dict[str, str | None]:
    """Of each photo at the shards' size, as the leak gate compares them; a photo that is converted is not read."""
    known = conversion.previous.looks(conversion.metadata)

    def look(id: str) -> str | None:
        path, digest = photos[id]
        try:
            return known.get(digest) or look_of(Photo.open(path, id).read(conversion.resize))
        except DataError:
            return None

    with ThreadPoolExecutor() as pool:
        return dict(zip(photos, pool.map(look, photos), strict=True))
