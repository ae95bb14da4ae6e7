"""COCO: which photo an entry is about, turned photos, files by split, and what a change rebuilds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segdata.errors import ConfigError, DataError
from tests.formats.coco_cases import CATEGORIES, FILE, SQUARE, coco_reader, image, polygons, rows, write_coco
from tests.formats.listed_cases import coco_annotation, coco_file
from tests.formats.via_cases import codes, write_json, write_photo


def test_photos_with_boxes_alone_are_not_annotated(tmp_path: Path) -> None:
    write_coco(tmp_path, coco_annotation(2, 1, 3, []))
    reader = coco_reader(tmp_path)
    assert reader.ids() == ()
    assert [(f.code, f.file, f.message) for f in reader.findings] == [
        ("not-annotated", "images/a.png", "annotations without segmentation alone (boxes, keypoints)")
    ]
    assert rows(tmp_path, unannotated="background", unlabelled_id=1) == ["111111"] * 4


def test_two_entries_of_one_photo(tmp_path: Path) -> None:
    images = [image(1), image(2)]
    write_coco(tmp_path, polygons(SQUARE), images=images)
    (finding,) = coco_reader(tmp_path).read("a").findings
    assert (finding.code, finding.action) == ("duplicate-entry", f"took {FILE}: image 1")
    write_coco(tmp_path, polygons(SQUARE), polygons(SQUARE, id=2, image=2), images=images)
    with pytest.raises(
        DataError, match=r"images/a.png: found entries that contradict each other: .*image 1, .*image 2"
    ):
        coco_reader(tmp_path).read("a")


def test_photos_and_entries_that_miss_each_other(tmp_path: Path) -> None:
    names = (
        "a.png",
        "none.png",
        "../../a.png",
        "roll 2/c.png",
        "http://x.org/a%62.png?v=1",
        "C:\\photos\\d.png",
    )
    for name in ("ab.png", "roll 2/c.png", "d.png", "left.png"):
        write_photo(tmp_path / "images" / name, (4, 6))
    images = [image(number, name) for number, name in enumerate(names)]
    write_coco(tmp_path, *(polygons(SQUARE, id=n, image=n) for n in range(6)), images=images)
    reader = coco_reader(tmp_path)
    assert reader.ids() == ("a", "ab", "d", "roll 2/c")
    assert [(f.code, f.place, f.severity) for f in reader.findings] == [
        ("no-photo", "image 1", "error"),
        ("outside-root", "image 2", "error"),
        ("photo-by-name", "image 4", "note"),
        ("photo-by-name", "image 5", "note"),
        ("not-annotated", "", "warning"),
    ]
    assert reader.findings[-1].file == "images/left.png"
    kept = coco_reader(tmp_path, unannotated="ignore")
    assert kept.ids() == ("a", "ab", "d", "left", "roll 2/c")
    assert codes(kept.read("left").findings) == [("not-annotated", "")]


# The size in the entry says what was annotated; VIA's rule of the frame holds.
def test_size_that_is_not_the_photos(tmp_path: Path) -> None:
    write_coco(tmp_path, polygons(SQUARE), images=[image(size_hw=(5, 6))])
    with pytest.raises(DataError, match="image 1 drawn on 5x6 .* expected the photo's size, upright: 4x6"):
        coco_reader(tmp_path).read("a")
    write_coco(tmp_path, polygons(SQUARE), images=[{"id": 1, "file_name": "a.png"}])
    assert rows(tmp_path) == ["......", ".000..", ".000..", "......"]


def test_exif_turned_photos(tmp_path: Path) -> None:
    """Orientation 6: stored 4 rows of 6, shown 6 rows of 4, its left edge at the top."""
    write_coco(tmp_path, polygons([0, 0, 6, 0, 6, 1, 0, 1]))
    write_photo(tmp_path / "images/a.png", (4, 6), orientation=6)
    with pytest.raises(
        DataError, match=r"upright: 6x4 .*The photo is turned .* set source.exif to as-stored"
    ):
        coco_reader(tmp_path).read("a")
    assert rows(tmp_path, exif="as-stored") == ["...0"] * 6
    write_coco(tmp_path, polygons([0, 0, 4, 0, 4, 1, 0, 1]), images=[image(size_hw=(6, 4))])
    write_photo(tmp_path / "images/a.png", (4, 6), orientation=6)
    assert rows(tmp_path) == ["0000", *["...."] * 5]


def test_a_file_for_each_split(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_photo(tmp_path / f"{split}2017/a.png", (4, 6))
        write_json(tmp_path / f"{split}.json", coco_file([image()], [polygons(SQUARE)], CATEGORIES))
    options: dict[str, object] = {
        "annotations": {"train": "train.json", "val": "val.json"},
        "photos": {"train": "train2017", "val": "val2017"},
    }
    reader = coco_reader(tmp_path, options)
    assert [(id, reader.official_split(id)) for id in reader.ids()] == [
        ("train2017/a", "train"),
        ("val2017/a", "val"),
    ]
    with pytest.raises(ConfigError, match="same splits"):
        coco_reader(tmp_path, options | {"annotations": "train.json"})
    with pytest.raises(ConfigError, match="one file for two splits"):
        coco_reader(tmp_path, options | {"annotations": {"train": "train.json", "val": "train.json"}})
    both = coco_reader(tmp_path, options | {"photos": "train2017"})
    with pytest.raises(DataError, match=r"contradict each other: train.json: image 1, val.json: image 1"):
        both.read("a")


def test_several_files_without_splits(tmp_path: Path) -> None:
    for name in "ab":
        write_photo(tmp_path / f"images/{name}.png", (4, 6))
        write_json(
            tmp_path / f"{name}.json", coco_file([image(1, f"{name}.png")], [polygons(SQUARE)], CATEGORIES)
        )
    reader = coco_reader(tmp_path, {"annotations": ["a.json", "b.json"]})
    assert [(id, reader.official_split(id)) for id in reader.ids()] == [("a", None), ("b", None)]
    assert (reader.read("a").mask == reader.read("b").mask).all()
    with pytest.raises(ConfigError, match="annotations names no file"):
        coco_reader(tmp_path, {"annotations": []})


def test_a_change_of_one_entry_changes_one_fingerprint(tmp_path: Path) -> None:
    write_photo(tmp_path / "images/b.png", (4, 6))
    images = [image(1), image(2, "b.png")]
    others = [polygons(SQUARE, id=1), polygons(SQUARE, id=2, image=2)]
    write_coco(tmp_path, *others, images=images)
    old = coco_reader(tmp_path)
    prints = {id: old.fingerprint(id) for id in old.ids()}
    others[1]["segmentation"][0][0] = 0
    (tmp_path / FILE).write_text(
        json.dumps(coco_file(images, others, CATEGORIES), indent=4), encoding="utf-8"
    )
    new = coco_reader(tmp_path)
    assert new.fingerprint("a") == prints["a"]
    assert new.fingerprint("b").photo == prints["b"].photo
    assert new.fingerprint("b").annotation != prints["b"].annotation
    write_coco(tmp_path, *others, images=images, categories=[{"id": 7, "name": "street"}])
    assert coco_reader(tmp_path).fingerprint("a").annotation != prints["a"].annotation


def test_byte_order_mark_and_other_letters(tmp_path: Path) -> None:
    write_photo(tmp_path / "images/Stra\u00dfe \u96ea.png", (4, 6))
    said = coco_file([image(1, "Stra\u00dfe \u96ea.png")], [polygons(SQUARE)], CATEGORIES)
    (tmp_path / "annotations").mkdir()
    (tmp_path / FILE).write_text("\ufeff" + json.dumps(said, ensure_ascii=False), encoding="utf-8")
    assert coco_reader(tmp_path).ids() == ("Stra\u00dfe \u96ea",)
    (tmp_path / FILE).write_bytes(json.dumps(said, ensure_ascii=False).encode("latin-1", "replace"))
    with pytest.raises(DataError, match="utf-8"):
        coco_reader(tmp_path)


def test_what_draws_nothing_changes_no_fingerprint(tmp_path: Path) -> None:
    def annotation(**more: Any) -> str:
        write_coco(tmp_path, polygons(SQUARE) | more)
        return coco_reader(tmp_path).fingerprint("a").annotation

    plain = annotation()
    assert annotation(bbox=[1, 2, 3, 4], area=5, keypoints=[1, 2, 2], score=0.5) == plain
    assert annotation(iscrowd=1) != plain
    assert annotation(category_id=3) != plain
    assert annotation(segmentation=[[1, 1, 4, 1, 4, 3]]) != plain
