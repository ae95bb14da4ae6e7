"""The drawn scenes: repeatable, true to their regions, varied, and holding every class."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from segdata.sample_data import CLASSES, FORMATS, draw_scene
from segdata.sample_data.regions import UNLABELLED, Mask, Region, clip_to_frame, paint_mask, union_outline
from segdata.sample_data.unlabelled import leave_unlabelled

SIZE_HW = (120, 160)


@pytest.fixture(scope="module")
def masks() -> dict[str, Mask]:
    """Per format the masks (48, 120, 160) of the scenes, in order."""
    return {
        name: np.stack([draw_scene((name, 2012, i), SIZE_HW).mask for i in range(48)]) for name in FORMATS
    }


def test_a_seed_gives_the_same_bytes_whatever_was_drawn_before_and_on_any_number_of_threads() -> None:
    first = draw_scene(("via", 1), SIZE_HW)
    draw_scene(("via", 2), SIZE_HW)
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1 if threads != 1 else 2)
        again = draw_scene(("via", 1), SIZE_HW)
    finally:
        cv2.setNumThreads(threads)
    np.testing.assert_array_equal(again.image, first.image)
    np.testing.assert_array_equal(again.mask, first.mask)
    assert not np.array_equal(draw_scene(("voc", 1), SIZE_HW).mask, first.mask)


def test_the_mask_is_the_regions_painted_in_order() -> None:
    for i in range(6):
        scene = draw_scene(("order", i), SIZE_HW)
        expected = np.full(SIZE_HW, 255, np.uint8)
        for region in scene.regions:
            assert region.points_xy.min() >= 0
            assert (region.points_xy.max(axis=0) <= (SIZE_HW[1] - 1, SIZE_HW[0] - 1)).all()
            if region.class_name != UNLABELLED:
                cv2.fillPoly(expected, [region.points_xy], CLASSES.index(region.class_name))
        np.testing.assert_array_equal(scene.mask, expected)


def test_photo_and_truth_agree_at_an_edge() -> None:
    """Between sky and house the photo changes where the mask does: not a pixel beside it."""
    shifts = range(-3, 4)
    steps: dict[int, list[float]] = {shift: [] for shift in shifts}
    for i in range(12):
        scene = draw_scene(("edge", i), (240, 320))
        step = np.abs(np.diff(scene.image.astype(np.int16).sum(axis=2), axis=1))
        a, b = scene.mask[:, :-1], scene.mask[:, 1:]
        rows, columns = np.nonzero(((a == 0) & (b == 1)) | ((a == 1) & (b == 0)))
        inner = (columns >= 3) & (columns < step.shape[1] - 3)
        for shift in shifts:
            steps[shift] += step[rows[inner], columns[inner] + shift].tolist()
    means = {shift: float(np.mean(values)) for shift, values in steps.items()}
    assert len(steps[0]) > 500
    assert max(means, key=lambda shift: means[shift]) == 0, means


def test_every_class_is_in_nearly_every_scene(masks: dict[str, Mask]) -> None:
    stack = np.concatenate(list(masks.values()))
    present = {name: float(((stack == i).mean(axis=(1, 2)) > 0.001).mean()) for i, name in enumerate(CLASSES)}
    assert min(present.values()) >= 0.8, present
    share = {name: float((stack == i).mean()) for i, name in enumerate(CLASSES)}
    assert min(share.values()) >= 0.01, share
    assert max(share.values()) <= 0.4, share


def test_a_few_pixels_are_unlabelled(masks: dict[str, Mask]) -> None:
    for name, stack in masks.items():
        shares = (stack == 255).mean(axis=(1, 2))
        assert 0.001 < shares.mean() <= 0.03, name
        assert 0.2 < (shares > 0).mean() < 0.9, name


def test_where_a_pixel_lies_says_little_about_what_it_is(masks: dict[str, Mask]) -> None:
    """The most frequent class of the training scenes at each pixel, scored on the held-out scenes."""
    for name, stack in masks.items():
        counts = np.stack([(stack[:36] == i).sum(axis=0) for i in range(len(CLASSES))])
        truth = stack[36:]
        guess = np.broadcast_to(counts.argmax(axis=0), truth.shape)
        labelled = truth != 255
        pairs = truth[labelled].astype(np.int64) * 9 + guess[labelled]
        matrix = np.bincount(pairs, minlength=81).reshape(9, 9)
        hits = np.diag(matrix)
        accuracy = hits.sum() / matrix.sum()
        mean_iou = (hits / (matrix.sum(axis=0) + matrix.sum(axis=1) - hits)).mean()
        assert 0.25 < accuracy < 0.6, name
        assert 0.05 < mean_iou < 0.25, name


def test_an_outline_is_cut_at_the_edge_of_the_picture() -> None:
    outline = clip_to_frame(np.array([[-10.0, 2], [5, 2], [5, 30], [-10, 30]]), (20, 40))
    assert outline is not None
    assert sorted(map(tuple, outline.tolist())) == [(0, 2), (0, 19), (5, 2), (5, 19)]
    assert clip_to_frame(np.array([[-10.0, 2], [-5, 2], [-5, 9]]), (20, 40)) is None


def test_overlapping_shapes_become_one_outline() -> None:
    shapes = [
        np.array([[2.0, 2], [10, 2], [10, 6], [2, 6]]),
        np.array([[8.0, 4], [16, 4], [16, 12], [8, 12]]),
    ]
    outline = union_outline(shapes, (20, 20))
    assert outline is not None
    assert sorted(map(tuple, outline.tolist())) == sorted(
        [(2, 2), (10, 2), (10, 4), (16, 4), (16, 12), (8, 12), (8, 6), (2, 6)]
    ) or cv2.contourArea(outline) == pytest.approx(8 * 4 + 8 * 8 - 2 * 2, abs=4)


@pytest.mark.parametrize("hidden", [[[4, 8], [9, 8], [9, 11], [4, 11]], [[4, 4], [7, 4], [7, 7], [4, 7]]])
def test_what_nobody_outlined_is_cut_out_of_the_regions_behind_it(hidden: list[list[int]]) -> None:
    """Once at the edge of the region, once in its middle, where it leaves a hole."""
    behind = Region("road", np.array([[0, 0], [11, 0], [11, 11], [0, 11]], np.int32), (90, 90, 90))
    bonnet = Region(UNLABELLED, np.array(hidden, np.int32), (0, 0, 0))
    in_front = Region("person", np.array([[5, 5], [6, 5], [6, 9], [5, 9]], np.int32), (0, 0, 0))
    mask = paint_mask(leave_unlabelled([behind, bonnet, in_front], (12, 12)), (12, 12))
    expected = np.full((12, 12), CLASSES.index("road"), np.uint8)
    (x0, y0), (x1, y1) = hidden[0], hidden[2]
    expected[y0 : y1 + 1, x0 : x1 + 1] = 255
    expected[5:10, 5:7] = CLASSES.index("person")
    np.testing.assert_array_equal(mask, expected)
