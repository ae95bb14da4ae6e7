"""The values of each trial, from the section alone: a grid's combinations in order, or numbers drawn from (seed, trial).

>>> drawn(Search(sampler="grid", space={"train.lr": Space(choice=(0.1, 0.01))}))
[{'train.lr': 0.1}, {'train.lr': 0.01}]
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from segdata.search_section import Search, Space

Values = dict[str, Any]

_DIGITS = 6
_ATTEMPTS = 100


def drawn(search: Search) -> list[Values]:
    """The values of all trials of a grid or random search; the last key of a grid changes fastest.

    Random trial number n follows from (seed, n) alone: more trials leave those before as they are. Values that were
    drawn before are drawn anew from the next numbers; where a space is too small for so many trials, it has fewer.
    """
    if search.sampler == "grid":
        choices = [space.choice or () for space in search.space.values()]
        return [dict(zip(search.space, values, strict=True)) for values in itertools.product(*choices)]
    assert search.sampler == "random" and search.trials is not None
    found: list[Values] = []
    for number in range(search.trials * _ATTEMPTS):
        random = np.random.default_rng((search.seed, number))
        values = {path: _draw(space, random) for path, space in search.space.items()}
        if values not in found:
            found.append(values)
        if len(found) == search.trials:
            break
    return found


def readable(value: float) -> float:
    """A drawn number as people would state it: six significant digits."""
    return float(f"{value:.{_DIGITS}g}")


def _draw(space: Space, random: np.random.Generator) -> Any:
    if space.choice is not None:
        return space.choice[int(random.integers(len(space.choice)))]
    assert space.ends is not None
    low, high = space.ends
    if space.uniform is not None:
        return readable(float(random.uniform(low, high)))
    return readable(math.exp(float(random.uniform(math.log(low), math.log(high)))))
