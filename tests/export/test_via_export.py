"""VIA projects: what stands in the file, and which photos are taken over as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from segdata.export import ExportItem
from tests.export.round_trip import export, item, photo_for, read_back

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
    pixel = {"name": "polygon", "all_points_x": [1, 1, 1], "all_points_y": [1, 1, 1]}
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
    assert exported.notes[0] == "3 polygons with 10 points, painted in file order."
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
