"""Polygons and boxes drawn in MATLAB: counted from 1, painted label by label or by PolygonOrder, and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from segdata.errors import DataError, UnmappedLabelError
from segdata.formats import Reader
from tests.formats.matlab_cases import MatlabOpaque, cells, drawing, open_matlab, outlined, parts, photo, save
from tests.formats.matlab_cases import struct as matlab_struct
from tests.formats.via_cases import codes, drawn

SKY, ROAD = drawing("sky"), drawing("road")
CAR = drawing("car", "Rectangle")
NONE = np.zeros((0, 0))
LEFT, WIDE = [[1, 1], [4, 1], [4, 6], [1, 6]], [[3, 3], [8, 3], [8, 4], [3, 4]]


def opened(root: Path, truth: Any, version: str = "v7", **options: Any) -> Reader:
    for name in "ab":
        if not (root / f"images/{name}.jpg").exists():
            photo(root / f"images/{name}.jpg", (6, 8))
    save(root / "gTruth.mat", version, gTruth=truth)
    return open_matlab(root, ("sky", "road", "car"), **options)


@pytest.mark.parametrize("version", ["v7", "v7.3"])
def test_polygons_count_from_one(tmp_path: Path, version: str) -> None:
    truth = outlined(
        ["b.jpg", "a.jpg"], [SKY], [{"sky": NONE}, {"sky": parts(LEFT, [[8, 6], [8, 6], [8, 5]])}]
    )
    reader = opened(tmp_path, truth, version)
    assert list(reader.ids()) == ["a"]
    assert [(f.code, f.file, f.message) for f in reader.findings] == [
        ("not-annotated", "images/b.jpg", "nothing is drawn")
    ]
    sample = reader.read("a")
    assert drawn(sample.mask) == ["0000...."] * 4 + ["0000...0"] * 2
    assert [(f.code, f.file, f.place) for f in sample.findings] == [
        ("zero-area", "images/a.jpg", "row 2, 'sky', polygon 2")
    ]


def test_boxes_cover_width_by_height_pixels(tmp_path: Path) -> None:
    boxes = np.array([[1, 1, 4, 2], [8, 6, 1, 1]], np.float64)
    reader = opened(tmp_path, outlined(["a.jpg"], [CAR], [{"car": boxes}]), unlabelled_id=1)
    assert drawn(reader.read("a").mask) == ["22221111"] * 2 + ["11111111"] * 3 + ["11111112"]
    assert reader.read("a").findings == ()
    assert [(f.code, f.severity) for f in reader.findings] == [
        ("boxes-painted", "warning"),
        ("not-annotated", "warning"),
    ]


@pytest.mark.parametrize(("sky", "road", "row"), [([1], [2], "00111111"), ([2], [1], "00001111")])
def test_the_highest_polygon_lies_on_top(tmp_path: Path, sky: list[int], road: list[int], row: str) -> None:
    data = {"sky": parts(LEFT), "road": parts(WIDE), "car": np.array([[1.0, 1, 8, 6]])}
    order = {"sky": np.array([sky], np.float64), "road": np.array([road], np.float64), "car": NONE}
    reader = opened(tmp_path, outlined(["a.jpg"], [SKY, ROAD, CAR], [data], [order]))
    mask = drawn(reader.read("a").mask)
    assert (mask[0], mask[2], mask[5]) == ("00002222", row, "00002222")  # boxes lie below polygons
    (told,) = [finding for finding in reader.findings if finding.code == "polygon-order"]
    assert (told.message, told.severity) == ("polygons of several labels on 1 photo", "note")
    assert told.action == "painted by rising PolygonOrder, the highest on top"


@pytest.mark.parametrize("order", [None, [{"sky": np.array([[1.0, 2]]), "road": np.array([[3.0]])}]])
def test_without_an_order_that_fits_definitions_decide_and_it_is_told(tmp_path: Path, order: Any) -> None:
    data = {"sky": parts(LEFT), "road": parts(WIDE)}
    reader = opened(tmp_path, outlined(["a.jpg"], [ROAD, SKY], [data], order))
    assert drawn(reader.read("a").mask)[2] == "00001111"
    (told,) = [finding for finding in reader.findings if finding.code == "polygon-order"]
    assert (told.severity, told.message) == (
        "warning",
        "no order that can be read, for polygons of several labels on 1 photo",
    )


def test_shapes_with_attributes_are_structs_with_a_position(tmp_path: Path) -> None:
    boxes = np.concatenate(
        [matlab_struct(Position=np.array([[x, 1.0, 1, 6]]), state="parked") for x in (1, 3)]
    )
    polygons = matlab_struct(Position=parts(WIDE), state="wet")
    reader = opened(tmp_path, outlined(["a.jpg"], [CAR, ROAD], [{"car": boxes, "road": polygons}]))
    assert drawn(reader.read("a").mask) == ["2.2....."] * 2 + ["2.111111"] * 2 + ["2.2....."] * 2


def test_what_is_doubtful_about_an_outline_is_told(tmp_path: Path) -> None:
    shapes = parts([[-2, 1], [4, 1], [4, 2], [-2, 2]], [[1, 1], [8, 6], [8, 1], [1, 6]], [[1, 1], [2, 2]])
    sample = opened(tmp_path, outlined(["a.jpg"], [SKY], [{"sky": shapes}])).read("a")
    assert codes(sample.findings) == [
        ("points-clipped", "row 1, 'sky', polygon 1"),
        ("self-crossing", "row 1, 'sky', polygon 2"),
        ("too-few-points", "row 1, 'sky', polygon 3"),
    ]
    assert sample.findings[1].message == "the outline crosses itself at x 3.5, y 2.5"
    assert drawn(sample.mask)[1:3] == ["0000.000", "00000000"]


def test_lines_paint_nothing_and_are_told(tmp_path: Path) -> None:
    lane = drawing("lane", "Line")
    reader = opened(tmp_path, outlined(["a.jpg"], [SKY, lane], [{"sky": parts(LEFT), "lane": parts(WIDE)}]))
    assert drawn(reader.read("a").mask)[2] == "0000...."
    assert reader.findings[0].message == "label lane (Line) paints no pixels"
    with pytest.raises(DataError, match=r"no pixel label, only lane \(Line\)"):
        opened(tmp_path, outlined(["a.jpg"], [lane], [{"lane": parts(WIDE)}]))


def test_outlines_are_turned_with_the_photo(tmp_path: Path) -> None:
    photo(tmp_path / "images/a.jpg", (6, 8), orientation=6)  # stored 8 wide, shown 6 wide
    truth = outlined(["a.jpg"], [SKY], [{"sky": parts([[7, 1], [8, 1], [8, 1], [7, 2]])}])
    corner = parts([[6, 1], [8, 1], [8, 2], [6, 2]])
    truth = outlined(["a.jpg"], [SKY], [{"sky": corner}])
    assert drawn(opened(tmp_path, truth).read("a").mask) == ["......"] * 5 + ["....00"] * 3
    shown = opened(tmp_path, truth, exif="as-shown").read("a")
    assert drawn(shown.mask) == [".....0"] * 2 + ["......"] * 6
    clipped, turned = shown.findings
    assert (clipped.code, clipped.place) == ("points-clipped", "row 1, 'sky', polygon 1")
    assert turned.code == "turned-annotation"
    assert turned.message == "all regions fit a photo of 6x8 (height x width), but it is 8x6"


def test_outlines_of_a_larger_photo_are_told_as_such(tmp_path: Path) -> None:
    large = [[1, 1], [16, 1], [16, 12], [1, 12]]
    reader = opened(
        tmp_path, outlined(["a.jpg"], [SKY], [{"sky": parts(large, [[5, 5], [16, 5], [16, 12], [5, 12]])}])
    )
    sample = reader.read("a")
    assert drawn(sample.mask) == ["00000000"] * 6
    assert codes(sample.findings) == [
        ("points-clipped", "row 1, 'sky', polygon 1"),
        ("points-clipped", "row 1, 'sky', polygon 2"),
        ("other-photo", ""),
    ]
    other = sample.findings[-1]
    assert (other.file, other.action, other.severity) == ("images/a.jpg", "clipped", "warning")
    assert other.message == (
        "6 of 8 points lie far outside the photo of 6x8 (height x width): was it made smaller, or replaced by another, "
        "since they were drawn?"
    )


@pytest.mark.parametrize(
    ("kind", "cell", "message"),
    [
        ("Polygon", parts([[1, 2, 3]]), r"row 1, 'sky': found numbers of shape \(1, 3\); expected x and y"),
        ("Polygon", parts([[1, np.nan], [2, 2], [1, 1]]), r"row 1, 'sky': found numbers of shape \(3, 2\)"),
        ("Polygon", parts([[1, 1], [np.inf, 2], [1, 1]]), "row 1, 'sky'"),
        ("Rectangle", np.array([[1.0, 2, 3]]), "expected x, y, width and height"),
        ("Rectangle", np.array([[1.0, 2, 0, 3]]), "found a box of 0.0 by 3.0"),
        ("Rectangle", cells(["x"]), "gTruth.mat: found a damaged or foreign .mat file"),
    ],
)
def test_what_is_no_shape_is_named(tmp_path: Path, kind: str, cell: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        opened(tmp_path, outlined(["a.jpg"], [drawing("sky", kind)], [{"sky": cell}]))


def test_an_unmapped_shape_costs_its_photo_and_rows_must_match(tmp_path: Path) -> None:
    truth = outlined(["a.jpg"], [drawing("pond")], [{"pond": parts(LEFT)}])
    with pytest.raises(
        UnmappedLabelError, match=r"gTruth\.mat: row 1, 'pond', polygon 1: found label 'pond'"
    ):
        opened(tmp_path, truth).read("a")
    truth = outlined(["a.jpg", "b.jpg"], [SKY], [{"sky": parts(LEFT)}])
    with pytest.raises(DataError, match="LabelData: 'sky': found 1 row; expected 2, one per photo"):
        opened(tmp_path, truth)


def test_the_fingerprint_follows_the_shapes(tmp_path: Path) -> None:
    before = opened(tmp_path, outlined(["a.jpg"], [SKY], [{"sky": parts(LEFT)}])).fingerprint("a")
    same = opened(tmp_path, outlined(["b.jpg", "a.jpg"], [SKY], [{"sky": NONE}, {"sky": parts(LEFT)}]))
    assert same.fingerprint("a").photo == before.photo
    moved = opened(tmp_path, outlined(["a.jpg"], [SKY], [{"sky": parts(WIDE)}])).fingerprint("a")
    assert (moved.photo, moved.annotation != before.annotation) == (before.photo, True)


def test_unlabelled_photos_go_by_policy(tmp_path: Path) -> None:
    truth = outlined(["a.jpg", "b.jpg"], [SKY], [{"sky": parts(LEFT)}, {"sky": NONE}])
    reader = opened(tmp_path, truth, unannotated="background", unlabelled_id=2)
    assert list(reader.ids()) == ["a", "b"]
    assert [drawn(reader.read(id).mask)[0] for id in "ab"] == ["00002222", "22222222"]


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "imageFilename": [r"C:\x\b.jpg", r"C:\x\a.jpg"],
            "car": [np.array([[1.0, 1, 2, 6]]), np.zeros((0, 4))],
            "road": [np.zeros((0, 4)), np.array([[1.0, 6, 8, 1], [1, 1, 1, 1]])],
        }
    )


def as_struct() -> np.ndarray:
    frame = table()
    rows = [matlab_struct(**{key: frame[key][row] for key in frame.columns}) for row in range(2)]
    return np.concatenate(rows)


@pytest.mark.parametrize("made", [table, as_struct])
def test_tables_of_boxes(tmp_path: Path, made: Any) -> None:
    """What objectDetectorTrainingData returns, and what trainingImageLabeler saved."""
    reader = opened(tmp_path, made())
    assert {id: drawn(reader.read(id).mask) for id in reader.ids()} == {
        "a": ["1.......", *["........"] * 4, "11111111"],
        "b": ["22......"] * 6,
    }
    assert [finding.code for finding in reader.findings] == ["other-folder", "boxes-painted"]


def test_a_training_datastore_says_what_to_export(tmp_path: Path) -> None:
    store = MatlabOpaque({"Files": matlab_struct(a="b")}, "matlab.io.datastore.PixelLabelDatastore")
    with pytest.raises(
        DataError, match=r"gTruth \(matlab.io.datastore.PixelLabelDatastore\).*Export > To Work"
    ):
        opened(tmp_path, store)
