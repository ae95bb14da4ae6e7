"""MATLAB Image Labeler: pairing by row, ids by definition, zeros by policy, turned photos, and the real sets."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError, UnmappedLabelError
from segdata.formats import Reader
from segdata.formats._parts.matlab_empty import is_zero_png
from segdata.photo import Resize
from segdata.sample_data import CLASSES, iter_truth, write_sample_set
from segdata.sample_data.matlab import loading_order
from tests.formats.matlab_cases import definition, export, ground_truth, mask, open_matlab, photo, save
from tests.formats.matlab_cases import struct as matlab_struct


def _pixels(reader: Reader) -> dict[int, int]:
    counts: Counter[int] = Counter()
    for id in reader.ids():
        values, numbers = np.unique(reader.read(id).mask, return_counts=True)
        counts.update(dict(zip(values.tolist(), numbers.tolist(), strict=True)))
    return dict(counts)


def _told(reader: Reader) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.file, finding.severity) for finding in reader.findings]


def test_drawn_scenes_come_back_exactly_and_rows_decide(tmp_path: Path) -> None:
    root = tmp_path / "street"
    write_sample_set("matlab", root, num_scenes=6, size_hw=(120, 160), seed=2012)
    truth = dict(iter_truth("matlab", 6, (120, 160), 2012))
    reader = open_matlab(root, CLASSES)
    assert list(reader.ids()) == [f"street_{number:03d}" for number in range(1, 7)]
    assert list(reader.findings) == []
    for id, scene in truth.items():
        assert np.array_equal(reader.read(id).mask, scene.mask)
    assert any((scene.mask == 255).any() for scene in truth.values())

    order = loading_order(6)
    assert order != sorted(order)
    for row, number in enumerate(order):  # sorted names would give photo `row` the mask Label_<row + 1>
        stored = np.asarray(Image.open(root / "PixelLabelData" / f"Label_{row + 1}.png"))
        by_row = np.array_equal(
            stored,
            np.where(
                truth[f"street_{number + 1:03d}"].mask == 255, 0, truth[f"street_{number + 1:03d}"].mask + 1
            ),
        )
        by_name = np.array_equal(
            stored,
            np.where(truth[f"street_{row + 1:03d}"].mask == 255, 0, truth[f"street_{row + 1:03d}"].mask + 1),
        )
        assert (by_row, by_name) == (True, row == number)


def test_ids_go_through_names_and_zero_is_unlabelled(tmp_path: Path) -> None:
    labels = [definition("Tree", [7, 9]), definition("road", 200), definition("never used", 3)]
    export(tmp_path, {"a.jpg": [[0, 7, 9], [200, 200, 0]]}, labels=labels)
    reader = open_matlab(tmp_path, ("sky", "road", "tree"), {"Tree": "tree", "road": "road"})
    assert reader.read("a").mask.tolist() == [[255, 2, 2], [1, 1, 255]]
    assert reader.read("a").original_hw == (2, 3)
    filled = open_matlab(tmp_path, ("sky", "road"), {"Tree": "ignore", "road": "road"}, unlabelled_id=0)
    assert filled.read("a").mask.tolist() == [[0, 255, 255], [1, 1, 0]]
    assert filled.read("a", Resize((1, 1))).mask.tolist() == [[1]]


def test_zero_may_be_a_label(tmp_path: Path) -> None:
    export(tmp_path, {"a.jpg": [[0, 0], [0, 0]]}, labels=[definition("road", 0)])
    reader = open_matlab(tmp_path)
    assert list(reader.findings) == []
    assert reader.read("a").mask.tolist() == [[1, 1], [1, 1]]


def test_coloured_ids(tmp_path: Path) -> None:
    pixels = [[[0, 0, 0], [128, 64, 1]], [[128, 64, 2], [0, 0, 5]]]
    labels = [definition("sky", [[0, 0, 5]]), definition("road", [[128, 64, 1], [128, 64, 2]])]
    reader = open_matlab(export(tmp_path, {"a.jpg": pixels}, labels=labels))
    assert reader.read("a").mask.tolist() == [[255, 1], [1, 0]]


@pytest.mark.parametrize(
    ("classes", "values", "message"),
    [
        (
            ("sky", "road"),
            [[1, 1], [1, 5]],
            r"Label_1\.png: row 1, column 1: found value 5 \(1 pixel\).*1, 2",
        ),
        (("sky", "street"), [[1, 2], [2, 2]], r"Label_1\.png: row 0, column 1: found label 'road'"),
    ],
)
def test_unmapped_pixels_are_an_error_with_place(
    tmp_path: Path, classes: tuple[str, ...], values: Any, message: str
) -> None:
    reader = open_matlab(export(tmp_path, {"a.jpg": values}), classes)
    with pytest.raises(UnmappedLabelError, match=message):
        reader.read("a")


@pytest.mark.parametrize(("policy", "expected"), [("background", 1), ("ignore", 255)])
def test_unlabelled_photos_go_by_policy(tmp_path: Path, policy: str, expected: int) -> None:
    """b's mask is all zeros, c's row names no mask, d has no row."""
    export(tmp_path, {"a.jpg": [[1, 2, 0], [0, 0, 0]], "b.jpg": [[0, 0, 0], [0, 0, 0]]})
    for name in "cd":
        photo(tmp_path / "images" / f"{name}.jpg")
    truth = ground_truth(["b.jpg", "c.jpg", "a.jpg"], ["Label_2.png", "", "Label_1.png"])
    save(tmp_path / "gTruth.mat", gTruth=truth)
    told = [
        ("mask-empty", "PixelLabelData/Label_2.png", "warning"),
        ("not-annotated", "images/c.jpg", "warning"),
        ("not-annotated", "images/d.jpg", "warning"),
    ]
    skipping = open_matlab(tmp_path)
    assert (list(skipping.ids()), _told(skipping)) == (["a"], told)
    assert {finding.action for finding in skipping.findings} == {"set aside"}
    with pytest.raises(DataError, match="nothing labelled"):
        skipping.read("b")

    keeping = open_matlab(tmp_path, unannotated=policy, unlabelled_id=1)
    assert (list(keeping.ids()), _told(keeping)) == (["a", "b", "c", "d"], told)
    assert keeping.read("a").mask.tolist() == [[0, 1, 1], [1, 1, 1]]
    for id in "bcd":
        assert keeping.read(id).mask.tolist() == [[expected] * 3] * 2
        assert len(keeping.fingerprint(id).annotation) == 64


def test_masks_are_turned_with_the_photo(tmp_path: Path) -> None:
    export(tmp_path, {"a.jpg": [[1, 2, 2], [1, 1, 2]]})
    photo(tmp_path / "images" / "a.jpg", (2, 3), orientation=6)
    assert open_matlab(tmp_path).read("a").mask.tolist() == [[0, 0], [0, 1], [1, 1]]
    with pytest.raises(DataError, match="a mask of 2x3"):
        open_matlab(tmp_path, exif="as-shown").read("a")
    mask(tmp_path / "PixelLabelData" / "Label_1.png", [[0, 1], [1, 2], [2, 2]])
    assert open_matlab(tmp_path, exif="as-shown").read("a").mask.tolist() == [[255, 0], [0, 1], [1, 1]]


def test_mask_of_another_size_is_an_error(tmp_path: Path) -> None:
    export(tmp_path, {"a.jpg": [[1, 2, 2], [1, 1, 2]]})
    photo(tmp_path / "images" / "a.jpg", (20, 30))
    with pytest.raises(DataError, match=r"images/a\.jpg: found a mask of 2x3 .*size, 20x30"):
        open_matlab(tmp_path).read("a")


def test_rows_that_lost_a_file_say_why(tmp_path: Path) -> None:
    export(tmp_path, {f"{name}.jpg": [[1, 2]] for name in "abc"})
    (tmp_path / "images" / "a.jpg").rename(tmp_path / "images" / "a.jpeg")
    (tmp_path / "PixelLabelData" / "Label_2.png").unlink()
    mask(tmp_path / "PixelLabelData" / "Label_9.png", [[1, 2]])
    reader = open_matlab(tmp_path, unannotated="background")
    assert list(reader.ids()) == ["c"], "a.jpeg is neither taken for a.jpg nor for an unlabelled photo"
    first, second, *rest = reader.findings
    assert (first.code, first.file, first.place, first.severity) == (
        "no-photo",
        "gTruth.mat",
        "row 1",
        "error",
    )
    assert "'a.jpg'" in first.message
    assert "images/a.jpeg" in first.message
    assert (second.code, second.place, second.severity) == ("no-mask", "row 2", "error")
    assert "'Label_2.png'" in second.message
    codes = {(finding.code, finding.file) for finding in rest}
    assert codes == {
        (c, f"PixelLabelData/Label_{n}.png") for c, n in [("mask-unused", 1), ("mask-unused", 9)]
    } - {("mask-unused", "PixelLabelData/Label_1.png")}


def test_two_photos_of_one_id_are_an_error(tmp_path: Path) -> None:
    export(tmp_path, {"a.jpg": [[1, 2]], "a.png": [[1, 2]]})
    with pytest.raises(
        DataError, match=r"images/a\.png: found the sample id 'a' a second time.*images/a\.jpg"
    ):
        open_matlab(tmp_path)


def test_fingerprint_follows_mask_and_definitions(tmp_path: Path) -> None:
    export(tmp_path, {"a.jpg": [[1, 2]]})
    before = open_matlab(tmp_path).fingerprint("a")
    save(
        tmp_path / "gTruth.mat",
        gTruth=ground_truth(["a.jpg"], ["Label_1.png"], [definition("sky", 2), definition("road", 1)]),
    )
    renamed = open_matlab(tmp_path)
    assert renamed.read("a").mask.tolist() == [[1, 0]]
    assert renamed.fingerprint("a").annotation != before.annotation
    assert renamed.fingerprint("a").photo == before.photo
    save(tmp_path / "gTruth.mat", gTruth=ground_truth(["a.jpg"], ["Label_1.png"]), other=np.zeros((2, 2)))
    assert open_matlab(tmp_path).fingerprint("a") == before
    (tmp_path / "PixelLabelData/Label_1.png").rename(tmp_path / "PixelLabelData/Label_9.png")
    save(tmp_path / "gTruth.mat", gTruth=ground_truth(["a.jpg"], ["Label_9.png"]))
    moved = open_matlab(tmp_path).fingerprint("a")  # errors name the mask
    assert (moved.photo, moved.annotation != before.annotation) == (before.photo, True)


def test_folders_pair_by_name_with_numbers_in_the_label_map(tmp_path: Path) -> None:
    for id in ("1", "b/2", "3", "4"):
        photo(tmp_path / "image" / f"{id}.jpg", (1, 3))
    for id, values in {"1": [[0, 1, 2]], "b/2": [[2, 2, 1]], "3": [[0, 0, 0]], "9": [[1, 1, 1]]}.items():
        mask(tmp_path / "labels" / f"{id}.png", values)
    folders: dict[str, Any] = {"ground_truth": None, "photos": "image", "labels": "labels"}
    reader = open_matlab(tmp_path, label_map={1: "road", 2: "sky"}, **folders)
    assert list(reader.ids()) == ["1", "b/2"]
    assert reader.read("1").mask.tolist() == [[255, 1, 0]]
    assert reader.read("b/2").mask.tolist() == [[0, 0, 1]]
    assert _told(reader) == [
        ("no-photo", "labels/9.png", "error"),
        ("mask-empty", "labels/3.png", "warning"),
        ("not-annotated", "image/4.jpg", "warning"),
    ]
    with pytest.raises(UnmappedLabelError, match=r"labels/b/2\.png: row 0, column 0: found value 2"):
        open_matlab(tmp_path, label_map={1: "road"}, **folders).read("b/2")
    with pytest.raises(ConfigError, match=r"source\.label_map: found no numbers"):
        open_matlab(tmp_path, **folders)
    zero = open_matlab(tmp_path, label_map={0: "sky", 1: "road", 2: "ignore"}, **folders)
    assert list(zero.ids()) == ["1", "3", "b/2"]
    assert zero.read("1").mask.tolist() == [[0, 1, 255]]


@pytest.mark.parametrize("version", ["v7", "v7.3"])
def test_segmentations_are_not_transposed(tmp_path: Path, version: str) -> None:
    values = np.array([[1, 2, 2], [1, 1, 300]], np.float64)
    (tmp_path / "truth").mkdir()
    photo(tmp_path / "images" / "a.jpg")
    save(
        tmp_path / "truth" / "a.mat",
        version,
        groundTruth=matlab_struct(Segmentation=values, Boundaries=values > 1),
    )
    reader = open_matlab(tmp_path, label_map={1: "sky", 2: "road", 300: "ignore"}, segmentations="truth")
    assert reader.read("a").mask.tolist() == [[0, 1, 1], [0, 0, 255]]
    save(tmp_path / "truth" / "a.mat", version, mask=values.astype(np.uint16))
    assert reader.read("a").mask.tolist() == [[0, 1, 1], [0, 0, 255]]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (7, 3), (640, 480), (1501, 700)])
def test_zero_masks_are_told_without_decoding(tmp_path: Path, mode: str, size: tuple[int, int]) -> None:
    path = tmp_path / "mask.png"
    picture = Image.new(mode, size)
    picture.save(path)
    assert is_zero_png(path)
    whole = path.read_bytes()
    picture.putpixel((size[0] - 1, size[1] - 1), (0, 0, 1) if mode == "RGB" else 1)
    picture.save(path)
    assert not is_zero_png(path)
    path.write_bytes(whole[: whole.index(b"IDAT") + 8])
    assert not is_zero_png(path), "half a file is not an empty mask"
