"""`.mat` files of version 7.3 (HDF5) that unfold in memory, lead out of the file, or never end: refused unread."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from segdata.errors import DataError
from tests.formats.matlab_cases import open_matlab, photo


def _hdf5(path: Path) -> h5py.File:
    """A version 7.3 file as MATLAB begins it: its own header of 512 bytes, then HDF5."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", userblock_size=512):
        pass
    content = bytearray(path.read_bytes())
    content[:128] = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    path.write_bytes(content)
    return h5py.File(path, "r+")


def _matrix(group: h5py.Group, name: str, **options: Any) -> h5py.Dataset:
    made = group.create_dataset(name, **options)
    made.attrs["MATLAB_class"] = np.bytes_(b"cell" if made.dtype.hasobject else b"uint8")
    return made


def _refused_segmentation(root: Path) -> str:
    reader = open_matlab(root, label_map={1: "sky", 2: "road"}, segmentations="truth")
    with pytest.raises(DataError) as caught:
        reader.read("a")
    assert caught.value.where == "truth/a.mat"
    return str(caught.value)


def _bomb_unwritten(file: h5py.File) -> None:
    _matrix(file, "mask", shape=(60_000, 60_000), dtype="u1", chunks=(100, 100))


def _bomb_named_often(file: h5py.File) -> None:
    """One array of 1 MB, which a cell names 300 times."""
    one = _matrix(file.create_group("#refs#"), "a", data=np.zeros((1000, 1000), np.uint8), compression=9)
    _matrix(file, "mask", data=np.array([[one.ref] * 300], h5py.ref_dtype), dtype=h5py.ref_dtype)


def _bomb_nested(file: h5py.File) -> None:
    """Each cell names the one before it 30 times: 30^8 arrays."""
    refs = file.create_group("#refs#")
    last = _matrix(refs, "a", data=np.zeros((1, 1), np.uint8))
    for level in range(7):
        last = _matrix(refs, f"b{level}", data=np.array([[last.ref] * 30], h5py.ref_dtype))
    _matrix(file, "mask", data=np.array([[last.ref] * 30], h5py.ref_dtype))


def _bomb_of_references(file: h5py.File) -> None:
    _matrix(file, "mask", shape=(10_000_000, 1), dtype=h5py.ref_dtype, chunks=(1000, 1))


@pytest.mark.parametrize("bomb", [_bomb_unwritten, _bomb_named_often, _bomb_nested, _bomb_of_references])
def test_hdf5_that_unfolds_in_memory_is_refused_unread(
    tmp_path: Path, bomb: Callable[[h5py.File], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise AssertionError("read")

    monkeypatch.setattr("matio.load_from_mat", refuse)
    photo(tmp_path / "images" / "a.jpg")
    with _hdf5(tmp_path / "truth" / "a.mat") as file:
        bomb(file)
    assert (tmp_path / "truth" / "a.mat").stat().st_size < 200_000
    message = _refused_segmentation(tmp_path)
    assert re.search(r"arrays of [\d,]+ bytes; expected labels, of at most 268,435,456 bytes", message), (
        message
    )
    if bomb is _bomb_unwritten:
        assert "arrays of 3,600,000,512 bytes" in message


def test_hdf5_of_a_size_that_is_allowed_is_read(tmp_path: Path) -> None:
    photo(tmp_path / "images" / "a.jpg", (2, 3))
    with _hdf5(tmp_path / "truth" / "a.mat") as file:
        _matrix(file, "mask", data=np.array([[1, 2], [1, 2], [2, 2]], np.uint8))
    reader = open_matlab(tmp_path, label_map={1: "sky", 2: "road"}, segmentations="truth")
    assert reader.read("a").mask.tolist() == [[0, 0, 1], [1, 1, 1]]


def _cycle(file: h5py.File) -> None:
    mask = _matrix(file, "mask", shape=(1, 1), dtype=h5py.ref_dtype)
    mask[0, 0] = mask.ref


def _empty_of_many(file: h5py.File) -> None:
    _matrix(file, "mask", data=np.array([60_000, 60_000], np.uint64)).attrs["MATLAB_empty"] = np.uint8(1)


def _outside(file: h5py.File) -> None:
    file.create_dataset("mask", (10, 10), "u1", external=[("other.bin", 0, 100)])


def _linked(file: h5py.File) -> None:
    file["mask"] = h5py.ExternalLink("other.mat", "/mask")


def _deep(file: h5py.File) -> None:
    group = file.create_group("mask")
    for _ in range(60):
        group = group.create_group("a")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (_cycle, "/mask contains itself"),
        (_empty_of_many, r"/mask is empty and has [60000, 60000] elements"),
        (_outside, "/mask lies in another file"),
        (_linked, "'mask' is a link"),
        (_deep, "nested more than 40 deep"),
    ],
)
def test_hdf5_that_leads_elsewhere_is_refused(
    tmp_path: Path, build: Callable[[h5py.File], None], message: str
) -> None:
    photo(tmp_path / "images" / "a.jpg")
    with _hdf5(tmp_path / "truth" / "a.mat") as file:
        build(file)
    assert message in _refused_segmentation(tmp_path)
