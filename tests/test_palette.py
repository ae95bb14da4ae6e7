"""Colours that are told apart, whatever cones one sees with."""

from __future__ import annotations

from itertools import combinations

import pytest

from segdata.ontology import voc_palette
from segdata.palette import MOST_COLORS, distinct_colors, seen_apart


def least(colors: tuple[tuple[int, int, int], ...]) -> float:
    return min(seen_apart(one, other) for one, other in combinations(colors, 2))


def test_the_first_are_those_of_okabe_and_ito_and_more_go_on_from_fewer() -> None:
    assert distinct_colors(0) == ()
    assert distinct_colors(2) == ((230, 159, 0), (86, 180, 233))
    assert distinct_colors(40)[:12] == distinct_colors(12)
    assert distinct_colors(9)[7:] == ((113, 0, 57), (142, 0, 255))  # the same on every machine
    assert len(set(distinct_colors(MOST_COLORS))) == MOST_COLORS


def test_distances_are_those_that_are_seen() -> None:
    assert seen_apart((0, 0, 0), (255, 255, 255)) == pytest.approx(1, abs=1e-3)
    assert seen_apart((12, 34, 56), (12, 34, 56)) == 0
    red_and_green = (200, 60, 40), (110, 120, 30)  # alike without cones for red or green
    assert seen_apart(*red_and_green) < 0.1 < seen_apart((200, 60, 40), (40, 60, 200))


@pytest.mark.parametrize(("count", "apart"), [(7, 0.07), (12, 0.07), (20, 0.055), (40, 0.04)])
def test_colours_are_further_apart_than_vocs(count: int, apart: float) -> None:
    assert least(distinct_colors(count)) > apart > 2 * least(voc_palette()[1 : count + 1])
