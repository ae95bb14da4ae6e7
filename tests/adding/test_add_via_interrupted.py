"""A change of a VIA source that was killed, or met links or a full disk: completed, or taken back."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from segdata.adding import add, remove
from segdata.errors import ConfigError, DataError, SegdataError
from tests.adding.cases import Case, read_json, tree, via_case
from tests.projects import REPOSITORY, convert, folder_bytes
from tests.small_disk import small_disk


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return via_case(tmp_path)


def test_links_into_a_cache_are_replaced_and_never_written_through(case: Case, tmp_path: Path) -> None:
    for number, kind in enumerate((os.link, os.symlink)):
        cached = tmp_path / f"cached-{number}"
        shutil.move(case.json, cached)
        before = cached.read_bytes()
        kind(cached, case.json)
        one = case.photos[number : number + 1]
        assert add(case.project, "via", one, case.new / "new.json").done
        assert cached.read_bytes() == before != case.json.read_bytes()
        assert not case.json.is_symlink() and case.json.stat().st_nlink == 1


KILL = """
import os, sys
from pathlib import Path
from segdata.adding import add, remove, transaction
from segdata.project import Project
left = [int(sys.argv[1])]
def counted(work):
    def step(*arguments, **named):
        if not left[0]:
            os._exit(9)
        left[0] -= 1
        return work(*arguments, **named)
    return step
Path.replace = counted(Path.replace)
new = Path(sys.argv[2])
if sys.argv[3] == "add":
    add(Project.find(), "via", sorted(new.glob("*.jpg")), new / "new.json")
else:
    remove(Project.find(), "via", ["IMG_0001", "IMG_0002"])
"""


@pytest.mark.parametrize("what", ["add", "remove"])
def test_a_killed_change_is_completed_or_taken_back_by_the_next(tmp_path: Path, what: str) -> None:
    case = via_case(tmp_path)
    pristine = tmp_path / "pristine"
    shutil.copytree(case.project.root, pristine)
    before = folder_bytes(case.root)
    reached, states = 0, set()
    for steps in range(40):
        shutil.rmtree(case.project.root)
        shutil.copytree(pristine, case.project.root)
        done = subprocess.run(
            [sys.executable, "-c", KILL, str(steps), str(case.new), what],
            cwd=case.project.root,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            break
        assert done.returncode == 9, done.stderr
        reached += 1
        with pytest.raises(SegdataError):  # whatever the next command is, it mends first
            remove(case.project, "via", ["nobody"])
        state = folder_bytes(case.root)
        states.add("old" if state == before else "new")
        assert len(read_json(case.json)) == len(list((case.root / "photos").iterdir()))
        assert not list(case.root.parent.glob(".*"))
    after = folder_bytes(case.root)
    assert states == {"old", "new"} and reached >= 5
    assert len(after) == len(before) + (2 if what == "add" else -2)


def test_a_dry_run_says_so_where_a_change_was_interrupted(case: Case) -> None:
    (case.root.parent / ".sample-via.adding/new").mkdir(parents=True)
    with pytest.raises(SegdataError, match="a change that was interrupted"):
        add(case.project, "via", case.photos, dry_run=True)
    assert add(case.project, "via", case.photos).said == (
        "an interrupted change had not begun: cleared away",
    )


def test_nothing_is_converted_while_a_change_waits_to_be_completed(case: Case) -> None:
    (case.root.parent / ".sample-via.adding/new").mkdir(parents=True)
    with pytest.raises(
        DataError, match=r"data/raw/sample-via: found a change by segdata add .*segdata add via"
    ):
        convert(case.project, "via")
    assert add(case.project, "via", []).said == ("an interrupted change had not begun: cleared away",)
    assert sum(convert(case.project, "via").samples.values()) == 8
    with pytest.raises(ConfigError, match="neither photos nor --annotations"):
        add(case.project, "via", [])


def test_a_full_disk_is_named_and_leaves_the_source_as_it_was(case: Case) -> None:
    disk = case.root.parent
    kept = disk.with_name("kept")
    disk.rename(kept)
    with small_disk(disk, "1m"):
        shutil.copytree(kept / case.root.name, case.root)
        before, filler = tree(case.root), disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        with pytest.raises(SegdataError, match=r"data/raw/sample-via: found .*No space left.*as it was"):
            add(case.project, "via", case.photos, case.new / "new.json")
        assert tree(case.root) == before
        assert sorted(path.name for path in disk.iterdir()) == ["filler", case.root.name]
        filler.unlink()
        assert len(add(case.project, "via", case.photos, case.new / "new.json").photos) == 2


def test_what_was_edited_since_a_change_was_killed_is_not_overwritten(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr("segdata.adding.transaction._carry_out", killed)
        add(case.project, "via", case.photos[:1], case.new / "new.json")
    was = case.json.read_bytes()
    case.json.write_bytes(was.replace(b"{", b"{ ", 1))
    edited = folder_bytes(case.root)
    with pytest.raises(SegdataError, match="found a file that was changed since a command was interrupted"):
        remove(case.project, "via", ["IMG_0001"])
    assert folder_bytes(case.root) == edited
    case.json.write_bytes(was)
    remove(case.project, "via", ["IMG_0001"])
    assert (case.root / "photos" / case.photos[0].name).exists(), "completed first"
