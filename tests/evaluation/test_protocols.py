"""Each protocol against its definition pixel by pixel, and by values that can be worked out on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segdata.errors import ConfigError
from segdata.evaluation.boundary import boundary_distance, boundary_region
from segdata.evaluation.confusion import void_id
from segdata.evaluation.pixel_sums import PixelSums
from segdata.evaluation.protocols import PROTOCOLS, check_protocol, interval, protocol_names, score
from segdata.ontology import load_ontology, ontology_of_names
from tests.evaluation import brute_force
from tests.evaluation.brute_force import Photo, random_photos


def sums_of(photos: list[Photo], num_classes: int) -> PixelSums:
    return PixelSums.stack([PixelSums.of(truth, prediction, num_classes) for truth, prediction in photos])


def masks(*rows: tuple[list[int], list[int]]) -> list[Photo]:
    """Photos of one row each."""
    return [(np.array([truth], np.uint8), np.array([prediction], np.uint8)) for truth, prediction in rows]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("protocol", protocol_names())
def test_a_protocol_is_its_definition(protocol: str, seed: int) -> None:
    photos = random_photos(seed)
    expected = brute_force.value(protocol, photos, 5)
    assert not math.isnan(expected)
    assert score(protocol, sums_of(photos, 5)).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", [0, 1])
def test_per_class_figures_are_their_definitions(seed: int) -> None:
    photos = random_photos(seed)
    sums, pairs = sums_of(photos, 5), brute_force.pixels(photos)

    def same(protocol: str, expected: list[float]) -> None:
        assert score(protocol, sums).per_class == pytest.approx(expected, abs=1e-12, nan_ok=True)

    same("mean-iou", brute_force.ious(pairs, list(range(5))))
    assert math.isnan(brute_force.ious(pairs, [4])[0]) == (
        seed == 1
    )  # the absent class: neither true nor predicted
    same("jaccard-20", brute_force.ious(brute_force.pixels(photos, void=True), [0, 1, 2, 3, 4, 255]))
    same("boundary-iou", brute_force.boundary_ious(photos, 5))
    each = [brute_force.per_image_ious(photo, 5) for photo in photos]
    same("per-image-miou", [brute_force.mean([one[c] for one in each]) for c in range(5)])


TWO = masks(([0, 0, 0, 255], [0, 0, 1, 0]), ([1, 1, 255, 255], [1, 0, 1, 255]))
# Known: 0 right 2, 0 as 1 once, 1 right once, 1 as 0 once. On void: 0, 1 and no class.
BY_HAND = {
    "mean-iou": (2 / 4 + 1 / 3) / 2,
    "pixel-accuracy": 3 / 5,
    "mean-class-accuracy": (2 / 3 + 1 / 2) / 2,
    "frequency-weighted-iou": (3 * 2 / 4 + 2 * 1 / 3) / 5,
    "macro-dice": (4 / 6 + 2 / 4) / 2,
    "weighted-precision": (3 * 2 / 3 + 2 * 1 / 2) / 5,
    "weighted-recall": 3 / 5,
    "weighted-f1": (3 * 4 / 6 + 2 * 2 / 4) / 5,
    "onehot-accuracy": (3 + 1) / 8,  # of the void pixels, the one predicted as 0
    "per-image-miou": (2 / 3 + 1 / 2) / 2,  # photo 1 has class 0 alone, photo 2 class 1 alone
    "per-image-accuracy": (2 / 3 + 1 / 2) / 2,
    "index-dice": 2
    * 1
    / (4 + 1e-8)
    / 2,  # (t, p): 00 00 01 · 11 10, so Σ pt = 1 and Σ (p + t) = 1 + 2 + 1; two photos
    "jaccard-20": (2 / 5 + 1 / 4 + 1 / 3) / 3,
    "accuracy-20": (3 + 1) / 8,  # of the void pixels, the one predicted as no class
    "void-as-error-miou": (2 / 5 + 1 / 4) / 2,
}


def test_figures_worked_out_on_paper() -> None:
    sums = sums_of(TWO, 2)
    for protocol, value in BY_HAND.items():
        assert score(protocol, sums).value == pytest.approx(value, abs=1e-9), protocol


def test_void_predicted_as_road_is_right_for_onehot_alone() -> None:
    sums = sums_of(masks(([0, 255, 255], [0, 0, 1])), 2)
    assert score("onehot-accuracy", sums).value == 2 / 3
    assert score("pixel-accuracy", sums).value == 1.0
    assert score("accuracy-20", sums).value == 1 / 3
    assert score("jaccard-20", sums).value == (1 / 2 + 0 + 0) / 3  # 0 · 1 · void
    assert score("void-as-error-miou", sums).value == (1 / 2 + 0) / 2


def test_absent_classes_as_each_report_treats_them() -> None:
    photos = masks(([0, 0, 0, 0], [0, 0, 0, 2]))  # 1 absent, 2 predicted only
    sums = sums_of(photos, 4)
    assert score("mean-iou", sums).value == (3 / 4 + 0) / 2
    assert score("per-image-miou", sums).value == pytest.approx(3 / 4)
    assert score("mean-class-accuracy", sums).value == 3 / 4
    assert score("weighted-precision", sums).value == 1.0
    assert np.isnan(score("mean-iou", sums).per_class).tolist() == [False, True, False, True]


def test_a_photo_of_void_alone_is_in_no_mean_of_photos() -> None:
    sums = sums_of(masks(([0, 0], [0, 1]), ([255, 255], [0, 1])), 2)
    assert score("per-image-accuracy", sums).value == 0.5
    assert score("per-image-miou", sums).value == pytest.approx(0.5)
    assert score("index-dice", sums).value == 0.0


@pytest.mark.parametrize("protocol", protocol_names())
def test_nothing_known_gives_no_figure(protocol: str) -> None:
    sums = sums_of(masks(([255, 255], [0, 1])), 2)
    value, (low, high) = score(protocol, sums).value, interval(protocol, sums, resamples=20)
    defined = {
        "onehot-accuracy": 0.5,
        "jaccard-20": 0.0,
        "accuracy-20": 0.0,
        "index-dice": 0.0,
        "void-as-error-miou": 0.0,
    }
    if protocol in defined:
        assert (value, low, high) == (defined[protocol],) * 3
    else:
        assert math.isnan(value) and math.isnan(low) and math.isnan(high)


def test_index_dice_quarters_with_the_batch_and_weighs_high_ids() -> None:
    one = masks(([5, 5], [5, 5]))
    assert score("index-dice", sums_of(one, 6)).value == pytest.approx(2 * 50 / 20)
    assert score("index-dice", sums_of(one * 4, 6)).value == pytest.approx(2 * 50 / 20 / 4)
    assert score("index-dice", sums_of(one * 5, 6)).value == pytest.approx(2 * 5.0 / 5)


def test_a_last_class_called_void_is_255() -> None:
    twenty = load_ontology("cityscapes-20")
    assert (void_id(twenty), void_id(load_ontology("cityscapes-19"))) == (19, None)
    assert void_id(ontology_of_names("x", ["void", "road"])) is None
    truth, prediction = np.array([[0, 1, 19, 19]], np.uint8), np.array([[0, 19, 19, 1]], np.uint8)
    sums = PixelSums.stack([PixelSums.of(truth, prediction, 20, 19)])
    ignored = PixelSums.stack(
        [
            PixelSums.of(
                np.where(truth == 19, 255, truth).astype(np.uint8),
                np.where(prediction == 19, 255, prediction).astype(np.uint8),
                19,
            )
        ]
    )
    assert sums.values.tolist() == ignored.values.tolist()
    assert score("mean-iou", sums).value == (1 + 0) / 2
    assert score("jaccard-20", sums).value == (1 + 0 + 1 / 3) / 3
    assert score("accuracy-20", sums).value == 2 / 4


@pytest.mark.parametrize(("true_id", "id"), [(2, 0), (0, 2), (254, 0)])
def test_a_value_that_is_no_class_is_never_counted(true_id: int, id: int) -> None:
    with pytest.raises(AssertionError, match="neither a class nor 255"):
        PixelSums.of(np.array([[true_id]], np.uint8), np.array([[id]], np.uint8), 2)


def test_boundary_regions() -> None:
    mask = np.zeros((7, 7), np.uint8)
    mask[2:5, 2:5] = 1
    region = boundary_region(mask, 1)
    assert region.astype(int).tolist() == [
        [1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 0, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1],
    ]
    assert boundary_region(np.zeros((5, 5), np.uint8), 1)[1:4, 1:4].any() == np.False_
    assert (boundary_distance((375, 500)), boundary_distance((1024, 2048)), boundary_distance((3, 3))) == (
        12,
        46,
        1,
    )


def test_boundary_iou_is_one_for_a_prediction_that_is_right_wherever_the_truth_is_known() -> None:
    truth = np.zeros((20, 30), np.uint8)
    truth[5:12, 8:20] = 1
    prediction = truth.copy()
    truth[4:6] = 255
    prediction[4:6] = 1
    sums = sums_of([(truth, prediction)], 2)
    assert score("boundary-iou", sums).value == 1.0


@pytest.mark.parametrize("protocol", protocol_names())
def test_intervals_are_those_of_a_loop_over_the_same_draws(protocol: str) -> None:
    photos = random_photos(2, count=6)
    units = [photos[0:4], photos[4:6]] if protocol == "index-dice" else [[photo] for photo in photos]
    draws = np.random.default_rng(3).multinomial(len(units), np.full(len(units), 1 / len(units)), size=25)
    values = []
    for draw in draws.tolist():
        drawn = [unit for unit, times in zip(units, draw, strict=True) for _ in range(times)]
        if protocol == "index-dice":
            total = sum(brute_force.index_dice(unit) * len(unit) for unit in drawn)
            values.append(total / sum(len(unit) for unit in drawn))
        else:
            values.append(brute_force.value(protocol, [photo for unit in drawn for photo in unit], 5))
    expected = np.quantile([value for value in values if not math.isnan(value)], [0.025, 0.975])
    found = interval(protocol, sums_of(photos, 5), resamples=25, seed=3)
    assert found == pytest.approx(tuple(expected), abs=1e-9)


def test_redrawing_in_several_goes_is_redrawing_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = sums_of(random_photos(0), 5)
    at_once = interval("mean-iou", sums)
    monkeypatch.setattr("segdata.evaluation.interval._DRAWN_AT_ONCE", 100)
    assert interval("mean-iou", sums) == at_once


def test_a_misspelt_protocol_gets_the_nearest_name() -> None:
    check_protocol("jaccard-20", "pipelines/x.yaml")
    with pytest.raises(ConfigError) as caught:
        check_protocol("mean_iou", "pipelines/x.yaml")
    assert str(caught.value).startswith(
        "pipelines/x.yaml: published.protocol: found 'mean_iou'; did you mean 'mean-iou'? Valid: accuracy-20, "
    )


def test_each_protocol_says_in_words_of_its_own_what_it_is() -> None:
    words = [protocol.words for protocol in PROTOCOLS.values()]
    assert len(set(words)) == len(PROTOCOLS) == 16
    assert all(len(one) > 20 and not set(one) & set("Σ∩∪_") and one[-1] != "." for one in words)
