"""Pairs of folders in which the same names occur, here as photos and there as masks: image/ + mask/ and their kin.

Which folders go together: `mask_folders.py`. What their masks hold is told by number, or by name where a file beside
them (names.txt, classes.txt, …) names the numbers; by colour where they are coloured: `masks_in_colors.py`. JPEGs are
named as such, and not read: `masks_lossy.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.label_file import LabelFile, read_numbers
from segdata.formats._parts.photo_files import is_photo, list_files
from segdata.formats._surveys.color_tables import find_tables
from segdata.formats._surveys.mask_files import (
    Looked,
    Paired,
    classes_of,
    find_label_file,
    look,
    read_pairs,
    values_in,
)
from segdata.formats._surveys.mask_folders import (
    Pair,
    beside,
    find_pairs,
    folders_beside,
    is_named,
    of_colors,
    of_numbers,
    options_of,
    shown,
)
from segdata.formats._surveys.masks_in_colors import survey_colors
from segdata.formats._surveys.masks_lossy import survey_lossy
from segdata.formats._surveys.table_numbers import is_palette_of, numbers_by_table, unsaid
from segdata.ontology import IGNORE, IGNORE_INDEX
from segdata.palette import distinct_colors
from segdata.survey import Survey
from segdata.wording import counted

LABEL_FILES = ("names.txt", "class_names.txt", "classes.txt", "labels.txt", "labelmap.txt", "codes.txt")


def survey(root: Path) -> Survey | None:
    """Folders of photos and masks; None where no two folders go together."""
    names = [name for name in list_files(root, root, []) if is_photo(name)]
    findings: list[Finding] = []
    pairs = find_pairs(root, names, of_numbers)
    in_colors = not pairs
    pairs = pairs or find_pairs(root, names, of_colors)
    if not pairs:
        return survey_lossy(root, names)
    labels = find_label_file(root, beside(pairs, LABEL_FILES), findings)
    if in_colors and (labels is None or not labels.colors):
        return survey_colors(root, pairs)
    tables = [] if in_colors else find_tables(root, folders_beside(pairs), findings)
    if labels is not None and not labels.colors and labels.name in {table.file for table in tables}:
        labels = None  # its lines are more than names
    paired = read_pairs("masks", root, options_of(root, pairs), pairs[0].photos)
    if labels is None and tables and is_palette_of(root, paired.masks, tables):
        return survey_colors(root, pairs, "palettised")
    values = look(root, paired.masks, lambda path, name: _values(path, name, labels))
    numbers = [value for value in values.labels if isinstance(value, int) and value != IGNORE_INDEX]
    black_and_white = IGNORE_INDEX in values.labels and len(numbers) < 2
    is_beyond = black_and_white or (labels is not None and max(numbers, default=0) >= len(labels.names))
    if is_beyond and not in_colors:
        labels = None  # its names are not those of these values
    findings += paired.findings
    findings += values.findings
    if labels is None and (by_table := numbers_by_table(tables, values.labels)) is not None:
        if IGNORE_INDEX not in by_table.said:
            findings += _told(by_table.classes, values.labels, pairs[0].masks)
        findings += by_table.findings
        plain = _survey(root, pairs, paired, values, findings)
        return replace(
            plain,
            evidence=f"{plain.evidence}, named by {by_table.file}",
            ontology=by_table.ontology,
            label_map=by_table.classes,
            checks=(by_table.check,),
        )
    counts, named = values.labels, {}
    if labels is not None:
        named = {"names": labels.name}
        counts = {
            labels.names[value] if isinstance(value, int) and value < len(labels.names) else value: count
            for value, count in counts.items()
        }
    if labels is None:
        findings += unsaid([one for one in tables if one.is_sure], values.labels)
    label_map = _label_map(values.labels, labels, black_and_white)
    findings += _told(label_map, counts, pairs[0].masks)
    plain = _survey(root, pairs, paired, values, findings)
    return replace(
        plain,
        labels=counts,
        ontology=None if labels is None else classes_of(labels, distinct_colors(len(labels.names))),
        label_map=label_map,
        options={**plain.options, **named},
    )


def _survey(
    root: Path, pairs: Sequence[Pair], paired: Paired, values: Looked, findings: Sequence[Finding]
) -> Survey:
    """What lies there, without what the numbers mean."""
    return Survey(
        format="masks",
        certainty="likely" if is_named(pairs[0]) else "possible",
        evidence=f"{shown(pairs)}: {counted(len(paired.masks), 'mask')}",
        photos=paired.photos,
        annotated=len(paired.masks),
        labels=values.labels,
        looked_at=values.masks,
        splits=paired.splits,
        bare=paired.bare,
        options=options_of(root, pairs),
        findings=tuple(findings),
    )


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
