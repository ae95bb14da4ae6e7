"""Round numbers for the axes of a page's charts: evenly spaced, of decades, or whole.

>>> ticks(0, 2.6), decades(0.03, 2.0), whole_marks(1, 48)
([0.0, 1.0, 2.0, 3.0], (0.02, 2.0, [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]), [1, 10, 20, 30, 40])
"""

from __future__ import annotations

import math
import re


def ticks(low: float, high: float) -> list[float]:
    """Three to seven round numbers, evenly spaced, from at or below `low` to at or above `high`."""
    span = high - low if high > low else abs(high) or 1.0
    rough = span / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    start = math.floor(low / step + 1e-9)
    stop = max(start + 1, math.ceil(high / step - 1e-9))
    return [round(index * step, 12) for index in range(start, stop + 1)]


def decades(smallest: float, largest: float) -> tuple[float, float, list[float]]:
    """The ends of a logarithmic axis that holds both (> 0), 1, 2 or 5 of a decade; its marks: those, or decades where many."""
    first, last = math.floor(math.log10(smallest)) - 1, math.ceil(math.log10(largest)) + 1
    rounds = [float(f"{factor}e{power}") for power in range(first, last + 1) for factor in (1, 2, 5)]
    bottom = max(one for one in rounds if one <= smallest * (1 + 1e-9))
    top = min(one for one in rounds if one >= largest * (1 - 1e-9))
    within = [one for one in rounds if bottom <= one <= top]
    if len(within) > 7:
        powers = [power for power in range(first, last + 1) if bottom <= 10.0**power <= top]
        within = [10.0**power for power in powers[:: math.ceil(len(powers) / 7)]]
    return bottom, top, within


def whole_marks(first: int, last: int) -> list[int]:
    """Round whole numbers of an axis from `first` to `last`, and `first` where there is room for it."""
    if last == first:
        return [first]
    marks = [int(mark) for mark in ticks(first, last) if mark == int(mark) and first <= mark <= last]
    step = marks[1] - marks[0] if len(marks) > 1 else last - first
    return marks if not marks or 2 * (marks[0] - first) < step or marks[0] == first else [first, *marks]


def short(value: float) -> str:
    """A finite value: 0.03 → "0.03", 0.0003 → "3e-4", 12000 → "12000", 1e30 → "1e30"."""
    if value != 0 and (abs(value) < 0.001 - 1e-12 or abs(value) >= 999_999.5):
        return re.sub(r"\.?0*e([+-])0*(\d)", r"e\1\2", f"{value:.2e}").replace("e+", "e")
    return f"{value:.6g}"
