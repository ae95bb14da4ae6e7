"""Takes annotated photos that somebody dropped into data/inbox/<name>/ into the source, and sets the bad ones aside.

    data/inbox/mine/IMG_0107.jpg  roll7.json      VIA, COCO: photos, and a file that names them
    data/inbox/mine/107.png  masks/107.png        masks, voc, cityscapes: masks in the folder masks/
    data/inbox/mine/107.jpg  107.json             LabelMe: each beside its photo
    data/inbox/mine/quarantine/IMG_9.jpg  IMG_9.jpg.txt    what could not be taken, and why
    data/inbox/mine/taken/roll7.json              annotation files all of which is in the source now

A photo without annotation waits, as does an annotation without photo, and so does everything while a file is younger
than a few seconds; segdata/adding/waiting.py says why. A look that was interrupted is completed by the next.

>>> look(project, "mine").line("mine")
'mine: 2 taken, 0 waiting, 1 quarantined'
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path

from segdata.adding.add import Added, add
from segdata.adding.changes import Choice
from segdata.adding.stores import OpenSet
from segdata.adding.waiting import ENDS, MASKS, listed, what_lacks
from segdata.atomic import only_one, replace_file
from segdata.errors import SegdataError
from segdata.formats._parts.photo_files import is_photo, list_files, without_extension
from segdata.pipeline import Source, Split
from segdata.project import Project

SETTLED_SECONDS = 5.0
"""A file that changed less than this ago may still be on its way."""

QUARANTINE, TAKEN = "quarantine", "taken"


@dataclass
class Looked:
    """What one look came to: names relative to the raw folder (taken) or the inbox (the others, with the reasons)."""

    taken: list[str] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    quarantined: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    converted: str = ""

    def line(self, name: str) -> str:
        counts = f"{len(self.taken)} taken, {len(self.waiting)} waiting, {len(self.quarantined)} quarantined"
        return f"{name}: {counts}" + (f"; {self.converted}" if self.converted else "")

    def reasons(self) -> list[str]:
        """Why files were quarantined, each of them, and why others wait, the first few of each reason."""
        aside = [f"{one} quarantined: {reason}" for one, reason in self.quarantined.items()]
        return aside + listed(self.waiting)


def require_choice(project: Project, name: str, split: Split | None) -> None:
    """Raises ConfigError that lists the splits where one must be chosen, DataError where the set is not there."""
    OpenSet.open(project, name).store(Choice(split=split, inbox=True)).merge((), None)


def conversion_is_due(project: Project, name: str) -> Path:
    """A file that lies there from the first photo that was taken until whoever converted removes it."""
    return project.scratch_dir("unfinished", "inbox") / name


def look(
    project: Project, name: str, split: Split | None = None, settled_seconds: float = SETTLED_SECONDS
) -> Looked:
    """Add what lies ready in the inbox, quarantine what cannot be taken; converts nothing.

    Raises ConfigError for a wrong pipeline file or a split that lacks, before any file is touched; SegdataError while
    another process looks into this inbox.
    """
    require_choice(project, name, split)
    inbox = _Inbox(project, name, project.pipeline(name).source, split)
    inbox.folder.mkdir(parents=True, exist_ok=True)
    with only_one(project.scratch_dir("locks") / f"inbox-{name}", f"inbox of {name}"):
        young = [one for one, path in inbox.files.items() if not _is_settled(path, settled_seconds)]
        if not young:
            inbox.take()
        # else a photo may have come before its annotation: look again when all is at rest
        left = sorted(one for one, path in inbox.files.items() if path.exists())
        if young:
            rest = f"waits for all to be at rest for {settled_seconds:g} s: {young[0]} changed just now"
            inbox.looked.waiting = dict.fromkeys(left, rest)
        else:
            named = {one: names for one, names in inbox.named.items() if one in left}
            there = inbox.in_source() if named else ()
            inbox.looked.waiting = what_lacks(inbox.source.format, left, named, there, inbox.photo_suffix)
    return inbox.looked


def _is_settled(path: Path, seconds: float) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return time.time() - max(status.st_mtime, status.st_ctime) >= seconds


@dataclass
class _Inbox:
    project: Project
    name: str
    source: Source
    split: Split | None
    looked: Looked = field(default_factory=Looked)
    named: dict[str, set[str]] = field(default_factory=dict)
    """Annotation file → the photos that it names, by the last part of their names."""

    @property
    def folder(self) -> Path:
        return self.project.root / "data" / "inbox" / self.name

    @cached_property
    def files(self) -> dict[str, Path]:
        found = list_files(self.folder, self.folder, []).items()
        return {one: path for one, path in found if one.partition("/")[0] not in (QUARANTINE, TAKEN)}

    @cached_property
    def photos(self) -> list[str]:
        return [one for one in self.files if is_photo(one) and one.partition("/")[0] != MASKS]

    @property
    def photo_suffix(self) -> str:
        """The end of the photos' names that masks do not have."""
        own = "_leftImg8bit" if self.source.format == "cityscapes" else ""
        return own or str(self.source.options.get("photo_suffix", ""))

    def take(self) -> None:
        ends = ENDS.get(self.source.format)
        if ends is None:
            self._take_masks()
            return
        names_in = import_module(f"segdata.adding.{self.source.format}").names_in
        left = list(self.photos)
        for note in [one for one in self.files if one.lower().endswith(ends)]:
            try:
                named = self.named[note] = set(names_in(self.files[note]))
            except SegdataError as error:
                self._quarantine(note, str(error))
                continue
            batch = [one for one in left if one.rpartition("/")[2] in named]
            left = [one for one in left if one not in batch]
            reasons = self._take(note, batch)
            if reasons:
                self._quarantine(note, "\n".join(reasons))
            elif batch or named <= self.in_source():
                waits = {one.rpartition("/")[2] for one in self.photos if self.files[one].exists()}
                if not named & waits:
                    _move(self.files[note], self.folder / TAKEN / note)

    def in_source(self) -> set[str]:
        """The last parts of all names in the raw folder."""
        root = self.project.root / self.source.root
        return {one.rpartition("/")[2] for one in list_files(root, root, [])}

    def _take_masks(self) -> None:
        masks = {one: _masks_of(one, list(self.files), self.photo_suffix) for one in self.photos}
        batch = [one for one in self.photos if masks[one]]
        self.looked.said += self._take(MASKS, batch) if batch else []
        for one in batch:
            for mask in masks[one]:
                if not self.files[one].exists() and self.files[mask].exists():
                    aside = QUARANTINE if one in self.looked.quarantined else TAKEN
                    _move(self.files[mask], self.folder / aside / mask)

    def _take(self, annotation: str, batch: list[str]) -> list[str]:
        """Add photos, or none, with one annotation file or folder; each folder of the inbox is one below the photos.

        Returns what could not be taken of the annotation for photos that do not lie here.
        """
        folders: dict[str, list[str]] = {} if batch else {"": []}
        for one in batch:
            folders.setdefault(one.rpartition("/")[0], []).append(one)
        reasons: list[str] = []
        for into, photos in folders.items():
            choice = Choice(split=self.split, into=into, inbox=True)
            paths = [self.folder / one for one in photos]
            try:
                added = add(
                    self.project, self.name, paths, self.folder / annotation, choice, skip_bad=bool(batch)
                )
            except SegdataError as error:
                for one in photos:
                    self._quarantine(one, str(error))
                reasons += [] if photos else [str(error)]
                continue
            reasons += self._settle(photos, added)
        return reasons

    def _settle(self, photos: list[str], added: Added) -> list[str]:
        """Photos that are in the source leave the inbox; the others go to quarantine with the reason."""
        if added.done or added.there:
            conversion_is_due(self.project, self.name).touch()
        placed = {name.rpartition("/")[2]: name for name in (*added.photos, *added.there)}
        self.looked.said += [*added.said, *added.effects]
        if not photos:
            self.looked.taken += added.annotated if added.done else ()
        about: set[str] = set()
        for one in photos:
            last = one.rpartition("/")[2]
            place = _place_of(last, placed)
            if place is not None:
                self.files[one].unlink()
                self.looked.taken.append(place)  # also one that an interrupted look put there
                about.add(place)
                continue
            bad = [why for why in added.bad if Path(why.photo or why.name).name == last]
            bad = bad or [why for why in added.bad if Path(why.name).name.startswith(without_extension(last))]
            about |= {name for why in bad for name in (why.name, why.photo) if name}
            self._quarantine(one, bad[0].line() if bad else "not taken")
        return [why.line() for why in added.bad if not about & {why.name, why.photo}]

    def _quarantine(self, name: str, reason: str) -> None:
        reason = reason.replace(f"{self.folder}/", "").removeprefix(f"{name}: ")
        goal = _move(self.files[name], self.folder / QUARANTINE / name)
        with replace_file(goal.with_name(f"{goal.name}.txt")) as note:
            note.write_text(
                f"{name}: {reason}\nMend it, and put it into {self.name}/ again.\n", encoding="utf-8"
            )
        self.looked.quarantined[name] = reason


def _masks_of(photo: str, files: list[str], photo_suffix: str) -> list[str]:
    """Masks called like a photo, perhaps with an ending: masks/1_mask.png for 1.jpg, not masks/10.png."""
    stem = f"{MASKS}/{without_extension(photo).removesuffix(photo_suffix)}"
    return [one for one in files if one.startswith(stem) and not one[len(stem) :][:1].isalnum()]


def _place_of(last: str, placed: dict[str, str]) -> str | None:
    stem = without_extension(last)
    return placed.get(last) or placed.get(f"{stem}_leftImg8bit{last[len(stem) :]}")


def _move(path: Path, goal: Path) -> Path:
    """Nothing is written over: another file of the name gets a number."""
    goal.parent.mkdir(parents=True, exist_ok=True)
    number, free = 1, goal
    while free.exists():
        number += 1
        free = goal.with_name(f"{goal.stem}-{number}{goal.suffix}")
    path.replace(free)
    return free
