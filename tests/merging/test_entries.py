"""Three versions of a file of VIA as one, held against the definition: what only they changed, in the text of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdata.merging.conflicts import Conflict
from segdata.merging.entries import MergedFile, Side, merge_entries
from segdata.merging.trees import three_way


def entry(name: str, regions: int) -> dict[str, Any]:
    return {"filename": name, "size": 9, "regions": [{"number": one} for one in range(regions)]}


def entries(said: dict[str, int]) -> dict[str, Any]:
    return {f"{name}9": entry(name, regions) for name, regions in said.items()}


def merged(
    folder: Path, base: object, ours: object, theirs: object, prefer: Side | None = None, **manner: Any
) -> MergedFile | None:
    paths = []
    for side, content in (("base", base), ("ours", ours), ("theirs", theirs)):
        path = folder / f"{side}.json"
        text = content if isinstance(content, str) else json.dumps(content, **manner)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    before, mine, its = paths
    return merge_entries("via.json", None if base is None else before, mine, its, prefer)


SIDES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2))


@given(base=SIDES, ours=SIDES, theirs=SIDES, prefer=st.sampled_from([None, "ours", "theirs"]))
def test_any_three_versions_give_what_the_definition_says(
    tmp_path_factory: pytest.TempPathFactory,
    base: dict[str, int],
    ours: dict[str, int],
    theirs: dict[str, int],
    prefer: Side | None,
) -> None:
    done = merged(tmp_path_factory.mktemp("sides"), *map(entries, (base, ours, theirs)), prefer)
    assert done is not None
    expected, both, decided = dict(ours), [], []
    for name in "abcdef":
        before, mine, its = base.get(name), ours.get(name), theirs.get(name)
        if its in (before, mine):
            continue
        if mine != before:
            can_be = prefer is not None and mine is not None and its is not None
            (decided if can_be else both).append(f"{name}9")
            if not (can_be and prefer == "theirs"):
                continue
        expected.pop(name, None)
        if its is not None:
            expected[name] = its
    assert json.loads(done.content) == entries(expected)
    assert (sorted(one.what for one in done.both), sorted(one.what for one in done.decided)) == (
        both,
        decided,
    )
    for one in (*done.both, *done.decided):
        name = one.what[0]
        mine, its = ((name in side) - (name in base) for side in (ours, theirs))
        assert (
            one.how
            == {
                (1, 1): "added by both, each otherwise",
                (0, 0): "changed by both",
                (0, -1): "changed by you, removed by them",
                (-1, 0): "removed by you, changed by them",
            }[mine, its]
        )
        assert one.by_prefer == (mine == its)
    kept = [key for key in json.loads(done.content) if key[0] in ours]
    assert kept == [f"{name}9" for name in ours if name in expected], "ours keep their order"


def test_the_rest_of_the_text_stays_to_the_character(tmp_path: Path) -> None:
    ours = '{\n  "a9": {"filename": "a", "regions": [] ,"size":9},\n  "b9": {"filename": "b", "regions": [ ]}\n}\n'
    base = ours.replace("[ ]", '[{"number": 0}]').replace(' ,"size"', ', "size"')
    theirs = json.dumps(json.loads(base) | {"c9": {"filename": "c", "regions": []}})
    done = merged(tmp_path, base, ours, theirs)
    assert done is not None and (done.added, done.changed, done.removed, done.both) == (("c9",), (), (), ())
    assert done.content.decode() == ours.replace("\n}\n", ',\n  "c9": {"filename": "c", "regions": []}\n}\n')


def test_a_project_keeps_its_list_of_keys_and_settings_that_only_they_changed(tmp_path: Path) -> None:
    def project(said: dict[str, int], **other: object) -> dict[str, object]:
        keys = [f"{name}9" for name in said]
        return {"_via_settings": {"zoom": 1}, "_via_attributes": {"region": {}}, **other} | {
            "_via_img_metadata": entries(said),
            "_via_image_id_list": keys,
        }

    done = merged(
        tmp_path,
        project({"a": 0, "b": 0, "c": 0}),
        project({"a": 0, "b": 1, "c": 0, "d": 0}, _via_settings={"zoom": 2}),
        project(
            {"b": 0, "c": 2, "e": 0}, _via_settings={"zoom": 3}, _via_attributes={"region": {"type": {}}}
        ),
    )
    assert done is not None
    assert json.loads(done.content) == project(
        {"b": 1, "c": 2, "d": 0, "e": 0}, _via_settings={"zoom": 2}, _via_attributes={"region": {"type": {}}}
    )
    assert (done.added, done.changed, done.removed, done.both) == (("e9",), ("c9",), ("a9",), ())
    assert done.said == ("via.json: both changed _via_settings: ours stays",)
    settings = [project({}, _via_settings={"zoom": zoom}) for zoom in (1, 2, 3)]
    done = merged(tmp_path, *settings, "theirs")
    assert done is not None and json.loads(done.content) == settings[1], "whoever is preferred"


@pytest.mark.parametrize("prefer", [None, "ours", "theirs"])
def test_one_photo_under_two_keys_is_for_a_person_to_decide(tmp_path: Path, prefer: Side | None) -> None:
    """A key holds the size: two photos of one name, or one that was saved again, have two."""
    ours = {"a9": entry("a", 1), "b9": entry("b", 0)}
    theirs = {"a7": entry("a", 2), "c9": entry("c", 0), "b9": entry("b", 0)}
    done = merged(tmp_path, {"b9": entry("b", 0)}, ours, theirs, prefer)
    assert done is not None and done.added == ("c9",)
    assert done.both == (Conflict("a7", "added by both, where yours is 'a9'"),)
    assert json.loads(done.content) == ours | {"c9": theirs["c9"]}
    # a photo that they saved again, and whose entry was edited here
    done = merged(tmp_path, {"a9": entry("a", 0)}, {"a9": entry("a", 1)}, {"a7": entry("a", 2)}, prefer)
    assert done is not None and done.both == (
        Conflict("a9", "changed by you, removed by them"),
        Conflict("a7", "added by them, where yours is 'a9'"),
    )
    # a photo of ours that they saved again: their entry takes the place of the one that they took out
    done = merged(tmp_path, {"a9": entry("a", 1)}, {"a9": entry("a", 1)}, {"a7": entry("a", 2)}, prefer)
    assert done is not None and json.loads(done.content) == {"a7": entry("a", 2)} and done.both == ()


def test_all_of_ours_gone_and_one_of_theirs_come(tmp_path: Path) -> None:
    done = merged(tmp_path, entries({"a": 0, "b": 0}), entries({"a": 0, "b": 0}), entries({"c": 1}), indent=1)
    assert done is not None and json.loads(done.content) == entries({"c": 1})


def test_a_byte_order_mark_stays_and_both_may_have_made_the_file(tmp_path: Path) -> None:
    done = merged(tmp_path, None, "\ufeff" + json.dumps(entries({"a": 1})), entries({"b": 2}))
    assert done is not None and done.content.startswith(b"\xef\xbb\xbf{")
    assert json.loads(done.content.decode("utf-8-sig")) == entries({"a": 1, "b": 2})


@pytest.mark.parametrize(
    "theirs",
    ['{"a9": {}, "a9": {}}', "[]", "{", "", '{"project": {}, "view": {}, "metadata": {}, "file": {}}'],
    ids=["a key twice", "a list", "half a file", "nothing", "VIA 3"],
)
def test_files_whose_entries_cannot_be_told_apart_are_not_merged(tmp_path: Path, theirs: str) -> None:
    assert merged(tmp_path, {}, {}, theirs) is None


@given(base=SIDES, ours=SIDES, theirs=SIDES)
def test_files_of_a_folder_are_compared_likewise(
    base: dict[str, int], ours: dict[str, int], theirs: dict[str, int]
) -> None:
    trees = [{name: Path(str(content)) for name, content in one.items()} for one in (base, ours, theirs)]
    take, both = three_way(*trees)
    for name in "abcdef":
        before, mine, its = (one.get(name) for one in trees)
        if its in (before, mine):
            assert name not in take and name not in both
        elif mine == before:
            assert take[name] == its
        else:
            assert name in both
