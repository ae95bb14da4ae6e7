"""Surveys of masks without a groundTruth object: plain .mat files named like photos, and PixelLabelData alone.

groundTruth/7.mat beside image/7.jpg  →  options {photos: image, segmentations: groundTruth}, labels 1 … 4
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.matlab_pairs import Pairing, pair_names
from segdata.formats._parts.matlab_places import Folders
from segdata.formats._parts.matlab_segmentations import label_matrices, read_segmentation
from segdata.formats._parts.matlab_variables import load_variables, translated
from segdata.formats._parts.photo_files import is_photo, without_extension
from segdata.formats._surveys.common import any_source, unreadable
from segdata.formats._surveys.matlab_looks import Looks, bare, look
from segdata.mask_file import read_mask_values
from segdata.ontology import IGNORE, VOC_CLASSES
from segdata.survey import Survey
from segdata.wording import counted

MOST_SEGMENTATIONS = 40
"""Plain .mat files that are read: each takes as long as ten masks."""
LABELER_FOLDER = "pixellabeldata"
STRUCTS = ("GTcls", "groundTruth")
SBD_MAP: dict[str | int, str] = {**dict(enumerate(VOC_CLASSES)), 255: IGNORE}


@dataclass(frozen=True)
class _Matrices:
    """Where the label matrix lies in each file: the variable, the others that hold one, and how many people made it."""

    variable: str
    others: Sequence[str]
    annotators: int


def survey_segmentations(root: Path, names: Sequence[str]) -> Survey | None:
    """Plain .mat files that are named like photos: of the folder with most of them."""
    folders = _folders(root, names, ".mat")
    if folders is None:
        return None
    pairing = pair_names(folders, ".mat")
    masks = sorted(pair.mask for pair in pairing.pairs.values() if pair.mask is not None)
    findings: list[Finding] = []
    held = _matrices(masks, folders, root, findings)
    if held is None:
        return None
    options: dict[str, object] = {"photos": _plain(folders.photos), "segmentations": _plain(folders.masks)}
    choices: dict[str, Sequence[object]] = {}
    if held.others:
        options["variable"], choices["variable"] = held.variable, held.others
    if held.annotators > 1:
        options["annotator"], choices["annotator"] = 1, list(range(2, held.annotators + 1))
        message = f"{held.annotators} segmentations by as many people in {masks[0]}"
        findings.append(Finding("annotators", masks[0], "", message, "took the first", "warning"))
    variable = held.variable if held.others else None
    annotator = 1 if held.annotators > 1 else None
    seen = look(
        masks,
        lambda name: read_segmentation(folders.files[name], name, variable, annotator),
        root,
        findings,
        MOST_SEGMENTATIONS,
    )
    is_sbd = held.variable == "GTcls" and seen.masks_by_value.keys() <= SBD_MAP.keys()
    evidence = f"{_plain(folders.masks)}: {counted(len(masks), '.mat file')} with the segmentation {held.variable} of a photo"
    return _survey(
        evidence,
        held.variable in STRUCTS,
        pairing,
        seen,
        [*findings, *_zeros(seen, masks, is_sbd)],
        options,
        choices,
        is_sbd,
    )


def survey_masks(root: Path, names: Sequence[str]) -> Survey | None:
    """A folder PixelLabelData without its groundTruth object: of use where masks name their photos."""
    pngs = [name for name in names if name.lower().endswith(".png")]
    homes = Counter(
        posixpath.dirname(name)
        for name in pngs
        if posixpath.basename(posixpath.dirname(name)).lower() == LABELER_FOLDER
    )
    if not homes:
        return None
    masks = max(homes, key=lambda one: (homes[one], one))
    others = Counter(
        posixpath.dirname(name) for name in names if is_photo(name) and posixpath.dirname(name) != masks
    )
    photos = max(others, key=lambda one: (others[one], one), default="images")
    options: dict[str, object] = {"ground_truth": None, "photos": photos or ".", "labels": masks}
    folders = Folders.of(any_source(root), photos or ".", masks)
    evidence = f"{masks}: {counted(homes[masks], 'mask')} without a groundTruth object"
    findings: list[Finding] = []
    try:
        pairing = pair_names(folders, ".png")
    except DataError as error:
        photo_names = tuple(name for name in folders.below(folders.photos) if is_photo(name))
        return Survey(
            format="matlab",
            certainty="likely",
            evidence=evidence,
            photos=photo_names,
            annotated=0,
            options=options,
            findings=(unreadable(error, root),),
        )
    paired = [pair.mask for pair in pairing.pairs.values() if pair.mask is not None]
    seen = look(paired, lambda name: read_mask_values(folders.files[name], name), root, findings)
    return _survey(
        evidence, False, pairing, seen, [*findings, *_zeros(seen, paired, False)], options, {}, False
    )


def _survey(
    evidence: str,
    certain: bool,
    pairing: Pairing,
    seen: Looks,
    findings: Sequence[Finding],
    options: Mapping[str, object],
    choices: Mapping[str, Sequence[object]],
    is_sbd: bool,
) -> Survey:
    labels: dict[str | int, int] = {
        value: count for value, count in sorted(seen.masks_by_value.items()) if value or is_sbd
    }
    bare_pairs = sum(pair.is_bare for pair in pairing.pairs.values())
    return Survey(
        format="matlab",
        certainty="certain" if certain else "likely",
        evidence=evidence,
        photos=tuple(sorted(pair.photo for pair in pairing.pairs.values())),
        annotated=len(pairing.pairs) - bare_pairs - (0 if is_sbd else seen.empty),
        labels=labels,
        looked_at=seen.looked_at,
        ontology="voc-21" if is_sbd else None,
        label_map=SBD_MAP if is_sbd else None,
        options=options,
        choices=choices,
        findings=(*pairing.findings, *findings, *bare(pairing)),
    )


def _zeros(seen: Looks, masks: Sequence[str], is_sbd: bool) -> list[Finding]:
    """What is made of value 0, which MATLAB's own masks leave to unlabelled pixels."""
    count = seen.masks_by_value[0]
    if is_sbd or not count:
        return []
    message = f"value 0 on {count} of {seen.looked_at} masks"
    action = "taken as unlabelled; if it is a class, name it in source.label_map"
    return [Finding("zero-unlabelled", posixpath.dirname(masks[0]) or "./", "", message, action)]


def _folders(root: Path, names: Sequence[str], suffix: str) -> Folders | None:
    """The folder with most files that are named like photos, and the folder of those photos."""
    stems: dict[str, set[str]] = {}
    for name in names:
        if name.lower().endswith(suffix):
            stems.setdefault(posixpath.dirname(name), set()).add(without_extension(posixpath.basename(name)))
    photos = [name for name in names if is_photo(name)] if stems else []
    alike: Counter[tuple[str, str]] = Counter()
    for name in photos:
        stem = without_extension(posixpath.basename(name))
        alike.update((masks, posixpath.dirname(name)) for masks, held in stems.items() if stem in held)
    if not alike:
        return None
    masks, home = max(alike, key=lambda pair: (alike[pair], pair))
    return Folders.of(any_source(root), home or ".", masks or ".")


def _matrices(
    masks: Sequence[str], folders: Folders, root: Path, findings: list[Finding]
) -> _Matrices | None:
    """What the first file that can be read holds; None when none of the first ten holds a matrix."""
    for name in masks[:10]:
        try:
            with translated(name, ""):
                variables = load_variables(folders.files[name], name)
        except DataError as error:
            findings.append(unreadable(error, root))
            continue
        found = {
            key: len(matrices) for key, value in variables.items() if (matrices := label_matrices(value))
        }
        if found:
            best, *others = sorted(found, key=lambda key: (key not in STRUCTS, key))
            return _Matrices(best, others, found[best])
    return None


def _plain(folder: str) -> str:
    return folder.rstrip("/") or "."
