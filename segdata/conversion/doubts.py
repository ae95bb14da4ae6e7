"""What is doubtful about a set as a whole, whatever its photos say: a split without photos, classes of one colour.

split-empty  no photo to learn from, to choose the best epoch by, or to score
same-colour  two classes that pages, and masks in colours, show alike
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from segdata.findings import Finding
from segdata.ontology import Ontology
from segdata.pipeline import SPLITS

TRAINED_ON = ("train", "val")
"""Training needs photos in both."""


def about_splits(photos: Mapping[str, int], wanted: Collection[str], where: str) -> list[Finding]:
    """A warning for each wanted split without a photo. `photos`: split → how many; `where`: the pipeline file."""
    empty = [split for split in SPLITS if split in wanted and not photos.get(split)]
    return [
        Finding("split-empty", where, "source.splits", f"no photo in {split}", "left as it is", "warning")
        for split in empty
    ]


def about_colors(ontology: Ontology, where: str) -> list[Finding]:
    """A warning for each colour that several classes have."""
    owners: dict[tuple[int, int, int], list[str]] = {}
    for label in ontology.labels:
        owners.setdefault(label.color, []).append(label.name)
    return [
        Finding(
            "same-colour",
            where,
            "source.ontology",
            f"{', '.join(names)} have one colour, {list(color)}: nobody can tell them apart on pages and in coloured masks",
            "left as it is",
            "warning",
        )
        for color, names in owners.items()
        if len(names) > 1
    ]
