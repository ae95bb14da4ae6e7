"""Traced staircases become the edges that were drawn, and paint the same pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segdata.export.straight import straightened

CORNERS = [
    [[20, 0], [0, 30], [59, 39]],  # halves of either sign, to the right and to the left
    [[0, 0], [0, 39], [60, 10]],
    [[30, 0], [0, 20], [30, 40], [60, 20]],
]


def traced(
    points: list[list[int]], size_hw: tuple[int, int]
) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """The outline of a painted polygon, as cv2 traces it."""
    mask = np.zeros(size_hw, np.uint8)
    cv2.fillPoly(mask, [np.array(points, np.int32)], 1)
    (contour, *_), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return np.asarray(contour[:, 0], np.int32)


@pytest.mark.parametrize("corners", CORNERS)
def test_the_corners_that_were_drawn_come_back(corners: list[list[int]]) -> None:
    steps = traced(corners, (41, 61))
    assert len(steps) > 4 * len(corners)
    assert straightened(steps).tolist() == corners


@pytest.mark.parametrize(
    ("points", "fewer"),
    [
        ([[0, 0], [5, 0]], [[0, 0], [5, 0]]),
        ([[0, 0], [0, 1], [2, 1], [2, 0]], [[0, 0], [0, 1], [2, 1], [2, 0]]),
        ([[0, 0], [1, 0], [2, 1], [3, 1], [4, 2], [0, 2]], [[0, 0], [4, 2], [0, 2]]),
        ([[4, 0], [3, 0], [2, 1], [1, 1], [0, 2], [4, 2]], [[4, 0], [1, 1], [0, 2], [4, 2]]),
        ([[0, 0], [1, 1], [1, 2], [2, 3], [0, 3]], [[0, 0], [2, 3], [0, 3]]),
    ],
)
def test_what_one_line_paints_is_one_edge(points: list[list[int]], fewer: list[list[int]]) -> None:
    assert straightened(np.array(points, np.int32)).tolist() == fewer


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-5, 45), st.integers(-5, 35)).map(list), min_size=3, max_size=7),
)
def test_fewer_points_paint_the_same(points: list[list[int]]) -> None:
    mask = np.zeros((30, 40), np.uint8)
    cv2.fillPoly(mask, [np.array(points, np.int32)], 1)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        steps = contour[:, 0]
        if len(steps) < 2:
            continue
        fewer = straightened(steps)
        assert len(fewer) <= len(steps)
        both = [cv2.fillPoly(np.zeros((30, 40), np.uint8), [one], 1) for one in (steps, fewer)]
        assert np.array_equal(*both)
