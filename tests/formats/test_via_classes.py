"""VIA: the class of a region, from whatever attribute says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segdata.errors import ConfigError, DataError, UnmappedLabelError
from tests.formats.test_via import CORNERS, read_one
from tests.formats.via_cases import (
    box,
    drawn,
    one_photo,
    polygon,
    via_reader,
)


def test_class_from_text_radio_number_and_checkbox(tmp_path: Path) -> None:
    regions = (
        box(0, 0, 1, 5, type="tree"),
        box(2, 0, 3, 5, type={"road": True}),
        box(4, 0, 5, 5, type={"road": False, "car": True}),
        box(6, 0, 7, 5, type=7),
    )
    label_map = {"tree": "tree", "road": "road", "car": "car", "7": "ignore"}
    assert drawn(read_one(tmp_path, *regions, label_map=label_map).mask) == ["110022.."] * 6


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"type": "raod"}, "region 1, attribute 'type': found label 'raod'; .*did you mean 'road'"),
        (
            {"kind": "road", "at": "x"},
            "region 1, attribute 'type': found label ''.* Attributes of this region: at, kind\\.",
        ),
        ({"type": {}}, "region 1, attribute 'type': found label ''"),
        ({"type": None}, "region 1, attribute 'type': found label ''"),
    ],
)
def test_a_region_without_a_known_class_is_named(
    tmp_path: Path, attributes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnmappedLabelError, match=message):
        read_one(tmp_path, polygon(*CORNERS, **attributes))


def test_two_ticked_boxes_are_no_class(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="region 1, attribute 'type': found 2 boxes ticked: road, tree"):
        read_one(tmp_path, box(0, 0, 1, 1, type={"road": True, "tree": True}))


def test_the_label_map_may_name_regions_without_class(tmp_path: Path) -> None:
    regions = box(0, 0, 7, 5), box(0, 0, 3, 5, kind="whatever")
    sample = read_one(tmp_path, *regions, label_map={"road": "road", "": "ignore"})
    assert drawn(sample.mask) == ["....0000"] * 6


def test_one_implied_class(tmp_path: Path) -> None:
    one_photo(tmp_path, {**box(0, 0, 7, 1), "region_attributes": {}})
    reader = via_reader(tmp_path, {"implied_class": "car"})
    assert drawn(reader.read("a").mask)[1:3] == ["22222222", "........"]
    assert reader.findings == ()


def test_attributes_that_an_implied_class_overrules_are_told(tmp_path: Path) -> None:
    reader = via_reader(one_photo(tmp_path, box(0, 0, 7, 1)), {"implied_class": "car"})
    assert [finding.code for finding in reader.findings] == ["attributes-unread"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_attribute": None}, r"neither class_attribute nor .*\(regions carry kind, type\)"),
        ({"class_attribute": "type", "implied_class": "road"}, "expected one of them"),
        ({"class_atribute": "type"}, "did you mean 'class_attribute'"),
        ({"polyline": {"stroke": 0}}, "source.options.polyline.stroke"),
        ({"order": "size"}, "source.options.order"),
        ({"annotations": {"train": "a.json", "val": "a.json"}}, "annotations names one file for two splits"),
        (
            {"annotations": {"training": "a.json"}},
            "^pipelines/test.yaml: source.options.annotations: found 'training'; did you mean 'train'\\? Valid: test, train, val",
        ),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, options: dict[str, object], message: str) -> None:
    one_photo(tmp_path, box(0, 0, 1, 1), box(0, 0, 1, 1, kind="x"))
    with pytest.raises(ConfigError, match=message):
        via_reader(tmp_path, options)
