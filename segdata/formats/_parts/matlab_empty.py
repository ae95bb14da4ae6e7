"""Whether a mask PNG holds anything but zeros, told without decoding the picture.

A PNG keeps differences between neighbouring pixels, row by row, each row behind a filter byte. Zeros stay zeros under
every filter, so a picture of zeros is one whose rows unpack to zeros; reading stops at the first other byte, which
mostly comes early (https://www.w3.org/TR/png-3/, 9 Filtering).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
STEP = 1 << 20  # bytes unpacked at a time


def is_zero_png(path: Path) -> bool:
    """True for a whole PNG of zeros. False for every other file, also a damaged, interlaced or absent one."""
    try:
        chunks = _chunks(path)
        header = next(chunks, b"")
        width, height, bits, color, _, _, interlaced = struct.unpack(">IIBBBBB", header)
        if interlaced or color not in CHANNELS or not width or not height:
            return False
        row_bytes = 1 + (width * bits * CHANNELS[color] + 7) // 8
        total = 0
        unpacker = zlib.decompressobj()
        for packed in chunks:
            while packed and not unpacker.eof:
                raw = np.frombuffer(unpacker.decompress(packed, STEP), np.uint8)
                filters = np.arange(-total % row_bytes, len(raw), row_bytes)
                if np.count_nonzero(raw) != np.count_nonzero(raw[filters]):
                    return False
                total += len(raw)
                packed = unpacker.unconsumed_tail
        return bool(total == row_bytes * height)
    except (OSError, struct.error, zlib.error):
        return False


def _chunks(path: Path) -> Iterator[bytes]:
    """The content of IHDR, then of each IDAT."""
    with path.open("rb") as file:
        if file.read(8) != SIGNATURE:
            return
        while len(start := file.read(8)) == 8:
            size, kind = struct.unpack(">I4s", start)
            if kind in (b"IHDR", b"IDAT"):
                yield file.read(size)
            else:
                file.seek(size, 1)
            file.seek(4, 1)  # CRC
