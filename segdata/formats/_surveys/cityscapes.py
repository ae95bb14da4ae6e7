"""What a Cityscapes tree holds: photos per split, which of the four kinds of annotation, and labels by name."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.cityscapes_truth import (
    DUMMY_IDS,
    NAMES,
    NUM_TRAIN_IDS,
    Truth,
    is_dummy,
    read_polygons,
    read_values,
)
from segdata.formats._parts.photo_files import list_files
from segdata.formats._surveys.mask_files import look, read_pairs, values_in
from segdata.ontology import IGNORE_INDEX
from segdata.survey import Survey, evenly_spaced
from segdata.wording import counted

KINDS = ("labelIds.png", "labelTrainIds.png", "instanceIds.png", "polygons.json")
SPLITS = ("train", "val", "train_extra", "test")
DEFAULT_SPLITS = ["train", "val"]


def survey(root: Path) -> Survey | None:
    """A Cityscapes tree; None where leftImg8bit/ or annotations in gtFine/ or gtCoarse/ are absent."""
    if not (root / "leftImg8bit").is_dir():
        return None
    trees = {annotation: _annotations(root, annotation) for annotation in ("gtFine", "gtCoarse")}
    present = [annotation for annotation, files in trees.items() if files]
    if not present:
        return None
    annotation = present[0]
    files = trees[annotation]
    kinds = Counter(kind for kind, _, _ in files)
    only_train_ids = kinds["labelTrainIds.png"] and kinds.total() == kinds["labelTrainIds.png"]
    truth: Truth = "labelTrainIds" if only_train_ids else "labelIds"
    findings: list[Finding] = []
    splits = [split for split in SPLITS if (root / "leftImg8bit" / split).is_dir()]
    annotated = {split for _, split, _ in files}
    dummies = [name for kind, split, name in files if split == "test" and kind == f"{truth}.png"]
    if not dummies:
        dummies = [name for kind, split, name in files if split == "test" and kind == "polygons.json"]
    if dummies and all(_is_dummy(root, name, truth) for name in evenly_spaced(sorted(dummies), 8)):
        message = f"{counted(len(dummies), 'mask')} without an object: Cityscapes keeps the labels of its test split to itself"
        findings.append(Finding("dummy-masks", f"{annotation}/test", "", message, "left out"))
        annotated.discard("test")
    kept = [split for split in splits if split in annotated] or splits
    options: dict[str, object] = {}
    if annotation != "gtFine":
        options["annotation"] = annotation
    if truth != "labelIds":
        options["truth"] = truth
    if kept != DEFAULT_SPLITS:
        options["splits"] = kept
    paired = read_pairs("cityscapes", root, options, "leftImg8bit")
    looked = look(root, paired.masks, lambda path, name: _labels(path, name, truth))
    other = "labelTrainIds" if truth == "labelIds" else "labelIds"
    choices = {"truth": [other]} if kinds[f"{other}.png"] else {}
    with_void = truth == "labelTrainIds" and NUM_TRAIN_IDS in looked.labels
    listed = ", ".join(f"{kinds[kind]:,} {kind}" for kind in KINDS if kinds[kind])
    coarse = f"; {counted(len(trees['gtCoarse']), 'file')} in gtCoarse" if len(present) > 1 else ""
    return Survey(
        format="cityscapes",
        certainty="certain",
        evidence=f"leftImg8bit + {annotation} (Cityscapes): {listed}{coarse}",
        photos=paired.photos,
        annotated=len(paired.masks),
        labels=looked.labels,
        looked_at=looked.masks,
        splits=paired.splits,
        bare=paired.bare,
        ontology="cityscapes-20" if with_void else "cityscapes-19",
        options=options,
        choices=choices | ({"annotation": ["gtCoarse"]} if len(present) > 1 else {}),
        findings=(*findings, *paired.findings, *looked.findings),
    )


def _annotations(root: Path, annotation: str) -> list[tuple[str, str, str]]:
    """Kind, split and name, relative to the root, of each annotation file."""
    folder = root / annotation
    names = list_files(folder, root, []) if folder.is_dir() else {}
    return [
        (kind, name.partition("/")[0], f"{annotation}/{name}")
        for name in names
        for kind in KINDS
        if name.endswith(f"_{annotation}_{kind}") and "/" in name
    ]


def _is_dummy(root: Path, name: str, truth: Truth) -> bool:
    try:
        if name.endswith(".json"):
            return not set(_labels(root / name, name, truth)) - {
                NAMES["labelIds"][id] for id in range(DUMMY_IDS)
            }
        return is_dummy(read_values(root / name, name), truth)
    except DataError:
        return False


def _labels(path: Path, name: str, truth: Truth) -> list[str | int]:
    """Names of the labels of a mask, or of outlines; the number where it has no name."""
    if name.endswith(".json"):
        known = NAMES["labelIds"].values()
        outlined = {item.label for item in read_polygons(path, name).objects if not item.deleted}
        return [label if label in known else label.removesuffix("group") for label in sorted(outlined)]
    values = values_in(read_values(path, name))
    if truth == "labelTrainIds":
        values = [value for value in values if value != IGNORE_INDEX]
    return [NAMES[truth].get(value, value) for value in values]
