"""Overlays and differences, pixel by pixel, and predictions that are not ours."""

from __future__ import annotations

import base64
import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.errors import DataError
from segdata.report.pictures import WRONG, difference, overlay, paint, read_prediction

COLORS = np.full((256, 3), 224, np.uint8)
COLORS[:2] = ((200, 0, 0), (0, 100, 0))


def test_an_overlay_mixes_inside_and_is_solid_along_borders() -> None:
    photo = np.full((3, 4, 3), 100, np.uint8)
    mask = np.array([[0, 0, 1, 1]] * 3, np.uint8)
    painted = overlay(photo, mask, COLORS)
    assert painted[1].tolist() == [[155, 45, 45], [200, 0, 0], [45, 100, 45], [45, 100, 45]]


def test_a_difference_is_grey_where_right_red_where_wrong_hatched_where_not_scored() -> None:
    photo = np.full((1, 12, 3), 100, np.uint8)
    truth = np.array([[0] * 3 + [1] * 1 + [255] * 8], np.uint8)
    prediction = np.zeros((1, 12), np.uint8)
    painted = difference(photo, truth, prediction)[0]
    assert painted[0].tolist() == [155, 155, 155]
    assert painted[3].tolist() == [round(155 / 4 + part * 0.75) for part in WRONG]
    # The photo at 45 % under stripes of 40 and 140, each four pixels wide.
    assert painted[4:, 0].tolist() == [85] * 4 + [185] * 4


def test_pictures_are_jpegs_of_one_size_and_say_it() -> None:
    rng = np.random.default_rng(5)
    image = rng.integers(0, 256, (10, 20, 3), np.uint8)
    mask = np.zeros((10, 20), np.uint8)
    pictures = paint(image, mask, mask, COLORS)
    assert (pictures.width, pictures.height) == (384, 192)
    for uri in (pictures.photo, pictures.truth, pictures.prediction, pictures.difference):
        kind, _, data = uri.partition(",")
        assert kind == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as decoded:
            assert decoded.size == (384, 192)
    tall = paint(
        np.zeros((1000, 500, 3), np.uint8),
        np.zeros((1000, 500), np.uint8),
        np.zeros((1000, 500), np.uint8),
        COLORS,
    )
    assert (tall.width, tall.height) == (192, 384)


def test_a_prediction_comes_back_as_written(tmp_path: Path) -> None:
    mask = np.array([[0, 1, 255], [1, 1, 0]], np.uint8)
    picture = Image.fromarray(mask)
    picture.putpalette(COLORS.tobytes())
    picture.save(tmp_path / "a.png")
    assert read_prediction(tmp_path / "a.png", (2, 3), 2).tolist() == mask.tolist()
    with pytest.raises(DataError, match=r"found 2x3 \(height x width\) of mode P; expected 3x2"):
        read_prediction(tmp_path / "a.png", (3, 2), 2)
    with pytest.raises(DataError, match="found value 1; expected a class id below 1"):
        read_prediction(tmp_path / "a.png", (2, 3), 1)


def test_a_prediction_that_is_no_picture_of_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with pytest.raises(DataError, match="no such file"):
        read_prediction(path, (2, 3), 2)
    path.write_bytes(b"not a picture")
    with pytest.raises(DataError, match="expected a PNG file"):
        read_prediction(path, (2, 3), 2)
    Image.new("RGB", (3, 2)).save(path)
    with pytest.raises(DataError, match="of mode RGB"):
        read_prediction(path, (2, 3), 2)
    header = (50_000).to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    chunk = b"IHDR" + header
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4))
    with pytest.raises(DataError, match=r"a\.png"):
        read_prediction(path, (2, 3), 2)
