"""Opening an image file of a stranger: few decoders, a bounded size, and errors that say what was found.

A file lies somewhere, or was sent and is at hand as bytes; either is called `stored` here.

>>> with open_image(Path("IMG_0001.jpg"), "IMG_0001.jpg") as file:
...     file.size
(640, 480)
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import Image as PillowImage

from segdata.errors import DataError
from segdata.wording import size_text

Stored = Path | bytes
"""An image file: where it lies, or its bytes."""

MAX_PIXELS = 300_000_000
"""Larger photos and masks are refused before any pixel is decoded."""

PillowImage.MAX_IMAGE_PIXELS = MAX_PIXELS  # Pillow's own limit would refuse 200-megapixel panoramas

# Pillow warns of damage beside the pixels, in EXIF or in further pictures of the file; damaged pixels raise.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.(Tiff|Jpeg|Png)ImagePlugin")

FILE_TYPES = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "PPM")
"""Decoders that may run on a stranger's file. JPEG opens MPO too, phone photos with a second picture; the first is read."""

BROKEN = (OSError, SyntaxError, ValueError, EOFError)
"""What Pillow raises for a file that is damaged behind its header."""


def stream_of(stored: Stored) -> BinaryIO:
    """The file opened for reading."""
    return io.BytesIO(stored) if isinstance(stored, bytes) else stored.open("rb")


def bytes_of(stored: Stored) -> bytes:
    """All of the file."""
    return stored if isinstance(stored, bytes) else stored.read_bytes()


def open_image(stored: Stored, name: str) -> PillowImage.Image:
    """Read the header only. Raises DataError when the file is absent, no image, or larger than MAX_PIXELS."""
    try:
        file = PillowImage.open(
            stream_of(stored) if isinstance(stored, bytes) else stored, formats=FILE_TYPES
        )
    except FileNotFoundError as error:
        raise DataError(name, found="no such file", expected="a photo or mask at this path") from error
    except (PillowImage.DecompressionBombError, PillowImage.DecompressionBombWarning) as error:
        raise DataError(name, found=str(error), expected=f"at most {MAX_PIXELS:,} pixels") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(
            name, found="a file that is no readable image", expected=f"one of {', '.join(FILE_TYPES)}"
        ) from error
    if file.width * file.height > MAX_PIXELS:
        file.close()
        size = size_text((file.height, file.width))
        raise DataError(name, found=size, expected=f"at most {MAX_PIXELS:,} pixels")
    return file


@contextlib.contextmanager
def whole(name: str, what: str) -> Iterator[None]:
    """Raises DataError, in place of Pillow's errors, when the file of this photo or mask is damaged."""
    try:
        yield
    except BROKEN as error:
        raise DataError(
            name, found=f"a damaged {what} ({error})", expected="a whole file", fix="Copy it again."
        ) from error


def turned_by_pillow(file: PillowImage.Image) -> int:
    """The orientation by which Pillow will turn the pixels when it decodes them: TIFF alone, by its tag or else its XMP."""
    named = file.getexif().get(0x0112, 1) if file.format == "TIFF" else 1
    return named if named in range(1, 9) else 1
