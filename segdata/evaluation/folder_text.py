"""The scores of a folder of predictions as people read them: what was scored, every protocol, every class.

protocol                  value   95 % interval
mean-iou                 0.7012   0.6891 to 0.7113
jaccard-20               0.6161   0.6050 to 0.6249
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from segdata.evaluation.encodings import numbered
from segdata.evaluation.folder import FolderScores
from segdata.wording import counted, size_text

_LISTED = 10


def result_lines(result: FolderScores) -> Iterator[str]:
    """The tables, line by line."""
    of = f" of split {result.split}" if result.split else ""
    yield f"{result.scored} of {result.truths} photos{of} scored"
    yield f"  truth: {result.truth}; ontology {result.ontology}, {counted(len(result.classes), 'class', 'classes')}"
    guessed = f" (guessed: {result.encoding_guessed}; --encoding says it)" if result.encoding_guessed else ""
    yield f"  predictions: {result.predictions}, encoding {result.encoding}{guessed}"
    if result.encoding in ("index", "palette"):
        yield f"  their numbers are class ids: {numbered([one.name for one in result.classes])}"
    if result.void_class:
        yield f"  class {result.void_class} is the same as 255, not scored: in jaccard-20 and accuracy-20 alone it is a class"
    if result.resized:
        yield f"  {counted(result.resized, 'prediction')} of another size, resized to the truth's by nearest pixel"
    if result.scored_hw:
        yield (
            f"  note: segdata scored these at {size_text(result.scored_hw)}, as evaluate.size_hw said, and kept them at the shards' "
            "size, by nearest pixel: the figures below are not those of its own evaluation"
        )
    yield ""
    yield f"{'protocol':<24}{'value':>7}   95 % interval"
    for one in result.protocols:
        low, high = one.interval
        yield f"{one.protocol:<24}{_cell(one.value):>7}   {_cell(low)} to {_cell(high)}"
    yield ""
    width = max(8, *(len(one.name) for one in result.classes)) + 2
    yield f"{'class':<{width}}{'pixels':>13}{'IoU':>9}{'boundary':>10}{'dice':>9}{'accuracy':>10}"
    for row in result.classes:
        figures = (row.iou, row.boundary_iou, row.dice, row.accuracy)
        cells = "".join(
            f"{_cell(value):>{size}}" for value, size in zip(figures, (9, 10, 9, 10), strict=True)
        )
        yield f"{row.name:<{width}}{row.pixels:>13,}{cells}"


def problem_lines(result: FolderScores) -> Iterator[str]:
    """What was not scored, and why; up to ten of a kind."""
    yield from result.findings
    if result.missing:
        yield from _listed(
            f"{counted(len(result.missing), 'photo')} without a prediction, not scored", result.missing
        )
    if result.extra:
        yield from _listed(
            f"{counted(len(result.extra), 'prediction')} of no photo, not looked at", result.extra
        )
    if not result.complete:
        yield (
            f"The figures are those of {counted(result.scored, 'photo')}, not of all {result.truths}: "
            "comparable with nothing that was scored on all."
        )


def _listed(what: str, names: Sequence[str]) -> Iterator[str]:
    more = f", … ({len(names) - _LISTED} more)" if len(names) > _LISTED else ""
    yield f"{what}: {', '.join(names[:_LISTED])}{more}"


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
