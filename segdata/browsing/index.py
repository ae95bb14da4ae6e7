"""Which photos, in which order: filters and sorts over a shard set's manifest, as columns of numbers.

>>> index.rows(Query(splits=("train",), classes=("car",), sort="share:car", descending=True))[:3]
array([ 17, 402,   9])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segdata.browsing.found import Found
from segdata.errors import ConfigError, nearest
from segdata.findings import Finding
from segdata.shards.manifest import Manifest
from segdata.shards.schema import SampleRow

Rows = NDArray[np.int64]
Figures = NDArray[np.float64]

ANY_FINDING, NO_FINDING = "any", "none"
SHARE = "share:"
UNLABELLED = "unlabelled"
MODEL_SORTS = {"loss": True, "wrong": True, "iou": False}
"""Sorts that need a model's figures, and whether the largest is the most doubtful."""


class Query(NamedTuple):
    """What is asked for; nothing given is everything, by id.

    splits, sizes  any of them: a size is "480x640", height first
    classes        all of them occur in the mask
    findings       any of these codes; "any": at least one finding, "none": none at all
    text           occurs in the id, whatever the case
    sort           id | unlabelled | share:<class> | size | loss | wrong | iou
    """

    splits: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    text: str = ""
    sort: str = "id"
    descending: bool = False


@dataclass(frozen=True)
class ModelFigures:
    """What a model made of each sample, float64 (N,); NaN where it was not asked, or nothing is labelled."""

    loss: Figures
    wrong: Figures
    iou: Figures


class Index:
    """The rows of a manifest, numbered as they stand in it."""

    def __init__(self, manifest: Manifest, found: Found) -> None:
        self.rows_by_number: tuple[SampleRow, ...] = manifest.rows
        self.class_names: tuple[str, ...] = tuple(name for name, _ in manifest.metadata.classes)
        self.found = found
        rows = manifest.rows
        self.ids = tuple(row.id for row in rows)
        self.number_of: Mapping[str, int] = {id: number for number, id in enumerate(self.ids)}
        self._folded = [id.casefold() for id in self.ids]
        self._splits = np.array([row.split for row in rows], object)
        self._sizes = np.array([size_of(row) for row in rows], object)
        self._areas = np.array([row.original_height * row.original_width for row in rows], np.int64)
        self.pixels = np.array([row.pixels for row in rows], np.int64).reshape(
            len(rows), len(self.class_names)
        )
        self.ignored = np.array([row.ignored for row in rows], np.int64)
        self._by_id = np.argsort(np.array(self.ids, object), kind="stable")
        self._asked = lru_cache(maxsize=32)(self._rows)

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, query: Query, figures: ModelFigures | None = None) -> Rows:
        """Numbers of the rows that pass, in the order asked for; equals stand in id order.

        Raises ConfigError for a split, class, finding, size or sort that there is not.
        """
        if query.sort in MODEL_SORTS:
            return self._rows(query, figures)
        return self._asked(query)

    def _rows(self, query: Query, figures: ModelFigures | None = None) -> Rows:
        passes = np.ones(len(self), np.bool_)
        if query.splits:
            passes &= _is_in(self._splits, _known(query.splits, self.split_counts, "split"))
        if query.sizes:
            passes &= _is_in(self._sizes, _known(query.sizes, self.size_counts, "size"))
        for name in query.classes:
            passes &= self.pixels[:, self._class_id(name)] > 0
        if query.findings:
            passes &= self._has_findings(query.findings)
        if query.text:
            text = query.text.casefold()
            passes &= np.fromiter((text in id for id in self._folded), np.bool_, len(self))
        ordered = self._by_id[passes[self._by_id]]
        if query.sort == "id":
            return ordered[::-1] if query.descending else ordered
        values = self._values(query.sort, figures)[ordered]
        unknown = np.isnan(values)
        key = np.where(unknown, 0.0, -values if query.descending else values)
        return ordered[np.lexsort((key, unknown))]  # stable: by id where equal; what is not known comes last

    def _values(self, sort: str, figures: ModelFigures | None) -> Figures:
        area = np.maximum(1, self.pixels.sum(1) + self.ignored).astype(np.float64)
        if sort == UNLABELLED:
            unlabelled: Figures = self.ignored / area
            return unlabelled
        if sort == "size":
            return self._areas.astype(np.float64)
        if sort.startswith(SHARE):
            shares: Figures = self.pixels[:, self._class_id(sort.removeprefix(SHARE))] / area
            return shares
        if sort in MODEL_SORTS:
            if figures is None:
                raise ConfigError(
                    "sort", found=repr(sort), expected="figures of a model", fix="Let them be computed first."
                )
            values: Figures = getattr(figures, sort)
            return values
        shares_of = [f"{SHARE}{name}" for name in self.class_names]
        valid = ["id", UNLABELLED, "size", *MODEL_SORTS, *shares_of]
        raise ConfigError("sort", found=repr(sort), expected=nearest(sort, valid))

    def _class_id(self, name: str) -> int:
        _known((name,), self.class_names, "class")
        return self.class_names.index(name)

    def _has_findings(self, codes: Sequence[str]) -> NDArray[np.bool_]:
        _known(codes, [*self.finding_counts, ANY_FINDING, NO_FINDING], "finding")
        wanted = set(codes)
        passes = np.full(len(self), NO_FINDING in wanted)
        for id, findings in self.found.by_id.items():
            its = {finding.code for finding in findings}
            passes[self.number_of[id]] = bool(its & wanted) or ANY_FINDING in wanted
        return passes

    @cached_property
    def split_counts(self) -> dict[str, int]:
        """Split → photos, in the order train, val, test."""
        counts = Counter(self._splits.tolist())
        return {split: counts[split] for split in ("train", "val", "test") if counts[split]}

    @cached_property
    def size_counts(self) -> dict[str, int]:
        """Original size, height first → photos, the most frequent first."""
        return dict(sorted(Counter(self._sizes.tolist()).items(), key=lambda item: (-item[1], item[0])))

    @cached_property
    def finding_counts(self) -> dict[str, int]:
        """Code of a finding → photos, the most frequent first."""
        codes = Counter(code for its in self.found.by_id.values() for code in {one.code for one in its})
        return dict(sorted(codes.items(), key=lambda item: (-item[1], item[0])))

    def findings(self, number: int) -> tuple[Finding, ...]:
        return self.found.by_id.get(self.ids[number], ())


def size_of(row: SampleRow) -> str:
    """The upright photo's size before any resize, height first.

    >>> size_of(row)
    '480x640'
    """
    return f"{row.original_height}x{row.original_width}"


def _is_in(values: NDArray[np.object_], wanted: Sequence[str]) -> NDArray[np.bool_]:
    passes = np.zeros(len(values), np.bool_)
    for one in wanted:
        passes |= values == one
    return passes


def _known(wanted: Sequence[str], valid: Mapping[str, int] | Sequence[str], what: str) -> Sequence[str]:
    for one in wanted:
        if one not in valid:
            raise ConfigError(what, found=repr(one), expected=nearest(one, valid))
    return wanted
