"""Which photo each entry of an annotation file is about, and which photos nobody annotated.

{"id": 139, "file_name": "val/000139.jpg"} of annotations.json, with the photos in images/, is about
images/val/000139.jpg and becomes sample "val/000139". Only files found by listing the photo folders are ever opened.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

import msgspec

from segdata.digests import value_digest
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import Fingerprint, OpenSource
from segdata.formats._parts.entries import Entry, locate
from segdata.formats._parts.photo_files import composed, digest_of, is_photo, list_paths, without_extension
from segdata.pipeline import Split

AnnotationFiles = str | list[str] | dict[Split, str]
"""The option `annotations`: one file, several, or {split: file}, relative to the root."""


def files_of(annotations: AnnotationFiles) -> dict[str, str | None]:
    """Annotation file → its split, or None. Raises ValueError where there is none, or one for two splits."""
    if not annotations:
        raise ValueError("annotations names no file")
    if isinstance(annotations, str):
        return {annotations: None}
    if isinstance(annotations, list):
        return dict.fromkeys(annotations)
    files: dict[str, str | None] = {file: split for split, file in annotations.items()}
    if len(files) < len(annotations):
        raise ValueError("annotations names one file for two splits")
    return files


class Subject(msgspec.Struct, frozen=True):
    """One photo that becomes a sample.

    path      None where the annotation file holds the photo itself
    name      path relative to the root, for messages
    entry     what is said of it; None: nothing
    problem   why it cannot become a sample after all
    """

    path: str | None
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
        said = [subject.name, subject.findings, entry and [entry.where, entry.photo_bytes, entry.said]]
        assert photo is not None or self.path is not None
        digest = photo if self.path is None else digest_of(self.path, self.name)
        return Fingerprint(str(digest), value_digest(said))


class Folders:
    """Photo folders relative to the root: the split of each one's photos, and how their ids begin."""

    def __init__(self) -> None:
        self.splits: dict[str, str | None] = {}
        self._starts: dict[str, str] = {}

    def add(self, folder: str, split: str | None, ids_start: str | None = None) -> str:
        """One more, or one once more: with two splits it has none. Returns its name as the keys have it.

        ids_start   folder that ids begin with (None: this one, where there are several); the first one given counts
        """
        folder = posixpath.normpath(composed(folder) or ".")
        self.splits[folder] = split if self.splits.get(folder, split) == split else None
        if ids_start is not None:
            self._starts.setdefault(folder, ids_start)
        return folder

    def start_of(self, folder: str) -> str:
        """How the sample ids of its photos begin; their paths in the folder follow."""
        start = posixpath.normpath(self._starts.get(folder, folder if len(self.splits) > 1 else "."))
        return "" if start == "." else start + "/"


def pair(
    source: OpenSource, entries: Sequence[Entry], folders: Folders, findings: list[Finding]
) -> dict[str, Subject]:
    """Samples by sorted id; what was doubtful about the source as a whole adds to `findings`.

    Raises DataError for a photo folder that is absent or outside the root.
    """
    files: dict[str, str] = {}
    splits: dict[str, str | None] = {}
    ids: dict[str, str] = {}
    last_names: dict[str, list[str]] = {}
    for folder, split in folders.splits.items():
        path = source.inside(folder, named_by=f"{source.where}: source.options.photos")
        source.need(folder, "the photos that were annotated")
        home, start = "" if folder == "." else folder + "/", folders.start_of(folder)
        for relative, file in list_paths(path, source.root, findings).items():
            name, id = home + relative, start + without_extension(relative)
            if "\\" in file:  # slashes by now, and what lies between them may be ".."
                name, id = posixpath.normpath(name), posixpath.normpath(id)
            files[name], splits[name], ids[name] = file, split, id
    for name in files:
        last_names.setdefault(name.rpartition("/")[2], []).append(name)
    claims: dict[str, list[Entry]] = {}
    subjects: dict[str, list[Subject]] = {}
    unsure: dict[str, DataError] = {}
    for entry in entries:
        photo, doubts = locate(entry, files, last_names, unsure)
        if photo is not None:
            claims.setdefault(photo, []).append(entry)
        elif entry.own_id is not None and entry.problem is None:
            message = f"no {entry.filename!r}: its copy inside the annotation file is read"
            doubts = [Finding("photo-embedded", entry.file, entry.place, message, "taken", "warning")]
            subject = Subject(None, entry.file, entry.split, entry, tuple(doubts))
            subjects.setdefault(entry.own_id, []).append(subject)
            continue
        findings += doubts
    for name in files:
        if name in claims:
            subject = _settle(files[name], name, splits[name], claims[name])
        elif is_photo(name):
            subject = Subject(files[name], name, splits[name], None, problem=unsure.get(name))
        else:
            continue
        subjects.setdefault(ids[name], []).append(subject)
    ready = _ready(source, subjects, findings)
    findings[:] = dict.fromkeys(
        findings
    )  # one folder of photos and annotations, listed twice, says the same twice
    return ready


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
                what = "no entry" if entry is None else entry.bare
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


def _settle(path: str, name: str, split: str | None, entries: Sequence[Entry]) -> Subject:
    """Settle what is said of one photo: repetitions and empty entries give way, contradictions are a problem."""
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
