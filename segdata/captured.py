"""When a photo was taken and by which camera, from its EXIF: what a burst is told by.

>>> capture_of(Path("IMG_0107.jpg"))
Capture(camera='Apple iPhone 13', at=datetime.datetime(2026, 11, 20, 10, 3, 7, 250000))

DateTimeOriginal, or else DateTimeDigitized, with its fraction of a second (EXIF 2.32, 4.6.5 F). The time zone is left
out, as most cameras name none. DateTime, the third, is when a program last saved the file: it tells nothing.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from segdata.errors import DataError
from segdata.image_file import open_image

_EXIF_DIRECTORY = 0x8769
_TIMES = ((0x9003, 0x9291), (0x9004, 0x9292))
"""Time and fraction of a second: original, digitized."""
_MAKE, _MODEL = 0x010F, 0x0110


class Capture(NamedTuple):
    """camera: maker and model, "" where EXIF names none; at: local time of the camera."""

    camera: str
    at: datetime


def capture_of(path: Path) -> Capture | None:
    """None for a photo that does not say when it was taken, or whose header cannot be read."""
    try:
        with open_image(path, path.name) as file:
            exif = file.getexif()
            directory = exif.get_ifd(_EXIF_DIRECTORY)
            camera = " ".join(filter(None, (_text(exif.get(tag)) for tag in (_MAKE, _MODEL))))
    except (DataError, OSError, SyntaxError, ValueError, EOFError):
        return None
    for time, fraction in _TIMES:
        with contextlib.suppress(ValueError):
            at = datetime.strptime(_text(directory.get(time)), "%Y:%m:%d %H:%M:%S")
            digits = _text(directory.get(fraction))
            return Capture(camera, at + timedelta(seconds=float(f"0.{digits}" if digits.isdecimal() else 0)))
    return None


def _text(value: object) -> str:
    return value.strip("\0 ") if isinstance(value, str) else ""
