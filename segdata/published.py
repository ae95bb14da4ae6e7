"""What somebody published, and the data it takes: the sections `published` and `data` of a pipeline file.

published: {metric: pixel accuracy, protocol: onehot-accuracy, split: test, value: 0.8687, where: report 000, tolerance: 0.05}
data: {what: 68 photos …, where: from the authors …, licence: not stated, layout: {photos/: IMG_0062.png, …}}
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec

from segdata.sections import NotNegative, Section, Split

Setting = Literal["source", "shards", "model", "train", "evaluate"]
SETTINGS: tuple[Setting, ...] = get_args(Setting)
DIGITS = 8


class Figure(Section, frozen=True):
    """One more figure of a report.

    metric     what the report calls it
    protocol   how it was computed
    split      which photos it is over
    value      share of 1; None where the report states none, and ours stands alone
    tolerance  how far ours may lie from it, for a figure of another kind than the main one; None: as far as of that
    """

    metric: str
    protocol: str
    split: Split
    value: float | None = None
    tolerance: NotNegative | None = None


class Published(Section, frozen=True):
    """A figure somebody published, and how it was computed.

    metric      what the report calls it
    protocol    how the report computed it (segdata/evaluation/protocols)
    split       which photos it is over
    value       share of 1; None where only curves were published
    where       report and section
    tolerance   how far ours may lie from it and still count as the same; of the others too that state none of their own
    standard    protocol of the standard figure to print beside it
    at          "shards": the standard figure at the size of the others; "photo": predictions enlarged to each photo's own size
    also        further figures of the same report
    departures  in what this file departs from the report, and why: subject → sentences. A variant adds to those of its base,
                or says of a subject what holds for it
    settings    section → digest of what it says (segdata/published_settings.py), of the sections that the figures follow
                from: where one says something else now, a figure is not held against the report's. None stated: not checked
    """

    metric: str
    protocol: str
    split: Split
    value: float | None
    where: str
    tolerance: NotNegative
    standard: str = "mean-iou"
    at: Literal["shards", "photo"] = "shards"
    also: tuple[Figure, ...] = ()
    departures: dict[str, str] = {}
    settings: dict[Setting, Annotated[str, msgspec.Meta(pattern=f"^[0-9a-f]{{{DIGITS}}}$")]] = {}

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The main figure, then the others, each with its tolerance."""
        main = Figure(metric=self.metric, protocol=self.protocol, split=self.split, value=self.value)
        return tuple(
            one if one.tolerance is not None else msgspec.structs.replace(one, tolerance=self.tolerance)
            for one in (main, *self.also)
        )


class Data(Section, frozen=True):
    """The raw data of a published result, for people who have to fetch it.

    what     what it is, and how much
    where    where one gets it
    licence  what one may do with it
    layout   what must lie where below source.root: path → what it is
    """

    what: str
    where: str
    licence: str
    layout: dict[str, str]
