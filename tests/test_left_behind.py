"""A raw folder that stays behind when git brings a newer .dvc file: nothing is built on it, and nothing of others is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segdata.cli import main
from segdata.errors import DataError
from segdata.git import find_commit
from segdata.left_behind import all_left_behind, require_current
from tests.clones import Clone, new_photos, two_clones
from tests.flows.test_convert_flow import environment
from tests.merging.cases import copy_of, take_a_region
from tests.projects import folder_bytes

pytestmark = pytest.mark.road

WORDS = (
    "data/raw/mine: found the photos of commit {} (Eight streets), and data/raw/mine.dvc in git's index is of another one; "
    "expected those that it names there. git checkout data/raw/mine.dvc, and dvc pull data/raw/mine.dvc, "
    "puts them there in place of these: else what others added would be lost."
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
    return copy_of(pulled, tmp_path, monkeypatch)


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
        ("group", "mine"),
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
    assert all_left_behind(ben.project) == []


def test_who_goes_back_to_the_old_ones_may(ben: Clone) -> None:
    ben.sh("dvc add -q data/raw/mine; git add data/raw/mine.dvc")
    require_current(ben.project, "mine")


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
    (ben.root / ".segdata/meant/data%2Fraw%2Fmine.json").unlink()  # as if by hand, or by DVC
    with pytest.raises(DataError, match="Of Anna"):
        require_current(ben.project, "mine")
    take_a_region(ben, "IMG_0001")
    ben.sh("dvc add -q data/raw/mine")
    require_current(ben.project, "mine")
    ben.sh("git stash -q; git stash apply -q")
    ben.sh("git update-ref refs/exps/aa/bb/mine stash@{0}")
    require_current(ben.project, "mine")


def test_what_segdata_wrote_before_a_pull_is_not_meant_after_it(pulled: Path, tmp_path: Path) -> None:
    anna, ben = two_clones(tmp_path)
    new = new_photos(tmp_path / "new")
    adding = ("--annotations", str(new / "via_region_data.json"))
    assert segdata(ben, "add", "mine", str(new / "photos/roll_0002.jpg"), *adding).exit_code == 0
    ben.sh("dvc push -q; git commit -qam 'Of Ben'; git push -q -u origin main")
    anna.sh("git pull -q origin main; dvc pull -q data/raw/mine.dvc")
    anna.work(new, "roll_0001", edited="IMG_0002", gone="IMG_0003", message="Of Anna")
    anna.sh("git push -q")
    ben.sh("git pull -q")
    for step in ("true", "dvc add -q data/raw/mine"):
        ben.sh(step)
        with pytest.raises(DataError, match="Of Ben"):
            require_current(ben.project, "mine")


def test_a_version_that_a_merge_has_dropped_is_known_too(ben: Clone) -> None:
    """Ben committed his own, and took theirs where git stopped: the history of the file alone does not show his."""
    ben.sh("git reset -q --hard HEAD~1")
    take_a_region(ben, "IMG_0004")
    ben.sh("dvc add -q data/raw/mine; git commit -qam 'Of Ben'; git merge -q origin/main && exit 1 || true")
    ben.sh("git checkout -q --theirs data/raw/mine.dvc dvc.lock; git add -A; git commit -qm Merged")
    with pytest.raises(DataError, match="Of Ben"):
        require_current(ben.project, "mine")


def test_an_edit_that_weighs_as_much_as_an_older_version_is_no_older_version(ben: Clone) -> None:
    ben.sh("dvc pull -q data/raw/mine.dvc")
    path = ben.raw / "via_region_data.json"
    before = path.read_text()
    path.write_text(before + " ")
    ben.sh("dvc add -q data/raw/mine; git commit -qam 'A blank'")
    path.write_text("\n" + before[:-1] + before[-1])  # as long as with the blank
    require_current(ben.project, "mine")
    path.write_text(before.replace("1", "2", 1))  # as long as Anna's
    require_current(ben.project, "mine")
    path.write_text(before)
    with pytest.raises(DataError, match="Of Anna"):
        require_current(ben.project, "mine")


def test_any_subject_and_signatures_are_read(ben: Clone) -> None:
    ben.sh("git config log.showSignature true; git commit -q --allow-empty -m $'A form\\x0cfeed'")
    assert find_commit(ben.root, "HEAD").subject == "A form\x0cfeed"
    with pytest.raises(DataError, match="Eight streets"):
        require_current(ben.project, "mine")


def test_without_git_or_a_dvc_file_nobody_can_say(ben: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        require_current(ben.project, "mine")
    (ben.root / "data/raw/mine.dvc").unlink()
    require_current(ben.project, "mine")
