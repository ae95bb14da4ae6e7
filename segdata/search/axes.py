"""Values as places along an axis from 0 to 1: evenly, evenly in their logarithm where they span decades, or side by side.

>>> axis = Axis.of([1e-5, 1e-3, 1e-1])
>>> axis.kind, axis.place(1e-3), [text for _, text in axis.marks]
('log', 0.5, ['1e-5', '1e-4', '0.001', '0.01', '0.1'])
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from segdata.inspection.yaml_text import flow
from segdata.report.axes import decades, short, ticks, whole_marks

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
        bottom, top, rounds = decades(smallest, largest)
        low, high = math.log10(bottom), math.log10(top)
        marks = tuple(((math.log10(one) - low) / (high - low), short(one)) for one in rounds)
        return cls("log", low, high, (), marks)

    @classmethod
    def of_epochs(cls, last: int) -> Axis:
        """From the first epoch to the last; a single one stands in the middle."""
        if last < 2:
            return cls.of_choice([1])
        marks = tuple(((one - 1) / (last - 1), str(one)) for one in whole_marks(1, last))
        return cls("linear", 1, last, (), marks)

    def place(self, value: Any) -> float:
        """0 at the low end, 1 at the high one."""
        if self.kind == "names":
            return (self.names.index(flow(value)) + 0.5) / len(self.names)
        number = math.log10(value) if self.kind == "log" else float(value)
        return (number - self.low) / (self.high - self.low)
