"""Merges that are killed, given up, ended, or refused: nothing is lost, half done or called merged."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from segdata.cli import main
from segdata.merging import fetching
from tests.clones import Clone
from tests.merging.cases import merge, state, take_a_region
from tests.projects import folder_bytes

pytestmark = pytest.mark.road


def test_a_merge_that_was_killed_comes_to_the_same(
    alike: Clone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "undisturbed"
    shutil.copytree(alike.root, other, symlinks=True)
    assert merge(Clone(other), "--prefer", "theirs").exit_code == 0

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for module, name in (("segdata.adding.transaction", "_carry_out"), ("segdata.merging.merge", "add")):
        with monkeypatch.context() as patch:
            patch.setattr(sys.modules[module], name, killed)
            assert merge(alike, "--prefer", "theirs").exit_code != 0
        assert "<<<<<<<" in (alike.root / "data/raw/mine.dvc").read_text(), "nobody takes it for merged"
    done = merge(alike, "--prefer", "theirs")
    assert done.exit_code == 0, done.output
    assert folder_bytes(alike.raw) == folder_bytes(other / "data/raw/mine")
    assert (alike.root / "data/raw/mine.dvc").read_bytes() == (other / "data/raw/mine.dvc").read_bytes()


def test_a_merge_that_was_killed_and_given_up_is_completed_by_nobody(
    alike: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["segdata.adding.transaction"], "_carry_out", killed)
        assert merge(alike, "--prefer", "theirs").exit_code != 0
    alike.sh("git merge --abort")
    take_a_region(alike, "IMG_0001")
    edited = folder_bytes(alike.raw)
    done = CliRunner().invoke(main, ["--project", str(alike.root), "remove", "mine", "IMG_0008"])
    assert done.exit_code == 2 and "found a segdata merge that was interrupted" in done.stderr
    assert folder_bytes(alike.raw) == edited
    shutil.rmtree(alike.raw.with_name(".mine.adding"))  # as it says
    assert (
        CliRunner().invoke(main, ["--project", str(alike.root), "remove", "mine", "IMG_0008"]).exit_code == 0
    )


def test_until_all_is_there_that_it_needs_not_a_byte_is_changed(
    alike: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What kills it while DVC fetches, which takes the longest, leaves all as it was, the marks of the conflict too."""
    python, before, seen = fetching._python, state(alike), []

    def seeing(root: Path, *arguments: str) -> Any:
        done = python(root, *arguments)
        if "-c" in arguments:
            seen.append(state(alike))
        return done

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "_python", seeing)
        assert merge(alike, "--prefer", "ours").exit_code == 0
    assert seen and all(one == before for one in seen)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_what_ends_a_merge_politely_while_dvc_reads_leaves_the_conflict_for_all_to_see(
    alike: Clone, monkeypatch: pytest.MonkeyPatch, ending: signal.Signals
) -> None:
    before = (alike.root / "data/raw/mine.dvc").read_bytes()
    python = fetching._python

    def ended(root: Path, *arguments: str) -> Any:
        if "add" in arguments:
            assert (alike.root / "data/raw/mine.dvc").read_bytes() != before
            os.kill(os.getpid(), ending)
        return python(root, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "_python", ended)
        assert merge(alike, "--prefer", "ours").exit_code == 128 + ending
    assert signal.getsignal(ending) is signal.SIG_DFL
    assert (alike.root / "data/raw/mine.dvc").read_bytes() == before and b"<<<<<<<" in before
    assert merge(alike, "--prefer", "ours").exit_code == 0


def test_where_dvc_cannot_add_nothing_is_called_merged(alike: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    python = fetching._python

    def failing(root: Path, *arguments: str) -> Any:
        if "add" not in arguments:
            return python(root, *arguments)
        return subprocess.CompletedProcess(arguments, 1, "", "ERROR: no room")

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "_python", failing)
        done = merge(alike, "--prefer", "ours")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "dvc add data/raw/mine: found exit code 1 (ERROR: no room)" in done.stderr
    assert "<<<<<<<" in (alike.root / "data/raw/mine.dvc").read_text()
    assert merge(alike, "--prefer", "ours").exit_code == 0


def test_a_damaged_cache_and_a_file_that_changes_meanwhile_stop_it(
    alike: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(alike)
    work = sys.modules["segdata.merging.work"]
    with monkeypatch.context() as patch:
        patch.setattr(work, "_md5_of", lambda place: "0" * 32)
        done = merge(alike, "--prefer", "ours")
        assert done.exit_code == 2 and "other bytes in DVC's cache" in done.stderr
    assert state(alike) == before
    with monkeypatch.context() as patch:
        patch.setattr(work, "file_digest", lambda path: "0" * 64)
        done = merge(alike, "--prefer", "ours")
        assert done.exit_code == 2 and "a file that changed meanwhile" in done.stderr
    assert state(alike) == before


@pytest.mark.parametrize("photo", ["IMG_0003", "IMG_0004"], ids=["a photo that they removed", "one of ours"])
def test_a_folder_that_is_not_as_it_was_committed_is_left_alone(alike: Clone, photo: str) -> None:
    path = alike.raw / f"photos/{photo}.jpg"
    if photo == "IMG_0003":
        path.write_bytes(path.read_bytes() + b"x")
    else:
        path.unlink()
    before = state(alike)
    done = merge(alike, "--prefer", "ours")
    assert done.exit_code == 2 and f"photos/{photo}.jpg" in done.stderr
    assert "git merge --abort" in done.stderr
    assert state(alike) == before


def test_what_they_did_not_push_is_named(ben: Clone) -> None:
    shutil.rmtree(ben.root.parent / "store")
    before = state(ben)
    done = merge(ben, "--prefer", "ours")
    assert done.exit_code == 2
    assert "dvc push" in done.stderr
    assert state(ben) == before


def test_what_lacks_is_fetched_from_where_the_remote_is_now(ben: Clone) -> None:
    """Its address is relative, and another one than in the commits."""
    (ben.root.parent / "store").rename(ben.root.parent / "moved")
    ben.sh("dvc config --local remote.store.url ../moved")
    before = folder_bytes(ben.root / ".dvc/cache").keys()
    done = merge(ben, "--prefer", "ours")
    assert done.exit_code == 1
    assert done.stderr.startswith(
        "  via_region_data.json: 'IMG_0003.jpg3058' changed by you, removed by them\n"
    )
    assert before < folder_bytes(ben.root / ".dvc/cache").keys()


def test_another_folder_that_git_alone_has_merged_is_to_be_pulled(alike: Clone) -> None:
    """Its .dvc file is theirs, and its files are still ours: the next dvc repro would write them over it."""
    other = alike.root / "data/raw/other"
    other.mkdir()
    (other / "ours.txt").write_text("ours\n")
    text = "outs:\n- md5: {}.dir\n  size: {}\n  nfiles: {}\n  hash: md5\n  path: other\n"
    (alike.root / "ours.dvc").write_text(text.format("a" * 32, 5, 1))
    listing = alike.root / ".dvc/cache/files/md5/aa" / f"{'a' * 30}.dir"
    listing.parent.mkdir(exist_ok=True)
    listing.write_text(json.dumps([{"md5": hashlib.md5(b"ours\n").hexdigest(), "relpath": "ours.txt"}]))
    other.with_suffix(".dvc").write_text(text.format("b" * 32, 12, 2))
    alike.sh(
        "git add data/raw/other.dvc; export GIT_INDEX_FILE=$PWD/.git/another; "
        "git update-index --add --cacheinfo 100644,$(git hash-object -w ours.dvc),data/raw/other.dvc; "
        "git branch before $(git commit-tree $(git write-tree) -m 'As it was'); rm ours.dvc"
    )
    done = merge(alike, "--prefer", "ours")
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith(
        "mine: merged\n"
        "  merged by git alone, and not here yet: data/raw/other\n"
        "  then: dvc pull data/raw/other.dvc, dvc repro, git add -A, git commit, dvc push, git push\n"
    )
