"""Masks saved as JPEG or WebP, alone or in a TIFF: recognised, told with what they hold, and never read as masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.errors import DataError
from segdata.formats import survey_folder
from segdata.inspection import describe, inspect_folder
from segdata.lossy_mask import blurred_values, is_blurred_mask, is_lossless_webp, lossy_kind
from segdata.mask_file import read_lossy, read_mask_values
from tests.formats.test_masks import masks_reader
from tests.inspection.folders import write_photo

PALETTE = np.array([[0, 0, 0], [128, 64, 128], [0, 0, 142]], np.uint8)


def disc(classes: int = 2) -> np.ndarray:
    """Rings of numbers from 0 on, uint8 (120, 160)."""
    rows, columns = np.mgrid[:120, :160]
    far = np.hypot(rows - 60, columns - 80)
    return np.clip(classes - 1 - far // 24, 0, None).astype(np.uint8)


def write(root: Path, pixels: np.ndarray, mask: str = "masks/{}.jpg", kind: str | None = None) -> None:
    """Three photos and the same mask three times, saved with a loss."""
    for id in "abc":
        write_photo(root / f"images/{id}.jpg", (120, 160))
        path = root / mask.format(id)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, format=kind, quality=75)


@pytest.mark.parametrize(("mask", "kind"), [
    ("masks/{}.jpg", None), ("masks/{}.JPEG", None), ("masks/{}.webp", None), ("masks/{}.png", "JPEG"),
    ("images/{}_mask.jpg", None),
])  # fmt: skip
def test_inspect_names_them_with_what_they_hold(tmp_path: Path, mask: str, kind: str | None) -> None:
    write(tmp_path, disc() * np.uint8(255), mask, kind)
    found = inspect_folder(tmp_path)
    assert found.survey is not None and found.survey == survey_folder("masks", tmp_path)
    assert (found.survey.annotated, found.survey.labels, len(found.survey.photos)) == (0, {}, 3)
    assert found.survey.evidence.endswith("3 masks in JPEG or WebP")
    first = mask.format("a")
    many = len(np.unique(read_lossy(tmp_path / first, first).reshape(120, 160, -1)[..., 0]))
    assert many > 20
    (finding,) = found.survey.findings
    assert (finding.code, finding.severity, finding.file) == ("lossy-mask", "error", first.rpartition("/")[0])
    assert finding.message == (
        "3 masks in a lossy format (JPEG or WebP), which blurs label values along borders: "
        f"{first} holds {many} values around 0 and 255"
    )
    assert finding.action.startswith("not proposed: export them again as PNG, from the tool that drew them.")
    assert any("around 0 and 255 [lossy-mask: not proposed: export" in line for line in describe(found, "x"))


def test_colours_and_small_numbers_are_told_as_such(tmp_path: Path) -> None:
    write(tmp_path / "colours", PALETTE[disc(3)])
    write(tmp_path / "numbers", disc(5))
    for folder, says in (("colours", "colours around (0,0,0), "), ("numbers", "values from 0 to ")):
        survey = survey_folder("masks", tmp_path / folder)
        assert survey is not None
        assert says in survey.findings[0].message


def test_folders_of_photos_alone_are_no_masks(tmp_path: Path) -> None:
    for name in ("images/a.jpg", "masks/a.jpg", "images/b.jpg", "masks/b.jpg"):
        write_photo(tmp_path / name, (120, 160))
    assert survey_folder("masks", tmp_path) is None
    write(tmp_path / "unnamed", disc() * np.uint8(255), "other/{}.jpg")
    assert survey_folder("masks", tmp_path / "unnamed") is None


def test_masks_in_png_are_taken_before_jpegs_of_the_same(tmp_path: Path) -> None:
    write(tmp_path, disc() * np.uint8(255), "overlays/{}_mask.jpg")
    write(tmp_path, disc(), "masks/{}.png")
    survey = survey_folder("masks", tmp_path)
    assert survey is not None
    assert (survey.annotated, survey.labels) == (3, {0: 3, 1: 3})


@pytest.mark.parametrize(("name", "kind"), [("mask/a.jpg", "JPEG"), ("mask/a.png", "JPEG"), ("mask/a.webp", "WebP")])  # fmt: skip
def test_the_reader_refuses_by_content_and_says_what_the_file_holds(
    tmp_path: Path, name: str, kind: str
) -> None:
    write_photo(tmp_path / "image/a.jpg", (120, 160))
    (tmp_path / "mask").mkdir()
    Image.fromarray(disc() * np.uint8(255)).save(tmp_path / name, format=kind.upper())
    many = len(np.unique(read_lossy(tmp_path / name, name).reshape(120, 160, -1)[..., 0]))
    with pytest.raises(DataError) as refused:
        masks_reader(tmp_path).read("a")
    assert str(refused.value) == (
        f"{name}: found a mask in a lossy format ({kind}): {many} values around 0 and 255; expected PNG, BMP or TIFF: "
        "JPEG and WebP change the values along borders. Export the mask again as PNG, from the tool that drew it; this "
        "file saved as PNG keeps the blur."
    )


@pytest.mark.parametrize("exif", [False, True])  # with it, the picture is not the file's first chunk
def test_a_webp_without_loss_is_refused_but_its_values_are_not_said_to_be_blurred(
    tmp_path: Path, exif: bool
) -> None:
    path, about = tmp_path / "a.webp", Image.Exif()
    about[0x010E] = "a mask"
    pixels = np.dstack([disc() * np.uint8(10)] * 3)
    Image.fromarray(pixels).save(path, lossless=True, **({"exif": about} if exif else {}))
    assert np.array_equal(read_lossy(path, "a.webp"), pixels)
    with pytest.raises(DataError) as refused:
        read_mask_values(path, "a.webp")
    assert str(refused.value) == (
        "a.webp: found a mask in WebP, though saved without loss: 2 values from 0 to 10; expected PNG, BMP or TIFF: "
        "most WebP files change the values along borders. Save this file as PNG, which keeps its values."
    )


def test_what_is_no_webp_without_loss(tmp_path: Path) -> None:
    Image.fromarray(PALETTE[disc(3)]).save(tmp_path / "a.webp")
    stored = (tmp_path / "a.webp").read_bytes()
    assert not any(map(is_lossless_webp, (stored, stored[:15], b"", b"VP8L" * 9)))


def test_a_tiff_that_holds_a_jpeg_is_refused_and_told_by_inspect(tmp_path: Path) -> None:
    for id in "abc":
        write_photo(tmp_path / f"images/{id}.jpg", (120, 160))
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(disc() * np.uint8(10)).save(tmp_path / f"masks/{id}.tif", compression="jpeg")
    many = len(np.unique(read_lossy(tmp_path / "masks/a.tif", "a.tif")))
    assert many > 2
    with pytest.raises(DataError) as refused:
        read_mask_values(tmp_path / "masks/a.tif", "a.tif")
    assert str(refused.value).startswith(
        f"a.tif: found a mask in a lossy format (TIFF with JPEG compression): {many} values from 0 to "
    )
    survey = survey_folder("masks", tmp_path)
    assert survey is not None and (survey.annotated, survey.labels) == (0, {})
    assert [(one.code, one.severity) for one in survey.findings] == [("lossy-mask", "error")]


@pytest.mark.parametrize(
    ("compression", "kind"), [("webp", "TIFF with WebP compression"), ("tiff_lzw", None), ("raw", None)]
)
def test_a_tiff_is_known_by_its_compression(tmp_path: Path, compression: str, kind: str | None) -> None:
    Image.fromarray(disc()).save(tmp_path / "a.tif")
    with Image.open(tmp_path / "a.tif") as file:
        file.info["compression"] = compression  # not every libtiff writes WebP
        assert lossy_kind(file) == kind


@pytest.mark.parametrize(
    "compression", [None, "raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "zstd", "lzma"]
)
def test_a_tiff_without_loss_is_read(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(disc() * np.uint8(10)).save(path, compression=compression)
    assert np.array_equal(read_mask_values(path, "a.tif"), disc() * 10)


def test_a_png_that_is_called_jpg_is_read_as_what_it_is(tmp_path: Path) -> None:
    Image.fromarray(disc(3)).save(tmp_path / "a.jpg", format="PNG")
    assert np.array_equal(read_mask_values(tmp_path / "a.jpg", "a.jpg"), disc(3))
    with pytest.raises(DataError, match="a.jpg: found a file of kind PNG; expected a JPEG or WebP"):
        read_lossy(tmp_path / "a.jpg", "a.jpg")


def test_values_around_centres() -> None:
    row = np.array([[0] * 50 + [3, 40, 250] + [255] * 50], np.uint8)
    assert blurred_values(row) == "5 values around 0 and 255"
    assert blurred_values(np.full((4, 4), 7, np.uint8)) == "1 value from 7 to 7"
    assert blurred_values(np.repeat(row[..., None], 3, axis=2)) == "5 values around 0 and 255"
    colors = np.zeros((1, 90, 3), np.uint8)
    colors[0, 30:60, 0], colors[0, 60:, 2] = 200, 90
    assert blurred_values(colors) == "3 colours around (0,0,0), (0,0,90) and (200,0,0)"
    steps = np.repeat(np.arange(0, 256, 32, dtype=np.uint8), 10)[None]
    assert blurred_values(steps) == "8 values around 0, 32, 64, 96, 128, 160 and 2 more"


def test_what_looks_like_a_blurred_mask(tmp_path: Path) -> None:
    assert is_blurred_mask(disc() * np.uint8(255))
    assert is_blurred_mask(PALETTE[disc(3)])
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    assert not is_blurred_mask(noise) and not is_blurred_mask(noise[..., 0])
    ramp = np.tile(np.arange(160, dtype=np.uint8), (120, 1))
    assert not is_blurred_mask(ramp)
    assert not is_blurred_mask(np.zeros((1, 1), np.uint8))
