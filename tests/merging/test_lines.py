"""Three versions of a list of photos as one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdata.merging.entries import MergedFile, Side
from segdata.merging.lines import is_list, merge_lines

SIDES = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["", " 1", ",x"]))


def merged(
    folder: Path, base: bytes | None, ours: bytes, theirs: bytes, prefer: Side | None = None
) -> MergedFile | None:
    for side, content in (("base", base), ("ours", ours), ("theirs", theirs)):
        (folder / side).write_bytes(content or b"")
    return merge_lines(None if base is None else folder / "base", folder / "ours", folder / "theirs", prefer)


@given(base=SIDES, ours=SIDES, theirs=SIDES, prefer=st.sampled_from([None, "ours", "theirs"]))
def test_any_three_versions_give_what_the_definition_says(
    tmp_path_factory: pytest.TempPathFactory,
    base: dict[str, str],
    ours: dict[str, str],
    theirs: dict[str, str],
    prefer: Side | None,
) -> None:
    texts = ["".join(f"{id}{rest}\n" for id, rest in side.items()).encode() for side in (base, ours, theirs)]
    done = merged(tmp_path_factory.mktemp("sides"), texts[0], texts[1], texts[2], prefer)
    assert done is not None
    expected, both, decided = dict(ours), set(), set()
    for id in "abcdef":
        before, mine, its = base.get(id), ours.get(id), theirs.get(id)
        if its in (before, mine):
            continue
        if mine != before:
            can_be = prefer is not None and mine is not None and its is not None
            (decided if can_be else both).add(id)
            if not (can_be and prefer == "theirs"):
                continue
        expected.pop(id, None)
        if its is not None:
            expected[id] = its
    lines = done.content.decode().splitlines()
    assert sorted(lines) == sorted(f"{id}{rest}" for id, rest in expected.items())
    assert ({one.what for one in done.both}, {one.what for one in done.decided}) == (both, decided)
    assert set(done.removed) == ours.keys() - expected.keys()
    assert set(done.added) == expected.keys() - ours.keys()
    if list(ours) == sorted(ours):
        assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        (b"b\na\n", b"b\na\nx\n", b"b\na\ny\n", b"b\na\nx\ny\n"),
        (b"a\r\nb\r\n", b"a\r\nb\r\nd\r\n", b"b\nc\n", b"b\r\nc\r\nd\r\n"),
        (b"a\nb", b"a\nb\nd", b"a\nb\nc\n", b"a\nb\nc\nd"),
        (b"id,group\nb,1\n", b"id,group\nb,1\nz,2\n", b"id,group\na,3\nb,1\n", b"id,group\na,3\nb,1\nz,2\n"),
        (None, b"a\n", b"\n\nb 1\n", b"a\nb 1\n"),
        (b"a\n", b"", b"a\nb\n", b"b\n"),
    ],
    ids=["unsorted", "CRLF", "no last line end", "groups", "made by both", "emptied"],
)
def test_a_list_keeps_its_manner(
    tmp_path: Path, base: bytes | None, ours: bytes, theirs: bytes, expected: bytes
) -> None:
    done = merged(tmp_path, base, ours, theirs)
    assert done is not None and done.content == expected and done.both == ()


def test_a_line_that_both_made_otherwise_says_who_did_what(tmp_path: Path) -> None:
    base, ours = b"id,group\na,1\nb,1\nc,1\n", b"id,group\na,2\nb,2\nd,1\n"
    theirs = b"id,group\na,3\nc,2\nd,2\n"
    expected = {
        "a": ("changed by both", True),
        "b": ("changed by you, removed by them", False),
        "c": ("removed by you, changed by them", False),
        "d": ("added by both, each otherwise", True),
    }
    done = merged(tmp_path, base, ours, theirs)
    assert done is not None and {one.what: (one.how, one.by_prefer) for one in done.both} == expected
    done = merged(tmp_path, base, ours, theirs, "theirs")
    assert done is not None and done.content == b"id,group\na,3\nb,2\nd,2\n"
    assert [one.what for one in done.decided] == ["a", "d"]


def test_lists_are_known_by_name() -> None:
    assert is_list("ImageSets/Segmentation/train.txt") and is_list("segdata-groups.csv")
    # a line's number is what it means there: no line may be put between others
    assert not any(
        map(is_list, ("class_names.txt", "masks/labels.txt", "README.txt", "classes.csv", "via.json"))
    )


def test_a_list_with_a_photo_twice_is_left_to_a_person(tmp_path: Path) -> None:
    assert merged(tmp_path, b"", b"a 1\na 2\n", b"b\n") is None
    assert merged(tmp_path, b"", b"a\n", b"b\nb\n") is None
