"""LabelMe: every kind of shape, painted in file order or by area, and masks that LabelMe itself made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segdata.errors import UnmappedLabelError
from segdata.ontology import VOC_CLASSES
from segdata.photo import read_mask_values
from segdata.rasterize import blank_mask, fill
from tests.formats.labelme_cases import (
    MASK,
    NOTHING,
    SQUARE,
    SQUARE_ROWS,
    labelme_reader,
    road,
    rows,
    write_labelme,
)
from tests.formats.listed_cases import labelme_shape, png_text
from tests.formats.via_cases import codes, drawn, write_json


@pytest.mark.parametrize("kind", ["polygon", None, "oriented_rectangle"])
def test_polygon(tmp_path: Path, kind: str | None) -> None:
    write_labelme(tmp_path, road(*SQUARE, shape_type=kind))
    reader = labelme_reader(tmp_path)
    assert reader.ids() == ("a",)
    assert reader.official_split("a") is None
    assert drawn(reader.read("a").mask) == SQUARE_ROWS
    assert (reader.findings, reader.read("a").findings) == ((), ())


def test_files_of_labelme_2_have_no_shape_type(tmp_path: Path) -> None:
    old = {
        "label": "road",
        "points": [list(point) for point in SQUARE],
        "fill_color": None,
        "line_color": None,
    }
    write_labelme(tmp_path)
    write_json(
        tmp_path / "a.json",
        {"flags": {}, "shapes": [old], "imagePath": "a.png", "lineColor": [0, 255, 0, 128]},
    )
    assert rows(tmp_path) == SQUARE_ROWS


@settings(max_examples=100, deadline=None)
@given(points=st.lists(st.tuples(st.floats(-3, 12), st.floats(-3, 9)), min_size=3, max_size=9))
def test_outlines_run_through_the_pixels_their_points_lie_in(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[float, float]]
) -> None:
    root = write_labelme(tmp_path_factory.mktemp("one"), road(*points))
    expected = blank_mask((6, 8))
    fill(expected, np.floor(points), 0)
    assert np.array_equal(labelme_reader(root).read("a").mask, expected)


@pytest.mark.parametrize("corners", [((1, 1), (4, 3)), ((4, 3), (1, 1)), ((4, 1), (1, 3)), SQUARE])
def test_rectangle_by_any_two_corners_or_all(tmp_path: Path, corners: Any) -> None:
    assert rows(write_labelme(tmp_path, road(*corners, shape_type="rectangle"))) == SQUARE_ROWS


def test_circle_is_its_middle_and_a_point_on_its_rim(tmp_path: Path) -> None:
    write_labelme(tmp_path, road((3.5, 2.5), (3.5, 4.5), shape_type="circle"))
    assert rows(tmp_path) == ["..000...", ".00000..", ".00000..", ".00000..", "..000...", "........"]


@pytest.mark.parametrize(
    ("kind", "points"), [("line", ((1, 1), (6, 1))), ("linestrip", ((1, 1), (4, 1), (6, 1)))]
)
def test_lines_are_ignored_unless_told(tmp_path: Path, kind: str, points: Any) -> None:
    write_labelme(tmp_path, road(*points, shape_type=kind))
    sample = labelme_reader(tmp_path).read("a")
    assert drawn(sample.mask) == NOTHING
    assert [(f.code, f.place, f.severity) for f in sample.findings] == [
        ("line-ignored", "shape 1", "warning"),
        ("not-annotated", "", "warning"),
    ]
    line = [".000000." if row == 1 else "........" for row in range(6)]
    assert rows(tmp_path, {"lines": {"stroke": 1}}) == line
    assert rows(tmp_path, {"lines": {"stroke": 3}})[:3] == ["00000000"] * 3


def test_closed_lines_are_filled(tmp_path: Path) -> None:
    line = road((1, 1), (6, 1), shape_type="line")
    write_labelme(tmp_path, road(*SQUARE, shape_type="linestrip"), line)
    sample = labelme_reader(tmp_path, {"lines": "closed"}).read("a")
    assert drawn(sample.mask) == SQUARE_ROWS
    assert codes(sample.findings) == [("too-few-points", "shape 2")]


def test_points_are_ignored_and_need_no_class(tmp_path: Path) -> None:
    write_labelme(
        tmp_path,
        labelme_shape("nose", (1, 1), shape_type="point"),
        labelme_shape("ears", (1, 1), (2, 2), shape_type="points"),
        road((1, 1), (2, 2)),
    )
    sample = labelme_reader(tmp_path).read("a")
    assert drawn(sample.mask) == NOTHING
    assert codes(sample.findings) == [
        ("point-ignored", "shape 1"),
        ("point-ignored", "shape 2"),
        ("too-few-points", "shape 3"),
        ("not-annotated", ""),
    ]


def test_a_photo_of_points_alone_is_not_annotated(tmp_path: Path) -> None:
    write_labelme(tmp_path, labelme_shape("nose", (1, 1), shape_type="point"))
    reader = labelme_reader(tmp_path)
    assert reader.ids() == ()
    assert [finding.code for finding in reader.findings] == ["not-annotated"]
    taken = labelme_reader(tmp_path, unannotated="background", unlabelled_id=1).read("a")
    assert drawn(taken.mask) == ["11111111"] * 6
    ignored = labelme_reader(tmp_path, unannotated="ignore", unlabelled_id=1).read("a")
    assert drawn(ignored.mask) == NOTHING


def test_what_is_doubtful_about_an_outline_is_told(tmp_path: Path) -> None:
    bow_tie = road((0, 0), (7, 5), (7, 0), (0, 5))
    circle = road((3.5, 2.5), (3.6, 2.5), shape_type="circle")
    write_labelme(tmp_path, bow_tie, road((1, 1), (2, 2), (4, 4)), circle)
    sample = labelme_reader(tmp_path).read("a")
    assert [(f.code, f.place, f.message) for f in sample.findings] == [
        ("self-crossing", "shape 1", "the outline crosses itself at x 3.5, y 2.5"),
        ("zero-area", "shape 2", "all 3 points lie on one line"),
        ("zero-area", "shape 3", "all 16 points lie on one line"),
    ]
    assert drawn(sample.mask)[2] == "00000000"
    assert drawn(sample.mask)[5] == "0......0"


def test_mask(tmp_path: Path) -> None:
    """Both points of its rectangle are inside."""
    write_labelme(tmp_path, road((2, 1), (4, 2), shape_type="mask", mask=png_text(MASK)))
    assert rows(tmp_path) == ["........", "...00...", "..00....", *["........"] * 3]


def test_mask_beyond_the_edge_is_clipped_and_told(tmp_path: Path) -> None:
    write_labelme(tmp_path, road((6, -1), (8, 0), shape_type="mask", mask=png_text(MASK)))
    sample = labelme_reader(tmp_path).read("a")
    assert drawn(sample.mask) == ["......00", *["........"] * 5]
    assert [(f.code, f.message) for f in sample.findings] == [
        ("points-clipped", "2 of 4 pixels outside the photo of 6x8 (height x width)")
    ]


def test_order_of_the_file_and_by_area(tmp_path: Path) -> None:
    small, large = labelme_shape("car", *SQUARE), labelme_shape("tree", (0, 0), (7, 0), (7, 5), (0, 5))
    by_area = ["11111111", "12222111", "12222111", "12222111", "11111111", "11111111"]
    assert rows(write_labelme(tmp_path, small, large)) == ["11111111"] * 6
    assert rows(tmp_path, {"order": "area"}) == by_area
    assert rows(write_labelme(tmp_path, large, small)) == by_area


def test_labels(tmp_path: Path) -> None:
    write_labelme(tmp_path, labelme_shape("Road ", *SQUARE, group_id=4, flags={"wet": True}))
    assert rows(tmp_path, label_map={"Road ": "road"}) == SQUARE_ROWS
    assert rows(tmp_path, label_map={"Road ": "ignore"}) == NOTHING
    with pytest.raises(UnmappedLabelError, match="a.json: shape 1: found label 'Road '"):
        rows(tmp_path)


SHARED = Path(__file__).resolve().parents[3] / "shared/data"


def test_against_masks_that_labelme_made() -> None:
    """Pillow draws LabelMe's own: borders may be a pixel off."""
    root = SHARED / "voc-labelme"
    if not root.is_dir():
        pytest.skip(f"no {root}")
    labels: dict[str | int, str] = {name: name for name in VOC_CLASSES} | {"__ignore__": "ignore"}
    options: dict[str, object] = {"annotations": "labelme", "photos": "labelme"}
    reader = labelme_reader(root, options, names=tuple(VOC_CLASSES), label_map=labels, unlabelled_id=0)
    assert reader.ids() == ("2011_000003", "2011_000006", "2011_000025")
    off = []
    for id in reader.ids():
        truth = read_mask_values(root / f"voc/SegmentationClass/{id}.png", id)
        mask = reader.read(id).mask
        assert mask.shape == truth.shape
        off.append(int((mask != truth).sum()))
    assert off == [229, 485, 373]  # of 169,000, 187,500 and 187,500 pixels
