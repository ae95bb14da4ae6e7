"""From what lies in a folder to a pipeline that can be run: every value with the reason that stands beside it.

The reader is opened with the proposed source, so that ids and official splits are the reader's own, and a file is
never proposed that the reader would refuse without saying so.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segdata.conversion.sources import open_source
from segdata.errors import SegdataError
from segdata.formats import Reader, open_reader
from segdata.inspection.classes import Classes, propose_classes
from segdata.inspection.recognise import Headers, Inspection
from segdata.inspection.yaml_text import flow
from segdata.pipeline import SPLITS, HashSplits, SeededSplits, Source, Split
from segdata.splits import assign_splits
from segdata.survey import Survey, evenly_spaced
from segdata.wording import counted, size_text

LONGER_SIDE = 256
MULTIPLE = 16
SHARES: dict[Split, float] = {"train": 0.7, "val": 0.15, "test": 0.15}
MOST_TRIED = 12
"""So many samples are read, evenly spaced, to find one that can be."""
PHOTOS_SEEN = 1600
"""Training shows about so many photos in all: minutes on a CPU."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What goes into the pipeline file.

    checks     what the user must look at, printed and written on top of the file
    reasons    key → why it is so, as a comment above it
    samples    split → samples the reader lists; empty when it could not open the source
    problem    why nothing can be read as it stands, or "": such a file would be no start
    """

    name: str
    root: str
    survey: Survey
    classes: Classes
    splits: Mapping[str, object]
    size_hw: tuple[int, int]
    epochs: int
    batch_size: int
    evaluate_split: str
    checks: tuple[str, ...]
    reasons: Mapping[str, str]
    samples: Mapping[str, int]
    problem: str


def propose(found: Inspection, name: str, root: str) -> Proposal:
    """A pipeline for `pipelines/<name>.yaml` over the folder `root`, relative to the project.

    Raises DataError when there is nothing to make a class from.
    """
    assert found.survey is not None
    survey = found.survey
    classes = propose_classes(survey)
    ids, official, problem = _open(found, classes, name, root)
    splits, samples, why = _splits(ids, official, survey, found.unread)
    num_train = samples.get("train", 0) or round(len(survey.photos) * SHARES["train"])
    checks = [*survey.checks, *classes.checks]
    if survey.label_map is None and isinstance(classes.ontology, Mapping) and len(classes.ontology) > 1:
        checks.append("The order of the classes is the order of their ids: set it before you train.")
    for key in sorted(survey.options.keys() & survey.choices.keys()):
        others = [choice for choice in survey.choices[key] if choice != survey.options[key]]
        if others:
            more = " Other labels come with it." if "class" in key else ""
            checks.append(f"options.{key} is {flow(survey.options[key])}, and could be {flow(others)}.{more}")
    for folder, images in found.unread.items():
        checks.append(
            f"Folder {folder} has {counted(images, 'image')}, and none goes with an annotation that can be read (masks saved as JPEG "
            "or of several colour channels, other names, a damaged file): it is not in this file. Mend it, and inspect again."
        )
    if not problem and not found.unread and not (samples.get("train") and samples.get("val")):
        checks.append(
            f"{counted(len(ids), 'sample')}: too few to train on and to choose by. Annotate more photos."
        )
    size_hw = choose_size(found.headers)
    return Proposal(
        name=name,
        root=root,
        survey=survey,
        classes=classes,
        splits=splits,
        size_hw=size_hw,
        epochs=max(8, min(48, PHOTOS_SEEN // max(1, num_train))),
        batch_size=8 if num_train >= 16 else 4,
        evaluate_split="test" if samples.get("test") else "val",
        checks=tuple(checks),
        reasons={"splits": why, "size_hw": _size_reason(found.headers, size_hw), **_frame(found)},
        samples=samples,
        problem=problem,
    )


def _open(
    found: Inspection, classes: Classes, name: str, root: str
) -> tuple[Sequence[str], Mapping[str, str | None], str]:
    """Ids and official splits as the reader sees them; or why it cannot open the source, or read any of its samples."""
    assert found.survey is not None
    ontology = classes.ontology
    source = Source(
        format=found.survey.format,
        root=root,
        ontology=ontology if isinstance(ontology, str) else dict(ontology),
        label_map=None
        if classes.label_map is None
        else {entry.label: entry.class_name for entry in classes.label_map},
        splits=HashSplits(shares=SHARES),
        unlabelled=classes.unlabelled,
        options=dict(found.survey.options),
    )
    try:
        opened = open_source(source, found.root, f"pipelines/{name}.yaml")
        reader = open_reader(found.survey.format, opened)
        ids = reader.ids()
    except SegdataError as error:
        return (), {}, f"the source cannot be opened: {error}"
    return ids, {id: reader.official_split(id) for id in ids}, _unreadable(reader, ids)


def _unreadable(reader: Reader, ids: Sequence[str]) -> str:
    """Why no sample can be read; "" as soon as one can."""
    if not ids:
        return "no photo can be used as it lies: the findings say why"
    tried = evenly_spaced(ids, MOST_TRIED)
    why = ""
    for id in tried:
        try:
            reader.read(id)
            return ""
        except SegdataError as error:
            why = why or str(error)
    many = "no photo" if len(tried) == len(ids) else f"none of {counted(len(tried), 'photo')} tried"
    return f"{many} can be read with its annotation; the first: {why}"


def _splits(
    ids: Sequence[str], official: Mapping[str, str | None], survey: Survey, unread: Mapping[str, int]
) -> tuple[Mapping[str, object], Mapping[str, int], str]:
    """The split to propose, samples per split, and why."""
    told: Mapping[str, int] = survey.splits if not ids else Counter(s for s in official.values() if s)
    if told.get("train") and told.get("val"):
        why = f"The data bring their own: {_counts(told)}."
        why += (
            f" Not counted, as unannotated says skip: {_counts(survey.bare)}." if survey.bare and ids else ""
        )
        left_out = len(ids) - sum(told.get(split, 0) for split in SPLITS)
        why += f" In none of them, and left out: {counted(left_out, 'photo')}." if left_out > 0 else ""
        return {"method": "official"}, {split: told[split] for split in SPLITS if told.get(split)}, why
    if told and unread:
        lost = " and ".join(f"{name} ({counted(images, 'image')})" for name, images in unread.items())
        why = f"The data bring their own: {_counts(told)}. Nothing of {lost} can be read as it lies: mend that first."
        return {"method": "official"}, {split: told[split] for split in SPLITS if told.get(split)}, why
    brought = f"The data bring {_counts(told)}, but training needs train and val. " if told else ""
    hashed = HashSplits(shares=SHARES)
    samples = _assigned(ids, hashed)
    if not ids or all(samples.get(split) for split in SPLITS):
        why = (
            "By a hash of the id: new photos never move old ones. Photos that belong together (frames of a film, one "
            'plant) must stay together: add group: "^[^_]+", a regular expression for what they share in their id.'
        )
        return {"method": "hash", "shares": dict(SHARES)}, samples, brought + why
    seeded = SeededSplits(recipe="scikit-learn", seed=0, test=0.2, val=0.2)
    why = f"With so few photos ({len(ids)}) a hash would leave a split empty, so they are drawn; with more, use hash."
    plain = {"method": "seeded", "recipe": "scikit-learn", "seed": 0, "test": 0.2, "val": 0.2}
    return plain, _assigned(ids, seeded), brought + why


def _assigned(ids: Sequence[str], splits: HashSplits | SeededSplits) -> dict[str, int]:
    counts = Counter(assign_splits(ids, splits, lambda id: None, "", Path()).values())
    return {split: counts[split] for split in SPLITS if counts[split]}


def _counts(splits: Mapping[str, int]) -> str:
    ordered = [split for split in SPLITS if split in splits] + sorted(splits.keys() - set(SPLITS))
    return ", ".join(f"{splits[split]:,} {split}" for split in ordered)


def choose_size(headers: Headers) -> tuple[int, int]:
    """The commonest size, reduced: longer side at most 256, multiples of 16, the aspect kept as well as these allow.

    >>> choose_size(Headers(1, {(480, 640): 1}, {}, ()))
    (192, 256)
    """
    if not headers.sizes:
        return (192, 256)
    height, width = next(iter(headers.sizes))
    longer, shorter = max(height, width), min(height, width)
    largest = max(MULTIPLE, min(LONGER_SIDE, longer // MULTIPLE * MULTIPLE))

    def misfit(side: int) -> tuple[float, int]:
        other = _other_side(side, longer, shorter)
        return round(abs(math.log(side / other * shorter / longer)), 2), -side

    side = min(range(largest, max(MULTIPLE, largest // 2) - 1, -MULTIPLE), key=misfit)
    other = _other_side(side, longer, shorter)
    return (side, other) if height >= width else (other, side)


def _other_side(side: int, longer: int, shorter: int) -> int:
    return max(MULTIPLE, round(side * shorter / longer / MULTIPLE) * MULTIPLE)


def _size_reason(headers: Headers, size_hw: tuple[int, int]) -> str:
    if not headers.sizes:
        return "Height and width. No photo's header could be read: set it yourself."
    height, width = next(iter(headers.sizes))
    others = len(headers.sizes) - 1
    reason = f"Height and width of what is trained on; most photos are {size_text((height, width))}."
    if others:
        reason += f" Those of {counted(others, 'other size')} are stretched to it."
    return reason + " Larger shows more detail and takes longer."


def _frame(found: Inspection) -> dict[str, str]:
    """Comments on turned photos and photos without annotation, where there are any."""
    assert found.survey is not None
    reasons = {}
    turned = sum(found.headers.turns.values())
    if turned:
        reasons["exif"] = (
            f"Stored turned (EXIF): {counted(turned, 'photo')}. If masks lie askew on them (segdata show), say in which frame "
            "they were annotated: exif: as-shown, or exif: as-stored."
        )
    without = len(found.survey.photos) - found.survey.annotated
    if without > 0:
        reasons["unannotated"] = (
            f"Without annotation: {counted(without, 'photo')}. skip leaves them out; background takes them whole as "
            "`unlabelled`; ignore keeps them without a label."
        )
    if found.survey.looked_at is None:
        reasons["unlabelled"] = (
            "What no region covers: ignore (not trained on, not scored), or a class of the ontology."
        )
    return reasons
