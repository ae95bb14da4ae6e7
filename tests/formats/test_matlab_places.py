"""Which of several files of one name a ground truth means: the one in the folder that it recorded, or none by guess."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.errors import DataError
from segdata.formats import survey_folder
from segdata.formats._parts.matlab_places import by_last_name, closest
from tests.formats.matlab_cases import FOLDER, export, ground_truth, mask, open_matlab, photo, save


def _lines(findings: object) -> list[str]:
    assert isinstance(findings, list | tuple)
    return [finding.line() for finding in findings]


@pytest.mark.parametrize(
    ("recorded", "found"),
    [
        (r"C:\Ed\street\labels_1\7.png", ["labels_1/7.png"]),
        (r"C:\Ed\street\labels\7.png", ["labels/7.png", "old/labels/7.png"]),
        ("/home/ed/old/labels/7.png", ["old/labels/7.png"]),
        (r"D:\7.png", ["7.png", "labels/7.png", "labels_1/7.png", "old/labels/7.png"]),
        ("7.png", ["7.png", "labels/7.png", "labels_1/7.png", "old/labels/7.png"]),
        (r"D:\labels\8.png", []),
        ("", []),
    ],
)
def test_closest_by_the_end_of_the_path(recorded: str, found: list[str]) -> None:
    files = by_last_name(["7.png", "labels/7.png", "labels_1/7.png", "old/labels/7.png"])
    assert closest(recorded, files) == found


def _exported_twice(root: Path) -> Path:
    """Image Labeler writes PixelLabelData_1 beside an older PixelLabelData, with the same names in it."""
    photo(root / "images" / "1.jpg", (1, 3))
    mask(root / "PixelLabelData" / "Label_1.png", [[1, 1, 1]])
    mask(root / "PixelLabelData_1" / "Label_1.png", [[2, 2, 2]])
    save(root / "gTruth.mat", gTruth=ground_truth(["1.jpg"], [FOLDER + r"\PixelLabelData_1\Label_1.png"]))
    return root


def test_the_recorded_folder_of_masks_wins_over_an_older_one(tmp_path: Path) -> None:
    reader = open_matlab(_exported_twice(tmp_path))
    assert reader.read("1").mask.tolist() == [[1, 1, 1]]
    assert _lines(reader.findings) == [
        "note: PixelLabelData/Label_1.png: no row of gTruth.mat names this mask [mask-unused: ignored]"
    ]
    survey = survey_folder("matlab", tmp_path)
    assert survey is not None
    assert survey.options["labels"] == "PixelLabelData_1"
    assert (survey.labels, survey.annotated) == ({"sky": 0, "road": 1}, 1)
    assert open_matlab(tmp_path, **survey.options).read("1").mask.tolist() == [[1, 1, 1]]


def test_a_named_folder_against_the_record_is_an_error(tmp_path: Path) -> None:
    _exported_twice(tmp_path)
    with pytest.raises(
        DataError,
        match=r"row 1: found 'Label_1.png' in several folders: PixelLabelData/Label_1.png, "
        r"PixelLabelData_1/Label_1.png; recorded as .*source.options.labels",
    ):
        open_matlab(tmp_path, labels="PixelLabelData")


def test_a_mask_of_another_folder_warns(tmp_path: Path) -> None:
    _exported_twice(tmp_path)
    (tmp_path / "PixelLabelData_1" / "Label_1.png").unlink()
    reader = open_matlab(tmp_path)
    assert reader.read("1").mask.tolist() == [[0, 0, 0]]
    assert _lines(reader.findings) == [
        "warning: gTruth.mat (row 1): 1 masks recorded in 'PixelLabelData_1' were found in PixelLabelData/, "
        "such as 'PixelLabelData/Label_1.png' [other-folder: taken by name]"
    ]


def test_one_mask_for_two_rows_is_an_error(tmp_path: Path) -> None:
    """Two ground truths joined into one, and the masks of the second left at home."""
    export(tmp_path, {"1.jpg": [[1, 2]]})
    photo(tmp_path / "images" / "2.jpg", (1, 2))
    masks = ["Label_1.png", FOLDER + r"\PixelLabelData_1\Label_1.png"]
    save(tmp_path / "gTruth.mat", gTruth=ground_truth(["1.jpg", "2.jpg"], masks))
    with pytest.raises(DataError, match=r"row 2: found the mask PixelLabelData/Label_1.png, which row 1 has"):
        open_matlab(tmp_path)
    mask(tmp_path / "PixelLabelData_1" / "Label_1.png", [[2, 2]])
    survey = survey_folder("matlab", tmp_path)
    assert survey is not None
    assert survey.options == {"ground_truth": "gTruth.mat", "photos": "images", "labels": "."}
    for reader in (open_matlab(tmp_path), open_matlab(tmp_path, **survey.options)):
        assert {id: reader.read(id).mask.tolist() for id in reader.ids()} == {"1": [[0, 1]], "2": [[1, 1]]}
        assert _lines(reader.findings) == []


def test_a_photo_is_never_its_own_mask(tmp_path: Path) -> None:
    mask(tmp_path / "images" / "1.png", [[1, 2]])
    save(tmp_path / "gTruth.mat", gTruth=ground_truth(["1.png"], [FOLDER + r"\masks\1.png"]))
    reader = open_matlab(tmp_path, unannotated="background")
    assert list(reader.ids()) == []
    assert [(told.code, told.place, told.severity) for told in reader.findings] == [
        ("no-mask", "row 1", "error")
    ]


def test_the_recorded_folder_of_photos_counts(tmp_path: Path) -> None:
    for name, grey in {"031.jpg": 10, "b/031.jpg": 200}.items():
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (3, 1), (grey, grey, grey)).save(tmp_path / "images" / name)
    mask(tmp_path / "PixelLabelData" / "Label_1.png", [[1, 1, 2]])
    save(tmp_path / "gTruth.mat", gTruth=ground_truth([FOLDER + r"\images\b\031.jpg"], ["Label_1.png"]))
    reader = open_matlab(tmp_path)
    assert list(reader.ids()) == ["b/031"]
    assert reader.read("b/031").mask.tolist() == [[0, 0, 1]]
    assert int(reader.read("b/031").image.min()) > 190
    assert _lines(reader.findings) == [
        "warning: images/031.jpg: photo without a mask [not-annotated: set aside]"
    ]


def test_photos_of_one_name_in_two_folders(tmp_path: Path) -> None:
    rows = {"a": [[1, 1]], "b": [[2, 1]]}
    for number, (folder, values) in enumerate(rows.items(), start=1):
        photo(tmp_path / "images" / folder / "031.jpg", (1, 2))
        mask(tmp_path / "PixelLabelData" / f"Label_{number}.png", values)
    recorded = [rf"{FOLDER}\images\{folder}\031.jpg" for folder in rows]
    save(tmp_path / "gTruth.mat", gTruth=ground_truth(recorded, ["Label_1.png", "Label_2.png"]))
    survey = survey_folder("matlab", tmp_path)
    assert survey is not None
    assert survey.options["photos"] == "images"
    for reader in (open_matlab(tmp_path), open_matlab(tmp_path, **survey.options)):
        assert {id: reader.read(id).mask.tolist() for id in reader.ids()} == {
            "a/031": [[0, 0]],
            "b/031": [[1, 0]],
        }
        assert _lines(reader.findings) == []

    save(tmp_path / "gTruth.mat", gTruth=ground_truth([r"D:\c\031.jpg"], ["Label_1.png"]))
    with pytest.raises(
        DataError, match=r"row 1: found '031.jpg' in several folders: images/a/031.jpg, images/b/031.jpg"
    ):
        open_matlab(tmp_path)


def test_foreign_paths_are_found_by_name_below_the_root(tmp_path: Path) -> None:
    photo(tmp_path / "images" / "roll 2" / "Straße 1.jpg", (1, 2))
    mask(tmp_path / "elsewhere" / "Label_1.png", [[2, 1]])
    truth = ground_truth(["/home/löwe/Straße 1.jpg"], [r"D:\x\Label_1.png"])
    save(tmp_path / "gTruth.mat", gTruth=truth)
    reader = open_matlab(tmp_path)
    assert list(reader.ids()) == ["roll 2/Straße 1"]
    assert reader.read("roll 2/Straße 1").mask.tolist() == [[1, 0]]
    assert _lines(reader.findings) == [
        "note: gTruth.mat (row 1): 1 photos recorded in 'löwe' were found in images/roll 2/, "
        "such as 'images/roll 2/Straße 1.jpg' [other-folder: taken by name]",
        "warning: gTruth.mat (row 1): 1 masks recorded in 'x' were found in elsewhere/, "
        "such as 'elsewhere/Label_1.png' [other-folder: taken by name]",
    ]


def test_masks_found_twice_are_an_error_naming_both(tmp_path: Path) -> None:
    export(tmp_path, {"a.jpg": [[1, 2]]})
    mask(tmp_path / "one" / "Label_1.png", [[2, 2]])
    assert open_matlab(tmp_path).read("a").mask.tolist() == [[0, 1]]
    (tmp_path / "PixelLabelData").rename(tmp_path / "two")
    with pytest.raises(DataError, match=r"gTruth\.mat: row 1: .*one/Label_1\.png, two/Label_1\.png"):
        open_matlab(tmp_path)
    assert open_matlab(tmp_path, labels="two").read("a").mask.tolist() == [[0, 1]]
    assert open_matlab(tmp_path, labels="one").read("a").mask.tolist() == [[1, 1]]


@pytest.mark.parametrize("orientation", [3, 6])
def test_masks_are_turned_with_a_turned_tiff(tmp_path: Path, orientation: int) -> None:
    """White above black as stored; the label road lies on the white pixels."""
    pixels = np.array([[255, 255, 255], [0, 0, 0]], np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "images").mkdir()
    Image.fromarray(np.dstack([pixels] * 3)).save(tmp_path / "images" / "1.tif", exif=exif)
    mask(tmp_path / "PixelLabelData" / "Label_1.png", [[2, 2, 2], [1, 1, 1]])
    save(tmp_path / "gTruth.mat", gTruth=ground_truth(["1.tif"], ["Label_1.png"]))
    sample = open_matlab(tmp_path).read("1")
    upright = {3: [[0, 0, 0], [1, 1, 1]], 6: [[0, 1], [0, 1], [0, 1]]}[orientation]
    assert sample.mask.tolist() == upright
    assert (sample.image[..., 0] // 255).tolist() == upright
