"""The label matrix of SBD's class masks (http://home.bharathh.info/pubs/codes/SBD): dataset/cls/2008_000002.mat.

    GTcls   struct 1x1: Boundaries (20 cells of sparse matrices) · Segmentation uint8 (H, W) · CategoriesPresent

One field of a known form is wanted, so its bytes are walked here and no further library reads the file: those look up
types in C tables without a look at their length, and one wrong byte ends the process. What lies beside the field is
stepped over, sparse matrices too. Source: MathWorks, MAT-File Format, chapter 1 (version 5, plain or compressed).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segdata.errors import DataError
from segdata.wording import size_text

MAX_BYTES = 1 << 26
"""A .mat file that is, or unpacks to, more than this is refused."""
VARIABLE, FIELD = "GTcls", "Segmentation"
HEADER_BYTES = 128
BYTE_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
MATRIX, COMPRESSED = 14, 15
STRUCT = 2
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""Type of a data element → numpy's name. MATLAB stores doubles that are small whole numbers as bytes."""


@dataclass(frozen=True)
class _Array:
    """One array: its class, its dimensions, its name, and the elements after them."""

    kind: int
    dimensions: tuple[int, ...]
    name: str
    rest: tuple[tuple[int, memoryview], ...]


def read_sbd(path: Path, name: str) -> NDArray[np.uint8]:
    """GTcls.Segmentation of a .mat file. Returns uint8 (H, W). Raises DataError for any other or damaged file."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES:,} bytes")
        data = path.read_bytes()
        order = BYTE_ORDERS.get(data[124:128])
        if order is None:
            raise ValueError("no .mat file of version 5")
        return _segmentation(data, order)
    except OSError as error:
        raise DataError(
            name, found=f"no readable file ({error.strerror})", expected="a mask", fix="Allow reading it."
        ) from error
    except (ValueError, struct.error, zlib.error) as error:
        raise DataError(
            name,
            found=f"a damaged or foreign .mat file ({error})",
            expected=f"a mask of SBD: the struct {VARIABLE} with the field {FIELD}, whole numbers of 0 to 255",
            fix="Copy it again from SBD's dataset/cls.",
        ) from error


def _segmentation(data: bytes, order: str) -> NDArray[np.uint8]:
    room = MAX_BYTES
    for kind, content in _elements(memoryview(data)[HEADER_BYTES:], order):
        if kind == COMPRESSED:
            unpacked = zlib.decompressobj().decompress(content, room + 1)
            room -= len(unpacked)
            if room < 0:
                raise ValueError(f"more than {MAX_BYTES:,} bytes unpacked")
            kind, content = next(_elements(memoryview(unpacked), order), (0, content))
        if kind != MATRIX:
            continue
        variable = _array(content, order)
        if variable.name == VARIABLE and variable.kind == STRUCT:
            return _matrix(_field(variable, order), order)
    raise ValueError(f"no struct {VARIABLE}")


def _elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Type and content of each element. Raises ValueError for one that is cut off."""
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
            raise ValueError(f"an element of {size} bytes where {len(data) - at} are left")
        yield kind, data[start : start + size]
        at = after


def _array(content: memoryview, order: str) -> _Array:
    elements = tuple(_elements(content, order))
    if len(elements) < 3:
        raise ValueError("an array without class, dimensions and name")
    (_, flags), (_, dimensions), (_, name), *rest = elements
    (word,) = struct.unpack_from(order + "I", flags)
    sizes = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions)
    return _Array(word & 0xFF, sizes, bytes(name).decode("ascii", "replace"), tuple(rest))


def _field(variable: _Array, order: str) -> _Array:
    """The field Segmentation of a 1x1 struct: lengths of the names, the names, then one array per name."""
    if len(variable.rest) < 2 or any(size != 1 for size in variable.dimensions):
        raise ValueError(f"{VARIABLE} is no struct of one row")
    (_, width), (_, names), *arrays = variable.rest
    (length,) = struct.unpack_from(order + "i", width)
    if not 1 <= length <= 64:
        raise ValueError(f"field names of {length} bytes")
    starts = range(0, len(names), length)
    fields = [bytes(names[at : at + length]).split(b"\0")[0].decode("ascii", "replace") for at in starts]
    if FIELD not in fields or len(fields) != len(arrays) or arrays[fields.index(FIELD)][0] != MATRIX:
        raise ValueError(f"{VARIABLE} has no field {FIELD}")
    return _array(arrays[fields.index(FIELD)][1], order)


def _matrix(array: _Array, order: str) -> NDArray[np.uint8]:
    if len(array.rest) != 1 or array.rest[0][0] not in NUMBERS or len(array.dimensions) != 2:
        raise ValueError(f"{FIELD} is no matrix of numbers")
    kind, data = array.rest[0]
    values = np.frombuffer(data, np.dtype(order + NUMBERS[kind]))
    height, width = array.dimensions
    if min(height, width) < 1 or values.size != height * width:
        raise ValueError(f"{values.size} numbers in a matrix of {size_text((height, width))}")
    whole = (values >= 0) & (values <= 255) & (values == np.floor(values))
    if not whole.all():
        raise ValueError(f"{FIELD} holds {values[~whole][0]}")
    return np.ascontiguousarray(values.astype(np.uint8).reshape(width, height).T)  # column by column
