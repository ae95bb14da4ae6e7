"""The elements of a `.mat` file of version 5 or 7, one after another: a tag of type and length, then the data.

    14, 56 │ 6, 8, flags and class │ 5, 8, height and width │ 1, 3, name │ 2, 12, numbers …

Source: MathWorks, MAT-File Format, chapter 1, table 1-1 and "Data element format".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

HEADER_BYTES = 128
BYTE_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
"""Bytes 124 to 128 of the file → numpy's sign of the byte order."""
MATRIX, COMPRESSED = 14, 15


def elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Type and content of each element. Raises ValueError for one that is cut off, struct.error for half a tag."""
    at = 0
    while at < len(data):
        (kind,) = struct.unpack_from(order + "I", data, at)
        if kind >> 16:  # a small element: type and length in one word, data in the next
            kind, size, start, after = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        else:
            (size,) = struct.unpack_from(order + "I", data, at + 4)
            start = at + 8
            after = start + size + (0 if kind == COMPRESSED else -size % 8)
        if start + size > min(len(data), after):
            raise ValueError(f"an element of type {kind} and {size} bytes where {len(data) - at} are left")
        yield kind, data[start : start + size]
        at = after
