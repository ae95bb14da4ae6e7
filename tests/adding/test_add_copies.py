"""Copies of photos that lie in another folder, file or split of the set: refused before the conversion would stop."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from segdata.adding import Choice, add
from segdata.adding.inbox import look
from segdata.errors import DataError
from segdata.project import Project
from tests.adding.cases import tree
from tests.adding.test_add_masks import HW, coco, mask, own_project, photo
from tests.projects import convert


@pytest.fixture
def folders(tmp_path: Path) -> Project:
    """A set with a folder for each split; each photo is another one."""
    options = {"split_folders": True}
    project = own_project(tmp_path / "project", "masks", options=options, splits={"method": "official"})
    for seed, name in enumerate(("train/{}/1.png", "train/{}/2.png", "val/{}/3.png")):
        photo(project.root / "data/raw/mine" / name.format("image"), seed)
        mask(project.root / "data/raw/mine" / name.format("mask"), 0)
    return project


def accept(project: Project, *names: str) -> None:
    path = project.pipeline_path("mine")
    pipeline = yaml.safe_load(path.read_text())
    pipeline["source"]["accept_leaks"] = list(names)
    path.write_text(yaml.safe_dump(pipeline))


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_photo_of_another_split_is_refused_as_a_leak(
    folders: Project, tmp_path: Path, dry_run: bool
) -> None:
    raw = folders.root / "data/raw/mine"
    x, y = shutil.copy(raw / "train/image/1.png", tmp_path / "x.png"), mask(tmp_path / "y.png", 1)
    before = tree(raw)
    added = add(folders, "mine", [Path(x)], y, Choice(split="val"), dry_run=dry_run)
    assert [one.line() for one in added.bad] == [
        f"{x}: the same photo as train/image/1.png (train); as val/image/x.png (val) it would be a leak, at which the "
        "conversion stops. Leave it out, or name 'val/x' in source.accept_leaks"
    ]
    assert not added.done and tree(raw) == before and added.said == ()


def test_in_its_own_split_a_copy_is_refused_as_a_copy(folders: Project, tmp_path: Path) -> None:
    x = shutil.copy(folders.root / "data/raw/mine/train/image/1.png", tmp_path / "x.png")
    (bad,) = add(folders, "mine", [Path(x)], None, Choice(split="train")).bad
    assert bad.reason == (
        "the same photo as train/image/1.png. Leave it out, or name 'train/x' in source.accept_leaks"
    )


def test_of_several_copies_each_names_all_and_its_own_way_in(folders: Project, tmp_path: Path) -> None:
    new = tmp_path / "new"
    for name in ("a1.png", "a2.png", "a3.png"):
        photo(new / name, 9)
        mask(tmp_path / "drawn" / name, 1)
    shutil.copy(folders.root / "data/raw/mine/train/image/1.png", new / "b1.png")
    accept(folders, "train/a2")
    added = add(folders, "mine", [new], None, Choice(split="train"), dry_run=True)
    assert [one.line() for one in added.bad] == [
        f"{new / 'a3.png'}: the same photo as train/image/a1.png, train/image/a2.png. "
        "Leave it out, or name 'train/a3' in source.accept_leaks",
        f"{new / 'b1.png'}: the same photo as train/image/1.png. "
        "Leave it out, or name 'train/b1' in source.accept_leaks",
    ]


@pytest.mark.parametrize("accepted", ["val/x", "train/1", "*/1"])
def test_a_leak_that_the_pipeline_file_accepts_is_taken(
    folders: Project, tmp_path: Path, accepted: str
) -> None:
    x = shutil.copy(folders.root / "data/raw/mine/train/image/1.png", tmp_path / "x.png")
    accept(folders, accepted)
    added = add(folders, "mine", [Path(x)], mask(tmp_path / "y.png", 1), Choice(split="val"))
    assert added.done and added.photos == ("val/image/x.png",)
    assert convert(folders, "mine").samples == {"train": 2, "val": 2}


def test_the_inbox_quarantines_it(folders: Project) -> None:
    inbox = folders.root / "data/inbox/mine"
    photo(inbox / "new.png", 9)
    mask(inbox / "masks/new.png", 1)
    shutil.copy(folders.root / "data/raw/mine/train/image/2.png", inbox / "x.png")
    mask(inbox / "masks/x.png", 1)
    looked = look(folders, "mine", "val", settled_seconds=0)
    assert looked.taken == ["val/image/new.png"] and list(looked.quarantined) == ["x.png"]
    assert looked.quarantined["x.png"].startswith(
        "the same photo as train/image/2.png (train); as val/image/x"
    )
    assert convert(folders, "mine").samples == {"train": 2, "val": 2}


def test_splits_that_files_name_share_a_folder_or_have_their_own(tmp_path: Path) -> None:
    options = {
        "annotations": {"train": "train.json", "val": "val.json"},
        "photos": {"train": "a", "val": "b"},
    }
    project = own_project(tmp_path / "project", "coco", options=options, splits={"method": "official"})
    raw = project.root / "data/raw/mine"
    for seed, (folder, split) in enumerate((("a", "train"), ("b", "val"))):
        photo(raw / f"{folder}/{seed}.png", seed)
        coco(raw / f"{split}.json", [f"{seed}.png"], ["road"])
    x = Path(shutil.copy(raw / "a/0.png", tmp_path / "x.png"))
    entry = coco(tmp_path / "x.json", ["x.png"], ["road"])
    (bad,) = add(project, "mine", [x], entry, Choice(split="val")).bad
    assert bad.reason.startswith("the same photo as a/0.png (train); as b/x.png (val) it would be a leak")
    pipeline = yaml.safe_load(project.pipeline_path("mine").read_text())
    pipeline["source"]["options"]["photos"] = "a"
    project.pipeline_path("mine").write_text(yaml.safe_dump(pipeline))
    shutil.move(raw / "b/1.png", raw / "a/1.png")
    (bad,) = add(project, "mine", [x], entry, Choice(split="val")).bad
    assert bad.reason.startswith("the same photo as a/0.png (train); as a/x.png (val) it would be a leak")
    (bad,) = add(project, "mine", [x], entry, Choice(split="train")).bad
    assert bad.reason == "the same photo as a/0.png. Leave it out, or name 'x' in source.accept_leaks"


def test_a_near_copy_of_another_split_is_warned_of(tmp_path: Path) -> None:
    options = {"split_folders": True}
    project = own_project(tmp_path / "project", "masks", options=options, splits={"method": "official"})
    (project.root / "params.yaml").write_text("pipelines: {}\nconvert: {near_duplicate_bits: 6}\n")
    raw = project.root / "data/raw/mine"
    for seed, split in enumerate(("train", "val")):
        photo(raw / f"{split}/image/{seed}.png", seed)
        mask(raw / f"{split}/mask/{seed}.png", 0)
    pixels = np.asarray(Image.open(raw / "train/image/0.png")).astype(np.int16)
    brighter = tmp_path / "brighter.png"
    Image.fromarray(np.clip(pixels + 3, 0, 255).astype(np.uint8)).save(brighter)
    drawn = mask(tmp_path / "drawn.png", 0, HW)

    def warned(split: str) -> list[str]:
        added = add(project, "mine", [brighter], drawn, Choice(split=split), dry_run=True)  # type: ignore[arg-type]
        assert not added.bad
        return [one.line() for one in added.findings]

    assert warned("val") == []  # nothing is known of the photos that are there before they are converted
    convert(project, "mine")
    (line,) = warned("val")
    assert line.startswith(f"warning: {brighter}: looks like train/0 (train; ")
    assert (
        "and would be in val: the conversion stops at that, unless source.accept_leaks names 'val/b" in line
    )
    assert warned("train") == []
    add(project, "mine", [brighter], drawn, Choice(split="val"))
    with pytest.raises(DataError, match="look alike in two splits: train/0 .train. ~ val/brighter .val."):
        convert(project, "mine")
    accept(project, "train/0")
    assert convert(project, "mine").samples == {"train": 1, "val": 2}


def test_where_an_id_has_no_group_nothing_is_warned_of_and_the_effects_say_it(tmp_path: Path) -> None:
    splits = {"method": "hash", "shares": {"train": 0.5, "val": 0.5}, "group": "^([a-z]+)_"}
    project = own_project(tmp_path / "project", "masks", splits=splits)
    (project.root / "params.yaml").write_text("pipelines: {}\nconvert: {near_duplicate_bits: 6}\n")
    photo(project.root / "data/raw/mine/image/a_1.png", 1)
    mask(project.root / "data/raw/mine/mask/a_1.png", 0)
    convert(project, "mine")
    new, drawn = photo(tmp_path / "1.png", 2), mask(tmp_path / "drawn.png", 0)
    added = add(project, "mine", [new], drawn, dry_run=True)
    assert not added.bad and added.findings == ()
    assert "1 photo to convert; pipelines/mine.yaml: " in added.effects[0]


def test_files_with_folders_of_their_own_are_compared_with_one_another(tmp_path: Path) -> None:
    options = {"annotations": ["a/via.json", "b/via.json"], "photos": "."}
    project = own_project(tmp_path / "project", "via", options=options)
    raw = project.root / "data/raw/mine"
    for seed, folder in enumerate("ab"):
        photo(raw / folder / f"{seed}.png", seed)
        (raw / folder / "via.json").write_text("{}")
    x = Path(shutil.copy(raw / "a/0.png", tmp_path / "x.png"))
    (bad,) = add(project, "mine", [x], None, Choice(file="b/via.json")).bad
    assert bad.line() == f"{x}: the same photo as a/0.png. Leave it out, or name 'b/x' in source.accept_leaks"
