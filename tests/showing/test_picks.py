"""Which samples are meant, and what their pictures are called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdata.errors import DataError
from segdata.showing import choose_ids, evenly_spaced_ids, file_name

IDS = ["train/IMG_0001", "train/IMG_0011", "val/IMG_0002", "val/IMG_1", "x.y"]


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("val/IMG_1", "val/IMG_1"),
        ("IMG_1", "val/IMG_1"),
        ("IMG_0001.jpg", "train/IMG_0001"),
        ("train/IMG_0001.JPG", "train/IMG_0001"),
        ("0002", "val/IMG_0002"),
        ("11", "train/IMG_0011"),
        ("x.y", "x.y"),
        ("x", "x.y"),
    ],
)
def test_an_id_or_its_end(text: str, id: str) -> None:
    assert choose_ids([text], IDS, "mine") == [id]


def test_the_order_is_kept_and_none_comes_twice() -> None:
    assert choose_ids(["0002", "IMG_0001", "val/IMG_0002"], IDS, "mine") == ["val/IMG_0002", "train/IMG_0001"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1", "mine: found 3 samples whose id ends with '1': 'train/IMG_0001', 'train/IMG_0011', 'val/IMG_1'; expected one. Give more"),
        ("val/IMG_0020", "mine: found no sample 'val/IMG_0020'; did you mean 'val/IMG_0002', "),
        ("zzz", "mine: found no sample 'zzz'; expected one of its 5, such as 'train/IMG_0001', "),
        ("", "mine: found no sample ''"),
    ],
)  # fmt: skip
def test_none_or_several_is_an_error(text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        choose_ids([text], IDS, "mine")
    assert str(caught.value).startswith(message)


def test_a_few_are_spread_over_all() -> None:
    assert evenly_spaced_ids([str(number) for number in range(40)], 4) == ["5", "15", "25", "35"]
    assert evenly_spaced_ids(["a", "b"], 4) == ["a", "b"]
    assert evenly_spaced_ids([], 4) == []


def test_file_names_stay_in_their_folder_and_differ() -> None:
    assert file_name("IMG_0001") == "IMG_0001.png"
    assert file_name("Straße-1.b") == "Straße-1.b.png"
    assert file_name("train/IMG_1").startswith("train_IMG_1-")
    assert file_name("../../etc/passwd").startswith("_.._etc_passwd-")
    assert file_name(".hidden").startswith("hidden-")
    assert file_name("a/b") != file_name("a_b") != file_name("a\\b")
    assert len(file_name("é" * 500).encode()) < 200
    assert file_name("").endswith(".png") and not file_name("").startswith(".")


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_id_has_a_safe_name_of_its_own(id: str, other: str) -> None:
    name = file_name(id)
    assert "/" not in name and "\\" not in name and not name.startswith(".")
    assert len(name.encode()) <= 255
    if id != other:
        assert name != file_name(other)
