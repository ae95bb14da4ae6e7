"""Filters and sorts, on rows that can be read by eye."""

from __future__ import annotations

import numpy as np
import pytest

from segdata.browsing.found import Found
from segdata.browsing.index import Index, ModelFigures, Query
from segdata.errors import ConfigError
from segdata.findings import Finding
from segdata.ontology import ontology_of_names
from segdata.shards.manifest import Manifest
from segdata.shards.schema import SampleRow, SetMetadata

NAMES = ("road", "car", "tree")
# id, split, height, width, pixels of road, car, tree, and without label
ROWS = [
    ("test/b", "test", 480, 640, (6, 0, 2), 0),
    ("a", "train", 480, 640, (8, 0, 0), 0),
    ("c", "train", 600, 800, (2, 5, 1), 0),
    ("D", "train", 480, 640, (0, 4, 0), 4),
    ("e", "val", 640, 480, (0, 0, 0), 8),
]
FOUND = Found(
    {
        "c": (Finding("points-clipped", "c.jpg", "", "x", "clipped"),),
        "e": (Finding("nothing-labelled", "e", "", "x", "kept", "warning"),),
    },
    (),
)


def manifest() -> Manifest:
    metadata = SetMetadata.of(ontology_of_names("own", NAMES), (2, 4), "area", "via")
    rows = tuple(
        SampleRow(
            id, split, f"{split}.arrow", 0, "p", "a", "i", "m", high, wide, pixels, empty, (0,) * 3, (0,) * 3
        )
        for id, split, high, wide, pixels, empty in ROWS
    )
    return Manifest(metadata, rows)


@pytest.fixture(scope="module")
def index() -> Index:
    return Index(manifest(), FOUND)


def ids(index: Index, **asked: object) -> list[str]:
    figures = ModelFigures(
        np.array([0.3, np.nan, 0.9, 0.3, np.nan]), np.linspace(0, 1, 5), np.linspace(1, 0, 5)
    )
    return [index.ids[number] for number in index.rows(Query(**asked), figures)]  # type: ignore[arg-type]


def test_by_id_whatever_the_order_of_the_shards(index: Index) -> None:
    assert ids(index) == ["D", "a", "c", "e", "test/b"]
    assert ids(index, descending=True) == ["test/b", "e", "c", "a", "D"]


def test_filters_of_one_kind_add_up_but_classes_must_all_be_there(index: Index) -> None:
    assert ids(index, splits=("val", "test")) == ["e", "test/b"]
    assert ids(index, sizes=("600x800", "640x480")) == ["c", "e"]
    assert ids(index, classes=("road",)) == ["a", "c", "test/b"]
    assert ids(index, classes=("road", "car")) == ["c"]
    assert ids(index, classes=("car",), splits=("val",)) == []
    assert ids(index, text="T") == ["test/b"]
    assert ids(index, text="d") == ["D"]


def test_findings_by_code_any_and_none(index: Index) -> None:
    assert ids(index, findings=("points-clipped",)) == ["c"]
    assert ids(index, findings=("any",)) == ["c", "e"]
    assert ids(index, findings=("none",)) == ["D", "a", "test/b"]
    assert ids(index, findings=("none", "nothing-labelled")) == ["D", "a", "e", "test/b"]
    assert index.finding_counts == {"nothing-labelled": 1, "points-clipped": 1}


def test_shares_are_of_all_pixels_and_equals_stand_by_id(index: Index) -> None:
    # car: c 5 of 8, D 4 of 8
    assert ids(index, sort="share:car", descending=True) == ["c", "D", "a", "e", "test/b"]
    assert ids(index, sort="share:car", classes=("car",)) == ["D", "c"]
    assert ids(index, sort="unlabelled", descending=True) == ["e", "D", "a", "c", "test/b"]
    assert ids(index, sort="size", descending=True)[0] == "c"


def test_what_the_model_does_not_know_comes_last_either_way(index: Index) -> None:
    assert ids(index, sort="loss", descending=True) == ["c", "D", "test/b", "a", "e"]
    assert ids(index, sort="loss") == ["D", "test/b", "c", "a", "e"]
    assert ids(index, sort="iou") == ["e", "D", "c", "a", "test/b"]


def test_what_can_be_filtered_by_is_counted(index: Index) -> None:
    assert index.split_counts == {"train": 3, "val": 1, "test": 1}
    assert index.size_counts == {"480x640": 3, "640x480": 1, "600x800": 1}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"splits": ("tran",)}, "split: found 'tran'; did you mean 'train'?"),
        ({"classes": ("rode",)}, "class: found 'rode'; did you mean 'road'?"),
        ({"findings": ("points-clip",)}, "finding: found 'points-clip'; did you mean 'points-clipped'?"),
        ({"sizes": ("1x1",)}, "size: found '1x1'"),
        ({"sort": "share:cat"}, "class: found 'cat'; did you mean 'car'?"),
        ({"sort": "los"}, "sort: found 'los'; did you mean 'loss'?"),
    ],
)
def test_what_there_is_not_is_named(index: Index, asked: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ids(index, **asked)
    assert str(caught.value).startswith(message)


def test_sorting_by_a_model_needs_its_figures(index: Index) -> None:
    with pytest.raises(ConfigError, match="Let them be computed first"):
        index.rows(Query(sort="loss"))
