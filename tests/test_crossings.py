"""Where outlines cross themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdata.crossings import may_cross, self_crossings
from segdata.rasterize import pixel_points


def _pixels(*points: tuple[int, int]) -> np.ndarray:
    return np.array(points, np.int32).reshape(-1, 2)


def test_where_an_outline_crosses_itself() -> None:
    bow_tie = self_crossings(_pixels((0, 0), (7, 5), (7, 0), (0, 5)))
    assert bow_tie is not None
    assert bow_tie.tolist() == [[3.5, 2.5]]
    star = self_crossings(_pixels((50, 0), (80, 90), (0, 35), (100, 35), (20, 90)))
    assert star is not None
    assert len(star) == 5


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0), (9, 0), (9, 9), (0, 9)],
        [(0, 0), (0, 0), (9, 0), (9, 9), (0, 9), (0, 0)],  # ends where it began
        [(0, 0), (9, 0), (9, 9), (5, 0), (0, 9)],  # touches its own edge with a corner
        [(0, 0), (4, 4), (9, 0), (9, 9), (4, 4), (0, 9)],  # meets itself in a corner
        [(0, 0), (9, 0), (3, 0), (6, 0)],  # to and fro on one line
        [(1, 1), (1, 1), (1, 1)],
    ],
)
def test_touching_is_no_crossing(points: list[tuple[int, int]]) -> None:
    crossings = self_crossings(_pixels(*points))
    assert crossings is not None
    assert crossings.tolist() == []


def test_loops_of_a_pixel_are_rounding() -> None:
    sliver = _pixels((1, 25), (0, 51), (0, 44), (4, 43), (9, 34))  # about x 0.3, y 43.9
    left_out, kept = self_crossings(sliver), self_crossings(sliver, least_loop=0)
    assert left_out is not None
    assert kept is not None
    assert (left_out.tolist(), kept.round(1).tolist()) == ([], [[0.3, 43.9]])


def test_many_points_cross_where_they_cross() -> None:
    angle = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 20_000 + 20_000
    around = self_crossings(pixel_points(circle, (40_000, 40_000)))
    eight = np.stack([np.sin(angle), np.sin(2 * angle)], axis=1) * 20_000 + 20_000.3
    crossed = self_crossings(pixel_points(np.roll(eight, 100, axis=0), (40_000, 40_000)))
    assert around is not None
    assert crossed is not None
    assert len(around) == 0
    assert len(crossed) <= 1  # in the middle, where a corner may be


def test_a_scribble_without_end_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segdata.crossings.MOST_PAIRS", 100)
    monkeypatch.setattr("segdata.crossings._FEW", 3)
    scribble = np.random.Generator(np.random.PCG64(1)).integers(0, 99, (300, 2)).astype(np.int32)
    assert self_crossings(scribble) is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=12))
def test_crossings_are_those_of_every_pair_of_edges(points: list[tuple[int, int]]) -> None:
    def side(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    edges = list(zip(points, points[1:] + points[:1], strict=True))
    crossing = [
        (one, other)
        for number, one in enumerate(edges)
        for other in edges[number + 1 :]
        if side(*one, other[0]) * side(*one, other[1]) < 0 and side(*other, one[0]) * side(*other, one[1]) < 0
    ]
    found = self_crossings(_pixels(*points), least_loop=0)
    assert found is not None
    assert len(found) == len(crossing)
    with pytest.MonkeyPatch.context() as patch:  # as many points would be compared
        patch.setattr("segdata.crossings._FEW", 0)
        swept = self_crossings(_pixels(*points), least_loop=0)
    assert swept is not None
    assert swept.tolist() == found.tolist()


def test_of_several_outlines_those_are_looked_at_that_cross() -> None:
    bow_tie, square = _pixels((0, 0), (7, 5), (7, 0), (0, 5)), _pixels((0, 0), (7, 0), (7, 5), (0, 5))
    circle = pixel_points(np.stack([np.cos(np.arange(101)), np.sin(np.arange(101))], axis=1), (9, 9))
    outlines = [square, bow_tie, square[:3], _pixels(), np.repeat(bow_tie, 3, axis=0), circle, square[::-1]]
    assert may_cross(outlines).tolist() == [False, True, False, False, True, True, False]
    assert may_cross([]).tolist() == []


@given(st.lists(st.lists(st.tuples(*[st.integers(0, 20)] * 2), max_size=9), max_size=9), st.integers(1, 200))
def test_outlines_are_looked_at_together_as_each_alone(
    outlines: list[list[tuple[int, int]]], at_once: int
) -> None:
    points = [_pixels(*outline) for outline in outlines]
    crossings = [self_crossings(one, least_loop=0) for one in points]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segdata.crossings._AT_ONCE", at_once)
        together = may_cross(points)
    assert together.tolist() == [found is not None and len(found) > 0 for found in crossings]
