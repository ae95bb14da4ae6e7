"""VIA: every pixel is what the annotator drew, and whatever was doubtful is said."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segdata.errors import DataError
from segdata.photo import Resize
from segdata.sample_data import CLASSES, iter_truth, write_sample_set
from tests.formats.via_cases import (
    box,
    codes,
    drawn,
    entry,
    export,
    one_photo,
    polygon,
    shape,
    via_reader,
    write_json,
    write_photo,
)


def read_one(root: Path, *regions: Any, options: dict[str, object] | None = None, **source: Any) -> Any:
    return via_reader(one_photo(root, *regions), options, **source).read("a")


def test_later_regions_are_painted_over_earlier_ones_and_the_rest_is_ignored(tmp_path: Path) -> None:
    sample = read_one(tmp_path, box(1, 1, 5, 4), box(4, 3, 6, 4, type="car"))
    assert drawn(sample.mask) == [
        "........",
        ".00000..",
        ".00000..",
        ".000222.",
        ".000222.",
        "........",
    ]
    assert sample.findings == ()
    assert (sample.image == 128).all()


def test_unlabelled_pixels_may_be_a_class(tmp_path: Path) -> None:
    assert drawn(read_one(tmp_path, box(0, 0, 7, 4), unlabelled_id=1).mask)[4:] == ["00000000", "11111111"]


def test_order_by_area_paints_the_largest_first(tmp_path: Path) -> None:
    regions = box(2, 2, 3, 3, type="car"), box(0, 0, 7, 5)
    assert drawn(read_one(tmp_path / "file", *regions).mask)[2] == "00000000"
    assert drawn(read_one(tmp_path / "area", *regions, options={"order": "area"}).mask)[2] == "00220000"


CORNERS = [(1, 1), (6, 1), (6, 4), (1, 4)]


@pytest.mark.parametrize("ends", [[], CORNERS[:1]], ids=["open", "ends where it began"])
def test_polylines_are_closed_outlines(tmp_path: Path, ends: list[tuple[int, int]]) -> None:
    sample = read_one(tmp_path, polygon(*CORNERS, *ends, shape="polyline"))
    assert drawn(sample.mask) == [
        "........",
        ".000000.",
        ".000000.",
        ".000000.",
        ".000000.",
        "........",
    ]


def test_polylines_as_strokes(tmp_path: Path) -> None:
    line = polygon((1, 1), (6, 1), shape="polyline")
    sample = read_one(tmp_path, line, box(0, 4, 1, 5), options={"polyline": {"stroke": 1}})
    assert drawn(sample.mask) == ["........", ".000000.", "........", "........", "00......", "00......"]
    assert sample.findings == ()


def test_rect_paints_both_borders(tmp_path: Path) -> None:
    sample = read_one(tmp_path, shape("rect", x=2, y=1, width=3, height=2))
    assert drawn(sample.mask) == ["........", "..0000..", "..0000..", "..0000..", "........", "........"]


def test_circle(tmp_path: Path) -> None:
    one_photo(tmp_path, shape("circle", cx=20, cy=15, r=10), size_hw=(31, 41))
    mask = via_reader(tmp_path).read("a").mask
    rows, columns = np.mgrid[:31, :41]
    distance = np.hypot(columns - 20, rows - 15)
    assert (mask[distance <= 9.2] == 0).all()
    assert (mask[distance >= 10.8] == 255).all()


def test_ellipse_turns_clockwise_by_theta(tmp_path: Path) -> None:
    one_photo(tmp_path, shape("ellipse", cx=20, cy=20, rx=15, ry=4, theta=float(np.pi / 4)), size_hw=(41, 41))
    mask = via_reader(tmp_path).read("a").mask
    assert mask[29, 29] == 0  # the long axis points to the lower right
    assert mask[11, 29] == 255
    assert abs(np.count_nonzero(mask == 0) - np.pi * 15 * 4) < 45  # the border counts as inside


def test_ellipse_of_via_1_has_no_theta(tmp_path: Path) -> None:
    one_photo(tmp_path, shape("ellipse", cx=20, cy=20, rx=15, ry=4), size_hw=(41, 41))
    mask = via_reader(tmp_path).read("a").mask
    assert (mask[20, 5], mask[20, 35], mask[16, 20], mask[24, 20]) == (0, 0, 0, 0)
    assert (mask[20, 4], mask[20, 36], mask[15, 20], mask[25, 20]) == (255, 255, 255, 255)


def test_points_and_pairs_are_ignored_and_said(tmp_path: Path) -> None:
    sample = read_one(tmp_path, shape("point", cx=3, cy=3), polygon((0, 0), (7, 5)), box(0, 0, 1, 0))
    assert drawn(sample.mask) == ["00......"] + ["........"] * 5
    assert codes(sample.findings) == [
        ("point-ignored", "region 1"),
        ("too-few-points", "region 2"),
        ("zero-area", "region 3"),
    ]


def test_a_photo_of_points_alone_is_not_annotated(tmp_path: Path) -> None:
    one_photo(tmp_path, shape("point", cx=3, cy=3))
    assert via_reader(tmp_path).ids() == ()
    for policy, row in (("background", "11111111"), ("ignore", "........")):
        sample = via_reader(tmp_path, unlabelled_id=1, unannotated=policy).read("a")
        assert drawn(sample.mask) == [row] * 6
        assert [(f.code, f.message, f.severity) for f in sample.findings] == [
            ("not-annotated", "an entry of points alone, which cover no area", "warning")
        ]


def test_a_photo_of_which_nothing_can_be_painted_goes_by_policy(tmp_path: Path) -> None:
    one_photo(tmp_path, polygon((0, 0), (7, 5)))
    for policy, row, action in (
        ("skip", "........", "whole photo ignored"),
        ("background", "11111111", "whole photo taken as background"),
        ("ignore", "........", "whole photo taken as ignore"),
    ):
        sample = via_reader(tmp_path, unlabelled_id=1, unannotated=policy).read("a")
        assert drawn(sample.mask) == [row] * 6
        assert codes(sample.findings) == [("too-few-points", "region 1"), ("not-annotated", "")]
        assert sample.findings[1].action == action


def test_what_runs_outside_is_clipped_and_counted(tmp_path: Path) -> None:
    sample = read_one(tmp_path, box(-3, 2, 7, 9))
    assert drawn(sample.mask) == ["........"] * 2 + ["00000000"] * 4
    assert codes(sample.findings) == [("points-clipped", "region 1")]
    assert sample.findings[0].message == "3 of 4 points outside the photo of 6x8 (height x width)"


def test_a_point_on_the_far_edge_is_a_pixel_too_far_and_no_turned_photo(tmp_path: Path) -> None:
    sample = read_one(tmp_path, box(4, 0, 8, 5))
    assert drawn(sample.mask) == ["....0000"] * 6
    assert codes(sample.findings) == [("points-clipped", "region 1")]
    assert sample.findings[0].message == "2 of 4 points outside the photo of 6x8 (height x width)"


def test_annotation_drawn_on_a_turned_photo_is_flagged(tmp_path: Path) -> None:
    sample = read_one(tmp_path, box(1, 1, 4, 7), box(0, 0, 2, 2))
    assert codes(sample.findings) == [("points-clipped", "region 1"), ("turned-annotation", "")]


def test_outlines_of_a_larger_photo_are_told_as_such(tmp_path: Path) -> None:
    sample = read_one(tmp_path, box(0, 0, 15, 11), box(4, 4, 15, 11))
    assert codes(sample.findings)[-1] == ("other-photo", "")
    assert sample.findings[-1].severity == "warning"
    assert sample.findings[-1].message == (
        "6 of 8 points lie far outside the photo of 6x8 (height x width): was it made smaller, or replaced by "
        "another, since they were drawn?"
    )


def test_generous_outlines_are_no_other_photo(tmp_path: Path) -> None:
    few = read_one(tmp_path / "few", box(-3, -3, 20, 20))
    assert codes(few.findings) == [("points-clipped", "region 1")]
    inside = [box(1, 1, 4, 3) for _ in range(3)]
    most_inside = read_one(tmp_path / "most", box(-3, -3, 20, 20), *inside)
    assert codes(most_inside.findings) == [("points-clipped", "region 1")]
    over_the_edge = read_one(tmp_path / "edge", box(0, 0, 8.5, 6.5), box(0, 0, 8.5, 6.5))
    assert codes(over_the_edge.findings) == [("points-clipped", "region 1"), ("points-clipped", "region 2")]


def test_coordinates_as_text_and_fractions(tmp_path: Path) -> None:
    sample = read_one(tmp_path, box("1", 0.5, 2.4, "3.49"))
    assert drawn(sample.mask) == ["........", ".00.....", ".00.....", ".00.....", "........", "........"]
    assert codes(sample.findings) == [("text-coordinates", "region 1")]


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (box(None, 1, 2, 3), r"entry 'a.png-1': region 2, all_points_x: found null; expected a number"),
        (box("1,5", 1, 2, 3), r"region 2, all_points_x: found '1,5'"),
        (box(1, "nan", 2, 3), r"region 2, all_points_y: found 'nan'"),
        (box(1, 1, True, 3), r"region 2: found Expected `float \| str \| null`, got `bool`"),
        (shape("rect", x=1, y=1, width=3), r"region 2: found Object missing required field `height`"),
        (shape("cuboid", x=1), r"region 2: found Invalid value 'cuboid'"),
        (shape("polygon", all_points_x=[1, 2, 3], all_points_y=[1, 2]), "region 2: found 3 x and 2 y"),
        ("nonsense", "region 2: found Expected `object`, got `str`"),
    ],
)
def test_a_broken_region_costs_its_photo_alone(tmp_path: Path, region: Any, message: str) -> None:
    write_photo(tmp_path / "photos/b.png")
    write_photo(tmp_path / "photos/a.png")
    whole = export(entry("a.png", box(0, 0, 1, 1), region), entry("b.png", box(0, 0, 7, 5)))
    write_json(tmp_path / "via_region_data.json", whole)
    reader = via_reader(tmp_path)
    with pytest.raises(DataError, match=message):
        reader.read("a")
    assert drawn(reader.read("b").mask) == ["00000000"] * 6


# Orientation 3 was stored upside down, 6 turned left, 8 turned right: what np.rot90 undoes.
@pytest.mark.parametrize(("orientation", "quarter_turns"), [(1, 0), (3, 2), (6, -1), (8, 1)])
def test_exif_turned_photos(tmp_path: Path, orientation: int, quarter_turns: int) -> None:
    stored_hw = (6, 8)
    region = polygon((0, 0), (4, 0), (4, 1), (1, 1), (1, 2), (0, 2))
    frame = np.full(stored_hw, 255, np.uint8)
    cv2.fillPoly(frame, [np.array([[0, 0], [4, 0], [4, 1], [1, 1], [1, 2], [0, 2]], np.int32)], 0)
    root = one_photo(tmp_path, region, orientation=orientation)

    shown = via_reader(root).read("a")
    upright_hw = stored_hw if orientation < 5 else stored_hw[::-1]
    assert shown.original_hw == shown.mask.shape == upright_hw
    assert drawn(shown.mask)[:3] == [row + "." * (upright_hw[1] - 5) for row in ("00000", "00000", "00...")]

    stored = via_reader(root, exif="as-stored").read("a").mask
    assert (stored == np.rot90(frame, quarter_turns)).all()


def test_resized_masks_are_nearest(tmp_path: Path) -> None:
    reader = via_reader(one_photo(tmp_path, box(0, 0, 3, 5)))
    sample = reader.read("a", Resize((3, 4)))
    assert drawn(sample.mask) == ["00.."] * 3
    assert sample.original_hw == (6, 8)
    assert sample.image.shape == (3, 4, 3)


def test_ten_thousand_regions(tmp_path: Path) -> None:
    regions = [
        box(i % 100, i // 100, i % 100, i // 100, type="car" if i % 2 else "road") for i in range(10_000)
    ]
    mask = via_reader(one_photo(tmp_path, *regions, size_hw=(100, 100))).read("a").mask
    assert (mask == np.tile([0, 2], (100, 50))).all()


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("via") / "street"
    write_sample_set("via", root, num_scenes=15, size_hw=(120, 160))
    return root


def test_the_sample_set_is_its_truth(street: Path) -> None:
    reader = via_reader(street, names=CLASSES)
    truth = {id: scene.mask for id, scene in iter_truth("via", 15, (120, 160))}
    assert list(reader.ids()) == list(truth)
    assert reader.findings == ()
    for id, mask in truth.items():
        sample = reader.read(id)
        assert (sample.mask == mask).all(), id
        assert sample.findings == (), id
        assert sample.original_hw == (120, 160)


outlines = st.lists(
    st.lists(st.tuples(st.integers(-9, 40), st.integers(-9, 30)), min_size=3, max_size=9),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(outlines)
def test_any_polygons_are_cv2_fillpoly_in_file_order(regions: list[list[tuple[int, int]]]) -> None:
    expected = np.full((24, 32), 255, np.uint8)
    for number, points in enumerate(regions):
        cv2.fillPoly(expected, [np.array(points, np.int32)], number % 3)
    types = ("road", "tree", "car")
    kinds = ("polygon", "polyline")
    with tempfile.TemporaryDirectory() as folder:
        one_photo(
            Path(folder),
            *(polygon(*points, shape=kinds[i % 2], type=types[i % 3]) for i, points in enumerate(regions)),
            size_hw=(24, 32),
        )
        assert (via_reader(Path(folder)).read("a").mask == expected).all()
