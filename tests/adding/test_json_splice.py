"""Edits in JSON text: what is put in, in which manner, and that the rest stays to the character."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdata.adding.json_splice import apply, cut, insert_members, members, replace_value


def put(text: str, *new: tuple[str, object]) -> str:
    return apply(text, [insert_members(text, members(text, 0), 0, new)])


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("{}", '{"c": {"d": [3]}}'),
        ('{"a": 1}', '{"a": 1, "c": {"d": [3]}}'),
        ('{"a":{"b":[2]},"b":{"b":[2]}}', '{"a":{"b":[2]},"b":{"b":[2]},"c":{"d":[3]}}'),
        ('{\n "a": 1\n}\n', '{\n "a": 1,\n "c": {"d": [3]}\n}\n'),
        (
            '{\n  "a": {\n    "b": 2\n  }\n}',
            '{\n  "a": {\n    "b": 2\n  },\n  "c": {\n    "d": [\n      3\n    ]\n  }\n}',
        ),
    ],
)
def test_new_members_take_the_manner_of_the_file(text: str, after: str) -> None:
    assert put(text, ("c", {"d": [3]})) == after


def test_accents_stay_as_the_file_has_them() -> None:
    assert put('{"ä": 1}', ("ö", "é")) == '{"ä": 1, "ö": "é"}'
    assert put('{"\\u00e4": 1}', ("ö", 1)) == '{"\\u00e4": 1, "\\u00f6": 1}'
    assert put("{}", ("\ud800", 1)) == '{"\\ud800": 1}'


def test_lines_end_as_those_of_the_file() -> None:
    text = '{\r\n "a": {\r\n  "x": 1\r\n }\r\n}\r\n'
    there = members(text, 0)
    after = apply(text, [insert_members(text, there, 0, [("b", {"x": 2})])])
    assert after == '{\r\n "a": {\r\n  "x": 1\r\n },\r\n "b": {\r\n  "x": 2\r\n }\r\n}\r\n'
    assert apply(text, [replace_value(text, there[0], {"x": 3})]) == text.replace("1", "3")


def test_elements_of_lists_and_new_values() -> None:
    assert put('["a", "b"]', ("", "c")) == '["a", "b", "c"]'
    text = '{"a": 1, "b": {"x":1,"y":2}, "c": 3}'
    assert (
        apply(text, [replace_value(text, members(text, 0)[1], {"x": [4]})])
        == '{"a": 1, "b": {"x":[4]}, "c": 3}'
    )


@pytest.mark.parametrize(
    ("which", "left"),
    [({0}, "{ 2,3}"), ({1}, "{1, 3}"), ({2}, "{1, 2}"), ({0, 1}, "{3}"), ({0, 2}, "{2}"), ({0, 1, 2}, "{}")],
)
def test_cut_members_go_with_one_comma(which: set[int], left: str) -> None:
    text = '{"1": 1, "2": 2,"3": 3}'
    cut_text = apply(text, cut(members(text, 0), which))
    assert (
        list(json.loads(cut_text)) == list(left.strip("{}").replace(" ", "").split(","))
        if left != "{}"
        else [""]
    )


@pytest.mark.parametrize("text", ["", "3", "[1", '{"a" 1}', "{a: 1}", '{"a": 1 "b": 2}', '{"a": }', "[1 2]"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        members(text, 0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(
    st.dictionaries(st.text(), JSON),
    st.dictionaries(st.text(), JSON),
    st.sampled_from([None, 0, 1, 4]),
    st.sampled_from([(",", ":"), (", ", ": ")]),
    st.booleans(),
)
def test_in_and_out_again_is_the_same_text(
    there: dict[str, object],
    new: dict[str, object],
    indent: int | None,
    separators: tuple[str, str],
    plain: bool,
) -> None:
    new = {key: value for key, value in new.items() if key not in there}
    text = json.dumps(there, indent=indent, separators=separators, ensure_ascii=plain)
    both = put(text, *new.items())
    assert list(json.loads(both).items()) == [*there.items(), *new.items()]
    last = set(range(len(there), len(there) + len(new)))
    assert apply(both, cut(members(both, 0), last)) == text
