"""What files in an inbox lack, in words."""

from __future__ import annotations

import pytest

from segdata.adding.waiting import listed, what_lacks


def test_masks_that_lie_elsewhere_are_told_where_they_belong() -> None:
    files = ["a.jpg", "a.png", "b.jpg", "b_mask.png", "image/c.jpg", "mask/c.png", "notes.txt"]
    assert what_lacks("masks", files, {}, []) == {
        "a.jpg": "waits for its mask: masks/a.png",
        "a.png": "lies where photos lie: the mask of a.jpg belongs at masks/a.png",
        "b.jpg": "waits for its mask: masks/b.png",
        "b_mask.png": "lies where photos lie: the mask of b.jpg belongs at masks/b.png",
        "image/c.jpg": "waits for its mask: masks/image/c.png",
        "mask/c.png": "lies where photos lie: the mask of image/c.jpg belongs at masks/image/c.png",
        "notes.txt": "is left alone: photos are taken, and masks in masks/",
    }


def test_photos_of_one_name_in_two_folders_are_photos() -> None:
    said = what_lacks("masks", ["roll1/a.png", "roll2/a.png", "roll1/a_2.png"], {}, [])
    assert list(said.values()) == [
        "waits for its mask: masks/roll1/a.png",
        "waits for its mask: masks/roll2/a.png",
        "waits for its mask: masks/roll1/a_2.png",
    ]


@pytest.mark.parametrize(
    ("format", "suffix", "photo", "mask"),
    [
        ("cityscapes", "_leftImg8bit", "ulm_000009_000019_leftImg8bit.png", "masks/ulm_000009_000019.png"),
        ("masks", "_sat", "roll/1_sat.jpg", "masks/roll/1.png"),
        ("voc", "", "2026_1.jpg", "masks/2026_1.png"),
    ],
)
def test_the_end_of_photos_is_no_part_of_the_masks_name(
    format: str, suffix: str, photo: str, mask: str
) -> None:
    assert what_lacks(format, [photo], {}, [], suffix) == {photo: f"waits for its mask: {mask}"}


def test_files_that_name_photos() -> None:
    named = {"new.json": {"1.jpg", "2.jpg", "3.jpg"}}
    assert what_lacks("coco", ["1.jpg", "9.jpg", "masks/9.png", "new.json"], named, {"2.jpg"}) == {
        "1.jpg": "waits for its annotation: a file .json that names it, as new.json names other photos",
        "9.jpg": "waits for its annotation: a file .json that names it, as new.json names other photos",
        "masks/9.png": "is left alone: a set of format coco takes photos, and .json",
        "new.json": "waits for its photos: 3.jpg neither here nor in the set",
    }
    assert what_lacks("labelme", ["roll/1.jpg"], {}, []) == {
        "roll/1.jpg": "waits for its annotation: roll/1.json beside it"
    }


def test_of_many_that_lack_the_same_three_are_named() -> None:
    files = [f"{number}.jpg" for number in range(6)] + ["masks/x.png"]
    assert listed(what_lacks("masks", files, {}, [])) == [
        "0.jpg waits for its mask: masks/0.png",
        "1.jpg waits for its mask: masks/1.png",
        "2.jpg waits for its mask: masks/2.png",
        "and 3 more like that",
        "masks/x.png waits for its photo: x.jpg, or another ending, outside masks/",
    ]
