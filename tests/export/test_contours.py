"""Masks as outlines: what is painted from them is the mask, pixel for pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segdata.errors import DataError
from segdata.export.contours import Outline, outlines, paint_outlines, pixels_covered, runs
from segdata.sample import Mask
from tests.export.round_trip import noise, shapes


def said(*rows: list[int]) -> list[tuple[int, list[list[int]]]]:
    """Class and points of every outline; also checks that they paint the rows."""
    mask = np.array(rows, np.uint8)
    drawn = outlines(mask)
    assert paint_outlines(drawn, (mask.shape[0], mask.shape[1])).tolist() == mask.tolist()
    return [(outline.class_id, outline.points_xy.tolist()) for outline in drawn]


def test_one_class_is_the_frame() -> None:
    assert said([7, 7, 7], [7, 7, 7]) == [(7, [[0, 0], [0, 1], [2, 1], [2, 0]])]


def test_a_pixel_is_its_point_three_times() -> None:
    assert said([255, 255, 255], [255, 3, 255]) == [(3, [[1, 1], [1, 1], [1, 1]])]


def test_a_line_ends_twice() -> None:
    assert said([4, 4, 4, 255]) == [(4, [[0, 0], [2, 0], [2, 0]])]


def test_a_slanting_line_is_one_outline() -> None:
    assert said([1, 255, 255], [255, 1, 255], [255, 255, 1]) == [(1, [[0, 0], [2, 2], [2, 2]])]


def test_what_lies_in_a_hole_is_painted_after_it() -> None:
    ring = ([1, 1, 1, 1, 1], [1, 0, 0, 0, 1], [1, 0, 1, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1])
    assert [class_id for class_id, _ in said(*ring)] == [1, 0, 1]


def test_ignored_pixels_are_outlined_inside_an_object_alone() -> None:
    island = ([255, 255, 255, 255, 255], [255, 2, 2, 2, 255], [255, 2, 255, 2, 255], [255, 2, 2, 2, 255])
    assert said(*island) == [
        (2, [[1, 1], [1, 3], [3, 3], [3, 1]]),
        (255, [[2, 2], [2, 2], [2, 2]]),
    ]


def test_an_object_on_an_ignored_island_comes_last() -> None:
    rows = [[0] * 7 for _ in range(7)]
    for y in range(1, 6):
        rows[y][1:6] = [255] * 5
    rows[3][3] = 1
    assert [class_id for class_id, _ in said(*rows)] == [0, 255, 1]


def test_a_mask_without_any_class_has_no_outline() -> None:
    assert said([255, 255], [255, 255]) == []


def test_an_ignored_piece_that_slips_in_by_a_corner() -> None:
    """Half of the ignored piece lies inside the ring, half outside."""
    assert said([255, 0, 0], [0, 255, 0], [0, 0, 1]) == [
        (0, [[1, 0], [0, 2], [2, 1], [2, 0]]),
        (255, [[0, 0], [1, 1], [1, 1]]),
        (1, [[2, 2], [2, 2], [2, 2]]),
    ]


def test_pieces_that_cross_by_a_corner_are_mended_last() -> None:
    """The second class is larger and crosses into the ring of the first, which therefore hides a part of it."""
    ring = [
        [1, 1, 1, 1, 255],
        [1, 0, 0, 1, 255],
        [1, 0, 0, 1, 255],
        [1, 1, 1, 0, 0],
        [0] * 5,
        [0] * 5,
        [0] * 5,
    ]
    assert said(*ring)[-1] == (0, [[1, 1], [1, 2], [2, 2], [2, 1]])


def test_runs_of_wrong_pixels() -> None:
    mask = np.array([[1, 1, 2], [3, 3, 3]], np.uint8)
    wrong = np.array([[1, 1, 1], [1, 0, 1]], bool)
    assert [(run.class_id, run.points_xy.tolist()) for run in runs(mask, wrong)] == [
        (1, [[0, 0], [1, 0], [1, 0]]),
        (2, [[2, 0], [2, 0], [2, 0]]),
        (3, [[0, 1], [0, 1], [0, 1]]),
        (3, [[2, 1], [2, 1], [2, 1]]),
    ]
    assert runs(mask, np.zeros((2, 3), bool)) == []


@pytest.mark.parametrize(
    ("points", "pixels"),
    [
        ([[0, 0], [0, 0], [0, 0]], 1),
        ([[0, 0], [5, 0], [5, 0]], 6),
        ([[0, 0], [3, 3], [3, 3]], 4),
        ([[0, 0], [0, 2], [4, 2], [4, 0]], 15),
    ],
)
def test_pixels_covered_are_those_that_painting_covers(points: list[list[int]], pixels: int) -> None:
    outline = Outline(1, np.array(points, np.int32))
    assert (
        pixels_covered(outline.points_xy)
        == pixels
        == np.count_nonzero(paint_outlines([outline], (9, 9)) == 1)
    )


def test_a_photo_too_high_to_paint_on_is_refused() -> None:
    with pytest.raises(DataError, match="65,536 rows"):
        outlines(np.zeros((65_536, 1), np.uint8))


@settings(max_examples=400, deadline=None)
@given(st.one_of(noise(), shapes()))
def test_painting_gives_the_mask_back(mask: Mask) -> None:
    drawn = outlines(mask)
    assert np.array_equal(paint_outlines(drawn, (mask.shape[0], mask.shape[1])), mask)
    for outline in drawn:
        assert len(outline.points_xy) >= 3
        assert outline.points_xy.min() >= 0
        assert np.all(outline.points_xy.max(axis=0) < mask.shape[::-1])


def test_a_smooth_shape_takes_few_points() -> None:
    rows, columns = np.mgrid[:480, :640]
    mask = (((rows - 240) ** 2 + (columns - 320) ** 2) < 200**2).astype(np.uint8)
    drawn = outlines(mask)
    assert [outline.class_id for outline in drawn] == [0, 1]
    assert sum(len(outline.points_xy) for outline in drawn) < 600
