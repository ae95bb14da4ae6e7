"""A picture without symmetry, saved in any way, and PNGs written by hand."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

# No symmetry: every turn and mirror of it differs.
PICTURE = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)


def save_picture(path: Path, picture: Any, orientation: int | None = None, **options: Any) -> Path:
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    if path.suffix == ".tif" and "xmp" in options:
        exif[700] = options.pop("xmp")
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(path, exif=exif, **options)
    return path


def write_png(
    path: Path,
    width: int,
    height: int,
    bits: int,
    color_type: int,
    rows: list[bytes],
    *extra: tuple[bytes, bytes],
) -> Path:
    """A PNG written by hand, since encoders choose their own bit depth."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = [(b"IHDR", header), *extra, (b"IDAT", pixels), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks))
    return path
