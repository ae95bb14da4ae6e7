"""How better parameters are looked for: the section `search` of a pipeline file.

search:
  sampler: grid                                   # every combination; random and tpe need `trials`
  space:
    train.lr: {choice: [0.001, 0.01, 0.1]}
    train.weight_decay: {choice: [1e-4, 1e-3]}    # random and tpe also take uniform: [low, high], loguniform: [low, high]
  metric: loss
  epochs: 10

Nothing of it changes what the pipeline itself trains: the best values are a patch that somebody applies.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from segdata.sections import Count, Criterion, NotNegative, Positive, Section, Seed

SEARCHED = ("train.", "model.options.")
GIVEN = {"train.epochs": "epochs", "train.patience": "patience", "train.select": "metric"}
"""Keys that a search sets itself, and by which of its own."""


class Space(Section, frozen=True):
    """The values that one key may take; one of these.

    choice      one of a list
    uniform     low and high: a number between them, all equally likely
    loguniform  low and high: the same of its logarithm, so that every decade is as likely
    """

    choice: Annotated[tuple[object, ...], msgspec.Meta(min_length=1)] | None = None
    uniform: tuple[float, float] | None = None
    loguniform: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.choice, self.uniform, self.loguniform)) != 1:
            raise ValueError("a key needs one of choice: […], uniform: [low, high], loguniform: [low, high]")
        ends = self.ends
        if ends is not None and not (math.isfinite(ends[0]) and math.isfinite(ends[1]) and ends[0] < ends[1]):
            raise ValueError("low must be less than high")
        if self.loguniform is not None and self.loguniform[0] <= 0:
            raise ValueError("a loguniform range must begin above 0")
        if self.choice is not None and any(
            one == other for one, other in itertools.combinations(self.choice, 2)
        ):
            raise ValueError("choice holds a value twice")

    @property
    def ends(self) -> tuple[float, float] | None:
        """Low and high of a range; None for a choice."""
        return self.uniform or self.loguniform

    def samples(self) -> tuple[Any, ...]:
        """Values to hold against what the key allows: all of a choice; of a range its ends and one in between."""
        if self.choice is not None:
            return self.choice
        assert self.ends is not None
        low, high = self.ends
        return low, low + 0.381966 * (high - low), high


class HyperBand(Section, frozen=True):
    """Stop trials early that are behind the others (asynchronous successive halving; Li et al. 2020, MLSys).

    name    async-hyperband
    grace   epochs that every trial is given
    factor  at grace, grace·factor, grace·factor² … epochs, a trial goes on only when it is in the best 1/factor of those
            that came so far. Who came first decides, so two runs of the same search may stop different trials
    """

    name: Literal["async-hyperband"]
    grace: Count
    factor: Annotated[float, msgspec.Meta(gt=1)] = 4.0


class Resources(Section, frozen=True):
    """What one trial is given; as many run at a time as fit.

    cpus  cores, and threads of torch: figures depend on their number in the last digits
    gpus  share of a GPU; None: one where there is any and the device is not cpu
    """

    cpus: Count = 1
    gpus: NotNegative | None = None


class Search(Section, frozen=True):
    """One search over keys of the sections `train` and `model.options`.

    sampler    grid: every combination; random: independent draws; tpe: the tree-structured Parzen estimator (Bergstra
               et al. 2011), which learns from the trials before
    space      {key of the pipeline file, as train.lr: its values}
    metric     figure of the val split by which trials are compared, each by its best epoch; None: train.select
    mode       min for loss, else max; may be stated
    trials     how many; a grid has as many as combinations
    epochs     of each trial at most; the schedule spans them. None: train.epochs
    patience   stop a trial after so many epochs without a better metric; None: train.patience
    scheduler  None: every trial has all its epochs
    seconds    no trial goes on after so many of the search's, all its runs together
    seed       of the sampler; every trial trains with train.seed
    batch      tpe: trials that are drawn at once, before the results of any of them
    resources  what one trial is given
    """

    sampler: Literal["grid", "random", "tpe"]
    space: Annotated[dict[str, Space], msgspec.Meta(min_length=1)]
    metric: Criterion | None = None
    mode: Literal["min", "max"] | None = None
    trials: Count | None = None
    epochs: Count | None = None
    patience: Count | None = None
    scheduler: HyperBand | None = None
    seconds: Positive | None = None
    seed: Seed = 0
    batch: Count = 1
    resources: Resources = Resources()

    def __post_init__(self) -> None:
        if (self.sampler == "grid") == (self.trials is not None):
            raise ValueError("random and tpe need `trials`, and a grid has as many as combinations")
        ranges = [path for path, space in self.space.items() if space.choice is None]
        if self.sampler == "grid" and ranges:
            raise ValueError(f"a grid needs a choice for every key, and {ranges[0]} has a range")
        if self.sampler != "tpe" and self.batch != 1:
            raise ValueError("batch belongs to sampler tpe")
        if self.mode is not None and self.metric is None:
            raise ValueError("mode needs a metric beside it")
        if self.mode is not None and self.mode != better(str(self.metric)):
            raise ValueError(f"mode {self.mode} looks for the worst {self.metric}")


def better(metric: str) -> Literal["min", "max"]:
    """Which end of a metric is the better one."""
    return "min" if metric == "loss" else "max"


def value_at(plain: object, path: str) -> object:
    """What plain values say at a path, as train.lr; None where nothing."""
    for part in path.split("."):
        plain = plain.get(part) if isinstance(plain, dict) else None
    return plain


def with_values(pipeline: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values of a pipeline with these put in: {"train.lr": 0.01}; mappings on the way are made when absent."""
    changed = dict(pipeline)
    for path, value in values.items():
        *above, last = path.split(".")
        inner = changed
        for part in above:
            there = inner.get(part)
            inner[part] = dict(there) if isinstance(there, Mapping) else {}
            inner = inner[part]
        inner[last] = value
    return changed
