"""Numbers and sizes in messages, written alike wherever they are told.

>>> counted(1, "photo"), counted(2_000, "photo"), counted(0, "entry", "entries")
('1 photo', '2,000 photos', '0 entries')
>>> size_text((480, 640))
'640x480 (width x height)'
"""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """The number with its noun; `plural` where that is not noun + s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size_text(size_hw: tuple[int, int]) -> str:
    """A photo's or mask's size as people say it, with the order named."""
    height, width = size_hw
    return f"{width}x{height} (width x height)"
