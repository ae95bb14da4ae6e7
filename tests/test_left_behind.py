"""A raw folder that stays behind when git brings a newer .dvc file: nothing is built on it, and nothing of others is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segdata.cli import main
from segdata.errors import DataError
from segdata.left_behind import all_left_behind, require_current
from tests.clones import Clone, new_photos, two_clones
from tests.flows.test_convert_flow import environment
from tests.projects import folder_bytes

pytestmark = pytest.mark.road

WORDS = (
    "data/raw/mine: found its photos as of commit {} (Eight streets), which data/raw/mine.dvc has left behind since; "
    "expected those that the file names. git checkout data/raw/mine.dvc, and dvc pull data/raw/mine.dvc: "
    "else what others added would be lost."
)


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ben has pulled with git what Anna did, and forgot dvc pull."""
    folder = tmp_path_factory.mktemp("pulled")
    anna, ben = two_clones(folder)
    anna.work(new_photos(folder / "new"), "roll_0001", edited="IMG_0002", gone="IMG_0003", message="Of Anna")
    anna.sh("git push -q")
    ben.sh("git pull -q")
    return folder


@pytest.fixture
def ben(pulled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    shutil.copytree(pulled, tmp_path / "pulled", symlinks=True)
    clone = Clone(tmp_path / "pulled/ben")
    config = clone.root / ".dvc/config"
    config.write_text(config.read_text().replace(str(pulled), str(tmp_path / "pulled")))
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    return clone


def segdata(clone: Clone, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(clone.root), *arguments])


def convert_by_flow(clone: Clone) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flows.convert", "mine"]
    return subprocess.run(
        command, cwd=clone.root, env=environment(), capture_output=True, text=True, check=False
    )


def test_no_command_builds_on_photos_that_git_has_left_behind(ben: Clone) -> None:
    words = WORDS.format(ben.sh("git rev-parse --short=7 HEAD~1").strip())
    before = folder_bytes(ben.raw) | {"dvc": (ben.root / "data/raw/mine.dvc").read_bytes()}
    new = ben.root.parent / "new"
    for arguments in (
        (
            "add",
            "mine",
            str(new / "photos/roll_0002.jpg"),
            "--annotations",
            str(new / "via_region_data.json"),
        ),
        ("remove", "mine", "IMG_0001"),
    ):
        done = segdata(ben, *arguments)
        assert (done.exit_code, done.stdout) == (2, "") and f"error: {words}" in done.stderr
    converted = convert_by_flow(ben)
    assert (converted.returncode, converted.stdout) == (2, "") and f"error: {words}" in converted.stderr
    assert folder_bytes(ben.raw) | {"dvc": (ben.root / "data/raw/mine.dvc").read_bytes()} == before


def test_nor_after_dvc_has_written_them_over_the_newer_and_as_it_says_all_is_well_again(ben: Clone) -> None:
    newer = (ben.root / "data/raw/mine.dvc").read_bytes()
    ben.dvc("add -q data/raw/mine")  # what `dvc repro` does first
    assert (ben.root / "data/raw/mine.dvc").read_bytes() != newer
    with pytest.raises(DataError, match="Eight streets"):
        require_current(ben.project, "mine")
    assert all_left_behind(ben.project) == ["data/raw/mine"]
    ben.sh("git checkout -q data/raw/mine.dvc; dvc pull -q data/raw/mine.dvc")
    assert (ben.root / "data/raw/mine.dvc").read_bytes() == newer
    assert "roll_0001" in ben.regions()
    require_current(ben.project, "mine")
    require_current(ben.project, "mine", edited=True)
    assert all_left_behind(ben.project) == []


def test_who_goes_back_to_the_old_ones_may(ben: Clone) -> None:
    ben.sh("dvc add -q data/raw/mine; git add data/raw/mine.dvc")
    require_current(ben.project, "mine")
    require_current(ben.project, "mine", edited=True)


def test_edits_are_none_and_neither_is_what_segdata_takes_back_itself(ben: Clone) -> None:
    ben.sh("dvc pull -q data/raw/mine.dvc")
    committed = (ben.root / "data/raw/mine.dvc").read_bytes()
    new = ben.root.parent / "new"
    adding = (
        "add",
        "mine",
        str(new / "photos/roll_0002.jpg"),
        "--annotations",
        str(new / "via_region_data.json"),
    )
    assert segdata(ben, *adding).exit_code == 0
    require_current(ben.project, "mine")
    ben.sh("git add -A; git commit -qm 'One more'")
    assert segdata(ben, "remove", "mine", "roll_0002").exit_code == 0
    assert (ben.root / "data/raw/mine.dvc").read_bytes() == committed, "as in the commit before"
    require_current(ben.project, "mine")
    require_current(ben.project, "mine", edited=True)
    (ben.root / ".segdata/meant/data%2Fraw%2Fmine.dvc").unlink()  # as if by hand, or by DVC
    with pytest.raises(DataError, match="Of Anna"):
        require_current(ben.project, "mine")
    (ben.raw / "photos/IMG_0001.jpg").write_bytes(b"edited")
    require_current(ben.project, "mine")
    ben.sh("dvc add -q data/raw/mine; git stash -q; git stash apply -q")
    ben.sh("git update-ref refs/exps/aa/bb/mine stash@{0}")
    require_current(ben.project, "mine")


def test_without_git_or_a_dvc_file_nobody_can_say(ben: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        require_current(ben.project, "mine")
    (ben.root / "data/raw/mine.dvc").unlink()
    require_current(ben.project, "mine")
