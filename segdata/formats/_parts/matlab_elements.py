"""Whether a `.mat` file (v5, v7) is built as MATLAB builds it, checked before a parser in C reads it.

    tag: type 14 (miMATRIX), 56 bytes │ tag: 6, 8 bytes: flags, class │ tag: 5, 8 bytes: dimensions │ tag: 1: name │ data …

The parsers of scipy and mat-io look up types and classes in C tables without a look at their length: one wrong byte
ends the process. So types, classes, nesting and lengths are walked here first. Source: MathWorks, MAT-File Format,
chapter 1, tables 1-1 and 1-3.
"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

from segdata.errors import DataError
from segdata.formats._parts.mat_bytes import BYTE_ORDERS, COMPRESSED, HEADER_BYTES, MATRIX, elements

MAX_BYTES = 1 << 28
"""A .mat file that is, or unpacks to, more than this is refused."""
MAX_DEPTH = 40
TYPES = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 14, 16, 17, 18}
CLASSES = set(range(1, 19))
CELL, STRUCT, SPARSE, NUMBERS_AND_TEXT = 1, 2, 5, (4, *range(6, 16))
COMPLEX = 0x0800
FLAGS, DIMENSIONS, UINT8, INT32, UINT32 = 6, 5, 2, 5, 6
WITHOUT_DIMENSIONS = (16, 17)  # functions and objects
UINT32_CLASS, OBJECT_REFERENCE = (
    13,
    0xDD000000,
)  # reference, number of dimensions, dimensions, object ids, class id
NO_SUBSYSTEM = 0x2020202020202020


def check_elements(path: Path, name: str) -> None:
    """Walk every element of a v5 or v7 file, add up the arrays of a v7.3 file; v4 is checked for its size alone.

    Raises DataError for more than MAX_BYTES, ValueError (or zlib.error, struct.error) for a broken structure.
    """
    total = path.stat().st_size
    data = path.read_bytes() if total <= MAX_BYTES else b""
    if total > MAX_BYTES or data[124:128] not in BYTE_ORDERS:
        _refuse_large(total, name)
        from segdata.formats._parts.matlab_hdf5 import check_hdf5, is_hdf5  # h5py comes with mat-io alone

        return check_hdf5(path, name, MAX_BYTES) if is_hdf5(path) else None
    order = BYTE_ORDERS[data[124:128]]
    (subsystem,) = struct.unpack(order + "Q", data[116:124])
    starts = {0, NO_SUBSYSTEM}
    at = HEADER_BYTES
    while at < len(data):
        starts.add(at)
        kind, size = struct.unpack_from(order + "II", data, at)
        content = memoryview(data)[at + 8 : at + 8 + size]
        if len(content) < size:
            raise ValueError(f"cut off in the variable at byte {at}")
        if kind == COMPRESSED:
            unpacker = zlib.decompressobj()
            unpacked = unpacker.decompress(content, MAX_BYTES + 1 - total)
            total += len(unpacked)
            _refuse_large(total, name)
            kind, size = struct.unpack_from(order + "II", unpacked)
            content = memoryview(unpacked)[8:]
        if kind != MATRIX or len(content) < size:
            raise ValueError(f"no whole variable at byte {at}")
        walk_matrix(content, order, is_subsystem=at == subsystem)
        at += 8 + struct.unpack_from(order + "I", data, at + 4)[0]
    if subsystem not in starts:
        raise ValueError(f"no object store at byte {subsystem}")
    return None


def _refuse_large(total: int, name: str) -> None:
    if total > MAX_BYTES:
        raise DataError(
            name,
            found=f"more than {MAX_BYTES:,} bytes",
            expected="labels, not other data",
            fix="Save the labels alone: save('gTruth.mat', 'gTruth').",
        )


def walk_matrix(content: memoryview, order: str, *, is_subsystem: bool = False, depth: int = 0) -> None:
    """One array: its flags, then elements, of which some are arrays. Raises ValueError where it is broken."""
    if not len(content):
        return None  # an empty cell
    if depth > MAX_DEPTH:
        raise ValueError(f"arrays nested more than {MAX_DEPTH} deep")
    kind, size, flags = struct.unpack_from(order + "III", content)
    array_class, count = flags & 0xFF, 0
    if (kind, size) != (FLAGS, 8) or array_class not in CLASSES or flags & COMPLEX:
        raise ValueError(f"an array of class {array_class}")
    if array_class not in WITHOUT_DIMENSIONS:
        kind, size = struct.unpack_from(order + "II", content, 16)
        if kind != DIMENSIONS or size % 4 or not 8 <= size <= 128:
            raise ValueError("an array without dimensions")
        dimensions = struct.unpack_from(f"{order}{size // 4}i", content, 24)
        count = math.prod(dimensions)
        if min(dimensions) < 0 or (count > len(content) and array_class != SPARSE):
            raise ValueError(f"an array of {dimensions} in {len(content)} bytes")
    arrays = 0
    others: list[memoryview] = []
    kinds: list[int] = []
    for kind, part in elements(content[16:], order):
        if kind not in TYPES:
            raise ValueError(f"an element of type {kind}")
        if kind == MATRIX:
            arrays += 1
            walk_matrix(part, order, depth=depth + 1)
            continue
        if is_subsystem and kind == UINT8:
            _walk_subsystem(part)
            is_subsystem = False
        others.append(part)
        kinds.append(kind)
    if array_class == SPARSE:
        return _check_sparse(dimensions, arrays, others, kinds, order)
    _check_members(array_class, count, arrays, others, order)
    if is_subsystem:
        raise ValueError("an object store without bytes")
    return None


def _check_sparse(
    dimensions: tuple[int, ...], arrays: int, others: list[memoryview], kinds: list[int], order: str
) -> None:
    """dimensions, name, the row of each number, where each column begins among them, numbers: as SBD's Boundaries."""
    if arrays or len(others) != 5 or len(dimensions) != 2 or not {*kinds[2:4]} <= {INT32, UINT32}:
        raise ValueError(f"a sparse array of {len(others)} parts and {len(dimensions)} dimensions")
    rows, begins = (
        struct.unpack(f"{order}{len(part) // 4}I", part[: len(part) // 4 * 4]) for part in others[2:4]
    )
    if len(begins) != dimensions[1] + 1 or begins[0] != 0 or list(begins) != sorted(begins):
        raise ValueError(f"a sparse array of {dimensions} with {len(begins)} beginnings of columns")
    if begins[-1] > len(rows) or any(row >= dimensions[0] for row in rows[: begins[-1]]):
        raise ValueError(f"a sparse array of {dimensions} with {len(rows)} numbers")


def _check_members(array_class: int, count: int, arrays: int, others: list[memoryview], order: str) -> None:
    """As many members as the dimensions say. `others`: dimensions, name, then data or field names."""
    expected, parts = 0, 3
    if array_class == CELL:
        expected, parts = count, 2
    elif array_class == STRUCT and len(others) == 4:
        (field_bytes,) = struct.unpack(order + "i", others[2])
        expected, parts = count * (len(others[3]) // field_bytes), 4
    elif array_class not in NUMBERS_AND_TEXT:
        return
    if arrays != expected or len(others) != parts:
        raise ValueError(f"{arrays} members in an array of {count}, class {array_class}")
    if array_class == UINT32_CLASS and len(others[2]) >= 8 and len(others[2]) % 4 == 0:
        words = struct.unpack(f"{order}{len(others[2]) // 4}I", others[2])
        ndims = words[1]
        if words[0] == OBJECT_REFERENCE and len(words) != 3 + ndims + math.prod(words[2 : 2 + ndims]):
            raise ValueError(f"{len(words)} words in a reference to objects")


def _walk_subsystem(content: memoryview) -> None:
    """The bytes of the objects' own store: a header of 8 bytes, then an array as in a file."""
    order = "<" if bytes(content[2:4]) == b"IM" else ">"
    at = 8
    while at + 8 <= len(content):
        kind, size = struct.unpack_from(order + "II", content, at)
        if kind != MATRIX or at + 8 + size > len(content):
            raise ValueError(f"an object store with an element of type {kind} and {size} bytes")
        walk_matrix(content[at + 8 : at + 8 + size], order)
        at += 8 + size
