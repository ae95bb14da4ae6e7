"""The inbox: what is taken, what waits, and what is quarantined with a note."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from segdata.adding.changes import Choice
from segdata.adding.inbox import conversion_is_due, look
from segdata.adding.stores import OpenSet
from segdata.errors import ConfigError
from tests.adding.cases import Case, read_json, via_case, write_json
from tests.adding.test_add_masks import mask, own_project, photo
from tests.projects import sample_project


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return via_case(tmp_path)


def drop(case: Case, *names: str) -> Path:
    inbox = case.project.root / "data/inbox/via"
    inbox.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(case.new / name, inbox / name)
    return inbox


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_ready_photos_are_taken_and_their_annotations_kept(case: Case) -> None:
    inbox = drop(case, "IMG_0003.jpg", "IMG_0007.jpg", "new.json")
    looked = look(case.project, "via", settled_seconds=0)
    assert looked.line("via") == "via: 2 taken, 0 waiting, 0 quarantined"
    assert files(inbox) == ["taken/new.json"]
    assert len(read_json(case.json)) == 10
    assert (
        look(case.project, "via", settled_seconds=0).line("via") == "via: 0 taken, 0 waiting, 0 quarantined"
    )


def test_a_photo_without_annotation_and_a_young_file_wait(case: Case) -> None:
    inbox = drop(case, "IMG_0003.jpg")
    assert look(case.project, "via", settled_seconds=0).waiting == {
        "IMG_0003.jpg": "waits for its annotation: a file .json or .csv that names it"
    }
    drop(case, "new.json")
    assert look(case.project, "via", settled_seconds=60).waiting == dict.fromkeys(
        ["IMG_0003.jpg", "new.json"],
        "waits for all to be at rest for 60 s: IMG_0003.jpg changed just now",
    )
    assert files(inbox) == ["IMG_0003.jpg", "new.json"]
    old = time.time() - 3600
    for name in ("IMG_0003.jpg", "new.json"):
        os.utime(inbox / name, (old, old))
    assert (
        len(look(case.project, "via", settled_seconds=60).waiting) == 2
    )  # copied just now, whatever its date says
    assert look(case.project, "via", settled_seconds=0).taken == ["photos/IMG_0003.jpg"]


def test_bad_ones_are_quarantined_with_a_note(case: Case) -> None:
    (case.new / "IMG_0007.jpg").write_bytes(b"no photo")
    write_json(case.new / "broken.json", ["nothing"])
    inbox = drop(case, "IMG_0003.jpg", "IMG_0007.jpg", "new.json", "broken.json")
    looked = look(case.project, "via", settled_seconds=0)
    assert looked.taken == ["photos/IMG_0003.jpg"] and list(looked.quarantined) == [
        "broken.json",
        "IMG_0007.jpg",
    ]
    assert files(inbox) == [
        "quarantine/IMG_0007.jpg",
        "quarantine/IMG_0007.jpg.txt",
        "quarantine/broken.json",
        "quarantine/broken.json.txt",
        "taken/new.json",
    ]
    note = (inbox / "quarantine/IMG_0007.jpg.txt").read_text()
    assert note.startswith("IMG_0007.jpg: found a file that is no readable image")
    assert "broken.json: found a JSON list" in (inbox / "quarantine/broken.json.txt").read_text()


def test_masks_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    project = own_project(tmp_path / "project", "masks")
    photo(project.root / "data/raw/mine/image/0.png", 0)
    mask(project.root / "data/raw/mine/mask/0.png", 0)
    inbox = project.root / "data/inbox/mine"
    for seed, name in enumerate(("1", "roll/2", "3"), 1):
        photo(inbox / f"{name}.png", seed)
    for name, value in (("10", 1), ("roll/2", 1), ("3", 77)):
        mask(inbox / f"masks/{name}.png", value)
    looked = look(project, "mine", settled_seconds=0)
    assert looked.taken == ["image/roll/2.png"]
    assert looked.waiting == {
        "1.png": "waits for its mask: masks/1.png",
        "masks/10.png": "waits for its photo: 10.jpg, or another ending, outside masks/",
    }
    assert looked.quarantined["3.png"].startswith("masks/3.png: row 0, column 0: found")
    assert list(looked.quarantined) == ["3.png"] and "77" in looked.quarantined["3.png"]
    assert files(inbox) == [
        "1.png",
        "masks/10.png",
        "quarantine/3.png",
        "quarantine/3.png.txt",
        "quarantine/masks/3.png",
        "taken/masks/roll/2.png",
    ]
    assert files(project.root / "data/raw/mine") == [
        "image/0.png",
        "image/roll/2.png",
        "mask/0.png",
        "mask/roll/2.png",
    ]


def test_without_a_split_nothing_is_touched(tmp_path: Path) -> None:
    options = {"split_folders": True}
    project = own_project(tmp_path / "project", "masks", options=options, splits={"method": "official"})
    for split in ("train", "test"):
        photo(project.root / f"data/raw/mine/{split}/image/{split}.png", len(split))
        mask(project.root / f"data/raw/mine/{split}/mask/{split}.png", 0)
    inbox = project.root / "data/inbox/mine"
    photo(inbox / "1.png", 1)
    mask(inbox / "masks/1.png", 1)
    with pytest.raises(ConfigError, match=r"Give --split train \| test\.$"):
        look(project, "mine", settled_seconds=0)
    assert files(inbox) == ["1.png", "masks/1.png"]
    assert look(project, "mine", "test", settled_seconds=0).taken == ["test/image/1.png"]


def test_lists_of_splits_are_asked_for_before_anything_is_touched(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "project", "voc", num_scenes=8)
    inbox = project.root / "data/inbox/voc"
    photo(inbox / "1.png", 1)
    mask(inbox / "masks/1.png", 1)
    with pytest.raises(ConfigError, match=r"lists of train, val.*Give --split train \| val"):
        look(project, "voc", settled_seconds=0)
    assert files(inbox) == ["1.png", "masks/1.png"]


@pytest.mark.parametrize("format", ["via", "coco"])
def test_of_several_annotation_files_an_inbox_cannot_choose(tmp_path: Path, format: str) -> None:
    options = {"annotations": ["one.json", "two.json"]}
    project = own_project(tmp_path / "project", format, options=options)
    raw, inbox = project.root / "data/raw/mine", project.root / "data/inbox/mine"
    for name in ("one.json", "two.json"):
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).write_text("{}")
    photo(inbox / "1.png", 1)
    with pytest.raises(ConfigError, match=r"found one\.json, two\.json") as refused:
        look(project, "mine", settled_seconds=0)
    assert refused.value.fix == (
        "An inbox cannot choose between them: merge them into one file, or take these photos in with "
        "segdata add, which has --file FILE."
    )
    with pytest.raises(ConfigError, match=r"Give --file FILE\.$"):
        OpenSet.open(project, "mine").store(Choice())
    assert files(inbox) == ["1.png"]


def test_an_annotation_may_come_before_its_photos(case: Case) -> None:
    inbox = drop(case, "new.json")
    assert look(case.project, "via", settled_seconds=0).reasons() == [
        "new.json waits for its photos: IMG_0003.jpg, IMG_0007.jpg neither here nor in the set"
    ]
    drop(case, "IMG_0003.jpg")
    assert look(case.project, "via", settled_seconds=0).taken == ["photos/IMG_0003.jpg"]
    assert files(inbox) == ["taken/new.json"]


def test_an_annotation_of_photos_that_are_there_is_never_lost(case: Case) -> None:
    entries = read_json(case.json)
    first, second = list(entries)[:2]
    bare = entries | {first: entries[first] | {"regions": []}}
    write_json(case.json, bare)
    inbox = drop(case)
    write_json(inbox / "first.json", {first: entries[first]})
    other = entries[second] | {"regions": entries[second]["regions"][:1]}
    write_json(inbox / "second.json", {second: other})
    looked = look(case.project, "via", settled_seconds=0)
    assert looked.taken == [f"photos/{entries[first]['filename']}"]  # it had no region: nothing is lost
    assert list(looked.quarantined) == ["second.json"]
    assert "annotated otherwise already" in (inbox / "quarantine/second.json.txt").read_text()
    assert read_json(case.json) == entries
    assert files(inbox) == ["quarantine/second.json", "quarantine/second.json.txt", "taken/first.json"]
    assert conversion_is_due(case.project, "via").exists()


def test_a_conflict_beside_new_photos_is_told(case: Case) -> None:
    entries = read_json(case.json)
    key = next(iter(entries))
    other = entries[key] | {"regions": entries[key]["regions"][:1]}
    write_json(case.new / "new.json", read_json(case.new / "new.json") | {key: other})
    inbox = drop(case, "IMG_0003.jpg", "IMG_0007.jpg", "new.json")
    looked = look(case.project, "via", settled_seconds=0)
    assert len(looked.taken) == 2 and list(looked.quarantined) == ["new.json"]
    assert f"photos/{other['filename']}: annotated otherwise" in looked.quarantined["new.json"]
    assert files(inbox) == ["quarantine/new.json", "quarantine/new.json.txt"]


def test_an_interrupted_look_is_completed_and_still_converted(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = drop(case, "IMG_0003.jpg", "IMG_0007.jpg", "new.json")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", _stop)
        with pytest.raises(KeyboardInterrupt):
            look(case.project, "via", settled_seconds=0)
    assert len(read_json(case.json)) == 10 and len(files(inbox)) == 3
    assert conversion_is_due(case.project, "via").exists()
    looked = look(case.project, "via", settled_seconds=0)
    assert looked.taken == ["photos/IMG_0003.jpg", "photos/IMG_0007.jpg"]
    assert files(inbox) == ["taken/new.json"]
    assert look(case.project, "via", settled_seconds=0).taken == []
    assert conversion_is_due(case.project, "via").exists()


def _stop(path: Path, missing_ok: bool = False) -> None:
    if path.parent.name == "via" and path.suffix == ".jpg":
        raise KeyboardInterrupt
    os.unlink(path) if path.exists() or not missing_ok else None
