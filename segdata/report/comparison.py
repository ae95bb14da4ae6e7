"""Published figures beside ours, so that a page can say of each what was counted and how near it is.

Mean IoU 0.721 on val (report 004); here 0.718 by the same protocol, jaccard-20
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from segdata.evaluation.protocols import PROTOCOLS
from segdata.published import Figure, Published
from segdata.report.inputs import Metrics


@dataclass(frozen=True)
class Comparison:
    """A published figure beside the same metric measured here; None where the two cannot be compared.

    words  what the protocol is
    also   the further figures of the same report
    """

    published: Published | Figure
    words: str
    measured: float | None
    interval: tuple[float | None, float | None] | None = None
    also: tuple[Comparison, ...] = ()


def compare(published: Published | None, metrics: Metrics | None) -> Comparison | None:
    """All figures of a published result; None where there is none."""
    if published is None:
        return None
    also = tuple(_compared(figure, metrics) for figure in published.figures[1:])
    return replace(_compared(published, metrics), also=also)


def _compared(published: Published | Figure, metrics: Metrics | None) -> Comparison:
    words = PROTOCOLS[published.protocol].words
    figures = metrics.protocols if metrics is not None and metrics.split == published.split else ()
    here = next((figure for figure in figures if figure.protocol == published.protocol), None)
    return Comparison(published, words, *((here.value, here.interval) if here else (None,)))
