"""Which photo each VIA entry is about, and which photos nobody annotated.

Entry "IMG_0001.jpg148213" of train/via_region_data.json, with the photos beside it, is about train/IMG_0001.jpg and
becomes sample "train/IMG_0001". Only files found by listing the photo folder are ever opened.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.formats._parts.photo_files import composed, is_photo, list_files, without_extension
from segdata.formats._parts.via_files import Entry, read_entries
from segdata.formats._parts.via_names import ELSEWHERE, ending_alike, path_part


@dataclass(frozen=True)
class Subject:
    """One photo that becomes a sample.

    name      path relative to the root, for messages
    entry     what VIA says of it; None: nothing
    problem   why it cannot become a sample after all
    """

    path: Path
    name: str
    split: str | None
    entry: Entry | None
    findings: tuple[Finding, ...] = ()
    problem: DataError | None = None


@dataclass(frozen=True)
class _Folder:
    """The photos of one or more VIA files, and what those say of each, in file order.

    unsure   photos that an entry may be about, which could be about others as well
    """

    root: str
    prefix: PurePosixPath
    files: Mapping[str, Path]
    splits: set[str | None]
    claims: dict[str, list[tuple[Entry, str | None]]]
    unsure: dict[str, DataError]

    def name(self, relative: str) -> str:
        return str(PurePosixPath(self.root, relative))


def pair(
    source: OpenSource, annotations: Mapping[str, str | None], photos: str
) -> tuple[dict[str, Subject], list[Finding]]:
    """Samples by sorted id, and what was doubtful about the source as a whole.

    annotations  VIA file → split, relative to the root; `photos` is relative to each VIA file's own folder
    Raises DataError when a VIA file or a photo folder is absent or no VIA file.
    """
    findings: list[Finding] = []
    folders: dict[Path, _Folder] = {}
    for file, split in annotations.items():
        source.inside(file, named_by=f"{source.where}: source.options.annotations")
        path = source.need(file, "annotations exported from VIA")
        prefix = PurePosixPath(file.replace("\\", "/")).parent
        folder = source.inside(str(prefix / photos), named_by=f"{source.where}: source.options.photos")
        source.need(str(prefix / photos), "the photos that VIA annotated")
        if folder.resolve() not in folders:
            files = list_files(folder, source.root, findings)
            folders[folder.resolve()] = _Folder(str(prefix / photos), prefix, files, set(), {}, {})
        here = folders[folder.resolve()]
        here.splits.add(split)
        entries, unreadable = read_entries(path, file)
        findings += unreadable
        for entry in entries:
            photo, doubts = _locate(source, entry, here)
            findings += doubts
            if photo is not None:
                here.claims.setdefault(photo, []).append((entry, split))
    subjects: dict[str, list[Subject]] = {}
    for here in folders.values():
        for relative in here.files:
            if relative not in here.claims and not is_photo(relative):
                continue
            subject = _subject(here, relative)
            if source.unannotated == "skip" and subject.problem is None and _is_bare(subject.entry):
                findings.append(_not_annotated(subject, "set aside"))
            else:
                id = str(here.prefix / without_extension(relative))
                subjects.setdefault(id, []).append(subject)
    return {id: _one(id, subjects[id]) for id in sorted(subjects)}, findings


def _is_bare(entry: Entry | None) -> bool:
    return entry is None or entry.is_bare


def _not_annotated(subject: Subject, action: str) -> Finding:
    what = "no entry in VIA's file" if subject.entry is None else "an entry without any region"
    if subject.entry is not None and subject.entry.regions:
        what = "an entry of points alone, which cover no area"
    return Finding("not-annotated", subject.name, "", what, action, "warning")


def _one(id: str, subjects: list[Subject]) -> Subject:
    """The photo of an id, which must be one. Photos without annotation say so."""
    subject = subjects[0]
    if len(subjects) > 1:
        names = " and ".join(subject.name for subject in subjects)
        error = DataError(
            names, found=f"several photos of the name {id!r}", expected="one", fix="Rename or remove one."
        )
        return Subject(subject.path, subject.name, subject.split, None, problem=error)
    if subject.problem is None and _is_bare(subject.entry):
        found = (*subject.findings, _not_annotated(subject, "whole photo taken as source.unannotated says"))
        return Subject(subject.path, subject.name, subject.split, None, found)
    return subject


def _subject(here: _Folder, relative: str) -> Subject:
    """Settle what is said of one photo: repetitions and empty entries give way, contradictions are a problem."""
    path, name = here.files[relative], here.name(relative)
    claims = here.claims.get(relative, [])
    if not claims:
        (split,) = here.splits if len(here.splits) == 1 else (None,)
        return Subject(path, name, split, None, problem=here.unsure.get(relative))
    for broken, split in (claim for claim in claims if claim[0].problem):
        problem = DataError(
            broken.file,
            place=f"entry {broken.key!r}",
            found=broken.problem,
            expected=f"all regions of {name}",
            fix="Export it again from VIA: the file was cut off or edited.",
        )
        return Subject(path, name, split, broken, problem=problem)
    drawn = [claim for claim in claims if not claim[0].is_bare] or claims[:1]
    first, split = drawn[0]
    places = ", ".join(f"{entry.key!r} of {entry.file}" for entry, _ in claims)
    if any(entry.regions != first.regions or other != split for entry, other in drawn):
        problem = DataError(
            name,
            found=f"entries that contradict each other: {places}",
            expected="one entry for a photo",
            fix="Remove all but the right one.",
        )
        return Subject(path, name, split, first, problem=problem)
    findings: tuple[Finding, ...] = ()
    if len(claims) > 1:
        message = f"{len(claims)} entries, alike or empty: {places}"
        findings = (Finding("duplicate-entry", name, "", message, f"took {first.key!r}"),)
    return Subject(path, name, split, first, findings)


def _locate(source: OpenSource, entry: Entry, here: _Folder) -> tuple[str | None, list[Finding]]:
    """The photo of an entry, as a key of the folder's files. A URL or absolute path is sought by how it ends."""
    place = f"entry {entry.key!r}"
    wanted = composed(entry.filename)
    while wanted.startswith("./"):
        wanted = wanted[2:]
    if wanted in here.files:
        return wanted, []
    if ELSEWHERE.match(wanted):
        path = path_part(wanted)
        alike = ending_alike(path, here.files)
        names = " or ".join(here.name(photo) for photo in alike)
        message = f"the entry names {entry.filename!r}"
        if len(alike) == 1:
            return alike[0], [Finding("photo-by-name", entry.file, place, message, f"took {names}")]
        if alike:
            error = DataError(
                names,
                found=f"{place} of {entry.file}, which names {entry.filename!r}",
                expected="one photo whose path ends like that",
                fix="Rename the others, or write the photo's path into the entry.",
            )
            here.unsure.update(dict.fromkeys(alike, error))
            return None, [_lost("no-photo", entry, f"{message}, which may be {names}")]
        last = posixpath.basename(path)
        return None, [_lost("no-photo", entry, f"no {last!r} in {here.root} for {entry.filename!r}")]
    if "\0" not in wanted:
        try:
            source.inside(f"{here.root}/{wanted}", named_by=entry.file)
        except DataError:
            return None, [_lost("outside-root", entry, f"{entry.filename!r} leads out of the root folder")]
    return None, [_lost("no-photo", entry, f"no {entry.filename!r} in {here.root}")]


def _lost(code: Literal["no-photo", "outside-root"], entry: Entry, message: str) -> Finding:
    return Finding(code, entry.file, f"entry {entry.key!r}", message, "set aside", "error")


def likely_folder(
    file: str, filenames: Sequence[str], by_last: Mapping[str, Sequence[str]]
) -> tuple[str, list[str]]:
    """The folder that holds most of these photos ("." is the root), and those: the nearest one of several.

    file      the VIA file that names them, relative to the root
    by_last   photos below the root by the last part of their names
    """
    home = posixpath.dirname(file)
    folders: dict[str, list[str]] = {}
    for filename in filenames:
        wanted = re.sub(r"^(\./)+", "", composed(filename))
        if ELSEWHERE.match(wanted):
            wanted = posixpath.basename(path_part(wanted))
        for photo in by_last.get(posixpath.basename(wanted), ()):
            if f"/{photo}".endswith(f"/{wanted}"):
                folders.setdefault(photo.removesuffix(wanted).rstrip("/") or ".", []).append(photo)

    def merit(folder: str) -> tuple[int, int, int, str]:
        shared = len(posixpath.commonprefix([f"{home}/".lstrip("/").split("/"), folder.split("/")]))
        return -len(folders[folder]), -shared, folder.count("/"), folder

    if folders:
        best = min(folders, key=merit)
        return best, folders[best]
    holding = Counter(posixpath.dirname(photo) for photos in by_last.values() for photo in photos)
    near = [one for one in holding if one == home or f"{one}/".startswith(f"{home}/" if home else "")]
    return (min(near, key=lambda one: (one != home, -holding[one], one)) if near else home) or ".", []
