"""Photos on their way out: the file as it is where the format's own tool shows it rightly, else its pixels as PNG.

A JPEG taken over byte for byte keeps its quality and its EXIF block; written anew it would be another photo.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segdata.export.items import ExportItem

JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe")
BROWSER_SUFFIXES = (*JPEG_SUFFIXES, ".png", ".bmp", ".webp")
"""What a browser shows; it turns JPEGs by their EXIF orientation, the others not everywhere."""


def write_photo(
    item: ExportItem, stem: Path, kept: tuple[str, ...], *, turned: bool = False, suffix: str | None = None
) -> Path:
    """Write the photo as `stem` with an ending, which it returns as a path.

    kept    endings of files to copy byte for byte; anything else becomes a PNG of the upright pixels
    turned  whether a JPEG stored turned (EXIF orientation) may be copied too
    suffix  the ending of a copy (default: the file's own)
    Raises DataError for a damaged photo, or one of another size than the mask.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    photo = item.opened()
    if photo is not None:
        assert isinstance(item.photo, Path)
        own = item.photo.suffix
        upright = photo.orientation == 1 or (turned and own.lower() in JPEG_SUFFIXES)
        if upright and own.lower() in kept:
            path = stem.with_name(stem.name + (suffix or own))
            shutil.copyfile(item.photo, path)
            return path
    path = stem.with_name(f"{stem.name}.png")
    write_png(path, item.pixels())
    return path


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write uint8 (H, W, 3) RGB or uint8 (H, W), lossless; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = np.ascontiguousarray(pixels[..., ::-1]) if pixels.ndim == 3 else np.ascontiguousarray(pixels)
    written, data = cv2.imencode(".png", stored, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    assert written, "cv2 encodes images of 1 and 3 channels as PNG"
    path.write_bytes(data.tobytes())
