"""Values as places along an axis from 0 to 1: evenly, evenly in their logarithm where they span decades, or side by side.

>>> axis = Axis.of([1e-5, 1e-3, 1e-1])
>>> axis.kind, axis.place(1e-3), [text for _, text in axis.marks]
('log', 0.5, ['1e-5', '1e-4', '0.001', '0.01', '0.1'])
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from segdata.inspection.yaml_text import flow
from segdata.report.figures import ticks

_DECADES_FROM = 20.0
"""From this ratio of the largest value to the smallest on, an axis is logarithmic."""


@dataclass(frozen=True)
class Axis:
    """low, high  ends of a number axis (their logarithms to base 10 on a log axis); marks (place, text)"""

    kind: Literal["linear", "log", "names"]
    low: float
    high: float
    names: tuple[str, ...]
    marks: tuple[tuple[float, str], ...]

    @classmethod
    def of(cls, values: Sequence[Any]) -> Axis:
        """An axis that holds all these values; at least one."""
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            return cls.of_choice(values)
        smallest, largest = float(min(values)), float(max(values))
        if smallest > 0 and largest / smallest >= _DECADES_FROM:
            return cls._log(smallest, largest)
        rounds = ticks(smallest, largest)
        low, high = rounds[0], rounds[-1]
        return cls("linear", low, high, (), tuple(((one - low) / (high - low), short(one)) for one in rounds))

    @classmethod
    def of_choice(cls, values: Sequence[Any]) -> Axis:
        """The values of a list beside each other; numbers by their size."""
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        names = tuple(dict.fromkeys(flow(value) for value in (sorted(values) if numbers else values)))
        marks = tuple(((place + 0.5) / len(names), name) for place, name in enumerate(names))
        return cls("names", 0, 1, names, marks)

    @classmethod
    def _log(cls, smallest: float, largest: float) -> Axis:
        """From a round number (1, 2 or 5 of a decade) to a round number; marks at those, or at decades where many."""
        first, last = math.floor(math.log10(smallest)) - 1, math.ceil(math.log10(largest)) + 1
        rounds = [factor * 10.0**power for power in range(first, last + 1) for factor in (1, 2, 5)]
        bottom = max(one for one in rounds if one <= smallest * (1 + 1e-9))
        top = min(one for one in rounds if one >= largest * (1 - 1e-9))
        within = [one for one in rounds if bottom <= one <= top]
        if len(within) > 7:
            powers = [power for power in range(first, last + 1) if bottom <= 10.0**power <= top]
            within = [10.0**power for power in powers[:: math.ceil(len(powers) / 7)]]
        low, high = math.log10(bottom), math.log10(top)
        marks = tuple(((math.log10(one) - low) / (high - low), short(one)) for one in within)
        return cls("log", low, high, (), marks)

    def place(self, value: Any) -> float:
        """0 at the low end, 1 at the high one."""
        if self.kind == "names":
            return (self.names.index(flow(value)) + 0.5) / len(self.names)
        number = math.log10(value) if self.kind == "log" else float(value)
        return (number - self.low) / (self.high - self.low)


def short(value: float) -> str:
    """0.03 → "0.03", 0.0003 → "3e-4", 12000 → "12000", 1e30 → "1e30"."""
    if value != 0 and (abs(value) < 0.001 - 1e-12 or abs(value) >= 1e6):
        return re.sub(r"\.?0*e([+-])0*(\d)", r"e\1\2", f"{value:.2e}").replace("e+", "e")
    return f"{value:.4g}"
