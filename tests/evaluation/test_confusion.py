"""The figures against their definitions pixel by pixel, and against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the tensor path needs the extra 'train'")
metrics = pytest.importorskip("sklearn.metrics")

from segdata.evaluation.confusion import ConfusionMatrix, per_photo_counts  # noqa: E402


def masks(
    seed: int, num_classes: int = 5, shape: tuple[int, ...] = (3, 11, 13)
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, num_classes, shape).astype(np.uint8)
    prediction = np.where(random.random(shape) < 0.6, truth, random.integers(0, num_classes, shape))
    truth[random.random(shape) < 0.1] = 255
    return truth, prediction.astype(np.uint8)


def counted_by_hand(truth: np.ndarray, prediction: np.ndarray, num_classes: int) -> np.ndarray:
    counts = np.zeros((num_classes, num_classes), np.int64)
    for true_id, id in zip(truth.ravel().tolist(), prediction.ravel().tolist(), strict=True):
        if true_id != 255:
            counts[true_id, id] += 1
    return counts


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("tensors", [False, True])
def test_counts_are_those_of_a_loop_over_pixels(seed: int, tensors: bool) -> None:
    truth, prediction = masks(seed)
    matrix = ConfusionMatrix(5)
    for one, other in zip(truth, prediction, strict=True):
        if tensors:
            matrix.update(torch.from_numpy(one), torch.from_numpy(other))
        else:
            matrix.update(one, other)
    assert matrix.counts.dtype == np.int64
    assert matrix.counts.tolist() == counted_by_hand(truth, prediction, 5).tolist()


def test_counts_of_each_photo_add_up() -> None:
    truth, prediction = masks(3)
    each = per_photo_counts(truth, prediction, 5)
    assert each[1].tolist() == counted_by_hand(truth[1], prediction[1], 5).tolist()
    assert each.sum(axis=0).tolist() == counted_by_hand(truth, prediction, 5).tolist()


def test_255_classes_are_told_from_ignored_pixels() -> None:
    truth = np.array([254, 254, 255], np.uint8)
    prediction = np.array([254, 0, 254], np.uint8)
    for matrix in (
        ConfusionMatrix(255).update(truth, prediction),
        ConfusionMatrix(255).update(torch.from_numpy(truth), torch.from_numpy(prediction)),
    ):
        assert (matrix.counts[254, 254], matrix.counts[254, 0], matrix.counts.sum()) == (1, 1, 2)


def test_figures_agree_with_scikit_learn() -> None:
    truth, prediction = masks(4)
    known = truth != 255
    true_ids, ids = truth[known], prediction[known]
    matrix = ConfusionMatrix(5).update(truth, prediction)
    assert matrix.counts.tolist() == metrics.confusion_matrix(true_ids, ids).tolist()
    assert matrix.per_class_iou() == pytest.approx(metrics.jaccard_score(true_ids, ids, average=None))
    assert matrix.mean_iou() == pytest.approx(metrics.jaccard_score(true_ids, ids, average="macro"))
    assert matrix.frequency_weighted_iou() == pytest.approx(
        metrics.jaccard_score(true_ids, ids, average="weighted")
    )
    assert matrix.pixel_accuracy() == pytest.approx(metrics.accuracy_score(true_ids, ids))
    assert matrix.mean_class_accuracy() == pytest.approx(metrics.balanced_accuracy_score(true_ids, ids))


def test_the_example_of_the_module() -> None:
    matrix = ConfusionMatrix(2, np.array([[90, 10], [5, 15]]))
    assert matrix.per_class_iou().tolist() == [90 / 105, 15 / 30]
    assert round(matrix.mean_iou(), 3) == 0.679
    assert matrix.pixel_accuracy() == 0.875
    assert matrix.mean_class_accuracy() == (0.9 + 0.75) / 2
    assert matrix.frequency_weighted_iou() == pytest.approx((100 * 90 / 105 + 20 * 0.5) / 120)


def test_a_class_only_predicted_counts_and_an_absent_one_does_not() -> None:
    truth = np.zeros((2, 4), np.uint8)
    prediction = np.array([[0, 0, 0, 0], [0, 0, 2, 2]], np.uint8)
    matrix = ConfusionMatrix(4).update(truth, prediction)
    assert matrix.absent.tolist() == [False, True, False, True]
    assert matrix.per_class_iou()[[0, 2]].tolist() == [0.75, 0.0]
    assert np.isnan(matrix.per_class_iou()[[1, 3]]).all()
    assert matrix.mean_iou() == 0.375  # (0.75 + 0) / 2, not / 4
    assert matrix.mean_class_accuracy() == 0.75  # the truth has one class only
    assert matrix.frequency_weighted_iou() == 0.75


def test_a_last_class_that_is_void_is_the_same_as_255() -> None:
    counts = np.array([[6, 2, 0, 2], [1, 4, 0, 0], [0, 0, 0, 0], [3, 5, 0, 7]])
    matrix = ConfusionMatrix(4, counts, void=3)
    assert matrix.pixels == 15
    assert matrix.truth_pixels.tolist() == [10, 5, 0, 15]
    assert matrix.predicted_pixels.tolist() == [7, 6, 0, 2]
    assert matrix.absent.tolist() == [False, False, True, False]
    assert matrix.per_class_iou()[:2].tolist() == [
        6 / 11,
        4 / 7,
    ]  # the 3 and 5 on void cost nothing, the 2 as void do
    assert np.isnan(matrix.per_class_iou()[2:]).all()
    assert matrix.mean_iou() == (6 / 11 + 4 / 7) / 2
    assert matrix.pixel_accuracy() == 10 / 15
    assert matrix.mean_class_accuracy() == (0.6 + 0.8) / 2
    assert matrix.frequency_weighted_iou() == pytest.approx((10 * 6 / 11 + 5 * 4 / 7) / 15)
    assert ConfusionMatrix(4, counts).pixel_accuracy() == 17 / 30
    assert matrix.counts.tolist() == counts.tolist()


def test_nothing_but_ignored_pixels_gives_no_figure() -> None:
    matrix = ConfusionMatrix(3).update(np.full(5, 255, np.uint8), np.zeros(5, np.uint8))
    assert matrix.counts.sum() == 0
    assert math.isnan(matrix.mean_iou())
    assert math.isnan(matrix.pixel_accuracy())
    assert math.isnan(matrix.mean_class_accuracy())
    assert math.isnan(matrix.frequency_weighted_iou())


@pytest.mark.parametrize(("true_id", "id"), [(3, 0), (0, 3), (2, 200), (254, 254)])
def test_a_value_that_is_no_class_is_never_counted_as_another(true_id: int, id: int) -> None:
    truth, prediction = np.array([true_id], np.uint8), np.array([id], np.uint8)
    with pytest.raises(AssertionError, match="neither a class nor 255"):
        ConfusionMatrix(3).update(truth, prediction)
    with pytest.raises(AssertionError, match="neither a class nor 255"):
        ConfusionMatrix(3).update(torch.from_numpy(truth), torch.from_numpy(prediction))


def test_matrices_add_up() -> None:
    matrix = ConfusionMatrix(2, np.array([[1, 2], [3, 4]]))
    matrix += ConfusionMatrix(2, np.array([[10, 0], [0, 10]]))
    assert matrix.counts.tolist() == [[11, 2], [3, 14]]
    assert (matrix.truth_pixels.tolist(), matrix.predicted_pixels.tolist()) == ([13, 17], [14, 16])
