"""Reduced decoding of JPEGs: the scale that is chosen, and how far its average may lie from a full decode's."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from segdata.errors import DataError
from segdata.jpeg import decode_jpeg, reduced_scale, sharpened
from segdata.photo import Photo, Resize, resize_image


def _save(path: Path, picture: Any, orientation: int | None = None, **options: Any) -> Path:
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Image.fromarray(picture).save(path, exif=exif, **options)
    return path


@pytest.mark.parametrize(
    ("stored_hw", "target_hw", "scale"),
    [
        ((3000, 4000), (224, 224), 4),  # 13.4 and 17.9 times: 1/8 would leave too little
        ((3000, 4000), (150, 200), 4),  # 20 times
        ((3072, 4096), (64, 64), 8),  # 48 and 64 times
        ((3000, 4000), (704, 1056), 2),  # 4.3 and 3.8 times
        ((3000, 4000), (800, 1200), 1),  # 3.75 and 3.3 times
        ((2448, 3264), (576, 768), 1),  # below 8 megapixels 4.6 times are asked for: 4.25
        ((2448, 3264), (528, 704), 2),  # 4.64
        ((2448, 3264), (138, 184), 4),  # 17.7
        ((2000, 2000), (30, 30), 8),  # 4 megapixels, and 66 times
        ((1500, 2000), (30, 40), 1),  # 3 megapixels are decoded in full
        ((3001, 4000), (100, 100), 1),  # libjpeg would round 3001 / 2 up
        ((3004, 4004), (64, 64), 4),  # 8 does not divide
        ((1000, 12000), (450, 90), 1),  # the shorter side decides
        ((100, 4000), (90, 90), 1),
        ((5, 5), (10, 10), 1),
    ],
)
def test_reduced_scale(stored_hw: tuple[int, int], target_hw: tuple[int, int], scale: int) -> None:
    assert reduced_scale(stored_hw, target_hw) == scale


def _textured(height: int, width: int) -> np.ndarray[Any, Any]:
    """Smooth shades with edges and grain, as photos have them."""
    rows, columns = np.mgrid[:height, :width]
    shade = 128 + 80 * np.sin(rows / 37.0) * np.cos(columns / 53.0) + 30 * ((rows // 40 + columns // 64) % 2)
    grain = np.random.default_rng(5).normal(0, 4, (height, width, 3))
    return np.clip(shade[..., None] + grain + [0, 10, -10], 0, 255).astype(np.uint8)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize(
    ("height", "width", "scale"), [(1776, 2368, 2), (1920, 2560, 4), (2304, 3072, 8), (3000, 4000, 4)]
)
def test_a_reduced_decode_stays_within_48_db_of_a_full_one(
    tmp_path: Path, orientation: int, height: int, width: int, scale: int
) -> None:
    path = _save(tmp_path / "a.jpg", _textured(height, width), orientation, quality=90)
    photo = Photo.open(path, "a.jpg")
    ratio = {2: 4.62, 4: 17.5, 8: 50.7}[scale] if height * width < 8_000_000 else 15.3  # just large enough
    size_hw = (int(height / ratio), int(width / ratio))
    size_hw = size_hw if orientation < 5 else size_hw[::-1]
    assert reduced_scale((height, width), size_hw if orientation < 5 else size_hw[::-1]) == scale
    fast, exact = photo.read(Resize(size_hw)), photo.read(Resize(size_hw, exact=True))
    full = resize_image(photo.read(), Resize(size_hw))
    assert (exact == full).all()
    error = np.mean((fast.astype(float) - exact.astype(float)) ** 2)
    assert 0 < error < 255**2 / 10**4.8
    assert (photo.read(Resize(size_hw, "bilinear")) == photo.read(Resize(size_hw, "bilinear", True))).all()


@pytest.mark.parametrize(
    "size_hw", [(1, 1), (1, 300), (2, 1), (2, 300), (3, 7), (40, 300), (41, 300), (79, 11)]
)
@pytest.mark.parametrize("strip", [1, 900 * 4, 900 * 39, 900 * 40, 1 << 19])
def test_sharpening_by_strips_is_that_of_the_whole(
    size_hw: tuple[int, int], strip: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segdata.jpeg._STRIP", strip)
    pixels = np.random.default_rng(3).integers(0, 256, (*size_hw, 3), np.uint8)
    kernel = np.array([-1, 18, -1], np.float32) / 16
    whole = cv2.sepFilter2D(pixels, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    assert np.array_equal(sharpened(pixels), whole)


def test_only_jpeg_is_decoded_reduced(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.png", _textured(480, 640))
    fast, exact = (Photo.open(path, "a.png").read(Resize((24, 32), exact=exact)) for exact in (False, True))
    assert (fast == exact).all()


def test_a_truncated_jpeg_is_an_error_in_a_reduced_decode_too(tmp_path: Path) -> None:
    assert reduced_scale((1776, 2368), (24, 32)) == 8
    path = _save(tmp_path / "a.jpg", _textured(1776, 2368))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(DataError, match=r"a\.jpg: found a damaged photo"):
        Photo.open(path, "a.jpg").read(Resize((24, 32)))


@pytest.mark.parametrize(
    "options", [{"subsampling": 0}, {"subsampling": 2}, {"progressive": True}, {"quality": 30}]
)
@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_pixels_are_those_that_pillow_decodes(options: dict[str, Any], scale: int) -> None:
    file = io.BytesIO()
    Image.fromarray(_textured(480, 640)).save(file, "JPEG", **options)
    with Image.open(file) as opened:
        opened.draft(None, (640 // scale, 480 // scale))
        expected = np.asarray(opened)
    decoded = decode_jpeg(file.getvalue(), (480, 640), scale)
    assert decoded is not None
    assert (decoded == expected).all()


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_colour_channels_are_left_to_pillow(tmp_path: Path, mode: str) -> None:
    Image.fromarray(_textured(480, 640)).convert(mode).save(tmp_path / "a.jpg")
    image = Photo.open(tmp_path / "a.jpg", "a.jpg").read()
    with Image.open(tmp_path / "a.jpg") as opened:
        assert (image == np.asarray(opened.convert("RGB"))).all()
