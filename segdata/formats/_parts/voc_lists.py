"""ImageSets lists: which photo belongs to which split.

    ImageSets/Segmentation/train.txt        one id per line: "2007_000032"
    dataset/train.txt                       SBD's: its train and val together hold most of VOC's val

Where the pipeline file leaves the lists to their names (train, val, test), an id in two of them is an error. Where it
chooses lists (`splits: {train: trainaug, val: val}`), the lists of train give way to those of val and test: such ids
are taken out of train and counted, as the authors of trainaug did.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.formats._parts.label_file import read_lines
from segdata.formats._parts.photo_files import composed
from segdata.pipeline import SPLITS, Split
from segdata.wording import counted

FIX = "Remove it from one of the two: a model must not be scored on what it was trained on."


def read_lists(
    source: OpenSource, folder: str, chosen: Mapping[Split, list[str]], findings: list[Finding]
) -> dict[str, Split] | None:
    """Split of every listed id; None where there is no list.

    chosen  split → lists, relative to `folder`, without .txt; empty: train, val and test, those that are there
    Raises DataError for a chosen list that is absent, an id in the lists of two splits, or a line that is no id.
    """
    files = _files(source, folder, chosen)
    if not files:
        return None
    listed: dict[str, dict[str, str]] = {}
    for split in SPLITS:
        listed[split] = {}
        for name, path in files.get(split, {}).items():
            _add_list(listed[split], name, path, findings)
    splits: dict[str, Split] = {}
    scored = listed["val"].keys() | listed["test"].keys()
    if chosen:
        _tell_overlap(listed["train"], scored, findings)
    for split in SPLITS:
        for id, place in listed[split].items():
            if chosen and split == "train" and id in scored:
                continue
            if id in splits:
                name, _, line = place.rpartition(": ")
                other = listed[splits[id]][id].rpartition(": ")[0].rpartition("/")[2]
                raise DataError(
                    name,
                    place=line,
                    found=f"id {id!r}, which {other} lists too",
                    expected="every id in one list only",
                    fix=FIX
                    if chosen
                    else f"{FIX} Lists named in source.options.splits do so: train gives way.",
                )
            splits[id] = split
    return splits


def _files(source: OpenSource, folder: str, chosen: Mapping[Split, list[str]]) -> dict[str, dict[str, Path]]:
    """Lists of each split by their path relative to the root."""
    if not chosen:
        found = {split: f"{folder}/{split}.txt" for split in SPLITS}
        return {
            split: {name: source.root / name}
            for split, name in found.items()
            if (source.root / name).is_file()
        }
    files: dict[str, dict[str, Path]] = {}
    for split, lists in chosen.items():
        files[split] = {}
        for one in lists:
            name = posixpath.normpath(f"{folder}/{one}.txt")
            source.inside(name, named_by=f"{source.where}: source.options.splits")
            files[split][name] = source.need(name, f"the ids of split {split}, one per line")
    return files


def _add_list(listed: dict[str, str], name: str, path: Path, findings: list[Finding]) -> None:
    """Add the ids of a list, each with its place; lists of one split may repeat each other."""
    own: set[str] = set()
    for number, line in enumerate(read_lines(path, name), 1):
        id = composed(line.strip())
        if not id:
            continue
        if PurePosixPath(id).is_absolute() or {"..", "."} & set(id.split("/")):
            raise DataError(
                name,
                place=f"line {number}",
                found=repr(id),
                expected="the id of a photo",
                fix="Write the photo's name without folder and extension, as 2007_000032.",
            )
        if id in own:
            place, message = f"line {number}", f"id {id!r} a second time"
            findings.append(Finding("listed-twice", name, place, message, "taken once"))
        own.add(id)
        listed.setdefault(id, f"{name}: line {number}")


def _tell_overlap(train: Mapping[str, str], scored: set[str], findings: list[Finding]) -> None:
    """One finding for each list of train, with the number of its ids that are kept for scoring."""
    overlap: dict[str, list[str]] = {}
    for id in sorted(train.keys() & scored):
        overlap.setdefault(train[id].rpartition(": ")[0], []).append(id)
    for name, ids in overlap.items():
        some = ", ".join(ids[:3]) + (", …" if len(ids) > 3 else "")
        message = f"{counted(len(ids), 'id')} that the lists of val or test hold too: {some}"
        findings.append(Finding("train-overlaps", name, "", message, "taken out of train", "warning"))
