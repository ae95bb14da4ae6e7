"""Numbers and sizes in messages, written alike wherever they are told.

>>> counted(1, "photo"), counted(2_000, "photo"), counted(0, "entry", "entries")
('1 photo', '2,000 photos', '0 entries')
>>> size_text((480, 640))
'480x640 (height x width)'
"""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """The number with its noun; `plural` where that is not noun + s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size_text(size_hw: tuple[int, int]) -> str:
    """The size of a photo, mask or tile in the order of `size_hw` in pipeline files, which is named."""
    height, width = size_hw
    return f"{height}x{width} (height x width)"
