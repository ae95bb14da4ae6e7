"""COCO files and annotations that are broken: each is named with its place and what to do, and costs no more than itself."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from segdata.errors import DataError
from tests.formats.coco_cases import (
    CATEGORIES,
    FILE,
    MASK,
    SQUARE,
    coco_reader,
    image,
    polygons,
    rle,
    rows,
    write_coco,
)
from tests.formats.listed_cases import coco_annotation, coco_file, outcomes_of, plain_counts, text_counts
from tests.formats.test_via_fuzz import broken_bytes, mutated
from tests.formats.via_cases import drawn, write_json, write_photo


@pytest.mark.parametrize(
    ("segmentation", "found"),
    [
        ([[1, 1, 4, 1, 4]], "5 numbers in a polygon; expected x and y in turn"),
        ([1, 1, 4, 1, 4, 3], "Expected `array`, got `int`"),
        ([[1, 1, 4, None, 4, 3]], "Expected `float`, got `null`"),
        ([[1, 1, 4, "1", 4, 3]], "Expected `float`, got `str`"),
        ({}, "missing required field `size`"),
        ({"size": [4, 6]}, "missing required field `counts`"),
        ({"size": [4], "counts": "0"}, "length 2"),
        ({"size": [4, 6], "counts": [1.5]}, "Expected `int`, got `float`"),
        ([[0, 0, 1e300, 0, 1e300, 4]], r"coordinates up to 1e\+300; expected at most"),
        ([[0, 0, -1e8, 0, 1, 4]], r"coordinates up to 1e\+08"),
        ([[0, 0, 3e6, 0, 0, 3e6]], r"a polygon of 9e\+06 pixels around"),
        ("mask.png", "Expected `object | array | null`, got `str`"),
    ],
)
def test_broken_segmentations_are_named(tmp_path: Path, segmentation: Any, found: str) -> None:
    write_coco(tmp_path, coco_annotation(12, 1, 3, segmentation))
    with pytest.raises(DataError, match=rf"image 1: annotation 12: found .*{found}"):
        coco_reader(tmp_path).read("a")


def test_numbers_beyond_all_bounds(tmp_path: Path) -> None:
    write_coco(tmp_path, polygons(SQUARE))
    text = (tmp_path / FILE).read_text(encoding="utf-8").replace("[[1, 1, 4", "[[1, 1, 1e999")
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    reader = coco_reader(tmp_path)
    for verb in (reader.read, reader.fingerprint):
        with pytest.raises(DataError, match="image 1: found Number out of range"):
            verb("a")


def test_outlines_of_a_photo_are_bounded_in_all(tmp_path: Path) -> None:
    """Each would be drawn; a thousand of them would take minutes."""
    zigzag = [float(number) for step in range(8) for number in (step % 2 * 4.9e5, step)]
    write_coco(tmp_path, *(polygons(zigzag, id=id) for id in range(12)))
    with pytest.raises(DataError, match=r"annotation 10: found outlines of 4\.\d+e\+07 pixels in all"):
        rows(tmp_path)


def test_long_outlines_within_bounds_are_drawn(tmp_path: Path) -> None:
    write_coco(tmp_path, polygons([0, 0, 9e5, 0, 9e5, 2, 0, 2]))
    assert rows(tmp_path) == ["000000", "000000", "......", "......"]


@pytest.mark.parametrize("category", [99, None, "3", {"a": 1}])
def test_category_that_the_file_does_not_list(tmp_path: Path, category: Any) -> None:
    write_coco(tmp_path, polygons(SQUARE) | {"category_id": category})
    with pytest.raises(DataError, match="annotation 1: found"):
        coco_reader(tmp_path).read("a")


def test_annotations_of_no_image_are_told_once(tmp_path: Path) -> None:
    write_coco(
        tmp_path,
        polygons(SQUARE, id=1),
        polygons(SQUARE, id=2, image=5),
        polygons(SQUARE, id=3, image=5),
        polygons(SQUARE, id=4, image="1"),
        {"id": 5},
        7,
    )
    reader = coco_reader(tmp_path)
    assert reader.ids() == ("a",)
    assert [(f.code, f.place, f.severity) for f in reader.findings] == [
        ("entry-unreadable", "annotations[4]", "error"),
        ("entry-unreadable", "annotations[5]", "error"),
        ("unknown-image", "annotations", "error"),
    ]
    assert reader.findings[2].message == "3 annotations of 2 images that the file does not list: 5, 1"


def test_repeated_ids(tmp_path: Path) -> None:
    write_photo(tmp_path / "images/b.png", (4, 6))
    images = [image(1), image(1), image(2, "b.png"), image(2, "a.png")]
    write_coco(tmp_path, polygons(SQUARE), polygons([0, 0, 6, 0, 6, 1, 0, 1], category="car"), images=images)
    reader = coco_reader(tmp_path)
    assert reader.ids() == ("a",)
    assert [(f.code, f.file, f.place, f.severity) for f in reader.findings] == [
        ("duplicate-id", FILE, "images[1]", "note"),
        ("duplicate-id", FILE, "images[3]", "error"),
        ("duplicate-id", FILE, "annotations", "warning"),
        ("not-annotated", "images/b.png", "", "warning"),
    ]
    assert drawn(reader.read("a").mask) == ["222222", ".000..", ".000..", "......"]
    write_json(
        tmp_path / FILE,
        coco_file([image()], [], {"road": 1})
        | {"categories": [{"id": 1, "name": "x"}, {"id": 1, "name": "y"}]},
    )
    with pytest.raises(DataError, match="category 1: found two names: 'x' and 'y'"):
        coco_reader(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found .*truncated"),
        ("[1, 2]", "Expected `object`, got `array`"),
        ('{"images": []}', "missing required field `annotations`"),
        ('{"images": [{"id": 1}], "annotations": [], "categories": []}', "images: found .*`file_name`"),
        ("\ufeff{", "found"),
        (
            '{"images": [], "annotations": [{"image_id": 1, "segments_info": []}], "categories": []}',
            r"annotations\[0\]: found a panoptic file",
        ),
    ],
)
def test_files_that_are_no_instances(tmp_path: Path, text: str, message: str) -> None:
    write_coco(tmp_path)
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=rf"instances_default.json: .*{message}"):
        coco_reader(tmp_path)


NUM_FILES = 300


def test_mutated_files_give_samples_or_our_errors(tmp_path: Path) -> None:
    chance = random.Random(2012)
    write_coco(tmp_path)
    write_photo(tmp_path / "images/bare.png", (4, 6))
    annotations = [polygons(SQUARE), rle(plain_counts(MASK), id=2), rle(text_counts(MASK), id=3, iscrowd=1)]
    whole_file = coco_file([image(), image(2, "bare.png")], annotations, CATEGORIES)
    outcomes: Counter[str] = Counter()
    for number in range(NUM_FILES):
        text = json.dumps(mutated(copy.deepcopy(whole_file), chance)).encode()
        (tmp_path / FILE).write_bytes(broken_bytes(text, chance) if number % 3 == 0 else text)
        named = ("instances_default.json", "images/")
        outcomes += outcomes_of(lambda: coco_reader(tmp_path), (4, 6), named)
    assert min(outcomes["sample"], outcomes["error"]) > NUM_FILES / 10


@pytest.mark.parametrize(
    ("annotation", "fix"),
    [
        (rle([24], (5, 6)), "Put the photo that was annotated in place, or export the annotations again."),
        (rle("~"), "Export the annotations again."),
        (polygons([1, 1, 4, 1, 4, 3, 1]), "Draw it again, or export the annotations again."),
        (polygons(SQUARE, iscrowd="no"), "Export it again."),
    ],
)
def test_broken_annotations_say_what_to_do(tmp_path: Path, annotation: Any, fix: str) -> None:
    reader = coco_reader(write_coco(tmp_path, annotation))
    with pytest.raises(DataError) as caught:
        reader.read("a")
    assert caught.value.where == f"{FILE}: image 1"
    assert caught.value.place == "annotation 1"
    assert caught.value.fix == fix


def test_two_names_of_one_category_say_what_to_do(tmp_path: Path) -> None:
    two = [{"id": 7, "name": "road"}, {"id": 7, "name": "car"}]
    write_coco(tmp_path, polygons(SQUARE), categories=two)
    with pytest.raises(
        DataError, match="category 7: found two names: 'road' and 'car'.*Give one of them another id"
    ):
        coco_reader(tmp_path)
