"""COCO instances: masks are pycocotools' own, and what draws nothing or cannot be placed is told."""

from __future__ import annotations

import copy
import json
import random
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as pycoco
from pycocotools.coco import COCO

from segdata.errors import ConfigError, DataError, UnmappedLabelError
from segdata.formats import Reader, open_reader, survey_folder
from segdata.formats._parts.coco_masks import decompress, patch_of, polygon_runs
from segdata.formats._parts.drawn import paint
from tests.formats.listed_cases import coco_annotation, coco_file, outcomes_of, plain_counts, text_counts
from tests.formats.test_via_fuzz import broken_bytes, mutated
from tests.formats.via_cases import codes, drawn, source, write_json, write_photo

CATEGORIES = {"road": 7, "tree": 9, "car": 3}
FILE = "annotations/instances_default.json"
SQUARE = [1, 1, 4, 1, 4, 3, 1, 3]
"""Pycocotools fills columns 1 to 3 and rows 1 to 2: the far border is left out."""


def image(id: Any = 1, name: str = "a.png", size_hw: Any = (4, 6), **more: Any) -> dict[str, Any]:
    return {"id": id, "file_name": name, "width": size_hw[1], "height": size_hw[0]} | more


def write_coco(root: Path, *annotations: Any, images: Any = None, **more: Any) -> Path:
    """A source of photo a.png, 4 rows of 6, with these annotations."""
    write_photo(root / "images/a.png", (4, 6))
    write_json(root / FILE, coco_file(images or [image()], list(annotations), CATEGORIES) | more)
    return root


def polygons(*parts: Any, id: int = 1, category: str = "road", image: Any = 1, **more: Any) -> dict[str, Any]:
    return coco_annotation(id, image, CATEGORIES[category], [list(part) for part in parts], **more)


def rle(counts: Any, size: Any = (4, 6), category: str = "car", id: int = 1, **more: Any) -> dict[str, Any]:
    return coco_annotation(id, 1, CATEGORIES[category], {"size": list(size), "counts": counts}, **more)


def coco_reader(root: Path, options: dict[str, object] | None = None, **settings: Any) -> Reader:
    return open_reader("coco", source(root, options, **settings))


def rows(root: Path, options: dict[str, object] | None = None, **settings: Any) -> list[str]:
    return drawn(coco_reader(root, options, **settings).read("a").mask)


def ann_to_mask(path: Path, number: int = 0) -> Any:
    """What pycocotools itself makes of an annotation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its arrays do not know NumPy 2's copy keyword
        coco = COCO()
        coco.dataset = json.loads(path.read_text(encoding="utf-8"))
        coco.createIndex()
        return coco.annToMask(coco.dataset["annotations"][number])


MASK = np.array([[0, 0, 1, 0, 0, 0], [0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1]])
MASK_ROWS = ["..2...", ".22...", ".....2", ".....2"]


def test_polygon(tmp_path: Path) -> None:
    assert rows(write_coco(tmp_path, polygons(SQUARE))) == ["......", ".000..", ".000..", "......"]
    assert coco_reader(tmp_path).findings == ()
    assert coco_reader(tmp_path).read("a").findings == ()


def test_parts_of_an_object_are_one_together(tmp_path: Path) -> None:
    """A union: where two parts lie over each other there is no hole."""
    write_coco(tmp_path, polygons([0, 0, 3, 0, 3, 3, 0, 3], [2, 1, 6, 1, 6, 4, 2, 4]))
    assert rows(tmp_path) == ["000...", "000000", "000000", "..0000"]
    assert np.array_equal(coco_reader(tmp_path).read("a").mask == 0, ann_to_mask(tmp_path / FILE))


def test_run_lengths_plain_and_compressed(tmp_path: Path) -> None:
    assert plain_counts(MASK) == [5, 1, 2, 2, 12, 2]
    assert text_counts(MASK) == "5121:0"
    assert rows(write_coco(tmp_path, rle(plain_counts(MASK)))) == MASK_ROWS
    assert rows(write_coco(tmp_path, rle(text_counts(MASK)))) == MASK_ROWS
    assert np.array_equal(ann_to_mask(tmp_path / FILE), MASK)


@pytest.mark.parametrize("value", [0, 1])
def test_run_lengths_of_all_or_nothing(tmp_path: Path, value: int) -> None:
    mask = np.full((4, 6), value)
    expected = ["222222" if value else "......"] * 4
    assert rows(write_coco(tmp_path, rle(plain_counts(mask)))) == expected
    assert rows(write_coco(tmp_path, rle(text_counts(mask)))) == expected


COORDINATES = st.one_of(
    st.integers(-20, 90).map(float),
    st.floats(-20, 90, allow_nan=False),
    st.integers(-100, 450).map(lambda fifths: fifths / 5 - 0.3),
)


@settings(max_examples=300, deadline=None)
@given(
    size_hw=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    parts=st.lists(
        st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=12), min_size=1, max_size=3
    ),
)
def test_polygons_equal_pycocotools(size_hw: tuple[int, int], parts: list[list[tuple[float, float]]]) -> None:
    flat = [[number for point in part for number in point] for part in parts]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = pycoco.decode(pycoco.merge(pycoco.frPyObjects(flat, *size_hw)))
    assert np.array_equal(whole(polygon_runs(flat, size_hw), size_hw), expected)


@settings(max_examples=300, deadline=None)
@given(
    size_hw=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 2**32 - 1),
    share=st.floats(0, 1),
)
def test_run_lengths_equal_pycocotools(size_hw: tuple[int, int], seed: int, share: float) -> None:
    mask = (np.random.default_rng(seed).random(size_hw) < share).astype(np.uint8)
    assert np.array_equal(whole(decompress(text_counts(mask)), size_hw), mask)
    assert np.array_equal(whole(np.array(plain_counts(mask)), size_hw), mask)


def whole(runs: Any, size_hw: tuple[int, int]) -> Any:
    return paint([patch_of(runs, size_hw[0], "", 1)], size_hw, 0, "", [])


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        (
            [5, 1, 2],
            r"add up to 8\); expected runs of 0 and more that add up to the photo's 24",
        ),
        ([5, 1, 2, 40], "add up to 48"),
        ([26, -2], "one of -2"),
        ([], "add up to 0"),
        ([2**62, 2**62, 2**62, 2**62], "damaged run lengths"),
        ([2**63], "damaged run lengths"),
        ("", "add up to 0"),
        ("03", r"add up to 3"),
        ("5121", "add up to 10"),
        ("5121:0\x7f", "a character that stands for nothing"),
        ("5121:0 ", "a character that stands for nothing"),
        ("5121:P", "the text breaks off"),
        ("é5", "a character that stands for nothing"),
        ("oooooooooooooo0", "a number of more than 35 bits"),
    ],
)
def test_damaged_run_lengths_are_named(tmp_path: Path, counts: Any, found: str) -> None:
    write_coco(tmp_path, rle(counts, id=12))
    with pytest.raises(DataError, match=rf"instances_default.json: image 1: annotation 12: found .*{found}"):
        coco_reader(tmp_path).read("a")


def test_run_lengths_of_another_size(tmp_path: Path) -> None:
    write_coco(tmp_path, rle(plain_counts(MASK.T), size=(6, 4)))
    with pytest.raises(
        DataError, match=r"found run lengths for 6x4 \(height x width\); expected the photo's size, 4x6"
    ):
        coco_reader(tmp_path).read("a")


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


def test_photos_with_boxes_alone_are_not_annotated(tmp_path: Path) -> None:
    write_coco(tmp_path, coco_annotation(2, 1, 3, []))
    reader = coco_reader(tmp_path)
    assert reader.ids() == ()
    assert [(f.code, f.file, f.message) for f in reader.findings] == [
        ("not-annotated", "images/a.png", "annotations without segmentation alone (boxes, keypoints)")
    ]
    assert rows(tmp_path, unannotated="background", unlabelled_id=1) == ["111111"] * 4


def test_points_outside_are_clipped_and_told(tmp_path: Path) -> None:
    write_coco(tmp_path, polygons([4, -2, 9, -2, 9, 2, 4, 2]))
    sample = coco_reader(tmp_path).read("a")
    assert drawn(sample.mask) == ["....00", "....00", "......", "......"]
    assert [(f.code, f.message) for f in sample.findings] == [
        ("points-clipped", "3 of 4 points outside the photo of 4x6 (height x width)")
    ]


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


def test_byte_order_mark_and_other_letters(tmp_path: Path) -> None:
    write_photo(tmp_path / "images/Stra\u00dfe \u96ea.png", (4, 6))
    said = coco_file([image(1, "Stra\u00dfe \u96ea.png")], [polygons(SQUARE)], CATEGORIES)
    (tmp_path / "annotations").mkdir()
    (tmp_path / FILE).write_text("\ufeff" + json.dumps(said, ensure_ascii=False), encoding="utf-8")
    assert coco_reader(tmp_path).ids() == ("Stra\u00dfe \u96ea",)
    (tmp_path / FILE).write_bytes(json.dumps(said, ensure_ascii=False).encode("latin-1", "replace"))
    with pytest.raises(DataError, match="utf-8"):
        coco_reader(tmp_path)


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


def test_survey(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_photo(tmp_path / f"{split}2017/a.png", (4, 6))
        write_photo(tmp_path / f"{split}2017/bare.png", (4, 6))
        annotations = [polygons(SQUARE), rle(plain_counts(MASK), id=2), coco_annotation(3, 1, 3, [])]
        said = coco_file([image(), image(2, "bare.png")], annotations, CATEGORIES)
        write_json(tmp_path / f"annotations/instances_{split}2017.json", said)
    (tmp_path / "notes.json").write_text("[1]")
    survey = survey_folder("coco", tmp_path)
    assert survey is not None
    assert survey.options == {
        "annotations": {
            "train": "annotations/instances_train2017.json",
            "val": "annotations/instances_val2017.json",
        },
        "photos": {"train": "train2017", "val": "val2017"},
    }
    assert survey.photos == ("train2017/a.png", "train2017/bare.png", "val2017/a.png", "val2017/bare.png")
    assert survey.annotated == 2
    assert survey.shapes == {"no segmentation": 2, "polygon": 2, "rle": 2}
    assert survey.labels == {"car": 4, "road": 2}
    assert survey.splits == {"train": 2, "val": 2}
    assert survey.ontology is None
    reader = coco_reader(tmp_path, dict(survey.options))
    assert reader.ids() == ("train2017/a", "val2017/a")


def test_survey_of_cocos_own_layout(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_photo(tmp_path / f"{split}2017/{split}.png", (4, 6))
        said = coco_file([image(name=f"{split}.png")], [polygons(SQUARE, keypoints=[1, 1, 2])], CATEGORIES)
        for kind in ("instances", "person_keypoints"):
            write_json(tmp_path / f"annotations/{kind}_{split}2017.json", said)
        said["annotations"][0]["segments_info"] = []
        write_json(tmp_path / f"annotations/panoptic_{split}2017.json", said)
    survey = survey_folder("coco", tmp_path)
    assert survey is not None
    both = ("train", "val")
    assert survey.options == {
        "annotations": {split: f"annotations/instances_{split}2017.json" for split in both},
        "photos": {split: f"{split}2017" for split in both},
    }
    assert survey.splits == {"train": 1, "val": 1}
    assert survey.photos == ("train2017/train.png", "val2017/val.png")
    assert survey.choices["annotations"] == [
        {split: f"annotations/person_keypoints_{split}2017.json" for split in both}
    ]
    assert [found.line() for found in survey.findings] == [
        "warning: annotations/person_keypoints_train2017.json: 2 more COCO files: "
        "annotations/person_keypoints_train2017.json, annotations/person_keypoints_val2017.json "
        "[other-annotations: left out]"
    ]


def test_survey_of_two_files_without_splits(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b"), start=1):
        write_photo(tmp_path / f"images/{name}.png", (4, 6))
        write_json(tmp_path / f"{name}.json", coco_file([image(number, f"{name}.png")], [], CATEGORIES))
    survey = survey_folder("coco", tmp_path)
    assert survey is not None
    assert survey.options == {"annotations": "a.json", "photos": "images"}
    assert survey.choices["annotations"] == ["b.json"]
    assert [(found.code, found.file, found.message) for found in survey.findings] == [
        ("other-annotations", "b.json", "1 more COCO file: b.json"),
        ("not-annotated", "images/a.png", "an image without any annotation"),
        ("not-annotated", "images/b.png", "no entry"),
    ]


def test_what_draws_nothing_changes_no_fingerprint(tmp_path: Path) -> None:
    def annotation(**more: Any) -> str:
        write_coco(tmp_path, polygons(SQUARE) | more)
        return coco_reader(tmp_path).fingerprint("a").annotation

    plain = annotation()
    assert annotation(bbox=[1, 2, 3, 4], area=5, keypoints=[1, 2, 2], score=0.5) == plain
    assert annotation(iscrowd=1) != plain
    assert annotation(category_id=3) != plain
    assert annotation(segmentation=[[1, 1, 4, 1, 4, 3]]) != plain


def test_survey_of_other_folders(tmp_path: Path) -> None:
    assert survey_folder("coco", tmp_path) is None
    (tmp_path / "a.json").write_text('{"images": 1, "annotations": 2, "categories": 3}')
    assert survey_folder("coco", tmp_path) is None
    said = coco_file([image(1, "a.png")], [polygons(SQUARE)], CATEGORIES)
    colors = [
        {"id": 7, "name": "road", "color": [128, 64, 128]},
        {"id": 3, "name": "car", "color": [0, 0, 142]},
    ]
    write_json(tmp_path / "_annotations.coco.json", said | {"categories": colors})
    (tmp_path / "a.json").unlink()
    write_photo(tmp_path / "a.png", (4, 6))
    survey = survey_folder("coco", tmp_path)
    assert survey is not None
    assert survey.options == {"annotations": "_annotations.coco.json", "photos": "."}
    assert survey.ontology == {"road": (128, 64, 128), "car": (0, 0, 142)}


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
