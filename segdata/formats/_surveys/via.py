"""What lies in a folder of VIA annotations: which file to read, where its photos lie, which attribute is the class.

train/via_region_data.json  VIA 2 annotations of 18 photos, which lie beside it
train/via_region_data.csv   the same: a choice, not read as well
val/via_region_data.json    VIA 2 annotations of 4 photos, beside it
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from segdata.errors import DataError
from segdata.file_names import lying
from segdata.findings import Finding
from segdata.formats import open_reader
from segdata.formats._parts.entries import Entry
from segdata.formats._parts.listed_reader import ListedReader
from segdata.formats._parts.photo_files import is_photo, list_files
from segdata.formats._parts.via_files import read_entries
from segdata.formats._parts.via_labels import attributes_said, by_merit, count_labels, shape_name
from segdata.formats._surveys.common import any_source, nothing_readable, unreadable
from segdata.formats._surveys.listed import (
    by_split,
    photo_folder,
    photos_by_last_name,
    relative_to,
    survey_of,
)
from segdata.survey import Survey

MOST_DEEP = 3
"""A VIA file lies in the root (1), in a folder of it (2), or in a folder of that (3)."""
MOST_FILES = 500
"""So many JSON and CSV files are looked into: where there are more, each is of one photo and not VIA's."""
HEAD_BYTES = 1 << 16
SIGNS = (
    b'"_via_',
    b"__VIA_",
    b'"region_attributes"',
    b'"shape_attributes"',
    b"region_shape_attributes",
    b'"vid_list"',
)
NUMBERED = re.compile(rb'"regions"\s*:\s*\{')
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
        regions = [region for entry in self.entries for region in entry.said]
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
    regions = [region for file in chosen for entry in file.entries for region in entry.said]
    attributes = by_merit([attributes_said(region) for region in regions])
    chosen_names = [file.name for file in chosen]
    named = by_split(chosen_names) if len(chosen) > 1 else None
    annotations = named or (chosen_names if len(chosen) > 1 else chosen_names[0])
    options: dict[str, object] = {"annotations": annotations, "photos": photos}
    options |= {"class_attribute": attributes[0]} if attributes else {"implied_class": IMPLIED}
    try:
        reader = open_reader("via", any_source(root, options, IMPLIED))
    except DataError as error:
        return _unreadable(names, [*findings, unreadable(error, root)])
    labels, doubtful = count_labels(regions, attributes[0] if attributes else None, IMPLIED)
    if doubtful:
        carry = "regions carry" if doubtful > 1 else "region carries"
        message = f"{doubtful:,} {carry} several values of {attributes[0]!r}"
        advice = "reading their photos is an error: tick one in VIA"
        findings.append(Finding("several-classes", chosen[0].name, "", message, advice, "error"))
    told = ", ".join(f"{file.name} ({file.flavour})" for file in chosen[:4])
    return survey_of(
        "via",
        root,
        told + (f" and {len(chosen) - 4} more" if len(chosen) > 4 else ""),
        cast(ListedReader, reader),
        shapes=Counter(shape_name(region) for region in regions),
        labels=labels,
        colors={},
        options=options,
        choices={"annotations": [file.name for file in others], "class_attribute": attributes[1:]},
        findings=findings,
    )


def _via_files(root: Path, names: Sequence[str], findings: list[Finding]) -> list[_File]:
    """The VIA files of a folder; those that look like one and cannot be read become findings."""
    by_last_name = photos_by_last_name(names)
    candidates = [
        one for one in names if one.lower().endswith((".json", ".csv")) and one.count("/") < MOST_DEEP
    ]
    candidates.sort(key=lambda name: (name.count("/"), name))
    files = []
    for name in candidates[:MOST_FILES]:
        try:
            with lying(root, name).open("rb") as opened:
                head = opened.read(HEAD_BYTES)
            seen = any(sign in head for sign in SIGNS)
            if not seen and not all(word in head for word in (b'"filename"', b'"regions"')):
                continue
            entries = read_entries(lying(root, name), name, [])
        except DataError as error:
            findings += [unreadable(error, root)] if seen else []
            continue
        except OSError:
            continue
        if entries:
            folder, found = photo_folder(by_last_name, [entry.filename for entry in entries], name)
            files.append(_File(name, _flavour(name, head), entries, folder, frozenset(found)))
    return files


def _flavour(name: str, head: bytes) -> str:
    if name.lower().endswith(".csv"):
        return "VIA CSV"
    if b"__VIA_" in head or (b'"fid_list"' in head or b'"vid_list"' in head):
        return "VIA 3 project"
    if b'"_via_' in head:
        return "VIA 2 project"
    return "VIA 1 annotations" if NUMBERED.search(head) else "VIA 2 annotations"


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


def _unreadable(names: Sequence[str], findings: Sequence[Finding]) -> Survey:
    """What looks like VIA's and cannot be read as it stands."""
    evidence = f"{findings[-1].file}: looks like VIA, but cannot be read"
    return nothing_readable("via", evidence, [name for name in names if is_photo(name)], findings)
