"""VIA projects: what stands in the file, and which photos are taken over as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from PIL import ExifTags, Image

from segdata.export import ExportItem
from segdata.export.contours import Outline, outlines, paint_outlines
from segdata.export.via_project import with_area
from segdata.rasterize import mean_width
from segdata.sample import Mask
from tests.export.round_trip import export, item, noise, photo_for, read_back, shapes

ROAD_WITH_CAR = [[0, 0, 0], [0, 1, 0], [0, 0, 0], [255, 255, 255]]


def project(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def test_a_project_as_via_2_opens_it(tmp_path: Path) -> None:
    exported = export(tmp_path / "out", "via", item("roll 2/IMG_1", ROAD_WITH_CAR), item("b", [[2]], "val"))
    train = project(tmp_path / "out" / "via_train.json")
    size = (tmp_path / "out" / "photos" / "roll 2" / "IMG_1.png").stat().st_size
    key = f"roll 2/IMG_1.png{size}"
    polygon = {"name": "polygon", "all_points_x": [0, 0, 2, 2], "all_points_y": [0, 2, 2, 0]}
    pixel = {"name": "polygon", "all_points_x": [1, 1.45, 1.45, 1], "all_points_y": [1, 1, 1.45, 1.45]}
    assert train["_via_img_metadata"] == {
        key: {
            "filename": "roll 2/IMG_1.png",
            "size": size,
            "regions": [
                {"shape_attributes": polygon, "region_attributes": {"class": "road"}},
                {"shape_attributes": pixel, "region_attributes": {"class": "car"}},
            ],
            "file_attributes": {},
        }
    }
    assert train["_via_image_id_list"] == [key]
    assert train["_via_settings"]["core"]["default_filepath"] == "photos/"
    dropdown = train["_via_attributes"]["region"]["class"]
    assert dropdown["type"] == "dropdown"
    assert list(dropdown["options"]) == ["road", "car", "sky", "pole", "ignore"]
    assert len(project(tmp_path / "out" / "via_val.json")["_via_img_metadata"]) == 1
    assert exported.notes[0] == "3 polygons with 12 points, painted in file order."
    assert exported.counts_line() == f"2 photos (1 train, 1 val) as via in {tmp_path / 'out'}"


def test_a_photo_that_is_ignored_altogether_is_outlined_as_such(tmp_path: Path) -> None:
    export(tmp_path / "out", "via", item("a", [[255, 255], [255, 255]]))
    (entry,) = project(tmp_path / "out" / "via_train.json")["_via_img_metadata"].values()
    assert [region["region_attributes"] for region in entry["regions"]] == [{"class": "ignore"}]
    assert read_back(tmp_path / "out").read("a").mask.tolist() == [[255, 255], [255, 255]]


def save(path: Path, orientation: int | None = None) -> Path:
    """A photo of 4x3 (HxW), stored as it is or turned."""
    pixels = np.arange(36, dtype=np.uint8).reshape(4, 3, 3) * 7
    exif = Image.Exif()
    if orientation is not None:
        exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(pixels).save(path, exif=exif.tobytes() if orientation else b"")
    return path


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png", "a.bmp", "a.webp"])
def test_what_a_browser_shows_is_copied(tmp_path: Path, name: str) -> None:
    photo = save(tmp_path / name)
    export(tmp_path / "out", "via", ExportItem("a", "train", np.zeros((4, 3), np.uint8), photo))
    assert (tmp_path / "out" / "photos" / name).read_bytes() == photo.read_bytes()


def test_a_turned_jpeg_is_copied_and_its_mask_stays_upright(tmp_path: Path) -> None:
    photo = save(tmp_path / "a.jpg", 6)
    mask = np.array([[0, 0, 1, 255], [0, 0, 1, 255], [0, 0, 1, 1]], np.uint8)  # upright, the photo is 3x4
    export(tmp_path / "out", "via", ExportItem("a", "train", mask, photo))
    assert (tmp_path / "out" / "photos" / "a.jpg").read_bytes() == photo.read_bytes()
    assert read_back(tmp_path / "out").read("a").mask.tolist() == mask.tolist()


@pytest.mark.parametrize(("name", "orientation"), [("a.tif", None), ("a.ppm", None), ("a.png", 6)])
def test_what_a_browser_may_not_show_becomes_an_upright_png(
    tmp_path: Path, name: str, orientation: int | None
) -> None:
    photo = save(tmp_path / name, orientation)
    pixels = np.arange(36, dtype=np.uint8).reshape(4, 3, 3) * 7
    if orientation == 6:
        pixels = np.rot90(pixels, -1)
    mask = np.zeros(pixels.shape[:2], np.uint8)
    export(tmp_path / "out", "via", ExportItem("a", "train", mask, photo))
    with Image.open(tmp_path / "out" / "photos" / "a.png") as written:
        assert np.array_equal(np.asarray(written), pixels)
        assert written.getexif().get(ExifTags.Base.Orientation, 1) == 1


def test_pixels_are_written_as_they_are(tmp_path: Path) -> None:
    one = item("a", ROAD_WITH_CAR)
    export(tmp_path / "out", "via", one)
    assert np.array_equal(read_back(tmp_path / "out").read("a").image, photo_for(one.mask))


@pytest.mark.parametrize(
    ("points", "written"),
    [
        ([[1, 5], [1, 5], [1, 5]], [[1, 5], [1.45, 5], [1.45, 5.45], [1, 5.45]]),
        ([[3, 5], [1, 5], [1, 5]], [[1, 5], [3.45, 5], [3.45, 5.45], [1, 5.45]]),
        ([[0, 9], [0, 7], [0, 7]], [[0, 7], [0.45, 7], [0.45, 9.45], [0, 9.45]]),
        ([[0, 0], [2, 2], [2, 2]], [[0.45, 0], [2.45, 2], [2, 2.45], [0, 0.45]]),
        ([[0, 4], [4, 0], [4, 0]], [[0, 4], [4, 0], [4.45, 0.45], [0.45, 4.45]]),
        ([[0, 0], [0, 2], [2, 2]], [[0, 0], [0, 2], [2, 2]]),
    ],
)
def test_pixels_in_a_line_are_a_strip_within_them(
    points: list[list[int]], written: list[list[float]]
) -> None:
    found = with_area(np.array(points, np.int32))
    assert found == written
    assert all(type(part) is int for point in found for part in point if part == int(part))


@given(noise() | shapes())
def test_what_is_written_paints_the_mask_however_coordinates_are_made_whole(mask: Mask) -> None:
    size_hw = (mask.shape[0], mask.shape[1])
    drawn = outlines(mask)
    written = [np.array(with_area(one.points_xy), np.float64) for one in drawn]
    for whole in (lambda xy: np.floor(xy + 0.5), np.rint, np.trunc):
        again = [
            Outline(one.class_id, whole(xy).astype(np.int32)) for one, xy in zip(drawn, written, strict=True)
        ]
        assert np.array_equal(paint_outlines(again, size_hw), mask)
    for xy in written:
        assert xy.min() >= 0 and np.all(xy.max(axis=0) < size_hw[::-1])
        assert mean_width(xy) >= 0.4 or len(np.unique(np.trunc(xy), axis=0)) > 2


def test_no_strip_is_told_as_a_slip_when_it_is_read_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    lines = np.full((40, 40), 255, np.uint8)
    lines[::4] = rng.integers(0, 4, (10, 1))
    lines[:, ::7] = 2
    np.fill_diagonal(lines, 1)
    dots = rng.integers(0, 4, (40, 40)).astype(np.uint8)
    export(tmp_path / "out", "via", item("lines", lines), item("dots", dots))
    reader = read_back(tmp_path / "out")
    for id, mask in (("lines", lines), ("dots", dots)):
        sample = reader.read(id)
        assert np.array_equal(sample.mask, mask)
        assert [one for one in sample.findings if one.code in ("zero-area", "points-clipped")] == []
