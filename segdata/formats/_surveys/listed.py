"""What the surveys of VIA, COCO, LabelMe and CVAT share: they look with the reader's own eyes.

A survey finds the annotation files, guesses the options, opens the reader with them, and counts what it sees.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from segdata.file_names import lying
from segdata.findings import Finding
from segdata.formats._parts.entries import ELSEWHERE, path_part
from segdata.formats._parts.listed_reader import ListedReader
from segdata.formats._parts.photo_files import composed, is_photo, list_files
from segdata.formats._surveys.common import unreadable
from segdata.survey import Survey
from segdata.wording import counted

MOST_FILES = 20_000
"""So many files of a folder are looked at, at most."""

_SPLIT = {
    "train": re.compile(r"(?<![a-z])train(ing)?(?![a-z])", re.I),
    "val": re.compile(r"(?<![a-z])(val|valid|validation)(?![a-z])", re.I),
    "test": re.compile(r"(?<![a-z])test(ing)?(?![a-z])", re.I),
}


def split_of(name: str) -> str | None:
    """The split that a file or subset is named after, or None.

    >>> split_of("annotations/instances_val2017.json"), split_of("Train"), split_of("latest")
    ('val', 'train', None)
    """
    found = [split for split, pattern in _SPLIT.items() if pattern.search(name)]
    return found[0] if len(found) == 1 else None


def by_split(files: Sequence[str]) -> dict[str, str] | None:
    """{split: file} where every file is named after a split of its own; None otherwise."""
    named = {split: file for file in files if (split := split_of(file)) is not None}
    return dict(sorted(named.items())) if named and len(named) == len(files) else None


def alike(files: Sequence[str]) -> list[list[str]]:
    """Groups of files that differ in the split's word alone, one of each split; every other file is its own group.

    >>> alike(["kp_train.json", "kp_val.json", "train2017.json", "x.json", "val2017.json"])
    [['kp_train.json', 'kp_val.json'], ['train2017.json', 'val2017.json'], ['x.json']]
    """
    groups: dict[str, dict[str, str]] = {}
    for file in files:
        split = split_of(file)
        outline = _SPLIT[split].sub("{}", file) if split is not None else file
        if split is None or split in groups.get(outline, {}):
            groups[file] = {"": file}
        else:
            groups.setdefault(outline, {})[split] = file
    return [list(group.values()) for group in groups.values()]


def files_below(root: Path, suffix: str) -> list[str]:
    """Files of a suffix below the root, relative to it, sorted; those of hidden folders are left out."""
    names = [name for name in list_files(root, root, []) if name.lower().endswith(suffix)]
    return names[:MOST_FILES]


def json_files(root: Path, *words: bytes, without: Sequence[bytes] = ()) -> list[str]:
    """JSON files below the root in which all these words stand, and none of `without`."""
    return [name for name in files_below(root, ".json") if _holds(lying(root, name), words, without)]


def _holds(path: Path, words: Sequence[bytes], without: Sequence[bytes]) -> bool:
    try:
        text = path.read_bytes()
    except OSError:
        return False
    return all(word in text for word in words) and not any(word in text for word in without)


def photos_by_last_name(names: Iterable[str]) -> dict[str, list[str]]:
    """The photos among these files by the last part of their names."""
    photos: dict[str, list[str]] = {}
    for name in names:
        if is_photo(name):
            photos.setdefault(posixpath.basename(name), []).append(name)
    return photos


def photo_folder(
    by_last_name: Mapping[str, Sequence[str]], filenames: Sequence[str], file: str
) -> tuple[str, list[str]]:
    """The folder, relative to the root, that holds most of the photos that `file` names, and those.

    Of those with as many, that of the split that `file` is named after wins, then the nearest. Where there is none of
    these photos, the one with most photos near the file, or at all.
    """
    folders: dict[str, list[str]] = {}
    for filename in filenames:
        wanted = re.sub(r"^(\./)+", "", composed(filename))
        if ELSEWHERE.match(wanted):
            wanted = posixpath.basename(path_part(wanted))
        for photo in by_last_name.get(posixpath.basename(wanted), ()):
            if f"/{photo}".endswith(f"/{wanted}"):
                folders.setdefault(photo.removesuffix(wanted).rstrip("/") or ".", []).append(photo)
    home, split = posixpath.dirname(file), split_of(file)

    def merit(folder: str) -> tuple[int, bool, int, int, str]:
        shared = len(posixpath.commonprefix([f"{home}/".lstrip("/").split("/"), folder.split("/")]))
        return -len(folders[folder]), split_of(folder) != split, -shared, folder.count("/"), folder

    if folders:
        best = min(folders, key=merit)
        return best, folders[best]
    holding = Counter(posixpath.dirname(photo) for photos in by_last_name.values() for photo in photos)
    near = [one for one in holding if one == home or f"{one}/".startswith(f"{home}/" if home else "")]
    return min(near or holding, key=lambda one: (one != home, -holding[one], one), default=home) or ".", []


def relative_to(folder: str, home: str) -> str:
    """A folder as seen from another, both relative to the root.

    >>> relative_to("task 1/images", "task 1"), relative_to("images", "annotations"), relative_to(".", ".")
    ('images', '../images', '.')
    """
    return posixpath.relpath(posixpath.join("/", folder), posixpath.join("/", home))


def survey_of(
    format: str,
    root: Path,
    evidence: str,
    reader: ListedReader,
    *,
    shapes: Mapping[str, int],
    labels: Mapping[str, int],
    colors: Mapping[str, tuple[int, int, int] | None],
    options: Mapping[str, object],
    choices: Mapping[str, Sequence[object]],
    findings: Sequence[Finding] = (),
) -> Survey:
    """A survey from what a reader found in the folder. Colours are proposed where every label has one of its own.

    findings   what was found beside what the reader reads
    """
    subjects = reader.subjects.values()
    annotated = sum(
        one.entry is not None and not one.entry.is_bare for one in subjects if one.problem is None
    )
    known = {name: color for name, color in colors.items() if color is not None}
    distinct = len(known) == len(colors) == len(set(known.values())) and "ignore" not in known
    bare = [
        (subject.split, Finding(one.code, one.file, one.place, one.message, "see source.unannotated"))
        for subject in subjects
        for one in subject.findings
        if one.code == "not-annotated"
    ]
    problems = [unreadable(one.problem, root) for one in subjects if one.problem is not None]
    return Survey(
        format=format,
        certainty="certain",
        evidence=f"{evidence}: {counted(annotated, 'photo')} annotated",
        photos=tuple(sorted(one.name for one in subjects)),
        annotated=annotated,
        shapes=dict(sorted(shapes.items())),
        labels=dict(sorted(labels.items())),
        splits=_counts(one.split for one in subjects),
        bare=_counts(split for split, _ in bare),
        ontology=known if known and distinct else None,
        options=options,
        choices={key: values for key, values in choices.items() if values},
        findings=(*findings, *reader.findings, *problems, *(finding for _, finding in bare)),
    )


def _counts(splits: Iterable[str | None]) -> dict[str, int]:
    return dict(sorted(Counter(split for split in splits if split is not None).items()))
