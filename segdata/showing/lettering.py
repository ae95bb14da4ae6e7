"""Text in pictures: a font that knows accents and other scripts where one is installed, Pillow's own otherwise.

Pillow's built-in font draws a box for "ß"; DejaVu Sans does not, and lies in most systems and in matplotlib's folder
(looked for, never imported). What a font lacks is written as an escape, so that two names never look the same.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

FONT = "DejaVuSans.ttf"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    places = [FONT]
    try:
        found = importlib.util.find_spec("matplotlib")
    except (ImportError, ValueError):
        found = None
    for folder in (found.submodule_search_locations or ()) if found else ():
        places.append(str(Path(folder) / "mpl-data" / "fonts" / "ttf" / FONT))
    for place in places:
        try:
            return ImageFont.truetype(place, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


@dataclass(frozen=True)
class Lettering:
    """One size of text: height of a line, pixels."""

    size: int

    @classmethod
    def for_width(cls, width: int) -> Lettering:
        """Readable when the whole sheet is seen at once."""
        return cls(max(14, min(30, width // 75)))

    @property
    def line(self) -> int:
        return self.size * 3 // 2

    def width(self, text: str) -> int:
        return int(_font(self.size).getlength(self._drawable(text))) + 1

    def write(
        self, draw: ImageDraw.ImageDraw, left_top: tuple[int, int], text: str, color: tuple[int, int, int]
    ) -> None:
        draw.text(left_top, self._drawable(text), color, font=_font(self.size))

    def shortened(self, text: str, room: int) -> str:
        """The text, or its beginning and its end around "…" where the whole is wider than `room` pixels."""
        if self.width(text) <= room:
            return text
        text = text[:400]
        for kept in range(len(text) - 1, 0, -1):
            head = -(-kept * 2 // 3)
            short = f"{text[:head]}…{text[len(text) - (kept - head) :]}"
            if self.width(short) <= room:
                return short
        return "…"

    def _drawable(self, text: str) -> str:
        composed = unicodedata.normalize("NFC", text)
        return "".join(one if self._knows(one) else _escaped(one) for one in composed)

    def _knows(self, one: str) -> bool:
        return one.isascii() and one.isprintable() or one.isprintable() and _has_glyph(self.size, one)


def _escaped(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")


@cache
def _has_glyph(size: int, one: str) -> bool:
    """Not the box that stands for a character the font lacks (U+FFFF is in none)."""
    font = _font(size)
    return bytes(font.getmask(one)) != bytes(font.getmask("\uffff"))
