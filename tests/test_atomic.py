from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest

from segdata.atomic import only_one, replace_file, replace_folder, replace_scratch
from segdata.errors import SegdataError
from tests.projects import REPOSITORY


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a" / "file"
    with replace_file(path) as temporary:
        temporary.write_text("one")
    with contextlib.suppress(RuntimeError), replace_file(path) as temporary:
        temporary.write_text("tw")
        raise RuntimeError
    assert path.read_text() == "one"
    assert [found.name for found in path.parent.iterdir()] == ["file"]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    for text in ("one", "two"):
        with replace_folder(path) as temporary:
            (temporary / text).write_text(text)
    with contextlib.suppress(RuntimeError), replace_folder(path) as temporary:
        (temporary / "three").write_text("three")
        raise RuntimeError
    assert [found.name for found in path.iterdir()] == ["two"]
    assert [found.name for found in tmp_path.iterdir()] == ["folder"]


def test_a_folder_set_aside_by_a_killed_run_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    with replace_folder(path) as temporary:
        (temporary / "one").write_text("one")
    path.rename(tmp_path / ".folder.old")  # killed before the new folder took the name
    with contextlib.suppress(RuntimeError), replace_folder(path):
        raise RuntimeError
    assert (path / "one").read_text() == "one"


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    with (
        only_one(tmp_path / "lock", "convert via"),
        pytest.raises(SegdataError, match="convert via: found another process"),
        only_one(tmp_path / "lock", "convert via"),
    ):
        pass
    with only_one(tmp_path / "lock", "convert via"):
        pass


def test_scratch_files_are_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "notes" / "a"
    with replace_scratch(path) as temporary:
        temporary.write_bytes(b"old")
    with contextlib.suppress(RuntimeError), replace_scratch(path) as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert [one.name for one in path.parent.iterdir()] == ["a"]
    assert path.stat().st_mode & 0o777 == 0o644, "others read it too"


def test_what_a_killed_command_leaves_beside_the_raw_folders_is_nothing_for_git(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    raw = tmp_path / "data/raw"
    with replace_file(raw / "mine.dvc") as file, replace_folder(raw / "mine") as folder:
        (folder / "photo").write_text("whole")
        asked = ["git", "status", "--porcelain", "--untracked-files=all"]
        said = subprocess.run(asked, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
        assert file.exists() and said == "?? .gitignore\n"
