"""The inbox: what is taken, what waits, what is quarantined with a note; and the flow as people run it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.inbox import look
from segdata.shards import ShardSet
from tests.adding.cases import Case, read_json, via_case, write_json
from tests.adding.test_add_masks import mask, own_project, photo
from tests.flows.test_convert_flow import api_url, artifacts, environment, stop_server


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = via_case(tmp_path)
    yield made
    if (made.project.root / ".segdata/prefect/server.json").exists():
        stop_server(made.project)


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
    assert look(case.project, "via", settled_seconds=0).waiting == ["IMG_0003.jpg"]
    drop(case, "new.json")
    assert look(case.project, "via", settled_seconds=60).waiting == ["IMG_0003.jpg", "new.json"]
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
    assert note.startswith("IMG_0007.jpg: photos/IMG_0007.jpg: found a file that is no readable image")
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
    assert looked.taken == ["image/roll/2.png"] and looked.waiting == ["1.png"]
    assert list(looked.quarantined) == ["3.png"] and "77" in looked.quarantined["3.png"]
    assert "quarantine/3.png.txt" in files(inbox) and "masks/10.png" in files(inbox)
    assert files(project.root / "data/raw/mine") == [
        "image/0.png",
        "image/roll/2.png",
        "mask/0.png",
        "mask/roll/2.png",
    ]


def test_the_flow_takes_converts_and_leaves_an_artifact(case: Case) -> None:
    inbox = drop(case, "IMG_0003.jpg", "IMG_0007.jpg", "new.json")
    done = subprocess.run(
        [sys.executable, "-m", "flows.inbox", "via", "--once", "--settled", "0"],
        cwd=case.project.root,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("via: 2 taken, 0 waiting, 0 quarantined; via: 10 samples (")
    found = artifacts(api_url(case.project))
    assert "- taken: photos/IMG_0003.jpg" in found["inbox-via"] and "convert-via" in found
    assert files(inbox) == ["taken/new.json"]
    shards = ShardSet.open(case.project.shards_dir("via"))
    assert {"IMG_0003", "IMG_0007"} <= {id for split in shards.splits for id in shards.split(split).ids}


def test_it_looks_again_and_again_until_stopped(case: Case) -> None:
    inbox = drop(case, "IMG_0003.jpg", "IMG_0007.jpg")
    command = [sys.executable, "-u", "-m", "flows.inbox", "via", "--every", "1", "--settled", "0"]
    with subprocess.Popen(
        command,
        cwd=case.project.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as looking:
        assert looking.stdout is not None
        assert looking.stdout.readline() == "via: 0 taken, 2 waiting, 0 quarantined\n"
        drop(case, "new.json")
        line = "waiting"
        while "waiting" in line and "0 waiting" not in line:
            line = looking.stdout.readline()
        looking.send_signal(signal.SIGINT)
        assert looking.wait(60) == 130
    assert line.startswith("via: 2 taken, 0 waiting, 0 quarantined; via: 10 samples (")
    assert files(inbox) == ["taken/new.json"]
