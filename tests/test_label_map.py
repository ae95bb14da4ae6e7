"""Lookup tables from names and values to class ids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdata.errors import ConfigError, UnmappedLabelError
from segdata.label_map import LabelMap
from segdata.ontology import ontology_of_names

TWO = ontology_of_names("two", ["road", "car"])


def test_names_values_and_ignore() -> None:
    lookup = LabelMap.of({"Road ": "road", 0: "ignore", 7: "car", 65535: "road"}, TWO)
    assert lookup.by_name == {"Road ": 0}
    assert lookup.by_value == {0: 255, 7: 1, 65535: 0}
    assert lookup.id_of_name("Road ", where="a.json") == 0
    assert lookup.remap(np.array([[0, 7]], np.uint8), where="a").tolist() == [[255, 1]]
    wide = lookup.remap(np.array([[65535, 7, 0]], np.uint16), where="a")
    assert (wide.dtype, wide.tolist()) == (np.uint8, [[0, 1, 255]])


def test_identity() -> None:
    lookup = LabelMap.identity(TWO)
    assert lookup.by_name == {"road": 0, "car": 1}
    assert lookup.by_value == {0: 0, 1: 1, 255: 255}


@pytest.mark.parametrize("value", [-1, 65536])
def test_value_that_no_mask_can_hold(value: int) -> None:
    with pytest.raises(ConfigError, match=f"value {value}"):
        LabelMap.of({value: "road"}, TWO)


def test_class_that_the_ontology_lacks() -> None:
    with pytest.raises(ConfigError, match="class 'cart'; did you mean 'car'"):
        LabelMap.of({1: "cart"}, TWO)


def test_unmapped_name_tells_the_nearest() -> None:
    with pytest.raises(UnmappedLabelError) as caught:
        LabelMap.identity(TWO).id_of_name("raod", where="a.json", place="region 3")
    assert str(caught.value).startswith(
        "a.json: region 3: found label 'raod'; expected a label of source.label_map; did you mean 'road'?"
    )


def test_a_name_that_the_map_has_as_a_number() -> None:
    """{1: road} says what a mask's value 1 is; a label that reads "1" is a name."""
    with pytest.raises(UnmappedLabelError) as caught:
        LabelMap.of({1: "road", "tree": "car"}, TWO).id_of_name("1", where="a.json", place="region 1")
    assert str(caught.value) == (
        "a.json: region 1: found label '1'; expected a name of source.label_map, which has 1 as a number. "
        'Write it in quotes there: "1".'
    )
    with pytest.raises(UnmappedLabelError, match=r"Valid: car, road\. Add it to source\.label_map"):
        LabelMap.identity(TWO).id_of_name(
            "1", where="a.json"
        )  # no map was written: there is nothing to quote


def test_unmapped_value_tells_place_count_and_name() -> None:
    values = np.array([[0, 1, 255], [0, 9, 3], [9, 9, 3]], np.uint8)
    with pytest.raises(UnmappedLabelError) as caught:
        LabelMap.identity(TWO).remap(values, where="a.png")
    assert caught.value.place == "row 1, column 2"
    assert caught.value.found == "value 3 (2 pixels; unmapped values: [3, 9])"
    assert "(0, 1, 255)" in caught.value.expected
    with pytest.raises(UnmappedLabelError, match="label 'tram', value 3"):
        LabelMap.identity(TWO).remap(values, where="a.png", names={3: "tram"})


def test_empty_mask() -> None:
    assert LabelMap.identity(TWO).remap(np.zeros((0, 4), np.uint16), where="a").shape == (0, 4)


@given(
    st.dictionaries(
        st.integers(0, 65535), st.sampled_from(["road", "car", "ignore"]), min_size=1, max_size=20
    ),
    st.data(),
)
def test_remap_equals_a_loop(entries: dict[int, str], data: st.DataObject) -> None:
    dtype = np.uint8 if max(entries) < 256 else np.uint16
    drawn = data.draw(st.lists(st.sampled_from(sorted(entries)), min_size=1, max_size=30))
    ids = {"road": 0, "car": 1, "ignore": 255}
    lookup = LabelMap.of({**entries}, TWO)
    assert lookup.remap(np.array([drawn], dtype), where="a").tolist() == [
        [ids[entries[value]] for value in drawn]
    ]
