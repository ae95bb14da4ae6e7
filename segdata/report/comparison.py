"""Published figures beside ours, so that a page can say of each what was counted and how near it is.

Mean IoU 0.721 on val (report 004); here 0.718 by the same protocol, jaccard-20
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from segdata.evaluation.protocols import PROTOCOLS
from segdata.pipeline import Pipeline
from segdata.published import Figure, Published
from segdata.published_settings import followed_from, other_settings, with_keys
from segdata.report.inputs import Metrics, Run


@dataclass(frozen=True)
class Comparison:
    """A published figure beside the same metric measured here; None where the two cannot be compared.

    words  what the protocol is
    other  the sections of the pipeline file that are not as they were published: then there is no verdict
    also   the further figures of the same report
    """

    published: Published | Figure
    words: str
    measured: float | None
    interval: tuple[float | None, float | None] | None = None
    other: tuple[str, ...] = ()
    also: tuple[Comparison, ...] = ()

    @property
    def within(self) -> bool | None:
        """Whether ours agrees with the published figure; None where there is nothing to compare, or with other settings."""
        if self.measured is None or self.published.value is None or self.other:
            return None
        return abs(self.measured - self.published.value) <= (self.published.tolerance or 0.0)


def compare(pipeline: Pipeline, metrics: Metrics | None, run: Run | None) -> Comparison | None:
    """All figures of a published result; None where there is none."""
    published = pipeline.published
    if published is None:
        return None
    trained = followed_from(run.settings, run.classes, run.size_hw) if run else {}
    other = tuple(with_keys(pipeline, trained, other_settings(pipeline, trained)))
    also = tuple(_compared(figure, metrics, other) for figure in published.figures[1:])
    return replace(_compared(published, metrics, other), also=also)


def _compared(published: Published | Figure, metrics: Metrics | None, other: tuple[str, ...]) -> Comparison:
    words = PROTOCOLS[published.protocol].words
    figures = metrics.protocols if metrics is not None and metrics.split == published.split else ()
    here = next((figure for figure in figures if figure.protocol == published.protocol), None)
    measured, interval = (here.value, here.interval) if here else (None, None)
    return Comparison(published, words, measured, interval, other)
