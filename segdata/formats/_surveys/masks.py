"""Pairs of folders in which the same names occur, here as photos and there as masks: image/ + mask/ and their kin.

Which folders go together: `mask_folders.py`. What their masks hold is told by number, or by name where a file beside
them (names.txt, classes.txt, …) names the numbers.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.label_file import LabelFile, read_numbers
from segdata.formats._parts.photo_files import is_photo, list_files
from segdata.formats._surveys.mask_files import classes_of, find_label_file, look, read_pairs, values_in
from segdata.formats._surveys.mask_folders import Pair, find_pairs, is_named, template_of
from segdata.ontology import IGNORE, IGNORE_INDEX
from segdata.palette import distinct_colors
from segdata.pipeline import SPLITS
from segdata.survey import Certainty, Survey
from segdata.wording import counted

LABEL_FILES = ("names.txt", "class_names.txt", "classes.txt", "labels.txt", "labelmap.txt", "codes.txt")


def survey(root: Path) -> Survey | None:
    """Folders of photos and masks; None where no two folders go together."""
    files = list_files(root, root, [])
    pairs = find_pairs(root, [name for name in files if is_photo(name)])
    if not pairs:
        return None
    options = _options(root, pairs)
    findings: list[Finding] = []
    home = posixpath.commonpath([pair.masks for pair in pairs]) or "."
    places = [".", posixpath.dirname(home) or ".", home]
    named = [posixpath.normpath(f"{place}/{name}") for place in dict.fromkeys(places) for name in LABEL_FILES]
    labels = find_label_file(root, named, findings)
    paired = read_pairs("masks", root, options, pairs[0].photos)
    values = look(root, paired.masks, lambda path, name: _values(path, name, labels))
    numbers = [value for value in values.labels if isinstance(value, int) and value != IGNORE_INDEX]
    black_and_white = IGNORE_INDEX in values.labels and len(numbers) < 2
    if labels is not None and (black_and_white or max(numbers, default=0) >= len(labels.names)):
        labels = None  # its names are not those of these values
    counts = values.labels
    if labels is not None:
        options["names"] = labels.name
        counts = {
            labels.names[value] if isinstance(value, int) and value < len(labels.names) else value: count
            for value, count in counts.items()
        }
    label_map = _label_map(values.labels, labels, black_and_white)
    findings += _told(label_map, counts, pairs[0].masks)
    folders = " · ".join(f"{pair.photos} + {pair.masks}" for pair in pairs[:3]) + (" …" if pairs[3:] else "")
    return Survey(
        format="masks",
        certainty=_certainty(pairs),
        evidence=f"{folders} (photos and masks of the same names): {counted(len(paired.masks), 'mask')}",
        photos=paired.photos,
        annotated=len(paired.masks),
        labels=counts,
        looked_at=values.masks,
        splits=paired.splits,
        ontology=None if labels is None else classes_of(labels, distinct_colors(len(labels.names))),
        label_map=label_map,
        options=options,
        findings=(*findings, *paired.findings, *values.findings),
    )


def _options(root: Path, pairs: Sequence[Pair]) -> dict[str, object]:
    """The reader's options for these folders, without those that are its defaults."""
    first = pairs[0]
    options: dict[str, object] = {}
    split, outline = template_of(first)
    below = [folder.removeprefix("{}/") for folder in outline[:2]]
    there = [name for name in SPLITS if (root / name).is_dir()]
    plain = [pair.photos for pair in pairs] == [f"{name}/{below[0]}" for name in there]
    if split is None:
        folders: tuple[object, object] = first.photos, first.masks
    elif plain and all(folder.startswith("{}/") for folder in outline[:2]):
        folders = below[0], below[1]
        options["split_folders"] = True
    else:
        splits = [(template_of(pair)[0], pair) for pair in pairs]
        folders = {name: pair.photos for name, pair in splits}, {name: pair.masks for name, pair in splits}
    defaults = {"photos": "image", "masks": "mask", "photo_suffix": "", "mask_suffix": ""}
    chosen = {"photos": folders[0], "masks": folders[1]}
    chosen |= {"photo_suffix": first.photo_suffix, "mask_suffix": first.mask_suffix}
    return {**{key: value for key, value in chosen.items() if value != defaults[key]}, **options}


def _certainty(pairs: Sequence[Pair]) -> Certainty:
    return "likely" if is_named(pairs[0]) else "possible"


def _values(path: Path, name: str, labels: LabelFile | None) -> list[str | int]:
    values = read_numbers(path, name, labels)
    if values.ndim == 3:
        raise DataError(name, found="a coloured (RGB) mask", expected="one channel of label values")
    return [*values_in(values)]


def _label_map(
    found: Mapping[str | int, int], labels: LabelFile | None, black_and_white: bool
) -> dict[str | int, str] | None:
    """255 beside other numbers is proposed as ignore; beside 0 alone it may well be all that is not 0."""
    if labels is not None:
        named: dict[str | int, str] = {name: name for name in labels.names}
        if IGNORE_INDEX in found:
            return {**named, IGNORE_INDEX: IGNORE}
        return named if IGNORE in named else None
    if IGNORE_INDEX not in found or black_and_white:
        return None
    return {value: IGNORE if value == IGNORE_INDEX else f"class {value}" for value in found}


def _told(
    label_map: Mapping[str | int, str] | None, counts: Mapping[str | int, int], folder: str
) -> list[Finding]:
    if label_map is None or IGNORE_INDEX not in label_map:
        return []
    message = f"value {IGNORE_INDEX} in {counts[IGNORE_INDEX]} of the masks looked at: neither trained on nor scored?"
    return [Finding("void-value", folder, "", message, "proposed as ignore", "warning")]
