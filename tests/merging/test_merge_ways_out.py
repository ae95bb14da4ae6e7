"""Where segdata merge cannot do its work it names the way out, and that way leads out."""

from __future__ import annotations

import shutil

import pytest

from tests.clones import Clone
from tests.docs.pages import blocks
from tests.merging.cases import merge
from tests.projects import folder_bytes

pytestmark = pytest.mark.road
MERGE = "git merge -q origin/main && exit 1 || true"
ANEW = (
    "expected the one that git merge left. "
    "To merge anew: git merge --abort, dvc checkout --force data/raw/mine.dvc, and merge again.\n"
)
MERGED = f"error: data/raw/mine.dvc: found no conflict any more: the folder is merged already; {ANEW}"


@pytest.mark.parametrize("lacking", ["the folder", "the file that both edited"])
def test_a_clone_that_lacks_the_data_is_told_how_to_get_it(ben: Clone, lacking: str) -> None:
    ben.sh("git merge --abort")
    ben.dvc("push -q")
    whole = folder_bytes(ben.raw)
    ben.sh(MERGE)
    shutil.rmtree(ben.root / ".dvc/cache/files")
    if lacking == "the folder":
        shutil.rmtree(ben.raw)
        said = "data/raw/mine: found no such folder; expected it as you committed it"
    else:
        (ben.raw / "via_region_data.json").unlink()
        said = (
            "via_region_data.json: found no such file; 1 file of your own commit not there; "
            "expected mine as you committed it"
        )
    done = merge(ben)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: {said}. git merge --abort, dvc pull data/raw/mine.dvc, and merge again.\n"
    )
    ben.sh("git merge --abort")
    ben.dvc("pull -q data/raw/mine.dvc")
    assert folder_bytes(ben.raw) == whole
    ben.sh(MERGE)
    done = merge(ben)
    assert (done.exit_code, done.stderr.count("IMG_000")) == (1, 2)


def test_a_merge_that_is_done_is_not_told_as_a_conflict(alike: Clone) -> None:
    assert merge(alike, "--prefer", "theirs").exit_code == 0
    merged = folder_bytes(alike.raw)
    for more in ((), ("--prefer", "ours")):
        done = merge(alike, *more)
        assert (done.exit_code, done.stdout, done.stderr) == (2, "", MERGED)
        assert folder_bytes(alike.raw) == merged
    assert merge(alike, "--prefer", "theirs").exit_code == 0, "the same again"
    alike.sh("git merge --abort")
    alike.dvc("checkout -q --force data/raw/mine.dvc")
    alike.sh(MERGE)
    assert merge(alike, "--prefer", "ours").exit_code == 0
    assert folder_bytes(alike.raw) != merged


def test_a_folder_that_was_settled_by_hand_is_told_so(alike: Clone) -> None:
    alike.sh("git checkout -q --theirs data/raw/mine.dvc dvc.lock")
    done = merge(alike)
    assert (done.exit_code, done.stderr) == (
        2,
        f"error: data/raw/mine.dvc: found no conflict any more: the folder is settled as theirs already; {ANEW}",
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "rebase",
            "git rebase --abort, git merge what you were rebasing onto (origin/main), and run it again.",
        ),
        (
            "rebase --apply",
            "git rebase --abort, git merge what you were rebasing onto (origin/main), and run it again.",
        ),
        (
            "cherry-pick",
            "git cherry-pick --abort, git merge the branch that has this commit, and run it again.",
        ),
    ],
)
def test_what_is_open_instead_of_a_merge_is_named(ben: Clone, command: str, said: str) -> None:
    ben.sh("git merge --abort; git commit -qam 'Where the remote is'")  # git rebases clean trees alone
    ben.sh(f"git {command} origin/main && exit 1 || true")
    done, name = merge(ben), command.split()[0]
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: segdata merge: found a git {name} that stands open; expected a git merge. {said}\n"
    )
    ben.sh(f"git {name} --abort; {MERGE}")
    assert merge(ben).exit_code == 1


def test_of_a_revert_only_the_way_back_is_told(ben: Clone) -> None:
    ben.sh("git merge --abort; git revert --no-edit HEAD~1 && exit 1 || true")
    assert merge(ben).stderr == (
        "error: segdata merge: found a git revert that stands open; expected a git merge. "
        "git revert --abort first: only a git merge has the sides that it compares.\n"
    )


def test_where_git_has_merged_by_itself_dvc_brings_the_photos(ben: Clone) -> None:
    ben.sh(
        "git merge --abort; git checkout -q -b behind HEAD~2; dvc checkout -q --force; git merge -q origin/main"
    )
    done = merge(ben)
    assert done.exit_code == 2
    assert done.stderr == (
        "error: segdata merge: found no merge that stands open; expected one. git merge origin/main first. "
        "Where git has merged by itself, there is nothing to merge: "
        "dvc pull data/raw/mine.dvc brings what came with it, before dvc repro.\n"
    )
    ben.dvc("pull -q data/raw/mine.dvc")
    assert (ben.raw / "photos/roll_0001.jpg").is_file() and not (ben.raw / "photos/IMG_0003.jpg").exists()


def test_a_photo_that_was_taken_out_goes_in_again_as_the_page_says(ben: Clone) -> None:
    ben.sh("git merge --abort; git reset -q --hard HEAD~2; dvc checkout -q --force")  # as both began
    before, regions = folder_bytes(ben.raw / "photos"), ben.regions()["IMG_0002"]
    ben.sh(f"segdata remove mine IMG_0002; git commit -qam 'Not that one'; {MERGE}")
    done = merge(ben)
    assert done.exit_code == 1 and "'IMG_0002.jpg3252' removed by you, changed by them\n" in done.stderr
    ben.sh("git merge --abort")
    (page,) = [one for one in blocks("docs/how-to/team.md", "text") if "kept=" in one]
    (kept,) = (ben.root / ".segdata/removed").iterdir()
    ben.sh(page.replace("20261129T204551Z", kept.name))
    assert folder_bytes(ben.raw / "photos") == before
    ben.sh(f"git commit -qam 'That one too'; {MERGE}")
    assert merge(ben).exit_code == 0
    assert ben.regions()["IMG_0002"] == regions + 1, "as Anna edited it"
