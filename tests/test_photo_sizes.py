"""Resizing by the stated rule: masks by the nearest pixel, photos averaged down and interpolated up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdata.errors import DataError
from segdata.photo import (
    Photo,
    Resize,
    nearest_pixels,
    resize_image,
    resize_mask,
)
from tests.photo_cases import PICTURE, save_picture


def test_photo_is_turned_before_it_is_resized(tmp_path: Path) -> None:
    path = save_picture(tmp_path / "a.png", PICTURE, 6)
    image = Photo.open(path, "a.png").read(Resize((3, 2), "nearest"))
    assert np.array_equal(image, nearest_pixels(np.rot90(PICTURE, -1), (3, 2)))


def test_sample_holds_photo_and_mask_at_the_wanted_size(tmp_path: Path) -> None:
    photo = Photo.open(save_picture(tmp_path / "a.png", PICTURE, 6), "a.png")
    mask = np.arange(35, dtype=np.uint8).reshape(7, 5)
    resize = Resize((2, 2))
    sample = photo.sample("a", photo.fitted(mask, resize), resize)
    assert sample.original_hw == (7, 5)
    assert sample.mask.tolist() == [[6, 8], [26, 28]]
    assert sample.image.shape == (2, 2, 3)
    whole = photo.sample("a", photo.fitted(mask, None), None)
    assert np.array_equal(whole.mask, mask)
    assert np.array_equal(whole.image, np.rot90(PICTURE, -1))
    with pytest.raises(DataError, match="a mask of 5x7 .*upright size, 7x5.*source.exif"):
        photo.fitted(mask.reshape(5, 7), None)


@given(st.tuples(*[st.integers(1, 40)] * 4))
def test_nearest_equals_a_loop(sizes: tuple[int, int, int, int]) -> None:
    source_h, source_w, height, width = sizes
    pixels = np.arange(source_h * source_w, dtype=np.uint16).reshape(source_h, source_w)
    result = nearest_pixels(pixels, (height, width))
    for row in range(height):
        for column in range(width):
            # Centre of the target pixel in source pixels, in exact fractions.
            y, x = (2 * row + 1) * source_h, (2 * column + 1) * source_w
            assert result[row, column] == pixels[y // (2 * height), x // (2 * width)]


def test_nearest_by_eye() -> None:
    assert nearest_pixels(np.arange(8).reshape(1, 8), (1, 4)).tolist() == [[1, 3, 5, 7]]
    assert nearest_pixels(np.arange(3).reshape(1, 3), (1, 6)).tolist() == [[0, 0, 1, 1, 2, 2]]
    mask = np.array([[0, 255], [7, 3]], np.uint8)
    assert resize_mask(mask, (4, 4)).tolist() == [[0, 0, 255, 255]] * 2 + [[7, 7, 3, 3]] * 2


def test_photos_are_averaged_down_and_interpolated_up() -> None:
    image = np.repeat(np.array([[0, 100], [40, 60]], np.uint8)[:, :, None], 3, axis=2)
    assert resize_image(image, Resize((1, 1))).tolist() == [[[50] * 3]]
    assert resize_image(image, Resize((2, 1))).tolist() == [[[50] * 3]] * 2
    row = resize_image(image[:1], Resize((1, 4)))[0, :, 0]
    assert row.tolist() == [0, 25, 75, 100]
    assert resize_image(image, Resize((1, 4))).shape == (1, 4, 3)
    assert resize_image(image, Resize((2, 2))).tolist() == image.tolist()
    assert resize_image(image, Resize((1, 1), "nearest")).tolist() == [[[60] * 3]]
