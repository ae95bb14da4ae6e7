"""How much memory a `.mat` file of version 7.3 asks for, summed from its headers before anything is read.

    /groundTruth/Segmentation   dataset 60000 x 60000 float64, never written: 1,912 bytes on disk, 29 GB when read

Version 7.3 is HDF5 (https://docs.hdfgroup.org/hdf5/latest/_f_m_t3.html). Unwritten or packed data take no room in the
file, a cell array may name one array a thousand times, and links and external data may lead out of the file.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]

from segdata.errors import DataError

MAX_DEPTH = 40
ARRAY_BYTES = 512
"""Counted for each array beside its numbers: what Python needs for it."""
REFERENCES = "#refs#"
"""The group of arrays that cells name; read through the cells alone."""


def is_hdf5(path: Path) -> bool:
    """Whether it is HDF5, whatever MATLAB's own header before it says."""
    return bool(h5py.is_hdf5(path))


def check_hdf5(path: Path, name: str, max_bytes: int) -> None:
    """Raises DataError where the arrays of an HDF5 file need more than max_bytes, ValueError for links, cycles and the like."""
    with h5py.File(path, "r") as file:
        wanted = _Sizes(file, name, max_bytes)
        total = sum(wanted.of(_member(file, key), 0) for key in file if key != REFERENCES)
    wanted.refuse_beyond(total)


class _Sizes:
    """Bytes by array, each looked at once and counted as often as it is named, since it is read so often."""

    def __init__(self, file: Any, name: str, max_bytes: int) -> None:
        self._file, self._name, self._max_bytes = file, name, max_bytes
        self._known: dict[int, int | None] = {}

    def refuse_beyond(self, size: int) -> None:
        if size > self._max_bytes:
            raise DataError(
                self._name,
                found=f"arrays of {size:,} bytes",
                expected=f"labels, of at most {self._max_bytes:,} bytes",
                fix="Save the labels alone, as uint8: save('001.mat', 'groundTruth').",
            )

    def of(self, node: Any, depth: int) -> int:
        """Bytes of a group or dataset with all that it names."""
        address = h5py.h5o.get_info(node.id).addr
        if address not in self._known:
            if depth > MAX_DEPTH:
                raise ValueError(f"arrays nested more than {MAX_DEPTH} deep")
            self._known[address] = None
            if isinstance(node, h5py.Group):
                size = ARRAY_BYTES + sum(self.of(_member(node, key), depth + 1) for key in node)
            else:
                size = self._of_dataset(node, depth)
            self.refuse_beyond(size)
            self._known[address] = size
        known = self._known[address]
        if known is None:
            raise ValueError(f"{node.name} contains itself")
        return known

    def _of_dataset(self, dataset: Any, depth: int) -> int:
        if dataset.external or dataset.is_virtual:
            raise ValueError(f"{dataset.name} lies in another file")
        count = math.prod(dataset.shape or ())
        size = ARRAY_BYTES + count * int(dataset.dtype.itemsize)
        is_reference = h5py.check_ref_dtype(dataset.dtype) is h5py.Reference
        self.refuse_beyond(size + count * ARRAY_BYTES if is_reference else size)
        if dataset.attrs.get("MATLAB_empty", 0) and math.prod(map(int, dataset[()].ravel())):
            raise ValueError(f"{dataset.name} is empty and has {dataset[()].tolist()} elements")
        if dataset.dtype.hasobject and not is_reference:
            raise ValueError(f"{dataset.name} has elements of any length")
        if is_reference:
            for reference in dataset[()].ravel():
                size += self.of(self._file[reference], depth + 1)
                self.refuse_beyond(size)
        return size


def _member(group: Any, key: str) -> Any:
    if not isinstance(group.get(key, getlink=True), h5py.HardLink):
        raise ValueError(f"{key!r} is a link")
    return group[key]
