"""The table at the end: what the report measured, the same figure here, the standard one, and whether they agree."""

from __future__ import annotations

import csv
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from segdata.evaluation.confusion import VOID, ConfusionMatrix, void_id
from segdata.evaluation.protocols import ProtocolScore
from segdata.evaluation.score import Scores
from segdata.pipeline import Published, Split
from segdata.project import Project
from segdata.published_settings import other_settings, trained_settings, with_keys
from segdata.wording import counted

_HEADER = (
    "figure",
    "split",
    "height x width",
    "protocol",
    "published",
    "here",
    "95 % interval",
    "difference",
    "verdict",
)
OWN = "own"
"""Stands for the size of a figure that is counted at each photo's own size."""
STANDARD = "standard"
"""Stands for the name of our figure by the standard protocol, which no report states."""


@dataclass(frozen=True)
class Row:
    """One figure: shares of 1; None where the report, or the data, gives none. `size`: of the masks it is counted on.

    as_published  False: the file's settings are others than the published ones, and no verdict is possible
    """

    metric: str
    split: str
    size: str
    protocol: str
    published: float | None
    here: float | None
    interval: tuple[float | None, float | None]
    tolerance: float
    as_published: bool = True

    @property
    def within(self) -> bool | None:
        """Whether it agrees with the report; None where there is nothing to compare."""
        if self.published is None or self.here is None:
            return None
        return abs(self.here - self.published) <= self.tolerance

    def cells(self) -> tuple[str, ...]:
        low, high = self.interval
        difference = "-" if self.within is None else f"{(self.here or 0) - (self.published or 0):+.5f}"
        verdict = "-" if self.within is None else self._verdict(self.within)
        figures = (_figure(self.published), _figure(self.here), f"{_figure(low)} … {_figure(high)}")
        return (self.metric, self.split, self.size, self.protocol, *figures, difference, verdict)

    def _verdict(self, within: bool) -> str:
        if not self.as_published:
            return "other settings"
        return f"{'within' if within else 'outside'} ±{self.tolerance:g}"


@dataclass(frozen=True)
class ClassRow:
    """One class of the main split, at the size of its figures but the standard one; NaN: absent.

    iou, accuracy  as in mean-iou; void, which is no class there, has none
    iou_with_void  as in jaccard-20, void one class more; the same where no class is void
    """

    name: str
    iou: float
    iou_with_void: float
    accuracy: float


@dataclass(frozen=True)
class Comparison:
    """All figures of a report beside ours; the first row is the main one.

    other       the sections of the file that are not as they were published, with keys where the run noted them
    departures  in what the file departs from the report: subject → sentences
    """

    name: str
    where: str
    samples: int
    rows: tuple[Row, ...]
    classes: tuple[ClassRow, ...]
    other: tuple[str, ...] = ()
    departures: Mapping[str, str] = field(default_factory=dict)

    @property
    def agrees(self) -> bool | None:
        """Whether the main figure agrees with the report's, by a run of the published settings; None: nothing to compare."""
        main = self.rows[0]
        return main.within if main.within is None or not self.other else False

    def lines(self) -> list[str]:
        """The table as text, per class beneath, then in what the file departs from the report."""
        has_void = bool(self.classes) and self.classes[-1].name == VOID
        header = ("class", "IoU, mean-iou", *(("IoU, jaccard-20",) if has_void else ()), "accuracy")
        per_class = [header]
        for one in self.classes:
            figures = (one.iou, *((one.iou_with_void,) if has_void else ()), one.accuracy)
            without = "-" if has_void and one.name == VOID else "absent"
            texts = (without if math.isnan(figure) else _figure(figure) for figure in figures)
            per_class.append((one.name, *texts))
        return [
            f"{self.name}: {self.where}, scored on {counted(self.samples, 'photo')}",
            *([self._warning()] if self.other else []),
            *_aligned([_HEADER, *(row.cells() for row in self.rows)]),
            *self._explained(),
            "",
            *_aligned(per_class),
            *self._departures(),
        ]

    def _warning(self) -> str:
        beneath = ". The departures beneath are those of the published settings" if self.departures else ""
        return (
            f"OTHER SETTINGS than published, in pipelines/{self.name}.yaml or when the model was trained: "
            f"{', '.join(self.other)}; its figures are no check of the report's{beneath}"
        )

    def _explained(self) -> list[str]:
        words = []
        if any(row.metric == STANDARD for row in self.rows):
            words.append(f"{STANDARD}: as is usually counted, whatever the report did")
        if any(row.size == OWN for row in self.rows):
            words.append(f"{OWN}: predictions enlarged to each photo's own size")
        return [f"({'; '.join(words)})"] if words else []

    def _departures(self) -> list[str]:
        width = max(map(len, self.departures), default=0) + 4
        lines = []
        for subject, sentences in self.departures.items():
            start = f"  {subject}".ljust(width)
            lines += textwrap.wrap(
                sentences,
                118,
                initial_indent=start,
                subsequent_indent=" " * width,
                break_long_words=False,
                break_on_hyphens=False,
            )
        return ["", "Departures from the report", *lines] if lines else []


def compare(
    project: Project,
    name: str,
    published: Published,
    scores: Mapping[Split, Scores],
    own_size: ProtocolScore | None,
) -> Comparison:
    """The comparison of a published result with the scores of its splits.

    own_size  the standard figure at the photos' own size; None: the one at the size of the others
    """
    pipeline, trained = project.pipeline(name), trained_settings(project.run_dir(name))
    other = tuple(with_keys(pipeline, trained, other_settings(pipeline, trained)))
    rows = []
    for figure in published.figures:
        scored = scores[figure.split]
        here = scored.by(figure.protocol)
        rows.append(
            Row(
                figure.metric,
                figure.split,
                _size(scored),
                figure.protocol,
                figure.value,
                here.value,
                here.interval,
                figure.tolerance or 0.0,
                not other,
            )
        )
    main = scores[published.split]
    standard = own_size or main.by(published.standard)
    rows.append(
        Row(
            STANDARD,
            published.split,
            OWN if own_size else _size(main),
            published.standard,
            None,
            standard.value,
            standard.interval,
            published.tolerance,
        )
    )
    classes = _classes(project, name, published.split)
    return Comparison(name, published.where, main.samples, tuple(rows), classes, other, published.departures)


def _classes(project: Project, name: str, split: str) -> tuple[ClassRow, ...]:
    ontology = project.pipeline(name).source.build_ontology()
    with (project.scored_dir(name, split) / "confusion.csv").open(newline="", encoding="utf-8") as file:
        pixels = np.array([int(row["pixels"]) for row in csv.DictReader(file)], np.int64)
    counts = pixels.reshape(len(ontology), len(ontology))
    matrix = ConfusionMatrix(len(ontology), counts, void_id(ontology))
    with_void = ConfusionMatrix(len(ontology), counts)
    figures = (matrix.per_class_iou(), with_void.per_class_iou(), matrix.per_class_accuracy())
    columns = (column.tolist() for column in figures)
    return tuple(ClassRow(*row) for row in zip(ontology.names, *columns, strict=True))


def _size(scored: Scores) -> str:
    height, width = scored.size_hw
    return f"{height}x{width}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.5f}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
