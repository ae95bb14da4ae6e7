"""Splits: official, stable under growth, and as the published notebooks drew them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from segdata.decode import strict
from segdata.errors import ConfigError
from segdata.pipeline import FolderGroups, HashSplits, OfficialSplits, SeededSplits, Split
from segdata.splits import assign_splits, group_key, seeded_splits

SHARES: dict[Split, float] = {"train": 0.6, "val": 0.25, "test": 0.15}
ROOT = Path()
IDS = [f"IMG_{number:04d}" for number in range(130)]
ID_LISTS = st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=30)


def _none(id: str) -> str | None:
    raise AssertionError("only official splits ask the reader")


def test_official_splits_come_from_the_reader() -> None:
    said = {"a": "train", "b": "val", "c": "test", "d": None, "e": "trainval"}
    splits = assign_splits(list(said), OfficialSplits(), said.__getitem__, "p.yaml", ROOT)
    assert splits == {"a": "train", "b": "val", "c": "test", "d": None, "e": None}


@given(ID_LISTS, ID_LISTS, st.randoms())
def test_adding_ids_never_moves_one(ids: list[str], more: list[str], random: object) -> None:
    splits = HashSplits(shares=SHARES)
    before = assign_splits(ids, splits, _none, "p.yaml", ROOT)
    grown = sorted({*ids, *more}, key=lambda _: random.random())  # type: ignore[attr-defined]
    after = assign_splits(grown, splits, _none, "p.yaml", ROOT)
    assert {id: after[id] for id in ids} == before


def test_hash_splits_meet_their_shares() -> None:
    ids = [f"photo_{number}" for number in range(10_000)]
    counts = Counter(assign_splits(ids, HashSplits(shares=SHARES), _none, "p.yaml", ROOT).values())
    for split, share in SHARES.items():
        assert abs(counts[split] / 10_000 - share) < 0.02


def test_hash_splits_stay_as_they_are() -> None:
    """Pinned: another hash would move photos of every data set from training to test."""
    splits = assign_splits(IDS[:12], HashSplits(shares=SHARES), _none, "p.yaml", ROOT)
    assert list(splits.values()) == [
        "val",
        "train",
        "train",
        "test",
        "test",
        "val",
        "train",
        "test",
        "train",
        "test",
        "train",
        "train",
    ]


def test_groups_stay_together() -> None:
    ids = [
        f"{city}_{frame:03d}"
        for city in ("aachen", "ulm", "bonn", "jena", "kiel", "trier")
        for frame in range(20)
    ]
    splits = assign_splits(ids, HashSplits(shares=SHARES, group=r"^([a-z]+)_"), _none, "p.yaml", ROOT)
    for city in ("aachen", "ulm", "bonn", "jena", "kiel", "trier"):
        assert len({split for id, split in splits.items() if id.startswith(city)}) == 1
    assert group_key("aachen_001", r"^([a-z]+)_", "p") == "aachen"
    assert group_key("aachen_001", r"\d+", "p") == "001"
    assert group_key("aachen_001", None, "p") == "aachen_001"


def test_photos_of_a_folder_stay_together() -> None:
    ids = [f"2024/roll {roll}/{frame}" for roll in range(9) for frame in range(5)]
    splits = assign_splits(ids, HashSplits(shares=SHARES, group=FolderGroups()), _none, "p.yaml", ROOT)
    for roll in range(9):
        assert len({split for id, split in splits.items() if id.startswith(f"2024/roll {roll}/")}) == 1
    assert len(set(splits.values())) == 3
    assert group_key("2024/roll 2/7", FolderGroups(), "p") == "2024/roll 2"
    with pytest.raises(
        ConfigError, match=r"p\.yaml: source\.splits\.group\.by: found id '7', which lies in no"
    ):
        assign_splits([*ids, "7"], HashSplits(shares=SHARES, group=FolderGroups()), _none, "p.yaml", ROOT)


def test_a_photo_in_another_folder_keeps_its_split_where_the_name_alone_decides() -> None:
    moved = {id: f"roll7/{id}" for id in IDS}
    for group, all_stay in ((None, False), ("[^/]+$", True)):
        splits = HashSplits(shares=SHARES, group=group)
        before = assign_splits(IDS, splits, _none, "p.yaml", ROOT)
        after = assign_splits(list(moved.values()), splits, _none, "p.yaml", ROOT)
        assert all(after[moved[id]] == before[id] for id in IDS) == all_stay
        if all_stay:
            assert before == assign_splits(IDS, HashSplits(shares=SHARES), _none, "p.yaml", ROOT)


def test_a_group_as_a_pipeline_file_says_it() -> None:
    said = {"method": "hash", "shares": {"train": 1.0}, "group": {"by": "folder"}}
    assert strict(said, HashSplits, "p.yaml").group == FolderGroups()
    with pytest.raises(ConfigError, match=r"p\.yaml: group\.by: found .*bursts"):
        strict(said | {"group": {"by": "bursts"}}, HashSplits, "p.yaml")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", "missing \\)"),
        ("^x", "no match in id 'aachen_001'"),
        ("^(ulm)?a", "no match in id 'aachen_001'"),  # matches, but without its group
    ],
)
def test_group_pattern_that_fails(pattern: str, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"p.yaml: source\.splits\.group: .*{words}"):
        assign_splits(["aachen_001"], HashSplits(shares=SHARES, group=pattern), _none, "p.yaml", ROOT)


@pytest.mark.parametrize("shares", [{"train": 0.5}, {"train": 1.2, "val": -0.2}, {"train": 0.8, "test": 0.3}])
def test_shares_that_are_none(shares: dict[Split, float]) -> None:
    with pytest.raises(ConfigError, match="source.splits.shares"):
        assign_splits(["a"], HashSplits(shares=shares), _none, "p.yaml", ROOT)


def test_empty_share_gets_nothing() -> None:
    splits = assign_splits(
        IDS, HashSplits(shares={"train": 0.0, "val": 1.0, "test": 0.0}), _none, "p.yaml", ROOT
    )
    assert set(splits.values()) == {"val"}


def test_seeded_splits_are_scikit_learns() -> None:
    splits = seeded_splits(IDS, SeededSplits(recipe="scikit-learn", seed=19, test=0.1, val=0.11))
    rest, test = train_test_split(IDS, test_size=0.1, random_state=19)
    train, val = train_test_split(rest, test_size=0.11, random_state=19)
    assert [id for id, split in splits.items() if split == "train"] == train
    assert [id for id, split in splits.items() if split == "val"] == val
    assert [id for id, split in splits.items() if split == "test"] == test
    assert (len(train), len(val), len(test)) == (104, 13, 13)


@given(
    st.integers(4, 200),
    st.sampled_from([0.1, 0.2, 0.25, 0.33]),
    st.sampled_from([0.1, 0.11, 0.5]),
    st.integers(0, 99),
)
def test_seeded_splits_are_scikit_learns_for_any_size(count: int, test: float, val: float, seed: int) -> None:
    ids = [f"{number:03d}" for number in range(count)]
    splits = seeded_splits(ids, SeededSplits(recipe="scikit-learn", seed=seed, test=test, val=val))
    rest, expected_test = train_test_split(ids, test_size=test, random_state=seed)
    train, expected_val = train_test_split(rest, test_size=val, random_state=seed)
    assert splits == dict.fromkeys(train, "train") | dict.fromkeys(expected_val, "val") | dict.fromkeys(
        expected_test, "test"
    )


def test_floor_recipe_cuts_68_photos_into_54_6_8() -> None:
    splits = SeededSplits(recipe="floor", seed=1, test=0.1, val=0.1)
    assigned = assign_splits(IDS[:68][::-1], splits, _none, "p.yaml", ROOT)
    assert Counter(assigned.values()) == {"train": 54, "val": 6, "test": 8}
    assert assigned == assign_splits(IDS[:68], splits, _none, "p.yaml", ROOT)
    assert set(assigned) == set(IDS[:68])
