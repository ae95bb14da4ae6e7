"""Which photo each entry of an annotation file is about, and which photos nobody annotated.

{"id": 139, "file_name": "val/000139.jpg"} of annotations.json, with the photos in images/, is about
images/val/000139.jpg and becomes sample "val/000139". Only files found by listing the photo folders are ever opened.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segdata.digests import value_digest
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import Fingerprint, OpenSource
from segdata.formats._parts.doubts import nothing_drawn
from segdata.formats._parts.drawn import Drawn, doubtful_outlines, frame_of, outside_findings, paint
from segdata.formats._parts.entries import Entry, locate
from segdata.formats._parts.photo_files import composed, digest_of, is_photo, list_files, without_extension
from segdata.photo import Photo, Resize, turn_upright
from segdata.rasterize import blank_mask
from segdata.sample import Sample


@dataclass(frozen=True)
class Subject:
    """One photo that becomes a sample.

    path      None where the annotation file holds the photo itself
    name      path relative to the root, for messages
    entry     what is said of it; None: nothing
    problem   why it cannot become a sample after all
    """

    path: Path | None
    name: str
    split: str | None
    entry: Entry | None
    findings: tuple[Finding, ...] = ()
    problem: DataError | None = None

    def sound(self) -> Subject:
        """Itself. Raises its problem."""
        if self.problem is not None:
            raise self.problem
        return self

    def fingerprint(self, photo: str | None = None) -> Fingerprint:
        """Digests of the photo and of what is said of it, with the names that findings and errors carry."""
        subject, entry = self.sound(), self.entry
        said = [subject.name, subject.findings, entry and [entry.where, entry.said]]
        assert photo is not None or self.path is not None
        digest = photo if self.path is None else digest_of(self.path, self.name)
        return Fingerprint(str(digest), value_digest(said))


def pair(
    source: OpenSource, entries: Sequence[Entry], folders: Mapping[str, str | None], findings: list[Finding]
) -> dict[str, Subject]:
    """Samples by sorted id; what was doubtful about the source as a whole adds to `findings`.

    folders   photo folder, relative to the root → the split of its photos. Ids are relative to it, or, where there
              are several, to the root. Raises DataError for one that is absent.
    """
    files: dict[str, Path] = {}
    splits: dict[str, str | None] = {}
    for folder, split in folders.items():
        path = source.inside(folder, named_by=f"{source.where}: source.options.photos")
        source.need(folder, "the photos that were annotated")
        for relative, file in list_files(path, source.root, findings).items():
            name = posixpath.normpath(f"{composed(folder)}/{relative}")
            files[name], splits[name] = file, split
    claims: dict[str, list[Entry]] = {}
    subjects: dict[str, list[Subject]] = {}
    last_names: dict[str, list[str]] = {}
    for name in files:
        last_names.setdefault(posixpath.basename(name), []).append(name)
    for entry in entries:
        photo, doubts = locate(entry, files, last_names)
        if photo is not None:
            claims.setdefault(photo, []).append(entry)
        elif entry.own_id is not None and entry.problem is None:
            message = f"no {entry.filename!r}: its copy inside the annotation file is read"
            doubts = [Finding("photo-embedded", entry.file, entry.place, message, "taken", "warning")]
            subject = Subject(None, entry.file, entry.split, entry, tuple(doubts))
            subjects.setdefault(entry.own_id, []).append(subject)
            continue
        findings += doubts
    start = f"{posixpath.normpath(composed(next(iter(folders))))}/" if len(folders) == 1 else ""
    for name in files:
        if name in claims or is_photo(name):
            subject = _settle(files[name], name, splits[name], claims.get(name, []))
            subjects.setdefault(without_extension(name.removeprefix(start)), []).append(subject)
    return _ready(source, subjects, findings)


def _ready(
    source: OpenSource, subjects: Mapping[str, list[Subject]], findings: list[Finding]
) -> dict[str, Subject]:
    """One subject per id, sorted; photos that nobody annotated are set aside, or say so."""
    ready: dict[str, Subject] = {}
    for id in sorted(subjects):
        kept = []
        for subject in subjects[id]:
            entry = subject.entry
            if subject.problem is None and (entry is None or entry.is_bare):
                what = "no entry" if entry is None else "an entry without any region"
                found = Finding("not-annotated", subject.name, "", what, source.unannotated_action, "warning")
                if source.unannotated == "skip":
                    findings.append(found)
                    continue
                bare = (*subject.findings, found)
                subject = Subject(
                    subject.path, subject.name, subject.split, entry and _own(subject, entry), bare
                )
            kept.append(subject)
        if len(kept) > 1:
            names = " and ".join(subject.name for subject in kept)
            error = DataError(
                names,
                found=f"several photos of the name {id!r}",
                expected="one",
                fix="Rename or remove one.",
            )
            ready[id] = Subject(kept[0].path, names, kept[0].split, None, problem=error)
        elif kept:
            ready[id] = kept[0]
    return ready


def _own(subject: Subject, entry: Entry) -> Entry | None:
    """Of an entry that outlines nothing, only the photo that it may hold is of use."""
    return entry if subject.path is None else None


def _settle(path: Path, name: str, split: str | None, entries: Sequence[Entry]) -> Subject:
    """Settle what is said of one photo: repetitions and empty entries give way, contradictions are a problem."""
    if not entries:
        return Subject(path, name, split, None)
    broken = next((entry for entry in entries if entry.problem is not None), None)
    drawn = [entry for entry in entries if not entry.is_bare] or [entries[0]]
    first = drawn[0]
    split = first.split or split
    if broken is not None:
        return Subject(path, name, split, broken, problem=broken.problem)
    places = ", ".join(entry.where for entry in entries)
    if not all(entry.says_the_same(first) for entry in drawn[1:]):
        problem = DataError(
            name,
            found=f"entries that contradict each other: {places}",
            expected="one entry for a photo",
            fix="Remove all but the right one.",
        )
        return Subject(path, name, split, first, problem=problem)
    found: tuple[Finding, ...] = ()
    if len(entries) > 1:
        message = f"{len(entries)} entries, alike or empty: {places}"
        found = (Finding("duplicate-entry", name, "", message, f"took {first.where}"),)
    return Subject(path, name, split, first, found)


Draw = Callable[[tuple[int, int], list[Finding]], list[Drawn]]


def read_sample(
    source: OpenSource,
    subject: Subject,
    id: str,
    resize: Resize | None,
    said_hw: Sequence[Any],
    draw: Draw,
) -> Sample:
    """The sample of a photo that lies in a folder.

    said_hw   the size that its annotation gives (None where it gives none)
    draw      the regions in painting order, from the size of the frame they were drawn in; adds to the findings
    """
    assert subject.path is not None
    photo = Photo.open(subject.path, subject.name)
    findings = list(subject.findings)
    if subject.entry is None or subject.entry.is_bare:
        blank = blank_mask(photo.upright_hw, source.unannotated_id)
        return photo.sample(id, blank, resize, tuple(findings))
    frame_hw = frame_of(photo, source.exif, said_hw, subject.entry.where)
    drawn = draw(frame_hw, findings)
    findings += [] if drawn else [nothing_drawn(source, subject.name)]
    findings += doubtful_outlines(drawn, frame_hw, subject.name)
    findings += outside_findings(drawn, frame_hw, subject.name)
    mask = paint(drawn, frame_hw, source.unlabelled_id if drawn else source.unannotated_id)
    if source.exif == "as-stored":
        mask = turn_upright(mask, photo.orientation)
    return photo.sample(id, mask, resize, tuple(findings))
