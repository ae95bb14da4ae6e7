"""Groups: bursts and photos that look alike stay together, and whatever comes later, no photo changes its group."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from segdata.adding import add
from segdata.captured import Capture, capture_of
from segdata.cli import main
from segdata.group_list import GROUP_LIST, read_groups, write_groups
from segdata.grouping import alike, bursts, extend, group
from segdata.pipeline import HashSplits
from segdata.project import Project
from segdata.sample_data import draw_scene
from segdata.shards.manifest import read_manifest
from segdata.splits import hash_split
from tests.projects import convert, sample_pipeline, write_project

SPLITS = HashSplits(shares={"train": 0.5, "val": 0.2, "test": 0.3})
NOON = datetime(2026, 11, 20, 12)


def split_of(name: str) -> str:
    return hash_split(name, SPLITS, "p.yaml")


def exif(at: datetime, camera: str = "Phone", fraction: str = "") -> Image.Exif:
    made = Image.Exif()
    made[0x0110] = camera
    directory = made.get_ifd(0x8769)
    directory[0x9003] = at.strftime("%Y:%m:%d %H:%M:%S")
    if fraction:
        directory[0x9291] = fraction
    return made


def save(path: Path, seed: int, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw_scene(seed, (60, 80)).image).save(path, **options)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_the_time_of_capture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    save(path, 1, exif=exif(NOON, "Phone 7", "25"))
    assert capture_of(path) == Capture("Phone 7", NOON + timedelta(seconds=0.25))


def test_no_time_of_capture(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    save(path, 1)
    assert capture_of(path) is None
    made = exif(NOON)
    made.get_ifd(0x8769)[0x9003] = "0000:00:00 00:00:00"
    save(path, 1, exif=made)
    assert capture_of(path) is None
    made.get_ifd(0x8769)[0x9004] = "2026:11:20 12:00:00"  # digitized
    save(path, 1, exif=made)
    assert capture_of(path) == Capture("Phone", NOON)
    path.write_bytes(b"no photo")
    assert capture_of(path) is None
    assert capture_of(tmp_path / "none.jpg") is None


def test_bursts_read_by_eye() -> None:
    def at(seconds: float, camera: str = "A") -> Capture:
        return Capture(camera, NOON + timedelta(seconds=seconds))

    captures = {"d": at(0), "a": at(29), "c": at(59.5), "b": at(15, "B"), "e": None, "f": at(20, "B")}
    assert bursts(captures, 30) == ([("d", "a"), ("c",), ("b", "f")], ["e"])
    assert bursts(captures, 31) == ([("d", "a", "c"), ("b", "f")], ["e"])


def test_looks_read_by_eye() -> None:
    looks = {
        "a": f"{0b0111:016x}",
        "b": f"{0b0001:016x}",
        "c": f"{0xFF00:016x}",
        "d": f"{0b11111:016x}",
        "e": None,
    }
    looks["flat"], looks["flat2"] = "0" * 16, "0" * 16
    assert alike(looks, 2) == ([("a", "b", "d"), ("c",), ("flat",), ("flat2",)], ["e"])


def test_newcomers_join_or_begin_a_group_and_conflicts_are_told() -> None:
    names = [f"n{number}" for number in range(20)]
    train = [name for name in names if split_of(name) == "train"]
    test = [name for name in names if split_of(name) == "test"]
    known = {"a": train[0], "b": train[1], "c": test[0]}
    groups, conflicts = extend(
        known, [("x", "a"), ("a2", "y", "b"), ("m", "b", "a"), ("z", "c", "a"), ("p", "q")], split_of
    )
    assert groups == known | {"x": train[0], "a2": train[1], "y": train[1], "m": train[1], "p": "p", "q": "p"}
    (conflict,) = conflicts
    assert conflict.line() == "z: linked to c (test) and a (train); left without a group"


def test_a_name_that_is_taken_is_not_used_again() -> None:
    groups, _ = extend({"b": "a"}, [("a",), ("b",)], split_of)  # a went, and came back as another photo
    assert groups == {"b": "a", "a": "a 2"}


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=40, unique=True),
    st.integers(1, 12),
    st.randoms(use_true_random=False),
)
def test_whatever_comes_in_whatever_order_nobody_moves_and_no_burst_straddles(
    seconds: list[int], batches: int, shuffler: object
) -> None:
    ids = {f"{number:03d}": Capture("", NOON + timedelta(seconds=at)) for number, at in enumerate(seconds)}
    groups: dict[str, str] = {}
    there: dict[str, Capture | None] = {}
    refused: set[str] = set()
    for batch in range(batches):
        there |= {id: one for number, (id, one) in enumerate(ids.items()) if number % batches == batch}
        before = dict(groups)
        groups, conflicts = extend(groups, bursts(there, 10)[0], split_of)
        refused = {id for conflict in conflicts for id in conflict.ids}
        assert {id: groups[id] for id in before} == before
        assert groups.keys() | refused == there.keys()
        assert not groups.keys() & refused
    timed = sorted((one.at, id) for id, one in ids.items())
    for (at, id), (later, other) in zip(timed, timed[1:], strict=False):
        if (later - at).total_seconds() <= 10 and not {id, other} & refused:
            assert split_of(groups[id]) == split_of(groups[other])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Mask folders: six photos, of which 1 and 2 are a burst, and 5 is 4 made brighter."""
    root = tmp_path / "project"
    for number, second in enumerate((0, 500, 510, 2000, 3000, 4000)):
        path = root / f"data/raw/mine/image/{number}.jpg"
        save(path, number, exif=exif(NOON + timedelta(seconds=second)), quality=92)
        if number == 5:
            photo = ImageEnhance.Brightness(Image.open(root / "data/raw/mine/image/4.jpg")).enhance(1.1)
            photo.save(path, exif=exif(NOON + timedelta(seconds=second)), quality=92)
        own_mask(root / f"data/raw/mine/mask/{number}.png")
    return grouped_by(root, {"by": "burst", "seconds": 30})


def own_mask(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((60, 80), np.uint8)).save(path)


def grouped_by(root: Path, by: dict[str, object]) -> Project:
    pipeline = sample_pipeline("voc")
    pipeline["source"] = {
        "format": "masks",
        "root": "data/raw/mine",
        "ontology": {"ground": [0, 0, 0]},
        "label_map": {0: "ground"},
        "splits": {"method": "hash", "shares": {"train": 0.5, "val": 0.2, "test": 0.3}, "group": by},
    }
    return write_project(root, {"mine": pipeline})


def segdata(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), *arguments])


def raw(project: Project) -> Path:
    return project.root / "data/raw/mine"


def test_bursts_as_a_command_and_in_a_conversion(project: Project) -> None:
    missing = segdata(project, "verify", "mine")
    assert missing.exit_code == 2
    done = segdata(project, "group", "mine")
    assert (done.exit_code, done.output) == (0, "mine: 6 photos in 5 groups; 6 new ones listed\n")
    assert (raw(project) / GROUP_LIST).read_text() == "id,group\n0,0\n1,1\n2,1\n3,3\n4,4\n5,5\n"
    convert(project, "mine")
    splits = {row.id: row.split for row in read_manifest(project.shards_dir("mine")).rows}
    assert splits == {id: split_of(name) for id, name in (read_groups(raw(project)) or {}).items()}
    again = segdata(project, "group", "mine")
    assert again.output == "mine: 6 photos in 5 groups; 0 new ones listed\n"


def test_photos_that_look_alike_are_one_group(project: Project) -> None:
    grouped_by(project.root, {"by": "look", "bits": 8})
    grouped = group(project, "mine")
    assert grouped.groups == {"0": "0", "1": "1", "2": "2", "3": "3", "4": "4", "5": "4"}
    convert(project, "mine")
    (raw(project) / GROUP_LIST).unlink()
    assert group(project, "mine").groups == grouped.groups  # the looks of the plan say the same


def test_a_photo_without_a_group_is_set_aside_and_told(project: Project) -> None:
    group(project, "mine")
    save(raw(project) / "image/6.jpg", 6, exif=exif(NOON + timedelta(seconds=4010)))
    own_mask(raw(project) / "mask/6.png")
    summary = convert(project, "mine")
    assert sum(summary.samples.values()) == 6
    (finding,) = [finding for finding in summary.findings if finding.code == "no-group"]
    assert finding.line().startswith(
        "error: 6: in no group of segdata-groups.csv yet: run segdata group mine"
    )
    before = {row.id: row.split for row in read_manifest(project.shards_dir("mine")).rows}
    assert group(project, "mine").new == ("6",)
    convert(project, "mine")
    after = {row.id: row.split for row in read_manifest(project.shards_dir("mine")).rows}
    assert after == before | {"6": before["5"]}


def test_a_photo_between_two_groups_is_told_and_waits_for_somebody(project: Project) -> None:
    groups = {"0": "0", "1": "1", "2": next(n for n in "abcdefgh" if split_of(n) != split_of("1"))}
    write_groups(raw(project), groups | {"3": "3", "4": "4", "5": "5"})
    save(raw(project) / "image/6.jpg", 6, exif=exif(NOON + timedelta(seconds=505)))
    own_mask(raw(project) / "mask/6.png")
    done = segdata(project, "group", "mine")
    assert done.exit_code == 1
    assert "6: linked to " in done.stderr and "left without a group" in done.stderr
    assert "6" not in (read_groups(raw(project)) or {})
    write_groups(raw(project), (read_groups(raw(project)) or {}) | {"6": "1"})
    assert segdata(project, "group", "mine").exit_code == 0


def test_added_photos_get_their_group_and_removed_ones_leave_it(project: Project, tmp_path: Path) -> None:
    group(project, "mine")
    save(tmp_path / "new/7.jpg", 7, exif=exif(NOON + timedelta(seconds=520)))
    own_mask(tmp_path / "masks/7.png")
    added = add(project, "mine", [tmp_path / "new/7.jpg"], tmp_path / "masks")
    assert added.done and "1 new ones in the list of groups" in added.said
    assert (read_groups(raw(project)) or {})["7"] == "1"
    (raw(project) / "image/3.jpg").unlink()
    (raw(project) / "mask/3.png").unlink()
    assert group(project, "mine").gone == ("3",)


def test_splits_without_a_list_are_refused(project: Project) -> None:
    grouped_by(project.root, {"by": "list"})
    done = segdata(project, "group", "mine")
    assert done.exit_code == 2
    assert "source.splits.group: found a list that is written by hand" in done.stderr
