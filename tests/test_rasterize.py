"""Regions to masks, by the stated pixel rule."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdata.errors import DataError
from segdata.rasterize import (
    MAX_HEIGHT,
    area_px,
    blank_mask,
    count_outside,
    ellipse_points,
    fill,
    is_on_a_line,
    mean_width,
    pixel_outlines,
    pixel_points,
    stroke,
)


def _points(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, np.float64)


def test_border_is_inside_and_the_rest_untouched() -> None:
    mask = blank_mask((4, 5))
    fill(mask, _points((1, 1), (3, 1), (3, 2), (1, 2)), 7)
    assert mask.tolist() == [[255] * 5, [255, 7, 7, 7, 255], [255, 7, 7, 7, 255], [255] * 5]


def test_later_paints_over_earlier() -> None:
    mask = blank_mask((1, 4), 0)
    fill(mask, _points((0, 0), (2, 0)), 1)
    fill(mask, _points((2, 0), (3, 0)), 2)
    assert mask.tolist() == [[1, 1, 2, 2]]


def test_inside_is_even_odd() -> None:
    mask = blank_mask((9, 9), 0)
    outer, inner = [(0, 0), (8, 0), (8, 8), (0, 8), (0, 0)], [(2, 2), (6, 2), (6, 6), (2, 6), (2, 2)]
    fill(mask, _points(*outer, *inner), 1)
    assert mask[4, 4] == 0
    assert mask[1, 4] == 1


@pytest.mark.parametrize(
    ("value", "pixel"), [(0.49, 0), (0.5, 1), (1.5, 2), (2.5, 3), (-0.5, 0), (-0.51, -1), (-1.5, -1)]
)
def test_half_is_rounded_up(value: float, pixel: int) -> None:
    assert pixel_points(_points((value, value)), (4, 4)).tolist() == [[pixel, pixel]]


@given(
    st.lists(st.tuples(st.integers(-30, 60), st.integers(-30, 60)), min_size=3, max_size=12),
    st.integers(0, 255),
)
def test_whole_pixels_fill_as_opencv_does(points: list[tuple[int, int]], class_id: int) -> None:
    mask, expected = blank_mask((24, 32)), blank_mask((24, 32))
    fill(mask, np.array(points, np.float64), class_id)
    cv2.fillPoly(expected, [np.array(points, np.int32)], class_id)
    assert np.array_equal(mask, expected)


@pytest.mark.parametrize("far", [20_000.0, 1e9, 1e300, 1.7e308])
def test_far_points_neither_wrap_nor_fail(far: float) -> None:
    mask = blank_mask((6, 6), 0)
    fill(mask, _points((-far, 2), (far, 2), (far, far), (-far, far)), 1)
    assert mask.tolist() == [[0] * 6] * 2 + [[1] * 6] * 4


@pytest.mark.parametrize("far", [60, 100_000, 10**9, 10**12])
def test_far_points_do_not_bend_the_lines(far: int) -> None:
    """The half below the diagonal, however far it runs: two pixels to the right, one down."""
    mask = blank_mask((4, 8), 0)
    fill(mask, _points((0, 0), (2 * far, far), (0, far)), 1)
    assert mask.tolist() == [
        [1, 1, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1, 1, 1, 0],
    ]
    line = blank_mask((4, 8), 0)
    stroke(line, _points((-2 * far, -far), (2 * far, far)), 1, 1)
    assert line.tolist() == [
        [1, 1, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 1, 1],
    ]


_WIDE = st.tuples(st.integers(-1500, 1500), st.integers(-1500, 1500))


@given(st.lists(_WIDE, min_size=3, max_size=9))
def test_far_outlines_fill_as_on_paper_that_holds_them(points: list[tuple[int, int]]) -> None:
    """Rounding where they are cut off moves a line by a pixel at most, and the inside stays even-odd.

    cv2 draws what leaves the photo along its outermost pixels, so that these are not compared.
    """
    outline = np.array(points, np.int32)
    paper, edges, mask = (blank_mask(size_hw, 0) for size_hw in ((3200, 3200), (3200, 3200), (24, 32)))
    cv2.fillPoly(paper, [outline + 1600], 1)
    cv2.polylines(edges, [outline + 1600], isClosed=True, color=1, thickness=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segdata.rasterize._FAR", 300)
        fill(mask, outline.astype(np.float64), 1)
    at = np.s_[1600 : 1600 + 24, 1600 : 1600 + 32]
    compared = edges[at] == 0
    compared[[0, -1]] = compared[:, [0, -1]] = False
    assert np.array_equal(mask[compared], paper[at][compared])


def test_outlines_beyond_reach_paint_nothing() -> None:
    far, mask = 10.0**6, blank_mask((6, 6), 0)
    fill(mask, _points((far, far), (2 * far, far), (far, 2 * far)), 1)
    stroke(mask, _points((far, -far), (3 * far, far), (far, far)), 1, 9)
    assert not mask.any()
    assert pixel_points(_points((far, far), (2 * far, far), (far, 2 * far)), (6, 6)).shape == (0, 2)
    assert area_px(_points((far, far), (2 * far, far), (far, 2 * far)), (6, 6)) == 0.0
    assert area_px(_points((0, 0), (4, 0), (4, 3), (0, 3)), (6, 6)) == 12.0


@pytest.mark.parametrize("side", [40_000, 1 << 20])
def test_outlines_beyond_16_bits_are_painted_where_they_lie(side: int) -> None:
    """As on a small photo, moved to the far end."""
    offset, outline = side - 100, _points((10, 1), (70, 1), (90, 6), (10, 7))
    near, far = blank_mask((9, 100), 0), blank_mask((9, side), 0)
    for mask, left in ((near, 0), (far, offset)):
        fill(mask, outline + (left, 0), 1)
        stroke(mask, _points((left + 80, 2), (left + 95, 2)), 2, 3)
        fill(mask, _points((left + 98, 0), (1e9, 0), (1e9, 2), (left + 98, 2)), 3)
    assert near[4].tolist() == [0] * 10 + [1] * 75 + [0] * 15
    assert np.array_equal(far[:, offset:], near)
    assert not far[:, :offset].any()


def test_high_photos_are_painted_right_or_refused() -> None:
    mask = blank_mask((MAX_HEIGHT, 20), 0)
    fill(mask, _points((0, 0), (19, MAX_HEIGHT - 1), (0, MAX_HEIGHT - 1)), 1)
    ends = np.arange(MAX_HEIGHT) * 19 / (MAX_HEIGHT - 1)
    assert np.abs(mask.sum(axis=1, dtype=np.int64) - 1 - ends).max() <= 1.0
    higher = blank_mask((MAX_HEIGHT + 1, 4))
    for paint in (
        lambda: fill(higher, _points((0, 0), (2, 2)), 1),
        lambda: stroke(higher, _points((0, 0)), 1, 1),
    ):
        with pytest.raises(
            DataError, match=r"^photo of 65536x4 .*found 65,536 rows; expected at most 65,535"
        ):
            paint()


def test_stroke_has_its_width_and_stays_open() -> None:
    mask = blank_mask((7, 9), 0)
    stroke(mask, _points((1, 3), (7, 3)), 4, 1)
    assert mask.tolist() == [[0] * 9] * 3 + [[0, 4, 4, 4, 4, 4, 4, 4, 0]] + [[0] * 9] * 3
    wide = blank_mask((21, 41), 0)
    stroke(wide, _points((10, 10), (30, 10)), 1, 5)
    assert wide[:, 20].tolist() == [0] * 8 + [1] * 5 + [0] * 8
    assert wide[10].tolist() == [0] * 8 + [1] * 25 + [0] * 8
    bent = blank_mask((9, 9), 0)
    stroke(bent, _points((0, 0), (8, 0), (8, 8)), 1, 1)
    assert bent[4, 4] == 0  # the line back from the end is not drawn


@pytest.mark.parametrize("width_px", [1, 3, 5, 8, 11])
def test_stroke_is_what_lies_near_the_line(width_px: int) -> None:
    points = _points((1, 4), (11, 20), (28, 20), (31, 0))
    mask, line = blank_mask((24, 32), 0), np.zeros((120, 120), np.uint8)
    stroke(mask, points, 1, width_px)
    cv2.polylines(line, [points.astype(np.int32) + 50], False, 1)
    ys, xs = np.nonzero(line)
    for y in range(24):
        for x in range(32):
            nearest_sq = ((ys - 50 - y) ** 2 + (xs - 50 - x) ** 2).min()
            assert mask[y, x] == (4 * nearest_sq <= width_px**2), (x, y)


def test_stroke_outside_the_photo_paints_nothing() -> None:
    mask = blank_mask((6, 6), 0)
    stroke(mask, _points((20, 20), (30, 20)), 1, 5)
    stroke(mask, _points((-30, 2), (-20, 2)), 1, 5)
    assert not mask.any()


def test_points_outside_are_counted() -> None:
    points = _points((0, 0), (8, 6), (8.01, 3), (-0.01, 3), (4, 6.5), (4, -1))
    assert count_outside(points, (6, 8)) == 4
    assert count_outside(points, (6, 8), far_edge=True) == 5


@pytest.mark.parametrize("radius", [1.0, 5.0, 50.0, 800.0])
def test_circle_stays_within_a_quarter_pixel(radius: float) -> None:
    points = ellipse_points(3.0, 4.0, radius, radius)
    ends = np.roll(points, -1, axis=0)
    distance = np.hypot(*((points + ends) / 2 - (3.0, 4.0)).T)
    assert np.allclose(np.hypot(*(points - (3.0, 4.0)).T), radius)
    assert radius - distance.min() <= 0.25


def test_ellipse_area_and_turn() -> None:
    mask = blank_mask((200, 200), 0)
    fill(mask, ellipse_points(100, 100, 80, 30), 1)
    assert abs(int(mask.sum()) / (np.pi * 80.5 * 30.5) - 1) < 0.01  # the border is inside
    turned = blank_mask((200, 200), 0)
    fill(turned, ellipse_points(100, 100, 80, 30, np.pi / 4), 1)
    assert turned[150, 150] == 1  # clockwise on screen: the long end points down right
    assert turned[50, 150] == 0
    quarter = ellipse_points(0, 0, 2, 1, np.pi / 2)
    assert np.allclose(quarter[0], (0, 2))


def _pixels(*points: tuple[int, int]) -> np.ndarray:
    return np.array(points, np.int32)


def test_what_encloses_nothing_lies_on_a_line() -> None:
    assert is_on_a_line(_pixels((3, 3), (3, 3)))
    assert is_on_a_line(_pixels((0, 0), (4, 2), (2, 1), (-2, -1)))
    assert not is_on_a_line(_pixels((0, 0), (4, 2), (2, 2)))
    assert not is_on_a_line(_pixels((0, 0), (7, 5), (7, 0), (0, 5)))  # a bow tie, of no signed area


def test_mean_width() -> None:
    def width(*points: tuple[float, float]) -> float:
        return mean_width(np.array(points, np.float64))

    assert width((3, 3), (3, 3), (3, 3)) == width((0, 0), (4, 2), (2, 1)) == 0
    assert width((100, 7), (110, 7), (110, 7.5), (100, 7.5)) == pytest.approx(0.5)
    assert width((0, 0), (0, 8), (2, 0)) == pytest.approx(1)


@given(
    st.lists(st.lists(st.tuples(*[st.floats(-99, 99)] * 2), max_size=5), max_size=5),
    st.sampled_from([99, 12]),
)
def test_outlines_are_made_whole_together_as_each_alone(
    outlines: list[list[tuple[float, float]]], far: int
) -> None:
    points = [np.array(outline, np.float64).reshape(-1, 2) for outline in outlines]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segdata.rasterize._FAR", far)
        together, alone = pixel_outlines(points, (9, 9)), [pixel_points(one, (9, 9)) for one in points]
    assert [one.tolist() for one in together] == [one.tolist() for one in alone]
    assert all(one.dtype == np.int32 for one in together)
