"""Photos upright whatever their EXIF says, masks by their stored numbers, resizing by the stated rule."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps
from PIL.PngImagePlugin import PngInfo

from segdata import image_file
from segdata.errors import DataError
from segdata.photo import (
    Photo,
    Resize,
    nearest_pixels,
    read_mask_values,
    read_palette,
    resize_image,
    resize_mask,
    turn_back,
    turn_upright,
)

# No symmetry: every turn and mirror of it differs.
PICTURE = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)


def _save(path: Path, picture: Any, orientation: int | None = None, **options: Any) -> Path:
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    if path.suffix == ".tif" and "xmp" in options:
        exif[700] = options.pop("xmp")
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(path, exif=exif, **options)
    return path


def _png(
    path: Path,
    width: int,
    height: int,
    bits: int,
    color_type: int,
    rows: list[bytes],
    *extra: tuple[bytes, bytes],
) -> Path:
    """A PNG written by hand, since encoders choose their own bit depth."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = [(b"IHDR", header), *extra, (b"IDAT", pixels), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks))
    return path


@pytest.mark.parametrize("suffix", ["png", "jpg", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_stands_as_pillow_turns_it(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = _save(tmp_path / f"a.{suffix}", PICTURE, orientation)
    photo = Photo.open(path, path.name)
    with Image.open(path) as file:
        upright = np.asarray(ImageOps.exif_transpose(file).convert("RGB"))
    assert photo.stored_hw == (5, 7)
    assert photo.orientation == orientation
    assert photo.upright_hw == upright.shape[:2] == ((7, 5) if orientation >= 5 else (5, 7))
    assert np.array_equal(photo.read(), upright)
    assert photo.findings == ()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_turn_as_photos_do(orientation: int) -> None:
    assert np.array_equal(
        turn_upright(PICTURE[:, :, 0], orientation), turn_upright(PICTURE, orientation)[:, :, 0]
    )


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])  # Pillow's own decoder, and libtiff
@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiff_is_turned_once(tmp_path: Path, orientation: int, compression: str | None) -> None:
    """PICTURE as stored; Pillow turns TIFF when it decodes, and tells the size after its turn."""
    path = _save(tmp_path / "a.tif", PICTURE, orientation, compression=compression)
    photo = Photo.open(path, "a.tif")
    assert (photo.stored_hw, photo.orientation) == ((5, 7), orientation)
    assert np.array_equal(photo.read(), turn_upright(PICTURE, orientation))
    assert np.array_equal(turn_back(photo.read(), orientation), PICTURE)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_xmp_turns_nothing_and_is_told(tmp_path: Path, suffix: str) -> None:
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    options: dict[str, Any] = {"lossless": True} if suffix == "webp" else {}
    if suffix == "png":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode())
    else:
        options["xmp"] = xmp
    grey = np.full((20, 30, 3), 90, np.uint8)
    photo = Photo.open(_save(tmp_path / f"a.{suffix}", grey, **options), f"a.{suffix}")
    assert (photo.stored_hw, photo.orientation, photo.upright_hw) == ((20, 30), 1, (20, 30))
    assert photo.read().shape == (20, 30, 3)
    assert [(told.code, told.severity, told.action) for told in photo.findings] == [
        ("xmp-orientation", "warning", "not turned")
    ]
    assert "orientation 6 in XMP" in photo.findings[0].message
    both = Photo.open(_save(tmp_path / f"b.{suffix}", grey, 8, **options), f"b.{suffix}")
    assert (both.orientation, both.upright_hw, both.findings) == (8, (30, 20), ())


@pytest.mark.parametrize("orientation", [0, 9])
def test_impossible_orientation_is_told(tmp_path: Path, orientation: int) -> None:
    photo = Photo.open(_save(tmp_path / "a.png", PICTURE, orientation), "a.png")
    assert np.array_equal(photo.read(), PICTURE)
    assert [(finding.code, finding.severity) for finding in photo.findings] == [
        ("exif-orientation", "warning")
    ]


def test_exif_behind_the_pixels_of_a_png_counts(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.png", PICTURE, 6)
    content = path.read_bytes()
    at = content.index(b"eXIf") - 4
    end = at + 12 + int.from_bytes(content[at : at + 4], "big")
    without, chunk = content[:at] + content[end:], content[at:end]
    path.write_bytes(without[:-12] + chunk + without[-12:])
    assert Photo.open(path, "a.png").orientation == 6
    path.write_bytes(without)
    assert Photo.open(path, "a.png").orientation == 1


def test_opening_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [_save(tmp_path / name, PICTURE) for name in ("a.png", "a.jpg")]

    def refuse(file: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", refuse)
    for path in paths:
        assert Photo.open(path, path.name).upright_hw == (5, 7)


def test_photo_is_turned_before_it_is_resized(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.png", PICTURE, 6)
    image = Photo.open(path, "a.png").read(Resize((3, 2), "nearest"))
    assert np.array_equal(image, nearest_pixels(np.rot90(PICTURE, -1), (3, 2)))


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_truncated_photo_is_an_error(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = _save(tmp_path / f"a.{suffix}", noise)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(DataError, match=rf"^a.{suffix}: found a damaged photo .*Copy it again"):
        Photo.open(path, path.name).read()


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\0" * 50]
)
def test_file_that_is_no_photo(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(
        DataError, match=r"^a\.jpg: found a file that is no readable image; expected one of JPEG, PNG"
    ):
        Photo.open(path, "a.jpg")


def test_absent_photo(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^photos/a\.jpg: found no such file"):
        Photo.open(tmp_path / "a.jpg", "photos/a.jpg")


def test_huge_photo_is_refused_by_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _save(tmp_path / "a.png", PICTURE)
    monkeypatch.setattr(image_file, "MAX_PIXELS", 34)
    with pytest.raises(DataError, match=r"found 5x7 \(height x width\); expected at most 34 pixels"):
        Photo.open(path, "a.png")
    monkeypatch.setattr(image_file, "MAX_PIXELS", 35)
    assert Photo.open(path, "a.png").stored_hw == (5, 7)
    bomb = _png(tmp_path / "bomb.png", 60_000, 60_000, 8, 2, [b""])
    with pytest.raises(DataError, match=r"bomb\.png"):
        Photo.open(bomb, "bomb.png")


def test_other_modes_become_rgb_and_are_told(tmp_path: Path) -> None:
    deep = np.array([[0, 255, 256, 65535]], np.uint16)
    photo = Photo.open(_save(tmp_path / "deep.png", deep), "deep.png")
    assert photo.read()[0, :, 0].tolist() == [0, 0, 1, 255]
    assert [finding.code for finding in photo.findings] == ["photo-mode"]
    grey = Photo.open(_save(tmp_path / "grey.png", np.array([[3, 200]], np.uint8)), "grey.png")
    assert grey.read().tolist() == [[[3] * 3, [200] * 3]]
    assert grey.findings == ()
    cmyk = Photo.open(_save(tmp_path / "c.tiff", Image.new("CMYK", (2, 1), (255, 0, 0, 0))), "c.tiff")
    assert cmyk.read().tolist() == [[[0, 255, 255]] * 2]
    assert "CMYK" in cmyk.findings[0].message


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.array([[0, 65_536]], np.int32), r"grey values of 0 to 65536 \(Pillow's mode I\)"),
        (np.array([[-1, 9]], np.int32), "grey values of -1 to 9"),
        (np.array([[0.25, 1.0]], np.float32), r"grey values of 0.25 to 1.0 \(Pillow's mode F\)"),
    ],
)
def test_grey_values_beyond_16_bits_are_refused(tmp_path: Path, values: np.ndarray, found: str) -> None:
    photo = Photo.open(_save(tmp_path / "wide.tiff", Image.fromarray(values)), "wide.tiff")
    with pytest.raises(DataError, match=f"^wide.tiff: found {found}.*; expected whole numbers of 0 to 65535"):
        photo.read()


def test_16_bit_values_in_32_bits_are_read(tmp_path: Path) -> None:
    values = Image.fromarray(np.array([[0, 256, 65_535]], np.int32))
    photo = Photo.open(_save(tmp_path / "a.tiff", values), "a.tiff")
    assert photo.read()[0, :, 0].tolist() == [0, 1, 255]


def test_first_picture_of_a_phone_pair_is_read(tmp_path: Path) -> None:
    red, blue = (Image.new("RGB", (8, 8), color) for color in ((255, 0, 0), (0, 0, 255)))
    red.save(tmp_path / "a.mpo", save_all=True, append_images=[blue])
    image = Photo.open(tmp_path / "a.mpo", "a.mpo").read()
    assert image[4, 4, 0] > 250
    assert image[4, 4, 2] < 5


def test_sample_holds_photo_and_mask_at_the_wanted_size(tmp_path: Path) -> None:
    photo = Photo.open(_save(tmp_path / "a.png", PICTURE, 6), "a.png")
    mask = np.arange(35, dtype=np.uint8).reshape(7, 5)
    sample = photo.sample("a", mask, Resize((2, 2)))
    assert sample.original_hw == (7, 5)
    assert sample.mask.tolist() == [[6, 8], [26, 28]]
    assert sample.image.shape == (2, 2, 3)
    whole = photo.sample("a", mask, None)
    assert np.array_equal(whole.mask, mask)
    assert np.array_equal(whole.image, np.rot90(PICTURE, -1))
    with pytest.raises(DataError, match="a mask of 5x7 .*upright size, 7x5.*source.exif"):
        photo.sample("a", mask.reshape(5, 7), None)


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


@pytest.mark.parametrize(("bits", "rows", "values"), [
    (1, [b"\xa0", b"\x60"], [[1, 0, 1, 0], [0, 1, 1, 0]]),
    (2, [b"\x1b", b"\xe4"], [[0, 1, 2, 3], [3, 2, 1, 0]]),
    (4, [b"\x01\x9f", b"\xf0\x7a"], [[0, 1, 9, 15], [15, 0, 7, 10]]),
    (8, [b"\x00\x01\x21\xff", b"\x02\x03\x04\x05"], [[0, 1, 33, 255], [2, 3, 4, 5]]),
])  # fmt: skip
def test_grey_png_of_few_bits_gives_its_numbers(
    tmp_path: Path, bits: int, rows: list[bytes], values: list[list[int]]
) -> None:
    read = read_mask_values(_png(tmp_path / "a.png", 4, 2, bits, 0, rows), "a.png")
    assert (read.dtype, read.tolist()) == (np.uint8, values)


@pytest.mark.parametrize(("bits", "row", "values"), [
    (1, b"\xa0", [1, 0, 1, 0]),
    (2, b"\x1b", [0, 1, 2, 3]),
    (4, b"\x01\x2f", [0, 1, 2, 15]),
    (8, b"\x00\x01\x02\x0f", [0, 1, 2, 15]),
])  # fmt: skip
def test_palettised_png_gives_indices(tmp_path: Path, bits: int, row: bytes, values: list[int]) -> None:
    colors = bytes(range(100, 100 + 3 * min(2**bits, 16)))
    path = _png(tmp_path / "a.png", 4, 1, bits, 3, [row], (b"PLTE", colors))
    assert read_mask_values(path, "a.png").tolist() == [values]
    palette = read_palette(path, "a.png")
    assert palette is not None
    assert palette[:2].tolist() == [[100, 101, 102], [103, 104, 105]]
    assert palette.shape == (256, 3)


def test_16_bit_and_coloured_masks(tmp_path: Path) -> None:
    deep = np.array([[0, 255, 26_001, 65_535]], np.uint16)
    path = _save(tmp_path / "deep.png", deep)
    read = read_mask_values(path, "deep.png")
    assert (read.dtype, read.tolist()) == (np.uint16, deep.tolist())
    assert read_palette(path, "deep.png") is None
    colors = read_mask_values(_save(tmp_path / "rgb.png", PICTURE), "rgb.png")
    assert np.array_equal(colors, PICTURE)


def test_masks_that_are_none(tmp_path: Path) -> None:
    _save(tmp_path / "rgba.png", Image.new("RGBA", (2, 2)))
    with pytest.raises(DataError, match=r"^rgba.png: found a mask of mode RGBA"):
        read_mask_values(tmp_path / "rgba.png", "rgba.png")
    Image.fromarray(np.array([[0.5, -1.0]], np.float32)).save(tmp_path / "real.tiff")
    with pytest.raises(DataError, match="mode F"):
        read_mask_values(tmp_path / "real.tiff", "real.tiff")
    Image.fromarray(np.array([[-1, 70_000]], np.int32)).save(tmp_path / "wide.tiff")
    with pytest.raises(DataError, match="values outside 0 to 65535"):
        read_mask_values(tmp_path / "wide.tiff", "wide.tiff")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    path = _save(tmp_path / "cut.png", noise)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(DataError, match=r"^cut.png: found a damaged mask"):
        read_mask_values(path, "cut.png")


def test_palette_of_a_damaged_file(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))
    noise.putpalette(range(256))
    path = _save(tmp_path / "cut.png", noise)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(DataError, match=r"^cut.png: found a damaged mask .*Copy it again"):
        read_palette(path, "cut.png")


@pytest.mark.parametrize("orientation", [3, 6])
def test_turned_tiff_mask_is_refused(tmp_path: Path, orientation: int) -> None:
    mask = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert read_mask_values(_save(tmp_path / "a.tif", mask, 1), "a.tif").tolist() == mask.tolist()
    path = _save(tmp_path / "b.tif", mask, orientation)
    with pytest.raises(DataError, match=rf"^b.tif: found a TIFF mask with orientation {orientation}.*as PNG"):
        read_mask_values(path, "b.tif")


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.bmp", "a.webp"])
def test_a_photo_that_was_sent_is_read_as_the_file(tmp_path: Path, name: str) -> None:
    path = _save(tmp_path / name, PICTURE, None if name == "a.bmp" else 6)
    data = path.read_bytes()
    for resize in (None, Resize((3, 4))):
        assert (Photo.open(data, name).read(resize) == Photo.open(path, name).read(resize)).all()
    assert Photo.open(data, name).upright_hw == ((5, 7) if name == "a.bmp" else (7, 5))
    assert "stored=" not in repr(Photo.open(data, name))
    with pytest.raises(DataError, match=f"{name}: found a file that is no readable image"):
        Photo.open(b"no photo", name)
