"""Adds up what masks carry: pixels and photos of each class by split, and what is doubtful about that.

expected-counts    other counts than source.expected_counts, at which the conversion stops
class-nowhere      a class of the ontology that no mask carries
class-not-learned  a class that no photo of train carries; class-not-scored: none of the split that is scored
nothing-labelled   a mask that is ignored as a whole; one-class: a mask of a single class
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from segdata.checking.outcome import ClassRow, SizeRow, SplitRow
from segdata.checking.reading import Seen
from segdata.conversion.doubts import TRAINED_ON, about_splits
from segdata.findings import Finding, Severity
from segdata.ontology import Ontology
from segdata.pipeline import SPLITS, Pipeline
from segdata.wording import counted


def tally(read: Sequence[Seen], ontology: Ontology) -> tuple[tuple[SplitRow, ...], tuple[ClassRow, ...]]:
    of_split = {split: [one for one in read if one.split == split] for split in SPLITS}
    pixels: dict[str, list[int]] = {split: [0] * (len(ontology) + 1) for split in SPLITS}
    photos: dict[str, list[int]] = {split: [0] * (len(ontology) + 1) for split in SPLITS}
    for one in read:
        assert one.pixels is not None
        for id, count in enumerate(one.pixels.tolist()):
            pixels[one.split][id] += count
            photos[one.split][id] += count > 0
    rows = tuple(
        SplitRow(split, len(of_split[split]), sum(pixels[split]), pixels[split][-1]) for split in SPLITS
    )
    classes = tuple(
        ClassRow(
            label.name,
            label.color,
            {split: pixels[split][id] for split in SPLITS},
            {split: photos[split][id] for split in SPLITS},
        )
        for id, label in enumerate(ontology.labels)
    )
    return rows, classes


def sizes(read: Sequence[Seen]) -> tuple[SizeRow, ...]:
    """Original sizes, the commonest first."""
    counted = Counter(one.original_hw for one in read)
    return tuple(
        SizeRow(height, width, photos)
        for (height, width), photos in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    )


def single_minded(read: Sequence[Seen], ontology: Ontology) -> tuple[list[str], dict[str, str]]:
    """Photos whose mask holds no class at all, and those whose mask holds just one."""
    empty: list[str] = []
    single: dict[str, str] = {}
    for one in sorted(read, key=lambda seen: seen.id):
        assert one.pixels is not None
        carried = one.pixels[:-1].nonzero()[0]
        if not len(carried):
            empty.append(one.id)
        elif len(carried) == 1:
            single[one.id] = ontology.names[int(carried[0])]
    return empty, single


def about_masks(empty: Sequence[str], single: Mapping[str, str], pipeline: Pipeline) -> list[Finding]:
    """A photo whose pixels are all ignored teaches nothing; where the pipeline asks for that, it is a note."""
    severity: Severity = "note" if pipeline.source.unannotated == "ignore" else "warning"
    message = "not one pixel is labelled"
    return [
        *(Finding("nothing-labelled", id, "", message, "kept", severity) for id in empty),
        *(
            Finding("one-class", id, "", f"every labelled pixel is {name!r}", "kept")
            for id, name in single.items()
        ),
    ]


def about_classes(
    splits: Sequence[SplitRow], classes: Sequence[ClassRow], pipeline: Pipeline, where: str
) -> list[Finding]:
    """Splits without photos, and classes that cannot be learned or scored."""
    if not any(row.photos for row in splits):
        return []
    scored = pipeline.evaluate.split
    used = ("train",) if scored == "train" else ("train", scored)
    photos = {row.split: row.photos for row in splits}
    found = about_splits(photos, {*TRAINED_ON, scored}, where)
    found += _about_counts(splits, pipeline, where)
    nowhere = [row.name for row in classes if not any(row.pixels.values())]
    if nowhere:
        message = (
            f"{len(nowhere)} of {counted(len(classes), 'class', 'classes')} in no mask: {', '.join(nowhere)}"
        )
        found.append(Finding("class-nowhere", where, "source.ontology", message, "left as it is", "warning"))
    for split, use in zip(used, ("learned", "scored"), strict=False):
        absent = [row.name for row in classes if row.name not in nowhere and not row.pixels[split]]
        if absent and photos.get(split):
            message = f"not in {split}, so it cannot be {use}: {', '.join(absent)}"
            found.append(
                Finding(f"class-not-{use}", where, "source.splits", message, "left as it is", "warning")
            )
    return found


def _about_counts(splits: Sequence[SplitRow], pipeline: Pipeline, where: str) -> list[Finding]:
    expected = {str(split): count for split, count in pipeline.source.expected_counts.items()}
    actual = {row.split: row.photos for row in splits if row.split in expected}
    if actual == expected:
        return []
    message = f"found {_listed(actual)}; expected {_listed(expected)}"
    return [Finding("expected-counts", where, "source.expected_counts", message, "conversion stops", "error")]


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[split]} {split}" for split in SPLITS if split in counts)
