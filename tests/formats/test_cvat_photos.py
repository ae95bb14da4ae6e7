"""CVAT: which photo an image is about, subsets and files by split, turned photos, and what a change rebuilds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segdata.errors import ConfigError, DataError
from tests.formats.cvat_cases import FILE, box, cvat_reader, polygon, rows, write_cvat, write_xml
from tests.formats.listed_cases import cvat_image, cvat_shape
from tests.formats.via_cases import codes, write_photo


def test_images_of_points_alone_are_not_annotated(tmp_path: Path) -> None:
    write_cvat(tmp_path, cvat_shape("points", "nose", points="1,1;2,2"), cvat_shape("cuboid", "van", xtl1=1))
    reader = cvat_reader(tmp_path)
    assert reader.ids() == ()
    assert [finding.code for finding in reader.findings] == ["not-annotated"]


def test_images_with_tags_alone_are_not_annotated(tmp_path: Path) -> None:
    write_cvat(tmp_path, cvat_shape("tag", "good_frame"))
    reader = cvat_reader(tmp_path)
    assert reader.ids() == ()
    assert [(f.code, f.message) for f in reader.findings] == [
        ("not-annotated", "nothing that covers an area (tag)")
    ]
    assert rows(tmp_path, unannotated="background", unlabelled_id=1) == ["11111111"] * 6


def test_photos_and_images_that_miss_each_other(tmp_path: Path) -> None:
    for name in ("a.png", "roll 1/b.png", "left.png", "frame_000003.PNG"):
        write_photo(tmp_path / "images" / name)
    names = ("a.png", "roll 1/b.png", "none.png", "../../c.png", "frame_000003")
    write_xml(tmp_path, *(cvat_image(name, polygon(), id=number) for number, name in enumerate(names)))
    reader = cvat_reader(tmp_path)
    assert reader.ids() == ("a", "frame_000003", "roll 1/b")
    assert [(f.code, f.place or f.file, f.severity) for f in reader.findings] == [
        ("no-photo", "image 2 'none.png'", "error"),
        ("outside-root", "image 3 '../../c.png'", "error"),
        ("not-annotated", "images/left.png", "warning"),
    ]
    assert cvat_reader(tmp_path, unannotated="ignore").ids() == ("a", "frame_000003", "left", "roll 1/b")


def test_subsets_are_official_splits(tmp_path: Path) -> None:
    images = []
    for name, subset, folder in (
        ("a.png", "Train", "images/Train"),
        ("b.png", "Validation", "images/Validation"),
        ("c.png", "test", "images"),
        ("d.png", "night", "images/night"),
        ("e.png", "../..", "images"),
        ("f.png", None, "images"),
    ):
        write_photo(tmp_path / folder / name)
        images.append(cvat_image(name, polygon(), **({"subset": subset} if subset else {})))
    reader = cvat_reader(write_xml(tmp_path, *images))
    assert {id: reader.official_split(id) for id in reader.ids()} == {
        "Train/a": "train",
        "Validation/b": "val",
        "c": "test",
        "night/d": None,
        "e": None,
        "f": None,
    }
    assert [(f.code, f.message) for f in reader.findings] == [
        ("unknown-subset", "subsets '../..', 'night' are none of train, validation, test")
    ]


def test_several_files_and_a_file_for_each_split(tmp_path: Path) -> None:
    for task in ("task 1", "task 2"):
        write_cvat(tmp_path / task, polygon())
    several = cvat_reader(tmp_path, {"annotations": ["task 1/annotations.xml", "task 2/annotations.xml"]})
    assert several.ids() == ("task 1/images/a", "task 2/images/a")
    splits: dict[str, object] = {"train": "task 1/annotations.xml", "test": "task 2/annotations.xml"}
    by_split = cvat_reader(tmp_path, {"annotations": splits})
    assert [by_split.official_split(id) for id in by_split.ids()] == ["train", "test"]
    with pytest.raises(ConfigError, match="one file for two splits"):
        cvat_reader(tmp_path, {"annotations": {"train": "a.xml", "val": "a.xml"}})
    with pytest.raises(ConfigError, match="names no file"):
        cvat_reader(tmp_path, {"annotations": []})


def test_two_images_of_one_name(tmp_path: Path) -> None:
    write_cvat(tmp_path)
    write_xml(tmp_path, cvat_image("a.png", polygon()), cvat_image("a.png", id=1))
    assert codes(cvat_reader(tmp_path).read("a").findings) == [("duplicate-entry", "")]
    write_xml(tmp_path, cvat_image("a.png", polygon()), cvat_image("a.png", polygon("1,1;2,2;3,3"), id=1))
    with pytest.raises(DataError, match="images/a.png: found entries that contradict each other"):
        cvat_reader(tmp_path).read("a")


def test_exif_turned_photos(tmp_path: Path) -> None:
    """Orientation 6: stored 6 rows of 8, shown 8 rows of 6, its left edge at the top."""
    write_cvat(tmp_path, box(0, 0, 1, 5))
    write_photo(tmp_path / "images/a.png", (6, 8), orientation=6)
    with pytest.raises(
        DataError, match=r"upright: 8x6 .*The photo is turned .* set source.exif to as-stored"
    ):
        rows(tmp_path)
    assert rows(tmp_path, exif="as-stored") == ["000000", "000000", *["......"] * 6]
    write_cvat(tmp_path, box(0, 0, 1, 5), size_hw=(8, 6))
    write_photo(tmp_path / "images/a.png", (6, 8), orientation=6)
    assert rows(tmp_path) == ["00...."] * 6 + ["......"] * 2


@pytest.mark.parametrize(("size_hw", "found"), [((5, 8), "drawn on 5x8"), (("x", 8), "height: found 'x'")])
def test_size_that_is_not_the_photos(tmp_path: Path, size_hw: Any, found: str) -> None:
    write_cvat(tmp_path, polygon(), size_hw=size_hw)
    with pytest.raises(DataError, match=found):
        rows(tmp_path)


def test_a_change_of_one_image_changes_one_fingerprint(tmp_path: Path) -> None:
    """Attributes, and whether a thing is occluded, draw nothing."""
    for name in "ab":
        write_photo(tmp_path / f"images/{name}.png")
    write_xml(tmp_path, cvat_image("a.png", polygon()), cvat_image("b.png", polygon(), id=1))
    old = {id: cvat_reader(tmp_path).fingerprint(id) for id in "ab"}
    seen = polygon(inner='<attribute name="wet">true</attribute>').replace('occluded="0"', 'occluded="1"')
    write_xml(tmp_path, cvat_image("a.png", seen), cvat_image("b.png", polygon(z_order=1), id=1))
    new = {id: cvat_reader(tmp_path).fingerprint(id) for id in "ab"}
    assert new["a"] == old["a"]
    assert (new["b"].photo, new["b"].annotation == old["b"].annotation) == (old["b"].photo, False)


def test_other_letters(tmp_path: Path) -> None:
    write_photo(tmp_path / "images/Stra\u00dfe \u96ea.png")
    write_xml(tmp_path, cvat_image("Stra\u00dfe \u96ea.png", polygon()))
    assert cvat_reader(tmp_path).ids() == ("Stra\u00dfe \u96ea",)
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    (tmp_path / FILE).write_text(text, encoding="utf-8-sig")
    assert cvat_reader(tmp_path).ids() == ("Stra\u00dfe \u96ea",)
