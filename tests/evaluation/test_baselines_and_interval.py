"""Predictors that see no photo, and how far a figure can be trusted: values that can be worked out on paper."""

from __future__ import annotations

import numpy as np

from segdata.evaluation.baselines import Baselines, majority_class, position_counts, position_prior
from segdata.evaluation.confusion import Figures, ratio
from segdata.evaluation.interval import bootstrap_intervals, nan_mean


class Masks:
    """As much of a ShardSplit as the baselines look at."""

    def __init__(self, *masks: list[list[int]]) -> None:
        self.array = np.array(masks, np.uint8)
        self.size_hw = self.array.shape[1:]

    def __len__(self) -> int:
        return len(self.array)

    def mask_at(self, index: int) -> np.ndarray:
        return self.array[index]


TRAIN = Masks([[0, 1, 2], [1, 255, 2]], [[0, 1, 2], [0, 255, 0]], [[2, 1, 255], [2, 255, 0]])
# Place by place: 0 twice | 1 three times | 2 twice; 0, 1, 2 once each | never | 0 twice. In all 0: 5, 1: 4, 2: 5.


def test_position_counts() -> None:
    counts = position_counts(TRAIN, 3)
    assert counts[0].tolist() == [[2, 0, 0], [1, 0, 2]]
    assert counts[1].tolist() == [[0, 3, 0], [1, 0, 0]]
    assert counts[2].tolist() == [[1, 0, 2], [1, 0, 1]]


def test_of_equals_the_lowest_id_wins() -> None:
    counts = position_counts(TRAIN, 3)
    assert majority_class(counts).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert position_prior(counts).tolist() == [[0, 1, 2], [0, 0, 0]]


def test_baselines_are_scored_on_the_other_split() -> None:
    scored = Masks([[0, 1, 2], [255, 1, 1]], [[0, 1, 1], [0, 0, 255]])
    baselines = Baselines(TRAIN, 3, (2, 3))
    for mask in scored.array:
        baselines.update(mask[None])
    matrices = baselines.matrices
    assert matrices["majority_class"].counts.tolist() == [[4, 0, 0], [5, 0, 0], [1, 0, 0]]
    assert matrices["position_prior"].counts.tolist() == [[4, 0, 0], [2, 2, 1], [0, 0, 1]]


def test_baselines_are_enlarged_to_the_masks_that_are_scored() -> None:
    baselines = Baselines(TRAIN, 3, (4, 6))
    baselines.update(np.array([[[0, 0, 1, 1, 2, 2]] * 2 + [[1] * 6] * 2], np.uint8))
    assert baselines.matrices["position_prior"].counts.tolist() == [[4, 0, 0], [12, 4, 0], [0, 0, 4]]


def mean_iou_interval(per_photo: np.ndarray, **how: int) -> tuple[float, float]:
    """Of int64 (N, C, C) confusion matrices."""
    hits = np.einsum("ncc->nc", per_photo)
    union = per_photo.sum(axis=1) + per_photo.sum(axis=2) - hits
    classes = per_photo.shape[1]

    def mean_iou(sums: Figures) -> Figures:
        return nan_mean(ratio(sums[:, :classes], sums[:, classes:]))[:, None]

    (interval,) = bootstrap_intervals(np.concatenate([hits, union], axis=1), mean_iou, **how)
    return interval


def brute_force(per_photo: np.ndarray, draws: np.ndarray) -> list[float]:
    means = []
    for draw in draws:
        total = sum(count * matrix for count, matrix in zip(draw, per_photo, strict=True))
        union = total.sum(0) + total.sum(1) - total.diagonal()
        means.append(float(np.mean([total[c, c] / union[c] for c in range(len(union)) if union[c]])))
    return means


def test_the_interval_is_that_of_a_loop_over_the_same_draws() -> None:
    per_photo = np.random.default_rng(5).integers(0, 9, (6, 3, 3))
    per_photo[1:, 2, :] = per_photo[1:, :, 2] = 0  # class 2 stands on one photo: absent from some draws
    draws = np.random.default_rng(11).multinomial(6, np.full(6, 1 / 6), size=200)
    assert (draws[:, 0] == 0).any()
    low, high = np.quantile(brute_force(per_photo, draws), [0.025, 0.975])
    found = mean_iou_interval(per_photo, resamples=200, seed=11)
    assert np.allclose(found, (low, high), atol=1e-12)
    assert found[0] < found[1]


def test_equal_photos_leave_no_doubt() -> None:
    per_photo = np.tile(np.array([[90, 10], [5, 15]]), (7, 1, 1))
    low, high = mean_iou_interval(per_photo)
    assert round(low, 9) == round(high, 9) == round((90 / 105 + 15 / 30) / 2, 9)


def test_the_interval_is_the_same_each_time() -> None:
    per_photo = np.random.default_rng(1).integers(0, 50, (9, 4, 4))
    assert mean_iou_interval(per_photo) == mean_iou_interval(per_photo)


def test_photos_without_labels_give_no_interval() -> None:
    low, high = mean_iou_interval(np.zeros((4, 2, 2), np.int64))
    assert np.isnan(low)
    assert np.isnan(high)
