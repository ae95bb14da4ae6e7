"""Photos upright whatever their EXIF says, modes and grey values told, damage and bombs refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps
from PIL.PngImagePlugin import PngInfo

from segdata import image_file
from segdata.errors import DataError
from segdata.photo import (
    Photo,
    Resize,
    turn_back,
    turn_upright,
)
from tests.photo_cases import PICTURE, save_picture, write_png


@pytest.mark.parametrize("suffix", ["png", "jpg", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_stands_as_pillow_turns_it(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = save_picture(tmp_path / f"a.{suffix}", PICTURE, orientation)
    photo = Photo.open(path, path.name)
    with Image.open(path) as file:
        upright = np.asarray(ImageOps.exif_transpose(file).convert("RGB"))
    assert photo.stored_hw == (5, 7)
    assert photo.orientation == orientation
    assert photo.upright_hw == upright.shape[:2] == ((7, 5) if orientation >= 5 else (5, 7))
    assert np.array_equal(photo.read(), upright)
    assert photo.findings == ()


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])  # Pillow's own decoder, and libtiff
@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiff_is_turned_once(tmp_path: Path, orientation: int, compression: str | None) -> None:
    """PICTURE as stored; Pillow turns TIFF when it decodes, and tells the size after its turn."""
    path = save_picture(tmp_path / "a.tif", PICTURE, orientation, compression=compression)
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
    photo = Photo.open(save_picture(tmp_path / f"a.{suffix}", grey, **options), f"a.{suffix}")
    assert (photo.stored_hw, photo.orientation, photo.upright_hw) == ((20, 30), 1, (20, 30))
    assert photo.read().shape == (20, 30, 3)
    assert [(told.code, told.severity, told.action) for told in photo.findings] == [
        ("xmp-orientation", "warning", "not turned")
    ]
    assert "orientation 6 in XMP" in photo.findings[0].message
    both = Photo.open(save_picture(tmp_path / f"b.{suffix}", grey, 8, **options), f"b.{suffix}")
    assert (both.orientation, both.upright_hw, both.findings) == (8, (30, 20), ())


@pytest.mark.parametrize("orientation", [0, 9])
def test_impossible_orientation_is_told(tmp_path: Path, orientation: int) -> None:
    photo = Photo.open(save_picture(tmp_path / "a.png", PICTURE, orientation), "a.png")
    assert np.array_equal(photo.read(), PICTURE)
    assert [(finding.code, finding.severity) for finding in photo.findings] == [
        ("exif-orientation", "warning")
    ]


def test_exif_behind_the_pixels_of_a_png_counts(tmp_path: Path) -> None:
    path = save_picture(tmp_path / "a.png", PICTURE, 6)
    content = path.read_bytes()
    at = content.index(b"eXIf") - 4
    end = at + 12 + int.from_bytes(content[at : at + 4], "big")
    without, chunk = content[:at] + content[end:], content[at:end]
    path.write_bytes(without[:-12] + chunk + without[-12:])
    assert Photo.open(path, "a.png").orientation == 6
    path.write_bytes(without)
    assert Photo.open(path, "a.png").orientation == 1


def test_opening_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [save_picture(tmp_path / name, PICTURE) for name in ("a.png", "a.jpg")]

    def refuse(file: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", refuse)
    for path in paths:
        assert Photo.open(path, path.name).upright_hw == (5, 7)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_truncated_photo_is_an_error(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = save_picture(tmp_path / f"a.{suffix}", noise)
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
    path = save_picture(tmp_path / "a.png", PICTURE)
    monkeypatch.setattr(image_file, "MAX_PIXELS", 34)
    with pytest.raises(DataError, match=r"found 5x7 \(height x width\); expected at most 34 pixels"):
        Photo.open(path, "a.png")
    monkeypatch.setattr(image_file, "MAX_PIXELS", 35)
    assert Photo.open(path, "a.png").stored_hw == (5, 7)
    bomb = write_png(tmp_path / "bomb.png", 60_000, 60_000, 8, 2, [b""])
    with pytest.raises(DataError, match=r"bomb\.png"):
        Photo.open(bomb, "bomb.png")


def test_other_modes_become_rgb_and_are_told(tmp_path: Path) -> None:
    deep = np.array([[0, 255, 256, 65535]], np.uint16)
    photo = Photo.open(save_picture(tmp_path / "deep.png", deep), "deep.png")
    assert photo.read()[0, :, 0].tolist() == [0, 0, 1, 255]
    assert [finding.code for finding in photo.findings] == ["photo-mode"]
    grey = Photo.open(save_picture(tmp_path / "grey.png", np.array([[3, 200]], np.uint8)), "grey.png")
    assert grey.read().tolist() == [[[3] * 3, [200] * 3]]
    assert grey.findings == ()
    cmyk = Photo.open(save_picture(tmp_path / "c.tiff", Image.new("CMYK", (2, 1), (255, 0, 0, 0))), "c.tiff")
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
    photo = Photo.open(save_picture(tmp_path / "wide.tiff", Image.fromarray(values)), "wide.tiff")
    with pytest.raises(DataError, match=f"^wide.tiff: found {found}.*; expected whole numbers of 0 to 65535"):
        photo.read()


def test_16_bit_values_in_32_bits_are_read(tmp_path: Path) -> None:
    values = Image.fromarray(np.array([[0, 256, 65_535]], np.int32))
    photo = Photo.open(save_picture(tmp_path / "a.tiff", values), "a.tiff")
    assert photo.read()[0, :, 0].tolist() == [0, 1, 255]


def test_first_picture_of_a_phone_pair_is_read(tmp_path: Path) -> None:
    red, blue = (Image.new("RGB", (8, 8), color) for color in ((255, 0, 0), (0, 0, 255)))
    red.save(tmp_path / "a.mpo", save_all=True, append_images=[blue])
    image = Photo.open(tmp_path / "a.mpo", "a.mpo").read()
    assert image[4, 4, 0] > 250
    assert image[4, 4, 2] < 5


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.bmp", "a.webp"])
def test_a_photo_that_was_sent_is_read_as_the_file(tmp_path: Path, name: str) -> None:
    path = save_picture(tmp_path / name, PICTURE, None if name == "a.bmp" else 6)
    data = path.read_bytes()
    for resize in (None, Resize((3, 4))):
        assert (Photo.open(data, name).read(resize) == Photo.open(path, name).read(resize)).all()
    assert Photo.open(data, name).upright_hw == ((5, 7) if name == "a.bmp" else (7, 5))
    assert "stored=" not in repr(Photo.open(data, name))
    with pytest.raises(DataError, match=f"{name}: found a file that is no readable image"):
        Photo.open(b"no photo", name)
