from __future__ import annotations

from pathlib import Path

import pytest

from segdata.errors import ConfigError, DataError
from segdata.group_list import GROUP_LIST, need_groups, read_groups, write_groups
from segdata.pipeline import BurstGroups, HashSplits, OfficialSplits
from segdata.splits import assign_splits, hash_split, without_split


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_groups(tmp_path) is None
    groups = {"b": 'the "north", gate', "roll 2/ä": "a\nb", "a": "a"}
    write_groups(tmp_path, groups)
    assert read_groups(tmp_path) == groups
    assert (tmp_path / GROUP_LIST).read_bytes().startswith(b"id,group\na,a\nb,")


def test_a_list_saved_by_a_spreadsheet(tmp_path: Path) -> None:
    (tmp_path / GROUP_LIST).write_bytes(b"\xef\xbb\xbfid,group\r\na,gate\r\n\r\nb,gate\r\n")
    assert read_groups(tmp_path) == {"a": "gate", "b": "gate"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n", r"segdata-groups\.csv: line 1: found 'a,b'; expected id,group"),
        ("", "line 1: found an empty file"),
        ("id,group\na\n", "row 2: found 'a'; expected an id and its group"),
        ("id,group\na,\n", "row 2: found 'a,'"),
        ("id,group\na,x\na,y\n", "row 3: found 'a' in 'y', and in 'x' above"),
        ('id,group\n"a', "no readable list"),
    ],
)
def test_a_list_that_is_none(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / GROUP_LIST).write_text(text)
    with pytest.raises(DataError, match=words):
        read_groups(tmp_path)


def test_photos_of_a_group_share_the_split_of_its_name(tmp_path: Path) -> None:
    splits = HashSplits(shares={"train": 0.5, "test": 0.5}, group=BurstGroups())
    with pytest.raises(ConfigError, match=r"no segdata-groups\.csv in .*Run segdata group"):
        need_groups(tmp_path, "p.yaml")
    names = [f"g{number}" for number in range(20)]
    write_groups(tmp_path, {f"{name}-{frame}": name for name in names for frame in range(3)})
    ids = [f"{name}-{frame}" for name in names for frame in range(4)]
    found = assign_splits(ids, splits, lambda id: None, "p.yaml", tmp_path)
    for name in names:
        assert {found[f"{name}-{frame}"] for frame in range(3)} == {hash_split(name, splits, "p.yaml")}
        assert found[f"{name}-3"] is None  # not listed
    assert set(found.values()) == {"train", "test", None}
    assert without_split("g1-3", splits, "mine").line() == (
        "error: g1-3: in no group of segdata-groups.csv yet: run segdata group mine [no-group: set aside]"
    )
    assert without_split("a", OfficialSplits(), "mine").severity == "warning"
