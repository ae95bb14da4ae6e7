"""COCO instances: polygons fill pycocotools' own pixels, in order or by area; what draws nothing is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segdata.errors import UnmappedLabelError
from tests.formats.coco_cases import (
    CATEGORIES,
    FILE,
    MASK,
    SQUARE,
    ann_to_mask,
    coco_reader,
    image,
    polygons,
    rle,
    rows,
    write_coco,
)
from tests.formats.listed_cases import coco_annotation, coco_file, plain_counts
from tests.formats.via_cases import drawn, write_json, write_photo


def test_polygon(tmp_path: Path) -> None:
    assert rows(write_coco(tmp_path, polygons(SQUARE))) == ["......", ".000..", ".000..", "......"]
    assert coco_reader(tmp_path).findings == ()
    assert coco_reader(tmp_path).read("a").findings == ()


def test_parts_of_an_object_are_one_together(tmp_path: Path) -> None:
    """A union: where two parts lie over each other there is no hole."""
    write_coco(tmp_path, polygons([0, 0, 3, 0, 3, 3, 0, 3], [2, 1, 6, 1, 6, 4, 2, 4]))
    assert rows(tmp_path) == ["000...", "000000", "000000", "..0000"]
    assert np.array_equal(coco_reader(tmp_path).read("a").mask == 0, ann_to_mask(tmp_path / FILE))


def test_order_of_the_file_and_by_area(tmp_path: Path) -> None:
    small = polygons([2, 1, 4, 1, 4, 3, 2, 3], id=1, category="car")
    large = polygons([0, 0, 6, 0, 6, 4, 0, 4], id=2, category="tree")
    assert rows(write_coco(tmp_path, small, large)) == ["111111"] * 4
    by_area = ["111111", "112211", "112211", "111111"]
    assert rows(tmp_path, {"order": "area"}) == by_area
    assert rows(write_coco(tmp_path, large, small)) == by_area


def test_crowds_are_ignored_unless_told(tmp_path: Path) -> None:
    whole_photo = polygons([0, 0, 6, 0, 6, 4, 0, 4], id=1, category="tree")
    write_coco(tmp_path, whole_photo, rle(plain_counts(MASK), id=2, iscrowd=1))
    sample = coco_reader(tmp_path).read("a")
    assert drawn(sample.mask) == ["11.111", "1..111", "11111.", "11111."]
    (finding,) = sample.findings
    assert (finding.code, finding.message) == ("crowd-ignored", "1 annotation of crowds")
    painted = coco_reader(tmp_path, {"crowd": "paint"}).read("a")
    assert drawn(painted.mask) == ["112111", "122111", "111112", "111112"]
    assert painted.findings == ()


def test_crowd_of_an_unmapped_category_needs_no_class(tmp_path: Path) -> None:
    write_coco(tmp_path, rle(plain_counts(MASK), iscrowd=1))
    assert rows(tmp_path, label_map={"road": "road"}) == ["......"] * 4
    with pytest.raises(UnmappedLabelError, match="annotation 1: found label 'car'"):
        rows(tmp_path, {"crowd": "paint"}, label_map={"road": "road"})


def test_categories_by_name_or_by_id(tmp_path: Path) -> None:
    write_coco(tmp_path, polygons(SQUARE, category="car"))
    expected = ["......", ".000..", ".000..", "......"]
    assert rows(tmp_path, label_map={"car": "road", "road": "ignore"}) == expected
    assert rows(tmp_path, label_map={3: "road", 7: "ignore"}) == expected
    with pytest.raises(
        UnmappedLabelError, match=r"found category 3 \('car'\); expected a name or id of .*\(7\)"
    ):
        rows(tmp_path, label_map={7: "road"})
    with pytest.raises(UnmappedLabelError, match="found label 'car'"):  # its id 3 is no class id
        rows(tmp_path, names=("road", "tree", "bus", "lane"))


def test_annotations_that_draw_nothing_are_counted(tmp_path: Path) -> None:
    write_coco(
        tmp_path,
        polygons(SQUARE, id=1),
        coco_annotation(2, 1, 3, []),
        coco_annotation(3, 1, 3, None, keypoints=[1, 1, 2], num_keypoints=1),
        coco_annotation(4, 1, 3, [[]]),
        polygons([1, 1, 4, 3], id=5),
        {"id": 6, "image_id": 1, "category_id": 3, "bbox": [0, 0, 4, 4]},
    )
    sample = coco_reader(tmp_path).read("a")
    assert drawn(sample.mask) == ["......", ".000..", ".000..", "......"]
    assert [(f.code, f.place, f.severity) for f in sample.findings] == [
        ("too-few-points", "annotation 5", "warning"),
        ("no-segmentation", "", "warning"),
    ]
    assert sample.findings[1].message == "4 annotations have no segmentation (boxes, keypoints)"


def test_four_numbers_are_no_box(tmp_path: Path) -> None:
    """As pycocotools would take them."""
    write_coco(tmp_path, polygons([1, 1, 4, 3], SQUARE))
    assert rows(tmp_path) == ["......", ".000..", ".000..", "......"]


def test_what_is_doubtful_about_an_outline_is_told(tmp_path: Path) -> None:
    """pycocotools fills even-odd too, and paints nothing of a line; the last is narrow, but no line."""
    outlines = [0, 0, 6, 4, 6, 0, 0, 4], [1, 1, 2, 2, 4, 4], [2.2, 1.2, 2.8, 1.2, 2.8, 3.8, 2.2, 3.8]
    write_coco(tmp_path, *(polygons(outline, id=number) for number, outline in enumerate(outlines, 1)))
    sample = coco_reader(tmp_path).read("a")
    assert [(f.code, f.place, f.message) for f in sample.findings] == [
        ("self-crossing", "annotation 1", "the outline crosses itself at x 3.0, y 2.0"),
        ("zero-area", "annotation 2", "all 3 points lie on one line"),
    ]


def test_points_outside_are_clipped_and_told(tmp_path: Path) -> None:
    write_coco(tmp_path, polygons([4, -2, 9, -2, 9, 2, 4, 2]))
    sample = coco_reader(tmp_path).read("a")
    assert drawn(sample.mask) == ["....00", "....00", "......", "......"]
    assert [(f.code, f.message) for f in sample.findings] == [
        ("points-clipped", "3 of 4 points outside the photo of 4x6 (height x width)")
    ]


def test_many_annotations(tmp_path: Path) -> None:
    """10,000 objects of one photo: every column as pycocotools decodes them all."""
    chance = np.random.default_rng(1)
    size_hw = (100, 120)
    write_photo(tmp_path / "images/a.png", size_hw)
    annotations = []
    expected = np.full(size_hw, 255, np.uint8)
    for number in range(10_000):
        x, y = chance.integers(0, 100, 2).tolist()
        name = ("road", "tree", "car")[number % 3]
        annotations.append(polygons([x, y, x + 9, y, x + 9, y + 7, x, y + 7], id=number, category=name))
        expected[y : y + 7, x : x + 9] = number % 3
    write_json(tmp_path / FILE, coco_file([image(size_hw=size_hw)], annotations, CATEGORIES))
    assert np.array_equal(coco_reader(tmp_path).read("a").mask, expected)
