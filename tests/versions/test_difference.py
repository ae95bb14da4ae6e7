from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segdata.errors import ShardError
from segdata.versions import Difference, compare
from segdata.versions.difference import changed_ids
from segdata.versions.opening import open_folder
from segdata.versions.page import short_count
from segdata.versions.pictures import paint_change
from segdata.versions.text import summary_lines
from tests.versions.repository import Drawn, write_drawn

BEFORE = {
    "a": Drawn("train", "0011 0011"),
    "b": Drawn("train", "0000 1111"),
    "c": Drawn("val", "2222 2222"),
    "d": Drawn("test", "01.. 01.."),
}


def differ(
    folder: Path,
    before: dict[str, Drawn],
    after: dict[str, Drawn],
    classes: tuple[tuple[str, ...], tuple[str, ...]] = (("sky", "road", "car"), ("sky", "road", "car")),
) -> Difference:
    write_drawn(folder / "before", before, classes[0])
    write_drawn(folder / "after", after, classes[1])
    return compare(open_folder(folder / "before", "old"), open_folder(folder / "after", "new"))


def test_photos_and_pixels_of_every_kind_of_change(tmp_path: Path) -> None:
    after = {
        "a": Drawn("train", "0012 0012"),  # road → car, 2 pixels
        "b": Drawn("train", "0000 1111", grey=91),  # another photo
        "d": Drawn("train", "01.1 01.."),  # moved, and ignore → road, 1 pixel
        "e": Drawn("val", "2222 2222"),
    }
    found = differ(tmp_path, BEFORE, after)
    assert [(one.id, one.split) for one in found.added] == [("e", "val")]
    assert [(one.id, one.split) for one in found.removed] == [("c", "val")]
    assert [(one.id, one.before, one.after) for one in found.moved] == [("d", "test", "train")]
    assert [(one.id, one.split, one.pixels, one.of) for one in found.reannotated] == [
        ("a", "train", 2, 8),
        ("d", "train", 1, 8),
    ]
    assert [one.id for one in found.photo_changed] == ["b"]
    assert (found.unchanged, found.without_effect, found.notes) == (0, (), ())
    assert found.classes == ("sky", "road", "car", "ignore")
    assert found.transitions == (
        (6, 0, 0, 0),  # sky: 4 of a, 2 of d
        (0, 4, 2, 0),  # road: 2 of a and 2 of d stayed, 2 of a became car
        (0, 0, 0, 0),
        (0, 1, 0, 3),  # ignore: 1 of d became road
    )
    assert found.pairs() == [("road", "car", 2), ("ignore", "road", 1)]
    assert found.pixels_changed == 3
    assert (found.before.photos, found.after.photos) == (
        {"train": 2, "val": 1, "test": 1},
        {"train": 3, "val": 1},
    )


def test_a_photo_whose_id_names_its_split_is_moved_not_removed_and_added(tmp_path: Path) -> None:
    before = {
        "train/a": Drawn("train", "0011 0011", grey=11),
        "train/b": Drawn("train", "0000 1111", grey=12),
        "train/c": Drawn("train", "2222 2222", grey=13),
    }
    after = {
        "val/a": Drawn("val", "0011 0011", grey=11),
        "val/b": Drawn("val", "0000 1112", grey=12),  # annotated anew as well
        "train/d": Drawn("train", "2222 2222", grey=13),  # another name, the same split
    }
    found = differ(tmp_path, before, after)
    assert [(one.was, one.id, one.before, one.after) for one in found.moved] == [
        ("train/a", "val/a", "train", "val")
    ]
    assert [one.id for one in found.added] == ["train/d", "val/b"]
    assert [one.id for one in found.removed] == ["train/b", "train/c"]
    assert "  moved          train/a → val/a (train → val)" in summary_lines("x", found)


def test_class_shares_drift_per_split(tmp_path: Path) -> None:
    after = BEFORE | {"b": Drawn("train", "0002 1111"), "e": Drawn("test", "0000 0000")}
    shares = {
        (one.split, one.name): (one.before, one.after) for one in differ(tmp_path, BEFORE, after).class_shares
    }
    assert shares["train", "sky"] == (8 / 16, 7 / 16)
    assert shares["train", "car"] == (0, 1 / 16)
    assert shares["test", "sky"] == (2 / 4, 10 / 12)  # of the labelled pixels
    assert shares["test", "ignore"] == (4 / 8, 4 / 16)  # of all pixels
    assert shares["val", "car"] == (1, 1)


def test_the_same_set_is_no_difference_and_opens_no_shard(tmp_path: Path) -> None:
    write_drawn(tmp_path / "set", BEFORE)
    for shard in (tmp_path / "set").glob("*.arrow"):
        shard.unlink()
    version = open_folder(tmp_path / "set", "here")
    found = compare(version, version)
    assert found.is_empty
    assert found.unchanged == 4
    assert summary_lines("streets", found) == [
        "streets: here → here",
        "  no difference: 4 photos as before",
    ]


def test_an_edit_that_changes_no_pixel_is_told_apart(tmp_path: Path) -> None:
    after = BEFORE | {"a": Drawn("train", "0011 0011", annotation="an edited outline")}
    found = differ(tmp_path, BEFORE, after)
    assert (found.reannotated, found.without_effect, found.unchanged) == ((), ("a",), 4)
    assert summary_lines("streets", found)[-1] == "  1 edited annotation gave the same mask: a"


def test_ids_of_what_is_other_in_the_raw_data_whatever_the_masks_show(tmp_path: Path) -> None:
    manifests = []
    for name, samples in (
        ("before", BEFORE),
        (
            "after",
            {
                "a": Drawn("train", "0011 0011", annotation="an edited outline"),  # the same mask
                "b": Drawn("train", "0000 1111", grey=91),  # another photo
                "d": Drawn("train", BEFORE["d"].mask),  # moved, and nothing else
                "e": Drawn("val", "2222 2222"),
            },
        ),
    ):
        write_drawn(tmp_path / name, samples)
        manifests.append(open_folder(tmp_path / name, name).manifest)
    assert changed_ids(*manifests) == ["a", "b", "e"]
    assert changed_ids(*reversed(manifests)) == ["a", "b", "c"]
    assert changed_ids(manifests[0], manifests[0]) == []


def test_other_class_ids_are_compared_by_name(tmp_path: Path) -> None:
    # The same picture, with the ids of sky and road exchanged, but for one pixel of a.
    after = {
        "a": Drawn("train", "1100 1102"),
        "b": Drawn("train", "1111 0000"),
        "c": Drawn("val", "2222 2222"),
        "d": Drawn("test", "10.. 10.."),
    }
    found = differ(tmp_path, BEFORE, after, (("sky", "road", "car"), ("road", "sky", "bus")))
    assert found.classes == ("road", "sky", "bus", "car", "ignore")
    assert found.pairs() == [("car", "bus", 8), ("road", "bus", 1)]
    assert [(one.id, one.pixels) for one in found.reannotated] == [("c", 8), ("a", 1)]
    assert found.notes == ("classes differ, only before: car; only after: bus: they are compared by name",)
    shares = {(one.split, one.name): (one.before, one.after) for one in found.class_shares}
    assert shares["val", "car"] == (1, None)
    assert shares["val", "bus"] == (None, 1)


def test_other_sizes_are_said_and_no_pixel_is_compared(tmp_path: Path) -> None:
    after = {
        "a": Drawn("train", "01 01", annotation="0011 0011"),
        "b": Drawn("train", "00 11", annotation="edited"),
        "c": Drawn("val", "22 22", grey=7, annotation="2222 2222"),
        "d": Drawn("test", "0. 0.", annotation="01.. 01.."),
    }
    found = differ(tmp_path, BEFORE, after)
    assert found.transitions is None
    assert [(one.id, one.pixels) for one in found.reannotated] == [("b", None)]
    assert [one.id for one in found.photo_changed] == ["c"]
    assert found.unchanged == 2
    assert found.notes[0].startswith(
        "sizes differ, 2x4 (height x width) before, 2x2 after: no pixels are compared"
    )


def test_a_mask_value_without_class_is_named(tmp_path: Path) -> None:
    write_drawn(tmp_path / "before", {"a": Drawn("train", "00110210")})
    write_drawn(tmp_path / "after", {"a": Drawn("train", "00120210")})
    shard = next((tmp_path / "after").glob("*.arrow"))
    damaged = shard.read_bytes().replace(b"\0\0\1\2\0\2\1\0", b"\0\0\1\7\0\2\1\0")
    assert damaged != shard.read_bytes()
    shard.write_bytes(damaged)
    with pytest.raises(
        ShardError, match=r"new: .*\.arrow, sample a: found mask value 7; expected a class id"
    ):
        compare(open_folder(tmp_path / "before", "old"), open_folder(tmp_path / "after", "new"))


def test_counts_fit_a_cell_of_the_matrix() -> None:
    assert [short_count(n) for n in (0, 999, 1204, 54321, 1_234_567, 3_000_000_000)] == [
        "0", "999", "1.2k", "54k", "1.2M", "3.0G",
    ]  # fmt: skip


def test_one_changed_pixel_of_a_large_photo_is_red_and_framed() -> None:
    image = np.full((1500, 2000, 3), 128, np.uint8)
    mask = np.zeros((1500, 2000), np.uint8)
    changed = np.zeros((1500, 2000), bool)
    changed[700, 1000] = True
    colors = np.zeros((256, 3), np.uint8)
    painted = paint_change((image, image), (mask, mask), changed, (colors, colors))
    assert (painted.width, painted.height) == (384, 288)
    assert painted.before != painted.difference
    assert painted.before.startswith("data:image/jpeg;base64,")
