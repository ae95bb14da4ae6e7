"""Plain label matrices as SBD, Berkeley and CrackForest have them, and masks that only Image Labeler can name."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.io import savemat

from segdata.errors import DataError
from segdata.formats import Reader
from tests.formats.matlab_cases import mask, open_matlab, photo, save
from tests.formats.via_cases import drawn

VALUES = np.array([[0, 1, 2], [0, 0, 255]], np.uint8)
SBD_MAP: dict[str | int, str] = {0: "background", 1: "aeroplane", 2: "bicycle", 255: "ignore"}


def sbd(root: Path, names: tuple[str, ...] = ("2008_000002",)) -> Reader:
    return open_matlab(
        root,
        ("background", "aeroplane", "bicycle"),
        SBD_MAP,
        photos="img",
        segmentations="cls",
        variable="GTcls",
    )


def write_sbd(root: Path, values: np.ndarray = VALUES, *, compress: bool = False) -> Path:
    """img/<id>.jpg and cls/<id>.mat, with the outline of each class as a sparse matrix."""
    photo(root / "img" / "2008_000002.jpg")
    (root / "cls").mkdir(parents=True, exist_ok=True)
    edges = np.empty((20, 1), object)
    for label in range(20):
        edges[label, 0] = sparse.csc_matrix(values == label + 1)
    content = {"Segmentation": values, "Boundaries": edges, "CategoriesPresent": np.array([1, 2], np.uint8)}
    path = root / "cls" / "2008_000002.mat"
    savemat(path, {"GTcls": content}, do_compression=compress)
    return path


@pytest.mark.parametrize("compress", [False, True])
def test_sbd(tmp_path: Path, compress: bool) -> None:
    write_sbd(tmp_path, compress=compress)
    reader = sbd(tmp_path)
    assert (list(reader.ids()), list(reader.findings)) == (["2008_000002"], [])
    assert drawn(reader.read("2008_000002").mask) == ["012", "00."]


def test_a_photo_of_sbd_that_is_all_background_is_annotated(tmp_path: Path) -> None:
    write_sbd(tmp_path, np.zeros((2, 3), np.uint8))
    reader = sbd(tmp_path)
    assert list(reader.findings) == []
    assert drawn(reader.read("2008_000002").mask) == ["000", "000"]


def test_sparse_matrices_that_are_broken_never_crash(tmp_path: Path) -> None:
    path = write_sbd(tmp_path)
    whole = path.read_bytes()
    edge = sparse.csc_matrix(VALUES == 1)
    begins = struct.pack("<4i", *edge.indptr)
    at = whole.index(begins)
    for offset, value in ((0, 1), (4, 9), (12, 1_000_000), (12, -1)):
        path.write_bytes(whole[: at + offset] + struct.pack("<i", value) + whole[at + offset + 4 :])
        with pytest.raises(DataError, match=r"cls/2008_000002\.mat: found a damaged .* sparse array"):
            sbd(tmp_path).read("2008_000002")
    random = np.random.Generator(np.random.PCG64(7))
    outcomes = {"read": 0, "refused": 0}
    for _ in range(200):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[random.integers(128, len(whole))] = random.integers(0, 256)
        path.write_bytes(damaged.tobytes())
        try:
            sbd(tmp_path).read("2008_000002")
            outcomes["read"] += 1
        except DataError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 5


def test_berkeley_has_one_segmentation_per_annotator(tmp_path: Path) -> None:
    photo(tmp_path / "images" / "12003.jpg")
    (tmp_path / "truth").mkdir()
    people = np.empty((1, 3), object)
    for number in range(3):
        people[0, number] = {"Segmentation": VALUES.astype(np.uint16) % 3 + number, "Boundaries": VALUES > 0}
    savemat(tmp_path / "truth" / "12003.mat", {"groundTruth": people})
    label_map: dict[str | int, str] = {1: "sky", 2: "road", 3: "sky", 4: "ignore"}
    reader = open_matlab(tmp_path, label_map=label_map, segmentations="truth")
    with pytest.raises(DataError) as caught:
        reader.read("12003")
    assert str(caught.value) == (
        "truth/12003.mat: found 3 segmentations, by as many annotators; expected one. "
        "Set source.options.annotator to a number of 1 to 3."
    )
    second = open_matlab(tmp_path, label_map=label_map, segmentations="truth", annotator=2)
    assert drawn(second.read("12003").mask) == ["010", "000"]
    third = open_matlab(tmp_path, label_map=label_map, segmentations="truth", annotator=3)
    assert drawn(third.read("12003").mask) == ["10.", "111"]
    with pytest.raises(DataError, match="found 3 segmentations; expected one by annotator 4"):
        open_matlab(tmp_path, label_map=label_map, segmentations="truth", annotator=4).read("12003")


@pytest.mark.parametrize(
    ("version", "options"),
    [("4", {}), ("5", {"do_compression": False}), ("5", {"do_compression": True}), ("7.3", {})],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64, np.bool_])
def test_plain_matrices_of_every_version(
    tmp_path: Path, version: str, options: dict[str, Any], dtype: Any
) -> None:
    photo(tmp_path / "images" / "a.jpg")
    (tmp_path / "truth").mkdir()
    values = np.array([[0, 1, 1], [0, 0, 1]], dtype)
    if version == "7.3":
        save(tmp_path / "truth" / "a.mat", "v7.3", mask=values)
    else:
        plain = values.astype(np.uint8) if version == "4" and dtype == np.bool_ else values
        savemat(tmp_path / "truth" / "a.mat", {"mask": plain}, format=version, **options)
    reader = open_matlab(tmp_path, label_map={1: "road"}, segmentations="truth")
    assert drawn(reader.read("a").mask) == [".11", "..1"]


FOLDER: dict[str, Any] = {"ground_truth": None, "label_map": {1: "sky", 2: "road"}}


def test_masks_that_name_no_photo_need_the_ground_truth(tmp_path: Path) -> None:
    for number, name in enumerate("ab", start=1):
        photo(tmp_path / "images" / f"{name}.jpg")
        mask(tmp_path / "PixelLabelData" / f"Label_{number}.png", [[1, 2, 2], [1, 1, 2]])
    with pytest.raises(DataError) as caught:
        open_matlab(tmp_path, **FOLDER)
    assert "PixelLabelData/: found masks that name no photo (Label_1, Label_2, …)" in str(caught.value)
    assert "choose Export > To Workspace" in str(caught.value)


def test_masks_of_newer_releases_name_their_photo(tmp_path: Path) -> None:
    for name in ("wall_1", "wall_2", "roll/wall_3", "wall_4"):
        photo(tmp_path / "images" / f"{name}.jpg")
    for number, name in (
        (2, "wall_1"),
        (1, "wall_2"),
        (3, "wall_3"),
        (4, "wall_4"),
        (5, "wall_4"),
        (6, "gone"),
    ):
        mask(tmp_path / "PixelLabelData" / f"Label_{number}_{name}.png", [[number % 2 + 1] * 3] * 2)
    reader = open_matlab(tmp_path, **FOLDER)
    assert {id: drawn(reader.read(id).mask)[0] for id in reader.ids()} == {
        "roll/wall_3": "111",
        "wall_1": "000",
        "wall_2": "111",
    }
    assert [(f.code, f.file) for f in reader.findings] == [
        ("mask-by-name", "PixelLabelData/"),
        ("no-photo", "PixelLabelData/Label_4_wall_4.png"),
        ("no-photo", "PixelLabelData/Label_5_wall_4.png"),
        ("no-photo", "PixelLabelData/Label_6_gone.png"),
        ("not-annotated", "images/wall_4.jpg"),
    ]
    assert reader.findings[0].message == (
        "3 masks named after the photo at the end of the name, such as 'PixelLabelData/Label_3_wall_3.png' for "
        "'images/roll/wall_3.jpg'"
    )
