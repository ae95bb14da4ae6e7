"""Masks by their stored numbers: few bits, palettes, 16 bits, and what is no mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.errors import DataError
from segdata.photo import (
    read_mask_values,
    read_palette,
    turn_upright,
)
from tests.photo_cases import PICTURE, save_picture, write_png


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_turn_as_photos_do(orientation: int) -> None:
    assert np.array_equal(
        turn_upright(PICTURE[:, :, 0], orientation), turn_upright(PICTURE, orientation)[:, :, 0]
    )


@pytest.mark.parametrize(("bits", "rows", "values"), [
    (1, [b"\xa0", b"\x60"], [[1, 0, 1, 0], [0, 1, 1, 0]]),
    (2, [b"\x1b", b"\xe4"], [[0, 1, 2, 3], [3, 2, 1, 0]]),
    (4, [b"\x01\x9f", b"\xf0\x7a"], [[0, 1, 9, 15], [15, 0, 7, 10]]),
    (8, [b"\x00\x01\x21\xff", b"\x02\x03\x04\x05"], [[0, 1, 33, 255], [2, 3, 4, 5]]),
])  # fmt: skip
def test_grey_png_of_few_bits_gives_its_numbers(
    tmp_path: Path, bits: int, rows: list[bytes], values: list[list[int]]
) -> None:
    read = read_mask_values(write_png(tmp_path / "a.png", 4, 2, bits, 0, rows), "a.png")
    assert (read.dtype, read.tolist()) == (np.uint8, values)


@pytest.mark.parametrize(("bits", "row", "values"), [
    (1, b"\xa0", [1, 0, 1, 0]),
    (2, b"\x1b", [0, 1, 2, 3]),
    (4, b"\x01\x2f", [0, 1, 2, 15]),
    (8, b"\x00\x01\x02\x0f", [0, 1, 2, 15]),
])  # fmt: skip
def test_palettised_png_gives_indices(tmp_path: Path, bits: int, row: bytes, values: list[int]) -> None:
    colors = bytes(range(100, 100 + 3 * min(2**bits, 16)))
    path = write_png(tmp_path / "a.png", 4, 1, bits, 3, [row], (b"PLTE", colors))
    assert read_mask_values(path, "a.png").tolist() == [values]
    palette = read_palette(path, "a.png")
    assert palette is not None
    assert palette[:2].tolist() == [[100, 101, 102], [103, 104, 105]]
    assert palette.shape == (256, 3)


def test_16_bit_and_coloured_masks(tmp_path: Path) -> None:
    deep = np.array([[0, 255, 26_001, 65_535]], np.uint16)
    path = save_picture(tmp_path / "deep.png", deep)
    read = read_mask_values(path, "deep.png")
    assert (read.dtype, read.tolist()) == (np.uint16, deep.tolist())
    assert read_palette(path, "deep.png") is None
    colors = read_mask_values(save_picture(tmp_path / "rgb.png", PICTURE), "rgb.png")
    assert np.array_equal(colors, PICTURE)
    opaque = np.concatenate([PICTURE, np.full((*PICTURE.shape[:2], 1), 255, np.uint8)], axis=2)
    path = save_picture(tmp_path / "opaque.png", Image.fromarray(opaque))
    assert np.array_equal(read_mask_values(path, "opaque.png"), PICTURE)
    opaque[-1, -1, 3] = 254
    path = save_picture(tmp_path / "clear.png", Image.fromarray(opaque))
    with pytest.raises(DataError, match="found a mask of mode RGBA, partly transparent"):
        read_mask_values(path, "clear.png")


def test_masks_that_are_none(tmp_path: Path) -> None:
    save_picture(tmp_path / "rgba.png", Image.new("RGBA", (2, 2)))
    with pytest.raises(DataError, match=r"^rgba.png: found a mask of mode RGBA"):
        read_mask_values(tmp_path / "rgba.png", "rgba.png")
    Image.fromarray(np.array([[0.5, -1.0]], np.float32)).save(tmp_path / "real.tiff")
    with pytest.raises(DataError, match="mode F"):
        read_mask_values(tmp_path / "real.tiff", "real.tiff")
    Image.fromarray(np.array([[-1, 70_000]], np.int32)).save(tmp_path / "wide.tiff")
    with pytest.raises(DataError, match="values outside 0 to 65535"):
        read_mask_values(tmp_path / "wide.tiff", "wide.tiff")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    path = save_picture(tmp_path / "cut.png", noise)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(DataError, match=r"^cut.png: found a damaged mask"):
        read_mask_values(path, "cut.png")


def test_palette_of_a_damaged_file(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))
    noise.putpalette(range(256))
    path = save_picture(tmp_path / "cut.png", noise)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(DataError, match=r"^cut.png: found a damaged mask .*Copy it again"):
        read_palette(path, "cut.png")


@pytest.mark.parametrize("orientation", [3, 6])
def test_turned_tiff_mask_is_refused(tmp_path: Path, orientation: int) -> None:
    mask = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert read_mask_values(save_picture(tmp_path / "a.tif", mask, 1), "a.tif").tolist() == mask.tolist()
    path = save_picture(tmp_path / "b.tif", mask, orientation)
    with pytest.raises(DataError, match=rf"^b.tif: found a TIFF mask with orientation {orientation}.*as PNG"):
        read_mask_values(path, "b.tif")
