"""Opening a stranger's image file with Pillow: few decoders, bounded sizes, and errors that name the file.

Pillow raises on truncated files, where OpenCV returns a grey remainder, and does not apply the EXIF orientation, but
for TIFF, where `turned_by_pillow` says how to undo it.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image as PillowImage

from segdata.errors import DataError
from segdata.wording import size_text

MAX_PIXELS = 300_000_000
"""Larger photos and masks are refused before any pixel is decoded."""

PillowImage.MAX_IMAGE_PIXELS = MAX_PIXELS  # Pillow's own limit would refuse 200-megapixel panoramas

# Pillow warns of damage beside the pixels, in EXIF or in further pictures of the file; damaged pixels raise.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.(Tiff|Jpeg|Png)ImagePlugin")

FILE_TYPES = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "PPM")
"""Decoders that may run on a stranger's file. JPEG opens MPO too, phone photos with a second picture; the first is read."""

BROKEN = (OSError, SyntaxError, ValueError, EOFError)
"""What Pillow raises for a file that is damaged behind its header."""


def open_image(path: Path, name: str) -> PillowImage.Image:
    """Read the header; close it after use. `name` is the path to show in messages, relative to the source's root.

    Raises DataError when the file is absent, no image, or larger than MAX_PIXELS.
    """
    try:
        file = PillowImage.open(path, formats=FILE_TYPES)
    except FileNotFoundError as error:
        raise DataError(name, found="no such file", expected="a photo or mask at this path") from error
    except (PillowImage.DecompressionBombError, PillowImage.DecompressionBombWarning) as error:
        raise DataError(name, found=str(error), expected=f"at most {MAX_PIXELS:,} pixels") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(
            name, found="a file that is no readable image", expected=f"one of {', '.join(FILE_TYPES)}"
        ) from error
    if file.width * file.height > MAX_PIXELS:
        size = size_text((file.height, file.width))
        file.close()
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
