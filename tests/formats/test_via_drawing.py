"""VIA: outlines that enclose nothing or cross themselves, painting by class, turned frames, and room for many regions."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segdata.errors import ConfigError, DataError, UnmappedLabelError
from tests.formats.via_cases import (
    box,
    codes,
    drawn,
    entry,
    export,
    one_photo,
    polygon,
    shape,
    via_reader,
    write_json,
    write_photo,
)


@pytest.mark.parametrize("kind", ["polygon", "polyline"])
def test_an_outline_that_crosses_itself_is_even_odd_and_told(tmp_path: Path, kind: str) -> None:
    bow_tie = polygon((0, 0), (7, 5), (7, 0), (0, 5), shape=kind)
    sample = via_reader(one_photo(tmp_path, box(1, 1, 2, 2, type="tree"), bow_tie)).read("a")
    assert drawn(sample.mask) == ["0......0", "000..000", "00000000", "00000000", "000..000", "0......0"]
    (finding,) = sample.findings
    assert (finding.code, finding.file, finding.place) == ("self-crossing", "photos/a.png", "region 2")
    assert finding.message == "the outline crosses itself at x 3.5, y 2.5"
    assert finding.action == "filled even-odd: what it encloses twice is left out"
    assert finding.severity == "warning"


def test_what_is_enclosed_twice_is_left_out(tmp_path: Path) -> None:
    star = polygon((50, 0), (80, 90), (0, 35), (100, 35), (20, 90))
    sample = via_reader(one_photo(tmp_path, star, size_hw=(100, 101))).read("a")
    assert (sample.mask[10, 50], sample.mask[50, 50], sample.mask[80, 25]) == (0, 255, 0)
    assert sample.findings[0].message.endswith("and in 4 more places")


def test_an_open_stroke_may_cross_itself_and_be_straight(tmp_path: Path) -> None:
    lines = (
        polygon((0, 0), (7, 5), (7, 0), (0, 5), shape="polyline"),
        polygon((0, 0), (7, 0), shape="polyline"),
    )
    sample = via_reader(one_photo(tmp_path, *lines), {"polyline": {"stroke": 1}}).read("a")
    assert sample.findings == ()


def test_a_photo_too_high_to_paint_on_is_named(tmp_path: Path) -> None:
    root = one_photo(tmp_path, box(0, 0, 1, 1), size_hw=(65_536, 1))
    with pytest.raises(DataError, match=r"^photos/a\.png: found 65,536 rows; expected at most 65,535 rows"):
        via_reader(root).read("a")


def test_a_point_far_outside_does_not_bend_the_lines(tmp_path: Path) -> None:
    far = polygon((0, 0), (200_000, 100_000), (0, 100_000))
    sample = via_reader(one_photo(tmp_path, far)).read("a")
    assert drawn(sample.mask) == ["0.......", "000.....", "00000...", "0000000.", "00000000", "00000000"]
    assert [(f.code, f.message) for f in sample.findings] == [
        ("points-clipped", "2 of 3 points outside the photo of 6x8 (height x width)")
    ]


@pytest.mark.parametrize(
    ("region", "row", "count"),
    [
        (polygon((1, 2), (3, 2), (6, 2)), ".000000.", 3),
        (polygon((1, 2), (6, 2), (6, 2.2), (1, 2.4)), ".000000.", 4),
        (shape("rect", x=2, y=2, width=0, height=0), "..0.....", 4),
        (shape("rect", x=2, y=2, width=3, height=0), "..0000..", 4),
        (shape("circle", cx=2, cy=2, r=0), "..0.....", 16),
    ],
)
def test_an_outline_without_area_is_painted_and_told(
    tmp_path: Path, region: Any, row: str, count: int
) -> None:
    sample = via_reader(one_photo(tmp_path, box(6, 4, 7, 5), region)).read("a")
    assert drawn(sample.mask) == ["........"] * 2 + [row, "........", "......00", "......00"]
    assert [(f.code, f.place, f.message) for f in sample.findings] == [
        ("zero-area", "region 2", f"all {count} points lie on one line")
    ]


def test_a_strip_of_nearly_half_a_pixel_is_one_pixel_wide_and_no_slip(tmp_path: Path) -> None:
    strip = polygon((1, 2), (6, 2), (6, 2.45), (1, 2.45))
    sample = via_reader(one_photo(tmp_path, box(6, 4, 7, 5), strip)).read("a")
    assert drawn(sample.mask) == ["........"] * 2 + [".000000.", "........", "......00", "......00"]
    assert sample.findings == ()


def test_a_scribble_is_painted_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segdata.crossings.MOST_PAIRS", 1)
    monkeypatch.setattr("segdata.crossings._FEW", 3)
    house = polygon((0, 0), (7, 0), (7, 5), (3, 5), (0, 5))
    sample = via_reader(one_photo(tmp_path, house)).read("a")
    assert drawn(sample.mask) == ["00000000"] * 6
    assert codes(sample.findings) == [("crossings-unchecked", "region 1")]


LAYERS = (
    box(0, 0, 7, 5, type="car"),
    box(0, 0, 3, 5, type="tree"),
    box(2, 0, 5, 5),
    box(0, 5, 7, 5, type="tree"),
)


@pytest.mark.parametrize(
    ("priority", "rows"),
    [
        (["car", "road", "tree"], ["11110022"] * 5 + ["11111111"]),
        (["tree", "road", "car"], ["22222222"] * 6),
        (["car", "tree", "road"], ["11000022"] * 5 + ["11000011"]),
    ],
)
def test_classes_are_painted_in_their_order(tmp_path: Path, priority: list[str], rows: list[str]) -> None:
    reader = via_reader(one_photo(tmp_path, *LAYERS), {"order": {"priority": priority}})
    assert drawn(reader.read("a").mask) == rows


def test_one_class_is_painted_as_it_stands_and_ignore_has_its_place(tmp_path: Path) -> None:
    regions = (
        box(0, 0, 7, 5, type="hole"),
        box(0, 0, 3, 5, type="wood"),
        box(0, 0, 1, 5),
        box(0, 0, 0, 5, type="bush"),
    )
    label_map = {"hole": "ignore", "wood": "tree", "bush": "tree", "road": "road"}
    root = one_photo(tmp_path, *regions)
    reader = via_reader(root, {"order": {"priority": ["tree", "road", "ignore"]}}, label_map=label_map)
    assert drawn(reader.read("a").mask) == ["........"] * 6
    reader = via_reader(root, {"order": {"priority": ["ignore", "tree", "road"]}}, label_map=label_map)
    assert drawn(reader.read("a").mask) == ["0011...."] * 6
    with pytest.raises(ConfigError, match=r"no place for class 'ignore', which photos/a\.png carries"):
        via_reader(root, {"order": {"priority": ["tree", "road"]}}, label_map=label_map)


@pytest.mark.parametrize(
    ("priority", "message"),
    [
        (["road", "tre", "car"], r"order\.priority: found class 'tre'; did you mean 'tree'"),
        (
            ["road", "car"],
            r"found no place for class 'tree', which photos/a\.png carries; .*Valid: car, road",
        ),
        (["road", "car", "tree", "road"], "priority names a class twice"),
        ([], r"source\.options\.order"),
    ],
)
def test_a_priority_that_is_not_one_is_named(tmp_path: Path, priority: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        via_reader(one_photo(tmp_path, *LAYERS), {"order": {"priority": priority}})


def test_regions_without_one_class_are_left_to_reading(tmp_path: Path) -> None:
    """They cost their own photo, not the source."""
    boxes = box(0, 0, 1, 1, type={"tree": True, "car": True}), box(0, 0, 1, 1, type=[1]), "nonsense"
    write_photo(tmp_path / "photos/b.png")
    one_photo(tmp_path, *LAYERS[2:3])
    whole = export(entry("a.png", LAYERS[2]), entry("b.png", box(0, 0, 1, 1, type="raod"), *boxes))
    write_json(tmp_path / "via_region_data.json", whole)
    reader = via_reader(tmp_path, {"order": {"priority": ["road"]}})
    assert drawn(reader.read("a").mask) == ["..0000.."] * 6
    with pytest.raises(UnmappedLabelError, match="'raod'"):
        reader.read("b")


def test_an_implied_class_has_its_place_too(tmp_path: Path) -> None:
    options: dict[str, object] = {"implied_class": "car", "order": {"priority": ["car"]}}
    assert drawn(via_reader(one_photo(tmp_path, LAYERS[2]), options).read("a").mask) == ["..2222.."] * 6
    with pytest.raises(ConfigError, match="no place for class 'car'"):
        via_reader(tmp_path, options | {"order": {"priority": ["road"]}})


# Stored 8 wide and 6 high, shown 6 wide and 8 high; VIA 1 and some other tools saw the stored photo.
def test_an_annotation_of_the_stored_photo_is_flagged_and_undone(tmp_path: Path) -> None:
    root = one_photo(tmp_path, box(5, 0, 7, 1), orientation=6)
    shown = via_reader(root, exif="as-shown").read("a")
    assert codes(shown.findings) == [("points-clipped", "region 1"), ("turned-annotation", "")]
    assert shown.findings[1].message == "all regions fit a photo of 6x8 (height x width), but it is 8x6"
    assert drawn(shown.mask) == [".....0", ".....0", *["......"] * 6]
    stored = via_reader(root, exif="as-stored").read("a")
    assert stored.findings == ()
    assert drawn(stored.mask) == [*["......"] * 5, *["....00"] * 3]


def test_an_annotation_of_the_shown_photo_is_flagged_when_read_as_stored(tmp_path: Path) -> None:
    root = one_photo(tmp_path, box(0, 5, 1, 7), orientation=6)
    shown = via_reader(root).read("a")
    assert shown.findings == ()
    assert drawn(shown.mask) == [*["......"] * 5, *["00...."] * 3]
    stored = via_reader(root, exif="as-stored").read("a")
    assert codes(stored.findings) == [("points-clipped", "region 1"), ("turned-annotation", "")]


def test_ten_thousand_regions_take_little_room(tmp_path: Path) -> None:
    """Each is decoded, outlined and painted; together they stay below 40 MB, with the file of 2 MB."""
    regions = [
        box(i % 100, i // 100, i % 100, i // 100, type="car" if i % 2 else "road") for i in range(10_000)
    ]
    root = one_photo(tmp_path, *regions, size_hw=(100, 100))
    tracemalloc.start()
    try:
        reader = via_reader(root)
        opened = tracemalloc.get_traced_memory()[0]
        sample = reader.read("a")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (sample.mask == np.tile([0, 2], (100, 50))).all()
    assert len(sample.findings) == 10_000
    assert opened < 1e6
    assert peak < 40e6
