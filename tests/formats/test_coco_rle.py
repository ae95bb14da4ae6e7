"""COCO run lengths, plain and compressed, and polygons as runs: equal to pycocotools', damage named."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as pycoco

from segdata.errors import DataError
from segdata.formats._parts.coco_masks import decompress, patch_of, polygon_runs
from segdata.formats._parts.drawn import paint
from tests.formats.coco_cases import (
    FILE,
    MASK,
    MASK_ROWS,
    ann_to_mask,
    coco_reader,
    rle,
    rows,
    write_coco,
)
from tests.formats.listed_cases import plain_counts, text_counts


def test_run_lengths_plain_and_compressed(tmp_path: Path) -> None:
    assert plain_counts(MASK) == [5, 1, 2, 2, 12, 2]
    assert text_counts(MASK) == "5121:0"
    assert rows(write_coco(tmp_path, rle(plain_counts(MASK)))) == MASK_ROWS
    assert rows(write_coco(tmp_path, rle(text_counts(MASK)))) == MASK_ROWS
    assert np.array_equal(ann_to_mask(tmp_path / FILE), MASK)


@pytest.mark.parametrize("value", [0, 1])
def test_run_lengths_of_all_or_nothing(tmp_path: Path, value: int) -> None:
    mask = np.full((4, 6), value)
    expected = ["222222" if value else "......"] * 4
    assert rows(write_coco(tmp_path, rle(plain_counts(mask)))) == expected
    assert rows(write_coco(tmp_path, rle(text_counts(mask)))) == expected


COORDINATES = st.one_of(
    st.integers(-20, 90).map(float),
    st.floats(-20, 90, allow_nan=False),
    st.integers(-100, 450).map(lambda fifths: fifths / 5 - 0.3),
)


@settings(max_examples=300, deadline=None)
@given(
    size_hw=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    parts=st.lists(
        st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=12), min_size=1, max_size=3
    ),
)
def test_polygons_equal_pycocotools(size_hw: tuple[int, int], parts: list[list[tuple[float, float]]]) -> None:
    flat = [[number for point in part for number in point] for part in parts]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = pycoco.decode(pycoco.merge(pycoco.frPyObjects(flat, *size_hw)))
    assert np.array_equal(whole(polygon_runs(flat, size_hw), size_hw), expected)


@settings(max_examples=300, deadline=None)
@given(
    size_hw=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 2**32 - 1),
    share=st.floats(0, 1),
)
def test_run_lengths_equal_pycocotools(size_hw: tuple[int, int], seed: int, share: float) -> None:
    mask = (np.random.default_rng(seed).random(size_hw) < share).astype(np.uint8)
    assert np.array_equal(whole(decompress(text_counts(mask)), size_hw), mask)
    assert np.array_equal(whole(np.array(plain_counts(mask)), size_hw), mask)


def whole(runs: Any, size_hw: tuple[int, int]) -> Any:
    return paint([patch_of(runs, size_hw[0], "", 1)], size_hw, 0, "", [])


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        (
            [5, 1, 2],
            r"add up to 8\); expected runs of 0 and more that add up to the photo's 24",
        ),
        ([5, 1, 2, 40], "add up to 48"),
        ([26, -2], "one of -2"),
        ([], "add up to 0"),
        ([2**62, 2**62, 2**62, 2**62], "damaged run lengths"),
        ([2**63], "damaged run lengths"),
        ("", "add up to 0"),
        ("03", r"add up to 3"),
        ("5121", "add up to 10"),
        ("5121:0\x7f", "a character that stands for nothing"),
        ("5121:0 ", "a character that stands for nothing"),
        ("5121:P", "the text breaks off"),
        ("é5", "a character that stands for nothing"),
        ("oooooooooooooo0", "a number of more than 35 bits"),
    ],
)
def test_damaged_run_lengths_are_named(tmp_path: Path, counts: Any, found: str) -> None:
    write_coco(tmp_path, rle(counts, id=12))
    with pytest.raises(DataError, match=rf"instances_default.json: image 1: annotation 12: found .*{found}"):
        coco_reader(tmp_path).read("a")


def test_run_lengths_of_another_size(tmp_path: Path) -> None:
    write_coco(tmp_path, rle(plain_counts(MASK.T), size=(6, 4)))
    with pytest.raises(
        DataError, match=r"found run lengths for 6x4 \(height x width\); expected the photo's size, 4x6"
    ):
        coco_reader(tmp_path).read("a")
