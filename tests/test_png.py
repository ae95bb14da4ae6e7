"""Which PNGs OpenCV may decode, and that its pixels are Pillow's."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segdata.errors import DataError
from segdata.photo import Photo
from segdata.png import decode_png, is_sound_png

PIXELS = np.random.default_rng(3).integers(0, 256, (17, 23, 3), np.uint8)


def _png(pixels: Any = PIXELS, mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "PNG", **options)
    return file.getvalue()


@pytest.mark.parametrize("options", [{}, {"compress_level": 0}, {"optimize": True}])
def test_pixels_are_those_that_were_written(options: dict[str, Any]) -> None:
    decoded = decode_png(_png(**options), (17, 23))
    assert decoded is not None
    assert (decoded == PIXELS).all()


def test_an_orientation_in_the_file_turns_nothing() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = decode_png(_png(exif=exif), (17, 23))
    assert decoded is not None
    assert (decoded == PIXELS).all()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "I;16"])
def test_other_modes_are_left_to_pillow(mode: str) -> None:
    pixels = PIXELS if mode != "I;16" else PIXELS[..., 0].astype(np.uint16)
    data = _png(pixels, mode if mode != "I;16" else "I;16")
    assert decode_png(data, (17, 23)) is None


def test_every_flipped_byte_and_every_cut_is_noticed() -> None:
    data = _png()
    assert is_sound_png(data)
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 0x40
        assert not is_sound_png(bytes(flipped)), at
        assert not is_sound_png(data[:at]), at


def test_damage_is_told_by_name(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(_png())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "a.png").write_bytes(bytes(data))
    with pytest.raises(DataError, match=r"a\.png: found a damaged photo"):
        Photo.open(tmp_path / "a.png", "a.png").read()
    assert capfd.readouterr().err == ""
