"""Groups of copies: which are leaks, what is accepted, what is said."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from segdata.checking.copies import CopyGroup, find_copies
from segdata.checking.reading import Seen

HASH = 0x0F0F_1234_5678_9ABC


def seen(id: str, split: str, file: str, look: int, mask: str = "m") -> Seen:
    return Seen(id, split, file, mask, np.uint64(look), np.array([1, 0]), (4, 4))


def found(
    photos: list[Seen], accepts: Callable[[str], bool] = lambda id: False, near_stops: bool = False
) -> list[CopyGroup]:
    return find_copies(photos, 8, accepts, near_stops=near_stops)


def test_the_same_file_in_two_splits_is_a_leak_that_stops() -> None:
    photos = [seen("a", "train", "1", HASH), seen("b", "train", "1", HASH), seen("c", "test", "1", HASH)]
    (group,) = found(photos)
    assert (group.code, group.severity, group.action, group.bits, group.masks_agree) == (
        "exact-leak",
        "error",
        "conversion stops",
        0,
        True,
    )
    assert group.photos == (("a", "train"), ("c", "test"), ("b", "train"))
    assert group.finding().line() == (
        "error: a (train): the same photo as c (test), b (train) [exact-leak: conversion stops]"
    )


def test_a_leak_is_accepted_when_what_is_not_named_lies_in_one_split() -> None:
    photos = [seen("a", "train", "1", HASH), seen("b", "train", "1", HASH), seen("c", "test", "1", HASH)]
    (accepted,) = found(photos, lambda id: id == "c")
    assert (accepted.severity, accepted.action) == ("warning", "accepted")
    (not_accepted,) = found(photos, lambda id: id == "a")
    assert (not_accepted.severity, not_accepted.action) == ("error", "conversion stops")


def test_the_same_file_twice_in_a_split_counts_twice_and_may_be_annotated_in_two_ways() -> None:
    (group,) = found([seen("a", "val", "1", HASH), seen("b", "val", "1", HASH, mask="other")])
    assert group.finding().line() == (
        "warning: a (val): the same photo as b (val); their annotations differ [exact-copy: kept]"
    )


def test_photos_that_look_alike() -> None:
    photos = [
        seen("a", "train", "1", HASH),
        seen("b", "test", "2", HASH ^ 0b11),
        seen("c", "val", "3", ~HASH & (2**64 - 1)),
    ]
    (group,) = found(photos)
    assert group.finding().line() == (
        "error: a (train): looks like (2 of 64 bits) b (test) [near-leak: kept]"
    )
    assert found(photos, near_stops=True)[0].action == "conversion stops"
    (accepted,) = found(photos, lambda id: id == "b")
    assert (accepted.severity, accepted.action) == ("warning", "accepted")
    (within,) = found([seen("a", "train", "1", HASH), seen("b", "train", "2", HASH)])
    assert (within.code, within.severity, within.action) == ("near-copy", "note", "kept")


def test_a_chain_is_one_group_led_by_its_closest_leak() -> None:
    photos = [
        seen("a", "train", "1", HASH),
        seen("b", "train", "2", HASH ^ 0xFF),
        seen("c", "test", "3", HASH ^ 0xFFFF),
        seen("d", "test", "4", HASH ^ 0xFF01),
    ]
    (group,) = found(photos)
    assert group.code == "near-leak"
    assert group.photos[:2] == (("b", "train"), ("c", "test"))
    assert group.bits == 8
    assert {id for id, _ in group.photos} == {"a", "b", "c", "d"}


def test_photos_set_aside_are_known_by_their_file_alone() -> None:
    set_aside = Seen("b", "test", "1")
    unreadable = [Seen("c", "test", ""), Seen("d", "train", "")]
    (group,) = found([seen("a", "train", "1", HASH), set_aside, *unreadable])
    assert (group.code, group.masks_agree) == ("exact-leak", None)
    assert found([]) == []


def test_a_camera_that_stands_still_is_one_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segdata.duplicates._BLOCK", 50 * 300)
    photos = [
        seen(f"{n:03}", "train" if n < 299 else "test", str(n), HASH ^ (1 << n % 64)) for n in range(300)
    ]
    (group,) = found(photos)
    assert (group.code, group.bits, len(group.photos)) == ("near-leak", 0, 300)
    assert group.photos[:2] == (("043", "train"), ("299", "test"))
    assert group.finding().message.endswith("000 (train), 001 (train), 002 (train), 003 (train) and 294 more")
    (accepted,) = found(photos, lambda id: id == "299")
    assert (accepted.severity, accepted.action) == ("warning", "accepted")
