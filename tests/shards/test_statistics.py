"""Statistics from the manifest's integers, against a pass over all pixels and against figures by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segdata.shards import ShardSet
from segdata.shards.schema import SampleRow
from segdata.shards.statistics import Weighting, class_weights
from tests.shards.test_shard_sets import write_set


def rows(*pixels: tuple[int, ...]) -> list[SampleRow]:
    return [
        SampleRow(str(n), "train", "", n, "", "", "", "", 1, 1, counts, 0, (0, 0, 0), (0, 0, 0))
        for n, counts in enumerate(pixels)
    ]


def test_weights_by_hand() -> None:
    """Two photos: 60 sky and 40 road; 100 road. Nobody shows a car."""
    two = rows((60, 40, 0), (0, 100, 0))
    # 200 pixels, 2 seen classes: 100 / 60 and 100 / 140
    assert class_weights(two, 3, "inverse-frequency").tolist() == pytest.approx([5 / 3, 5 / 7, 0])
    # sky: 60 of the 100 pixels of photos with sky; road: 140 of 200; the median of 0.6 and 0.7 is 0.65
    assert class_weights(two, 3, "median-frequency").tolist() == pytest.approx([0.65 / 0.6, 0.65 / 0.7, 0])
    # beta 0.5: effective numbers (1 - 0.5**n) / 0.5 of 1 and 2 pixels are 1 and 1.5; weights 1 and 2/3, scaled to 2
    tiny = rows((1, 2, 0))
    assert class_weights(tiny, 3, "effective-number", beta=0.5).tolist() == pytest.approx([1.2, 0.8, 0])


def test_nothing_labelled_weighs_nothing() -> None:
    assert class_weights(rows((0, 0)), 2, "median-frequency").tolist() == [0, 0]
    assert class_weights([], 2, "effective-number").tolist() == [0, 0]


def test_effective_numbers_between_their_limits() -> None:
    """beta 0 weighs all classes alike; beta towards 1 is inverse frequency (Cui et al. 2019, section 3)."""
    many = rows((10**9, 10**3, 10))
    assert class_weights(many, 3, "effective-number", beta=0.0 + 1e-300).tolist() == pytest.approx([1, 1, 1])
    near_one = class_weights(many, 3, "effective-number", beta=1 - 1e-15)
    inverse = class_weights(many, 3, "inverse-frequency")
    assert (near_one / near_one.sum()).tolist() == pytest.approx((inverse / inverse.sum()).tolist(), rel=1e-5)


@pytest.mark.parametrize("splits", [["train"], ["val"], ["train", "val", "test"]])
def test_all_equals_a_pass_over_all_pixels(tmp_path: Path, splits: list[str]) -> None:
    truth = write_set(tmp_path, {"train": [5, 3], "val": [4], "test": [1]}, seed=7)
    shards = ShardSet.open(tmp_path)
    chosen = [pair for id, pair in truth.items() if id.split("-")[0] in splits]
    images = np.stack([image for image, _ in chosen]) / 255
    masks = np.stack([mask for _, mask in chosen])
    statistics = shards.statistics(splits)
    assert np.abs(statistics.mean - images.mean((0, 1, 2))).max() < 1e-9
    assert np.abs(statistics.std - images.std((0, 1, 2))).max() < 1e-9
    pixels = np.array([(masks == index).sum() for index in range(3)])
    assert statistics.pixels.tolist() == pixels.tolist()
    assert statistics.ignored == (masks == 255).sum()

    total = pixels.sum()
    where_shown = [sum((mask != 255).sum() for mask in masks if (mask == index).any()) for index in range(3)]
    frequency = pixels / np.array(where_shown)
    effective = (1 - 0.9999 ** pixels.astype(float)) / (1 - 0.9999)
    expected: dict[Weighting, np.ndarray] = {
        "inverse-frequency": total / 3 / pixels,
        "median-frequency": np.median(frequency) / frequency,
        "effective-number": 3 / effective / (1 / effective).sum(),
    }
    chosen_rows = shards.manifest.split_rows(splits)
    for weighting, weights in expected.items():
        assert np.abs(class_weights(chosen_rows, 3, weighting) - weights).max() < 1e-9, weighting
