"""Newcomers that are photos of the set already: within a split they count twice, in two splits they are a leak.

segdata add camvid x.jpg --split val      x.jpg: the same photo as train/image/0001.jpg (train); as val/image/x.jpg (val) …

The conversion stops for the whole set at a leak (segdata/conversion/leaks.py), so that it is found before.
"""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from segdata.adding.changes import Choice, Newcomer, Store
from segdata.adding.stores import OpenSet
from segdata.conversion.leaks import Gate
from segdata.conversion.plan import read_records
from segdata.digests import file_digest
from segdata.duplicates import FLAT
from segdata.errors import SegdataError, ShardError
from segdata.findings import Finding
from segdata.formats import OpenSource, Reader, open_reader
from segdata.formats._parts.photo_files import is_photo, list_files
from segdata.project import Project
from segdata.shards.manifest import read_manifest
from segdata.splits import assign_splits

MOST_NAMED = 5
"""Copies that a refusal names."""


def lying_in(source: OpenSource, store: Store) -> dict[str, Path]:
    """The files in the photo folder of a store, by their places."""
    folder = source.root / store.photo_folder
    there = list_files(folder, source.root, []) if folder.is_dir() else {}
    return {
        posixpath.normpath(posixpath.join(store.photo_folder, name)): path for name, path in there.items()
    }


class Copies:
    """The photos of a source, whatever folder or split they lie in, to compare newcomers with.

    lying  files in the folder of the chosen store, by their places
    """

    def __init__(self, opened: OpenSet, choice: Choice, store: Store, lying: Mapping[str, Path]) -> None:
        self._opened, self._choice = opened, choice
        self._gate = Gate.of(opened.pipeline.source, opened.source.where)
        self._files: dict[str, tuple[Path, str, str | None]] = {}
        """Place → file, sample id, and the split that its folder alone stands for."""
        self._sizes: dict[int, list[str]] = {}
        self._take(lying, store, choice.split)
        for other_choice, other in opened.stores():
            if other.photo_folder != store.photo_folder:
                self._take(lying_in(opened.source, other), other, other_choice.split)

    def _take(self, lying: Mapping[str, Path], store: Store, split: str | None) -> None:
        for place, path in lying.items():
            if is_photo(place) and place not in self._files and path.exists():
                self._files[place] = path, store.id_of(place), split
                self._sizes.setdefault(path.stat().st_size, []).append(place)

    def refusal(self, one: Newcomer, others: Iterable[Newcomer]) -> str:
        """Why a newcomer cannot be taken beside what is there and the other newcomers; "" where it can."""
        same = [
            place
            for place in self._sizes.get(one.size, ())
            if file_digest(self._files[place][0]) == one.digest
        ]
        mine = self._choice.split
        within = [other.name for other in others if other.digest == one.digest]
        for place in same:
            id, theirs = self._files[place][1], self._split_of(place)
            if mine is None or theirs is None or theirs == mine:
                within.append(place)
            elif not self._gate.accepts(one.id) and not self._gate.accepts(id):
                return (
                    f"the same photo as {place} ({theirs}); as {one.name} ({mine}) it would be a leak, at which the "
                    f"conversion stops. Leave it out, or name {one.id!r} in source.accept_leaks"
                )
        if within and not self._gate.accepts(one.id):
            return (
                f"the same photo as {', '.join(within[:MOST_NAMED])}{' and more' if len(within) > MOST_NAMED else ''}. "
                f"Leave it out, or name {one.id!r} in source.accept_leaks"
            )
        return ""

    def _split_of(self, place: str) -> str | None:
        """The official split of a photo that is there; None where the data do not say the splits."""
        _, id, split = self._files[place]
        if not self._gate.official:
            return None
        return self._reader.official_split(id) if self._reader and id in self._ids else split

    @cached_property
    def _reader(self) -> Reader | None:
        """Opened for a copy alone, as it reads all annotations."""
        with contextlib.suppress(SegdataError):
            return open_reader(self._opened.pipeline.source.format, self._opened.source)
        return None

    @cached_property
    def _ids(self) -> Collection[str]:
        return frozenset(self._reader.ids() if self._reader else ())


def near_leaks(
    project: Project, opened: OpenSet, choice: Choice, newcomers: Iterable[Newcomer], looks: Mapping[str, str]
) -> list[Finding]:
    """A warning for each newcomer that looks like a photo of another split, where the conversion would stop at it.

    looks  sample id of a newcomer → its look; those of the set's photos are known since they were converted
    """
    max_bits = project.params().convert.near_duplicate_bits
    fresh = {one.id: one for one in newcomers if not one.is_there and one.id in looks}
    if max_bits is None or not fresh:
        return []
    source, shards = opened.pipeline.source, opened.pipeline.shards
    try:
        manifest = read_manifest(project.shards_dir(opened.name))
    except ShardError:
        return []
    made_alike = (manifest.metadata.size_hw, manifest.metadata.photo_resampling) == (
        shards.size_hw,
        shards.photo,
    )
    records = read_records(project.plan_path(opened.name)) if made_alike else {}
    rows = [row for row in manifest.rows if row.id in records and row.id not in fresh]
    rows = [row for row in rows if records[row.id].image_digest == row.image_digest and records[row.id].look]
    official = {row.id: row.split for row in rows} | dict.fromkeys(fresh, choice.split)
    try:
        splits = assign_splits(
            sorted(official), source.splits, official.get, opened.source.where, opened.source.root
        )
    except SegdataError:  # an id without its group, say: segdata.adding.effects tells it
        return []
    digests = {row.id: row.photo_digest for row in rows} | {id: one.digest for id, one in fresh.items()}
    known = {row.id: records[row.id].look for row in rows} | {id: looks[id] for id in fresh}
    ids = sorted(known)
    hashes = np.array([int(known[id], 16) for id in ids], np.uint64)
    accepts = Gate.of(source, opened.source.where).accepts
    found = []
    for id, one in sorted(fresh.items()):
        bits = np.bitwise_count(hashes ^ np.uint64(int(looks[id], 16)))
        alike = [
            (int(bits[at]), ids[at])
            for at in np.flatnonzero((bits <= max_bits) & (hashes != FLAT))
            if int(looks[id], 16) != FLAT and digests[ids[at]] != one.digest
            if splits[id] and splits[ids[at]] and splits[id] != splits[ids[at]]
            if not accepts(id) and not accepts(ids[at])
        ]
        if alike:
            apart, other = min(alike)
            message = (
                f"looks like {other} ({splits[other]}; {apart} of 64 bits differ), and would be in {splits[id]}: "
                f"the conversion stops at that, unless source.accept_leaks names {id!r}"
            )
            found.append(Finding("near-leak", str(one.path), "", message, "told", "warning"))
    return found
