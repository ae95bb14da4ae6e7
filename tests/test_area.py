"""Area averages against their definition, in whole numbers and in cv2's floats."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdata.area import area_average


def _shares(size: int, to: int) -> np.ndarray:
    """(to, size): how much of each source row each row of the result covers, in units of 1 / to."""
    return np.array(
        [
            [max(0, min((j + 1) * size, (i + 1) * to) - max(j * size, i * to)) for i in range(size)]
            for j in range(to)
        ]
    )


def _by_definition(pixels: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Whole numbers throughout; halves up."""
    (height, width), count = pixels.shape[:2], pixels.shape[0] * pixels.shape[1]
    sums = np.einsum(
        "ji,lk,ikc->jlc", _shares(height, size_hw[0]), _shares(width, size_hw[1]), pixels.astype(np.int64)
    )
    return (2 * sums + count) // (2 * count)


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_a_pixel_is_the_mean_over_its_area_halves_up(height: int, width: int, data: st.DataObject) -> None:
    size_hw = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    channels, top = data.draw(st.integers(1, 4)), data.draw(st.sampled_from([1, 2, 255]))
    seed = data.draw(st.integers(0, 99))
    pixels = np.random.default_rng(seed).integers(0, top, (height, width, channels), np.uint8, endpoint=True)
    chunk, block = data.draw(st.integers(1, 5000)), data.draw(st.integers(1, 500))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segdata.area._CHUNK", chunk)
        patch.setattr("segdata.area._BLOCK", block)
        average = area_average(pixels, size_hw)
    assert average.dtype == np.uint8
    assert np.array_equal(average, _by_definition(pixels, size_hw))


def test_halves_are_those_of_every_four_pixels() -> None:
    pixels = np.random.default_rng(7).integers(
        0, 4, (120, 154, 3), np.uint8
    )  # a quarter of the means end in .5
    four = pixels.reshape(60, 2, 77, 2, 3).astype(int).sum(axis=(1, 3))
    assert np.array_equal(area_average(pixels, (60, 77)), (four + 2) // 4)


@pytest.mark.parametrize(
    ("stored_hw", "size_hw"),
    [
        ((750, 1000), (224, 224)),  # sums below 2^24
        ((961, 1283), (224, 223)),  # beyond
        ((4099, 4111), (4, 3)),  # beyond 2^32
        ((70_001, 3), (2, 2)),  # already down a column beyond 2^24
        ((512, 1024), (256, 512)),
    ],
)
def test_large_photos_too(stored_hw: tuple[int, int], size_hw: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (*stored_hw, 3), np.uint8)
    rows, columns = _shares(stored_hw[0], size_hw[0]), _shares(stored_hw[1], size_hw[1])
    half = np.zeros((*size_hw, 3), np.int64)
    for channel in range(3):
        half[..., channel] = rows @ pixels[..., channel].astype(np.int64) @ columns.T
    count = stored_hw[0] * stored_hw[1]
    average = area_average(pixels, size_hw)
    assert np.array_equal(average, (2 * half + count) // (2 * count))
    white = np.full((*stored_hw, 3), 255, np.uint8)
    assert (area_average(white, size_hw) == 255).all()
    plain = cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(plain.astype(int) - average).max() <= 1


def test_threads_of_a_matrix_library_change_nothing() -> None:
    code = (
        "import numpy as np, hashlib; from segdata.area import area_average;"
        "pixels = np.random.default_rng(3).integers(0, 256, (1501, 2003, 3), np.uint8);"
        "print(hashlib.sha256(area_average(pixels, (704, 1056))).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"OPENBLAS_NUM_THREADS": threads, "OPENBLAS_CORETYPE": kind},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for threads, kind in (("1", "Prescott"), ("2", ""))
    }
    assert len(said) == 1


def test_rows_wider_than_any_camera_makes_are_left_to_cv2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segdata.area._WIDEST", 20)
    pixels = np.random.default_rng(5).integers(0, 256, (10, 21, 1), np.uint8)
    plain = cv2.resize(pixels, (4, 3), interpolation=cv2.INTER_AREA)
    assert np.array_equal(area_average(pixels, (3, 4))[..., 0], plain)
