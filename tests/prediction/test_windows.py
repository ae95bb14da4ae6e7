"""Tiles cover a side exactly, overlap as asked, and their weights sum to one everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdata.prediction.windows import Windows


@pytest.mark.parametrize(
    ("size", "tile", "overlap", "starts"),
    [
        (10, 6, 1, (0, 4)),
        (10, 10, 3, (0,)),
        (11, 10, 0, (0, 1)),
        (12, 4, 0, (0, 4, 8)),
        (12, 4, 1, (0, 2, 5, 8)),
        (1, 1, 0, (0,)),
        (5, 1, 0, (0, 1, 2, 3, 4)),
    ],
)
def test_tiles_lie_evenly_and_end_with_the_side(
    size: int, tile: int, overlap: int, starts: tuple[int, ...]
) -> None:
    assert Windows(size, tile, overlap).starts == starts


def test_a_tile_counts_most_in_its_middle() -> None:
    # Tiles 0…3 and 2…5: alone at first; then sin²(5π/8) : sin²(π/8) = 0.854 : 0.146, as the two sum to 1.
    weights = Windows(6, 4, 2).weights
    np.testing.assert_allclose(weights[0], [1, 1, 0.853553, 0.146447, 0, 0], atol=1e-6)
    np.testing.assert_allclose(weights[1], [0, 0, 0.146447, 0.853553, 1, 1], atol=1e-6)


@given(st.data())
def test_weights_sum_to_one_everywhere_and_neighbours_share_enough(data: st.DataObject) -> None:
    tile = data.draw(st.integers(1, 60))
    size, overlap = data.draw(st.integers(tile, 300)), data.draw(st.integers(0, tile - 1))
    windows = Windows(size, tile, overlap)
    weights = windows.weights
    assert np.abs(weights.sum(axis=0) - 1).max() <= 1e-6
    covered = np.zeros(size, int)
    for start, row in zip(windows.starts, weights, strict=True):
        assert (row[start : start + tile] > 0).all()
        assert (row[:start] == 0).all() and (row[start + tile :] == 0).all()
        covered[start : start + tile] += 1
    assert covered.min() >= 1
    steps = np.diff(windows.starts)
    assert (steps > 0).all() and (steps <= tile - overlap).all()


def test_two_sides_together_sum_to_one() -> None:
    rows, columns = Windows(37, 16, 5).weights, Windows(50, 20, 7).weights
    total = np.einsum("ay,bx->yx", rows, columns)
    np.testing.assert_allclose(total, 1, atol=1e-6)
