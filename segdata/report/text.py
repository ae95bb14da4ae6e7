"""Numbers and lists as the page writes them."""

from __future__ import annotations

from collections.abc import Sequence

FEW = 4


def score(value: float | None) -> str:
    """0.61234 → "0.612"; None → "–"."""
    return "–" if value is None else f"{value:.3f}"


def signed(value: float | None) -> str:
    """0.2 → "+0.200", with a true minus sign for losses; None → "–"."""
    return "–" if value is None else f"{value:+.3f}".replace("-", "−")


def fixed(value: float, digits: int) -> str:
    """-0.126, 2 → "-0.13"; what rounds to nothing has no sign: -0.001, 2 → "0.00"."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def percent(share: float) -> str:
    """0.0312 → "3.1 %"; a little is "<0.1 %", nothing is "0 %"."""
    if share == 0:
        return "0 %"
    return "<0.1 %" if share < 0.0005 else f"{share * 100:.1f} %"


def count(number: int) -> str:
    """12345 → "12,345"."""
    return f"{number:,}"


def share(factor: float) -> str:
    """0.2 → "0.20"; 0.0042 → "0.0042"."""
    return f"{factor:.2f}" if factor >= 0.1 else f"{factor:.2g}"


def joined(names: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = f" and {len(names) - FEW:,} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more


def rgb(color: Sequence[int]) -> str:
    """(128, 64, 128) → "#804080"."""
    return "#" + "".join(f"{part:02x}" for part in color)
