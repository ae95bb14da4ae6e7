"""What lies in a folder of VIA annotations: which file to read, where its photos lie, which attribute is the class.

train/via_region_data.json  VIA 2 annotations of 18 photos, which lie beside it
train/via_region_data.csv   the same: a choice, not read as well
val/via_region_data.json    VIA 2 annotations of 4 photos, beside it
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.formats._parts.photo_files import is_photo, list_files
from segdata.formats._parts.via_files import Entry, read_entries
from segdata.formats._parts.via_labels import attributes_said, by_merit, count_labels, regions_in, shape_name
from segdata.formats._parts.via_photos import Subject, likely_folder, pair
from segdata.formats._surveys.listed import by_split, relative_to
from segdata.label_map import LabelMap
from segdata.ontology import ontology_of_names
from segdata.survey import Survey

MOST_DEEP = 3
"""A VIA file lies in the root (1), in a folder of it (2), or in a folder of that (3)."""
MOST_FILES = 500
"""So many JSON and CSV files are looked into: where there are more, each is of one photo and not VIA's."""
MOST_ALIKE = 10
"""So many findings of one kind are told one by one."""
HEAD_BYTES = 1 << 16
SIGNS = (
    b'"_via_',
    b"__VIA_",
    b'"region_attributes"',
    b'"shape_attributes"',
    b"region_shape_attributes",
    b'"vid_list"',
)
IMPLIED = "object"


@dataclass(frozen=True)
class _File:
    """A VIA file: its entries, the folder its photos lie in (relative to the root), and which of them do."""

    name: str
    flavour: str
    entries: Sequence[Entry]
    folder: str
    photos: frozenset[str]

    @property
    def home(self) -> str:
        return posixpath.dirname(self.name)

    @property
    def worth(self) -> tuple[int, int, bool]:
        """How much it says: of two files about the same photos the better one is read."""
        regions = [region for entry in self.entries for region in regions_in(entry)]
        return (
            sum(bool(attributes_said(region)) for region in regions),
            len(regions),
            self.name.endswith(".json"),
        )


def survey(root: Path) -> Survey | None:
    """None when no VIA file lies in the root or at most two folders below it. Opens no photo."""
    findings: list[Finding] = []
    try:
        names = list(list_files(root, root, []))
    except DataError:
        return None
    files = _via_files(root, names, findings)
    if not files:
        return _unreadable(names, findings) if findings else None
    chosen, others = _choose(files, findings)
    photos = Counter(relative_to(file.folder, file.home) for file in chosen).most_common(1)[0][0]
    for file in [one for one in chosen if relative_to(one.folder, one.home) != photos]:
        chosen.remove(file)
        message = (
            f"its photos lie in {file.folder}, not in {photos!r} seen from it as those of other VIA files do"
        )
        findings.append(Finding("annotations-apart", file.name, "", message, "left out", "warning"))
    annotations = _annotations([file.name for file in chosen])
    try:
        subjects, doubts = pair(_source(root), _splits(annotations), photos)
    except DataError as error:
        return _unreadable(names, [*findings, _finding(error)])
    findings += _few(doubts) + _not_annotated(subjects.values())
    regions = [region for file in chosen for entry in file.entries for region in regions_in(entry)]
    attributes = by_merit([attributes_said(region) for region in regions])
    options: dict[str, object] = {"annotations": annotations, "photos": photos}
    options |= {"class_attribute": attributes[0]} if attributes else {"implied_class": IMPLIED}
    choices = {"annotations": [file.name for file in others], "class_attribute": attributes[1:]}
    labels, doubtful = count_labels(regions, attributes[0] if attributes else None, IMPLIED)
    if doubtful:
        message = f"{doubtful} regions carry several values of {attributes[0]!r}"
        advice = "reading their photos is an error: tick one in VIA"
        findings.append(Finding("several-classes", chosen[0].name, "", message, advice, "error"))
    told = ", ".join(f"{file.name} ({file.flavour}): {len(file.entries)} entries" for file in chosen[:4])
    return Survey(
        format="via",
        certainty="certain",
        evidence=told + (f" and {len(chosen) - 4} more" if len(chosen) > 4 else ""),
        photos=tuple(sorted(subject.name for subject in subjects.values())),
        annotated=sum(not _is_bare(one) and one.problem is None for one in subjects.values()),
        shapes=dict(sorted(Counter(shape_name(region) for region in regions).items())),
        labels=dict(sorted(labels.items())),
        splits=dict(sorted(Counter(one.split for one in subjects.values() if one.split).items())),
        options=options,
        choices={key: values for key, values in choices.items() if values},
        findings=tuple(findings),
    )


def _via_files(root: Path, names: Sequence[str], findings: list[Finding]) -> list[_File]:
    """The VIA files of a folder; those that look like one and cannot be read become findings."""
    by_last: dict[str, list[str]] = {}
    for name in names:
        if is_photo(name):
            by_last.setdefault(posixpath.basename(name), []).append(name)
    candidates = [
        one for one in names if one.lower().endswith((".json", ".csv")) and one.count("/") < MOST_DEEP
    ]
    candidates.sort(key=lambda name: (name.count("/"), name))
    files = []
    for name in candidates[:MOST_FILES]:
        try:
            with (root / name).open("rb") as opened:
                head = opened.read(HEAD_BYTES)
            seen = any(sign in head for sign in SIGNS)
            if not seen and not all(word in head for word in (b'"filename"', b'"regions"')):
                continue
            entries, _ = read_entries(root / name, name)
        except DataError as error:
            findings += [_finding(error)] if seen else []
            continue
        except OSError:
            continue
        if entries:
            folder, found = likely_folder(name, [entry.filename for entry in entries], by_last)
            files.append(_File(name, _flavour(name, head, entries), entries, folder, frozenset(found)))
    return files


def _flavour(name: str, head: bytes, entries: Sequence[Entry]) -> str:
    if name.lower().endswith(".csv"):
        return "VIA CSV"
    if b"__VIA_" in head or (b'"fid_list"' in head or b'"vid_list"' in head):
        return "VIA 3 project"
    if b'"_via_' in head:
        return "VIA 2 project"
    return "VIA 1 annotations" if isinstance(entries[0].regions, dict) else "VIA 2 annotations"


def _choose(files: Sequence[_File], findings: list[Finding]) -> tuple[list[_File], list[_File]]:
    """The files to read, and those that speak of the same photos: less fully, or in another flavour."""
    chosen: list[_File] = []
    others: list[_File] = []
    for file in sorted(files, key=lambda one: one.worth, reverse=True):
        names = {entry.filename for entry in file.entries}
        alike = [
            one
            for one in chosen
            if one.photos & file.photos
            or (one.home == file.home and names & {entry.filename for entry in one.entries})
        ]
        if not alike:
            chosen.append(file)
            continue
        others.append(file)
        message = f"{file.flavour} of photos that {alike[0].name} annotates too"
        findings.append(Finding("annotations-alike", file.name, "", message, "left out"))
    return sorted(chosen, key=lambda one: one.name), sorted(others, key=lambda one: one.name)


def _annotations(names: list[str]) -> str | list[str] | dict[str, str]:
    """source.options.annotations: by split where the files are named so."""
    return names[0] if len(names) == 1 else by_split(names) or names


def _splits(annotations: str | list[str] | dict[str, str]) -> dict[str, str | None]:
    if isinstance(annotations, dict):
        return {file: split for split, file in annotations.items()}
    return dict.fromkeys([annotations] if isinstance(annotations, str) else annotations)


def _source(root: Path) -> OpenSource:
    """The folder as a source that keeps every photo."""
    ontology = ontology_of_names("survey", [IMPLIED])
    return OpenSource(str(root), root, ontology, LabelMap({}, {}), None, 255, "ignore", {})


def _is_bare(subject: Subject) -> bool:
    return subject.entry is None or subject.entry.is_bare


def _not_annotated(subjects: Iterable[Subject]) -> list[Finding]:
    bare = [subject for subject in subjects if _is_bare(subject) and subject.problem is None]
    found = []
    for subject in bare:
        what = next(
            (one.message for one in subject.findings if one.code == "not-annotated"), "no entry in VIA's file"
        )
        found.append(Finding("not-annotated", subject.name, "", what, "see source.unannotated"))
    problems = [_finding(subject.problem) for subject in subjects if subject.problem is not None]
    return _few(found) + _few(problems)


def _finding(error: DataError) -> Finding:
    message = f"found {error.found}" + (f"; expected {error.expected}" if error.expected else "")
    return Finding("unreadable", error.where, error.place, message, "left out", "error")


def _few(findings: Sequence[Finding]) -> list[Finding]:
    """The first of each kind one by one, the others as a number."""
    kept: list[Finding] = []
    for code, count in Counter(finding.code for finding in findings).items():
        alike = [finding for finding in findings if finding.code == code]
        kept += alike[:MOST_ALIKE]
        if count > MOST_ALIKE:
            message = f"{count - MOST_ALIKE} more of them"
            kept.append(Finding(code, alike[-1].file, "", message, alike[-1].action, alike[-1].severity))
    return kept


def _unreadable(names: Sequence[str], findings: Sequence[Finding]) -> Survey:
    """What looks like VIA's and cannot be read as it stands."""
    evidence = f"{findings[-1].file}: looks like VIA, but cannot be read"
    photos = tuple(name for name in names if is_photo(name))
    return Survey(
        format="via",
        certainty="possible",
        evidence=evidence,
        photos=photos,
        annotated=0,
        findings=tuple(findings),
    )
