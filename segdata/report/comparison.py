"""Published figures beside ours, so that a page can say of each what was counted and how near it is.

Mean IoU 0.721 on val (report 004); here 0.718 by the same protocol, jaccard-20

They are the rows of the table with which `segdata reproduce` ends, as far as they lie on disk: those of the pipeline's
own split in data/evaluation/, those of other splits and at the photos' own size in data/scored/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from segdata.evaluation.origin import standing_of
from segdata.evaluation.own_size_scores import read_own_size
from segdata.evaluation.protocols import PROTOCOLS, ProtocolScore
from segdata.project import Project
from segdata.published import Figure, Published
from segdata.published_settings import followed_from, other_settings, with_keys
from segdata.report.inputs import Metrics, ProtocolFigure, Run, read_json

NOT_SCORED = "not scored here"


@dataclass(frozen=True)
class Comparison:
    """A published figure beside the same metric measured here; None where the two cannot be compared.

    words     what the protocol is
    size      at which ours was counted, in words; "" where there is none of ours
    missing   why there is none of ours, in words
    unsure    whether nobody noted of which shards and weights ours is
    other     the sections of the pipeline file that are not as they were published: then there is no verdict
    also      the further figures of the same report
    standard  of the main figure: ours by the standard protocol, which no report states
    """

    published: Published | Figure
    words: str
    measured: float | None
    interval: tuple[float | None, float | None] | None = None
    size: str = ""
    missing: str = ""
    unsure: bool = False
    other: tuple[str, ...] = ()
    also: tuple[Comparison, ...] = ()
    standard: Comparison | None = None

    @property
    def within(self) -> bool | None:
        """Whether ours agrees with the published figure; None where there is nothing to compare, or with other settings."""
        if self.measured is None or self.published.value is None or self.other:
            return None
        return abs(self.measured - self.published.value) <= (self.published.tolerance or 0.0)

    @property
    def rows(self) -> tuple[Comparison, ...]:
        """Every figure: the main one, the others, the standard one."""
        return (self, *self.also, *((self.standard,) if self.standard else ()))


@dataclass(frozen=True)
class _Ours:
    """The figures of one split, or of one size, by protocol."""

    figures: Mapping[str, ProtocolFigure | ProtocolScore] = field(default_factory=dict)
    size: str = ""
    missing: str = NOT_SCORED
    unsure: bool = False


def compare(project: Project, name: str, metrics: Metrics | None, run: Run | None) -> Comparison | None:
    """All figures of a published result; None where there is none.

    metrics  of the pipeline's own split, where they are of the shards and weights that lie here
    Scores of other splits that are of other shards or weights are left out, and it is said. Raises DataError for a
    damaged file.
    """
    pipeline = project.pipeline(name)
    published = pipeline.published
    if published is None:
        return None
    trained = followed_from(run.settings, run.classes, run.size_hw) if run else {}
    other = tuple(with_keys(pipeline, trained, other_settings(pipeline, trained)))
    own = pipeline.evaluate.split
    ours = {
        split: _ours(metrics, unsure=False) if split == own else _of_another_split(project, name, split)
        for split in {figure.split for figure in published.figures}
    }
    also = tuple(_compared(figure, ours[figure.split], other) for figure in published.figures[1:])
    standard = Figure(metric="standard", protocol=published.standard, split=published.split)
    of_standard = (
        _of_own_size(project, name, published.split) if published.at == "photo" else ours[published.split]
    )
    main = _compared(published, ours[published.split], other)
    return replace(main, also=also, standard=_compared(standard, of_standard, ()))


def _ours(metrics: Metrics | None, *, unsure: bool) -> _Ours:
    if metrics is None:
        return _Ours()
    height, width = metrics.size_hw
    figures = {one.protocol: one for one in metrics.protocols}
    return _Ours(figures, f"{height} × {width}", unsure=unsure)


def _of_another_split(project: Project, name: str, split: str) -> _Ours:
    folder = project.scored_dir(name, split)
    metrics = read_json(folder / "metrics.json", Metrics)
    if metrics is None or metrics.split != split:
        return _Ours()
    standing = standing_of(project, name, folder)
    if standing.state == "stale":
        return _stale(project, folder, standing.of)
    return _ours(metrics, unsure=standing.state == "unknown")


def _of_own_size(project: Project, name: str, split: str) -> _Ours:
    scores = read_own_size(project, name, split)
    if scores is None:
        return _Ours()
    folder = project.own_size_dir(name, split)
    standing = standing_of(project, name, folder)
    if standing.state == "stale":
        return _stale(project, folder, standing.of)
    figures = {one.protocol: one for one in scores.protocols}
    return _Ours(figures, "each photo’s own size", unsure=standing.state == "unknown")


def _stale(project: Project, folder: Path, of: str) -> _Ours:
    where = folder.relative_to(project.root).as_posix()
    return _Ours(missing=f"{NOT_SCORED}, as what lies in {where} is of other {of}")


def _compared(published: Published | Figure, ours: _Ours, other: tuple[str, ...]) -> Comparison:
    words = PROTOCOLS[published.protocol].words
    here = ours.figures.get(published.protocol)
    if here is None:
        return Comparison(published, words, None, missing=ours.missing, other=other)
    return Comparison(
        published,
        words,
        here.value,
        None if here.value is None else here.interval,
        ours.size,
        "not defined here" if here.value is None else "",
        ours.unsure,
        other,
    )
