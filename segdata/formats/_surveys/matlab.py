r"""What lies in a folder that MATLAB labelled: a groundTruth object, plain segmentations, or masks alone.

gTruth.mat            says which photo belongs to which mask, and what the numbers are called
groundTruth/7.mat     one segmentation per photo, named like it; its numbers have no names
PixelLabelData/*.png  masks without the groundTruth object, which only help where they name their photo
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segdata.errors import DataError
from segdata.file_names import lying
from segdata.findings import Finding
from segdata.formats._parts.matlab_definitions import Color
from segdata.formats._parts.matlab_files import GroundTruth, read_ground_truth, truths_in
from segdata.formats._parts.matlab_pairs import Pairing, pair_rows
from segdata.formats._parts.matlab_places import Folders
from segdata.formats._parts.matlab_segmentations import label_matrices
from segdata.formats._parts.matlab_variables import load_variables, translated
from segdata.formats._parts.photo_files import list_files
from segdata.formats._surveys.common import any_source, nothing_readable, unreadable
from segdata.formats._surveys.matlab_looks import bare, folder_of, look
from segdata.formats._surveys.matlab_plain import survey_masks, survey_segmentations
from segdata.mask_file import read_mask_values
from segdata.ontology import IGNORE
from segdata.survey import Survey
from segdata.wording import counted

MOST_DEEP = 3
"""A groundTruth object lies in the root (1), in a folder of it (2), or in a folder of that (3)."""
MOST_FILES = 20
"""So many .mat files are looked into for a groundTruth object: where there are more, each is of one photo."""


@dataclass(frozen=True)
class _Truth:
    """A file with a groundTruth object: its variables that could be it, and what the first one says."""

    name: str
    variables: Sequence[str]
    content: GroundTruth


def survey(root: Path) -> Survey | None:
    """None where no .mat file and no PixelLabelData lies. Opens no photo. Raises MissingExtraError without mat-io."""
    try:
        names = list(list_files(root, root, []))
    except DataError:
        return None
    findings: list[Finding] = []
    truths = _ground_truths(root, names, findings)
    if truths:
        return _of_truth(root, names, truths, findings)
    try:
        found = survey_segmentations(root, names) or survey_masks(root, names)
    except DataError as error:
        findings.append(unreadable(error, root))
        found = None
    if found is not None:
        return replace(found, findings=(*findings, *found.findings))
    if not findings:
        return None
    return nothing_readable("matlab", f"{findings[0].file}: {findings[0].message}", (), findings)


def _ground_truths(root: Path, names: Sequence[str], findings: list[Finding]) -> list[_Truth]:
    """Those of the fullest first; files that are called truth or hold such an object, and cannot be read, become findings."""
    mats = [name for name in names if name.lower().endswith(".mat") and name.count("/") < MOST_DEEP]
    crowds = Counter(posixpath.dirname(name) for name in mats)
    mats = [name for name in mats if crowds[posixpath.dirname(name)] <= MOST_FILES]
    mats.sort(key=lambda name: ("truth" not in posixpath.basename(name).lower(), name.count("/"), name))
    found = []
    for name in mats[:MOST_FILES]:
        named = "truth" in posixpath.basename(name).lower() or "session" in name.lower()
        variables: list[str] = []
        try:
            with translated(name, ""):
                held = load_variables(lying(root, name), name)
                variables = sorted(truths_in(held))
            if variables:
                found.append(
                    _Truth(name, variables, read_ground_truth(lying(root, name), name, variables[0]))
                )
            elif named and not any(label_matrices(value) for value in held.values()):
                read_ground_truth(lying(root, name), name, None)  # raises: says what it is instead
        except DataError as error:
            findings += [unreadable(error, root)] if named or variables else []
        except OSError:
            continue
    return sorted(found, key=lambda one: (-len(one.content.rows), one.name))


def _of_truth(root: Path, names: Sequence[str], truths: Sequence[_Truth], findings: list[Finding]) -> Survey:
    best, truth = truths[0], truths[0].content
    options, choices = _options(names, truths, findings)
    pairing, folders = Pairing(), None
    try:
        folders = Folders.of(
            any_source(root), str(options["photos"]), str(options.get("labels", "PixelLabelData"))
        )
        pairing = pair_rows(truth.rows, folders, best.name)
    except DataError as error:
        findings.append(unreadable(error, root))
    findings += [*truth.doubts, *pairing.findings]
    pairs = pairing.pairs.values()
    labels: Counter[str | int] = Counter(dict.fromkeys((label.name for label in truth.definitions), 0))
    drawn = [shape for pair in pairs for shape in pair.shapes]
    labels.update(shape.label for shape in drawn)
    looked_at, empty = None, 0
    if not truth.outlined and folders is not None:
        files, known = folders.files, truth.names_by_value()
        masks = [pair.mask for pair in pairs if pair.mask is not None]
        seen = look(masks, lambda name: read_mask_values(files[name], name), root, findings)
        looked_at, empty = seen.looked_at, 0 if 0 in known else seen.empty
        for values in seen.values:
            labels.update({known[value] for value in values & known.keys()})
        masks_by_value = seen.masks_by_value
        for value in sorted(masks_by_value.keys() - known.keys() - {0}):
            message = (
                f"value {value} on {counted(masks_by_value[value], 'mask')}, which no label definition has"
            )
            findings.append(Finding("value-unnamed", best.name, "", message, "an error when read", "error"))
    return Survey(
        format="matlab",
        certainty="certain",
        evidence=f"{best.name} (MATLAB groundTruth): {counted(len(truth.rows), 'photo')}, {counted(len(truth.definitions), 'label')}",
        photos=tuple(sorted(pair.photo for pair in pairs)),
        annotated=sum(not pair.is_bare for pair in pairs) - empty,
        shapes=dict(
            sorted(Counter("polygon" if "polygon" in one.place else "rect" for one in drawn).items())
        ),
        labels=dict(labels),
        looked_at=looked_at,
        ontology=_colors(truth),
        options=options,
        choices=choices,
        findings=(*findings, *bare(pairing)),
    )


def _options(
    names: Sequence[str], truths: Sequence[_Truth], findings: list[Finding]
) -> tuple[dict[str, object], dict[str, Sequence[object]]]:
    """source.options, and what else they could be."""
    best, *others = truths
    options: dict[str, object] = {"ground_truth": best.name}
    choices: dict[str, Sequence[object]] = {}
    if len(best.variables) > 1:
        options["variable"], choices["variable"] = best.variables[0], best.variables[1:]
    if others:
        choices["ground_truth"] = [other.name for other in others]
    for other in others:
        message = f"another groundTruth object, of {counted(len(other.content.rows), 'photo')}"
        findings.append(Finding("annotations-alike", other.name, "", message, "left out", "warning"))
    rows = best.content.rows
    options["photos"] = folder_of([row.photo for row in rows], names, "images")
    if not best.content.outlined:
        options["labels"] = folder_of([row.mask for row in rows if row.mask], names, "PixelLabelData")
    return options, choices


def _colors(truth: GroundTruth) -> dict[str, Color] | None:
    """The labels' own colours, where each has one of its own."""
    colors = {label.name: label.color for label in truth.definitions if label.color is not None}
    distinct = len(colors) == len(truth.definitions) == len(set(colors.values()))
    return colors if colors and distinct and IGNORE not in colors else None
