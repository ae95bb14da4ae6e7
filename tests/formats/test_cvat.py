"""CVAT for images: z_order decides what covers what, boxes and ellipses turn, masks are runs by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segdata.errors import ConfigError, UnmappedLabelError
from segdata.rasterize import blank_mask, fill
from tests.formats.cvat_cases import (
    NOTHING,
    SQUARE,
    SQUARE_ROWS,
    box,
    cvat_reader,
    mask,
    polygon,
    rows,
    write_cvat,
)
from tests.formats.listed_cases import cvat_shape
from tests.formats.via_cases import codes, drawn


def test_polygon(tmp_path: Path) -> None:
    write_cvat(tmp_path, polygon(inner='\n<attribute name="wet">true</attribute>\n', group_id=4, z_order=0))
    reader = cvat_reader(tmp_path)
    assert reader.ids() == ("a",)
    assert drawn(reader.read("a").mask) == SQUARE_ROWS
    assert (reader.findings, reader.read("a").findings) == ((), ())


@settings(max_examples=100, deadline=None)
@given(points=st.lists(st.tuples(st.floats(-3, 12), st.floats(-3, 9)), min_size=3, max_size=9))
def test_outlines_run_through_the_pixels_their_points_lie_in(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[float, float]]
) -> None:
    root = write_cvat(tmp_path_factory.mktemp("one"), polygon(";".join(f"{x!r},{y!r}" for x, y in points)))
    expected = blank_mask((6, 8))
    fill(expected, np.floor(points), 0)
    assert np.array_equal(cvat_reader(root).read("a").mask, expected)


def test_z_order_then_order_of_the_file(tmp_path: Path) -> None:
    all_of_it = "0,0;7,0;7,5;0,5"
    shapes = [
        box(1, 1, 4, 3, "car", z_order=2),
        polygon(all_of_it, "tree", z_order=1),
        box(0, 0, 7, 0, "car", z_order=-1),
        polygon("0,2;7,2;7,5;0,5", "road", z_order=1),
    ]
    write_cvat(tmp_path, *shapes)
    assert rows(tmp_path) == ["11111111", "12222111", "02222000", "02222000", "00000000", "00000000"]
    assert rows(tmp_path, {"order": "area"})[:4] == ["22222222", "12222111", "02222000", "02222000"]


def test_without_z_order_the_file_decides(tmp_path: Path) -> None:
    write_cvat(tmp_path, box(1, 1, 4, 3, "car"), box(1, 1, 4, 2, "tree"))
    assert rows(tmp_path)[1:4] == [".1111...", ".1111...", ".2222..."]


def test_box(tmp_path: Path) -> None:
    assert rows(write_cvat(tmp_path, box(1, 1, 4, 3))) == SQUARE_ROWS
    assert rows(write_cvat(tmp_path, box(4, 3, 1, 1))) == SQUARE_ROWS


def test_turned_box(tmp_path: Path) -> None:
    """A quarter turn about (3, 2): what was 5 wide and 3 high is 3 wide and 5 high."""
    upright = ["........", ".00000..", ".00000..", ".00000..", "........", "........"]
    turned = ["..000...", "..000...", "..000...", "..000...", "..000...", "........"]
    assert rows(write_cvat(tmp_path, box(1, 1, 5, 3))) == upright
    assert rows(write_cvat(tmp_path, box(1, 1, 5, 3, rotation="90.00"))) == turned
    assert rows(write_cvat(tmp_path, box(1, 1, 5, 3, rotation="180.00"))) == upright
    assert rows(write_cvat(tmp_path, box(1, 1, 5, 3, rotation="270.00"))) == turned


def test_boxes_turn_clockwise(tmp_path: Path) -> None:
    """A flat box turned by 45 degrees falls from the top left to the bottom right."""
    write_cvat(tmp_path, box(0, 3.5, 7, 3.5, rotation="45.00"))
    assert rows(tmp_path) == [
        "........",
        ".0......",
        "..0.....",
        "...0....",
        "....0...",
        ".....0..",
    ]


def test_ellipse(tmp_path: Path) -> None:
    upright = rows(write_cvat(tmp_path, cvat_shape("ellipse", "road", cx=3.5, cy=2.5, rx=3, ry=1)))
    assert upright == [
        "........",
        ".00000..",
        "0000000.",
        ".00000..",
        "........",
        "........",
    ]
    turned = rows(
        write_cvat(tmp_path, cvat_shape("ellipse", "road", cx=2.5, cy=3.5, rx=3, ry=1, rotation=90))
    )
    assert [row[:4] for row in turned] == ["..0.", ".000", ".000", ".000", ".000", ".000"]


def test_mask(tmp_path: Path) -> None:
    expected = ["........", "...00...", "....0...", *["........"] * 3]
    assert rows(write_cvat(tmp_path, mask())) == expected
    assert rows(write_cvat(tmp_path, mask("0, 2, 1", left=6, top=5, width=3, height=1))) == [
        *NOTHING[:5],
        "......00",
    ]


def test_mask_beyond_the_edge_is_clipped_and_told(tmp_path: Path) -> None:
    write_cvat(tmp_path, mask("0, 6", left=-1, top=5), mask("0, 6", left=-100000000000000000000, top=2))
    sample = cvat_reader(tmp_path).read("a")
    assert drawn(sample.mask) == [*NOTHING[:5], "00......"]
    assert [(f.code, f.place, f.message) for f in sample.findings] == [
        ("points-clipped", "shape 1", "4 of 6 pixels outside the photo of 6x8 (height x width)"),
        ("points-clipped", "shape 2", "6 of 6 pixels outside the photo of 6x8 (height x width)"),
    ]


@settings(max_examples=100, deadline=None)
@given(size_hw=st.tuples(st.integers(1, 6), st.integers(1, 8)), bits=st.integers(0, 2**48 - 1))
def test_masks_are_runs_row_by_row(
    tmp_path_factory: pytest.TempPathFactory, size_hw: tuple[int, int], bits: int
) -> None:
    height, width = size_hw
    inside = [bits >> number & 1 for number in range(height * width)]
    runs, last = [0], 0
    for value in inside:
        if value != last:
            runs.append(0)
        runs[-1] += 1
        last = value
    text = ", ".join(map(str, runs))
    root = write_cvat(tmp_path_factory.mktemp("one"), mask(text, left=0, top=0, width=width, height=height))
    expected = np.full((6, 8), 255, np.uint8)
    expected[:height, :width][np.reshape(inside, size_hw) == 1] = 0
    assert np.array_equal(cvat_reader(root).read("a").mask, expected)


def test_polylines_are_ignored_unless_told(tmp_path: Path) -> None:
    write_cvat(tmp_path, cvat_shape("polyline", "road", points=SQUARE))
    sample = cvat_reader(tmp_path).read("a")
    assert drawn(sample.mask) == NOTHING
    assert [(f.code, f.place, f.severity) for f in sample.findings] == [
        ("line-ignored", "shape 1", "warning"),
        ("not-annotated", "", "warning"),
    ]
    assert rows(tmp_path, unannotated="background", unlabelled_id=1) == ["11111111"] * 6
    assert rows(tmp_path, {"lines": "closed"}) == SQUARE_ROWS
    assert rows(tmp_path, {"lines": {"stroke": 1}})[1:4] == [".0000...", "....0...", ".0000..."]
    with pytest.raises(ConfigError, match="stroke"):
        cvat_reader(tmp_path, {"lines": {"stroke": 0}})


def test_what_covers_no_area_is_told(tmp_path: Path) -> None:
    write_cvat(
        tmp_path,
        cvat_shape("points", "nose", points="1,1;2,2"),
        cvat_shape("skeleton", "body", inner=cvat_shape("points", "hand", points="1,1", outside=0)),
        cvat_shape("cuboid", "van", xtl1=1, ytl1=1),
        cvat_shape("tag", "good_frame"),
        polygon("1,1;2,2"),
    )
    sample = cvat_reader(tmp_path).read("a")
    assert drawn(sample.mask) == NOTHING
    assert codes(sample.findings) == [
        ("point-ignored", "shape 1"),
        ("point-ignored", "shape 2"),
        ("cuboid-ignored", "shape 3"),
        ("tag-ignored", "shape 4"),
        ("too-few-points", "shape 5"),
        ("not-annotated", ""),
    ]


def test_what_is_doubtful_about_an_outline_is_told(tmp_path: Path) -> None:
    thin = cvat_shape("ellipse", "road", cx=4, cy=3, rx=4, ry=0.3, rotation=30)
    write_cvat(tmp_path, polygon("0,0;7,5;7,0;0,5"), polygon("1,1;2,2;4,4"), thin)
    sample = cvat_reader(tmp_path).read("a")
    assert [(f.code, f.place, f.message) for f in sample.findings if f.code != "points-clipped"] == [
        ("self-crossing", "shape 1", "the outline crosses itself at x 3.5, y 2.5"),
        ("zero-area", "shape 2", "all 3 points lie on one line"),
    ]


def test_labels(tmp_path: Path) -> None:
    write_cvat(tmp_path, polygon(label="B&amp;W <road>".replace("&amp;", "&")))
    assert rows(tmp_path, label_map={"B&W <road>": "road"}) == SQUARE_ROWS
    with pytest.raises(UnmappedLabelError, match="image 0 'a.png': shape 1: found label 'B&W <road>'"):
        rows(tmp_path)


def test_points_outside_are_clipped_and_told(tmp_path: Path) -> None:
    write_cvat(tmp_path, box(6, -3, 12, 0))
    sample = cvat_reader(tmp_path).read("a")
    assert drawn(sample.mask) == ["......00", *NOTHING[1:]]
    assert [(f.code, f.message) for f in sample.findings] == [
        ("points-clipped", "3 of 4 points outside the photo of 6x8 (height x width)")
    ]
