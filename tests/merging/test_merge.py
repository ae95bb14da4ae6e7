"""Two clones whose work on one raw folder meets: what is taken, what is asked, and what stops a merge before it begins."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segdata.cli import main
from segdata.project import Project
from tests.clones import Clone, new_photos, two_clones
from tests.projects import folder_bytes

pytestmark = pytest.mark.road


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ben's clone where `git merge` has stopped: Anna took out a photo whose entry he edited, and both edited another."""
    folder = tmp_path_factory.mktemp("met")
    anna, ben = two_clones(folder)
    new = new_photos(folder / "new")
    anna.work(new, "roll_0001", edited="IMG_0002", gone="IMG_0003", message="Of Anna")
    anna.sh("git push -q")
    ben.work(new, "roll_0002", edited="IMG_0003", gone="IMG_0006", message="Of Ben")
    take_a_region(ben, "IMG_0002")
    ben.dvc("add -q data/raw/mine")
    ben.sh("git commit -qam 'IMG_0002 too'; git fetch -q; git merge -q origin/main && exit 1 || true")
    return folder


@pytest.fixture
def ben(met: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    shutil.copytree(met, tmp_path / "met", symlinks=True)
    ben = Clone(tmp_path / "met/ben")
    config = ben.root / ".dvc/config"
    config.write_text(config.read_text().replace(str(met), str(tmp_path / "met")))
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    return ben


def take_a_region(clone: Clone, photo: str) -> None:
    path = clone.raw / "via_region_data.json"
    entries = json.loads(path.read_text())
    (entry,) = [one for one in entries.values() if one["filename"] == f"{photo}.jpg"]
    entry["regions"].pop()
    path.write_text(json.dumps(entries))


def merge(clone: Clone, *more: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(clone.root), "merge", "mine", *more])


def state(clone: Clone) -> dict[str, object]:
    texts = {name: (clone.root / name).read_bytes() for name in ("data/raw/mine.dvc", "dvc.lock")}
    return texts | folder_bytes(clone.raw) | {"index": clone.sh("git status --porcelain")}


def keys_of(clone: Clone) -> dict[str, str]:
    """Photo → key of its entry."""
    entries = json.loads((clone.raw / "via_region_data.json").read_text())
    return {one["filename"].removesuffix(".jpg"): key for key, one in entries.items()}


def test_nothing_is_done_where_a_person_must_decide(ben: Clone) -> None:
    before, keys = state(ben), keys_of(ben)
    assert b"<<<<<<<" in before["data/raw/mine.dvc"] and b"<<<<<<<" in before["dvc.lock"]  # type: ignore[operator]
    done = merge(ben)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"  via_region_data.json: '{keys['IMG_0002']}' changed by both: nothing was done\n"
        f"  via_region_data.json: '{keys['IMG_0003']}' changed by both: nothing was done\n"
        "mine: 2 conflicts: give --prefer ours or --prefer theirs, for all of them; what the other side did there, do again by "
        "hand\n"
    )
    assert state(ben) == before


@pytest.mark.parametrize("prefer", ["ours", "theirs"])
def test_who_is_preferred_decides_and_the_rest_is_of_both(ben: Clone, prefer: str) -> None:
    mine, keys = ben.regions(), keys_of(ben)
    done = merge(ben, "--prefer", prefer)
    assert done.exit_code == 0, done.output
    whose = "yours" if prefer == "ours" else "theirs"
    assert f"  via_region_data.json: '{keys['IMG_0002']}' changed by both: {whose} taken\n" in done.stderr
    now = ben.regions()
    assert now.keys() == mine.keys() - ({"IMG_0003"} if prefer == "theirs" else set()) | {"roll_0001"}
    assert now["IMG_0002"] == mine["IMG_0002"] + 2 * (prefer == "theirs")  # he took one out, she put one in
    # her photo is gone either way: she removed it, and he changed its entry alone
    photos = {path.stem for path in (ben.raw / "photos").iterdir()}
    assert photos == mine.keys() - {"IMG_0003"} | {"roll_0001"}
    assert "<<<<" not in (ben.root / "data/raw/mine.dvc").read_text() + (ben.root / "dvc.lock").read_text()
    assert ben.sh("git show MERGE_HEAD:dvc.lock") == (ben.root / "dvc.lock").read_text()
    assert "Data and pipelines are up to date." in ben.sh("dvc status data/raw/mine.dvc")


def test_a_merge_that_was_killed_comes_to_the_same(
    ben: Clone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "undisturbed"
    shutil.copytree(ben.root, other, symlinks=True)
    assert merge(Clone(other), "--prefer", "theirs").exit_code == 0

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for module, name in (
        ("segdata.adding.transaction", "_carry_out"),
        ("segdata.merging.merge", "update_pointer"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(sys.modules[module], name, killed)
            assert merge(ben, "--prefer", "theirs").exit_code != 0
    done = merge(ben, "--prefer", "theirs")
    assert done.exit_code == 0, done.output
    assert folder_bytes(ben.raw) == folder_bytes(other / "data/raw/mine")
    assert (ben.root / "data/raw/mine.dvc").read_bytes() == (other / "data/raw/mine.dvc").read_bytes()


@pytest.mark.parametrize("photo", ["IMG_0003", "IMG_0004"], ids=["a photo that they removed", "one of ours"])
def test_a_folder_that_is_not_as_it_was_committed_is_left_alone(ben: Clone, photo: str) -> None:
    path = ben.raw / f"photos/{photo}.jpg"
    if photo == "IMG_0003":
        path.write_bytes(path.read_bytes() + b"x")
    else:
        path.unlink()
    before = state(ben)
    done = merge(ben, "--prefer", "ours")
    assert done.exit_code == 2 and f"photos/{photo}.jpg" in done.stderr
    assert "git merge --abort" in done.stderr
    assert state(ben) == before


def test_what_they_did_not_push_is_named(ben: Clone) -> None:
    shutil.rmtree(ben.root.parent / "store")
    before = state(ben)
    done = merge(ben, "--prefer", "ours")
    assert done.exit_code == 2
    assert "dvc push" in done.stderr
    assert state(ben) == before


def test_without_an_open_merge_there_is_nothing_to_merge(ben: Clone) -> None:
    ben.sh("git merge --abort")
    done = merge(ben)
    assert done.exit_code == 2
    assert done.stderr == (
        "error: segdata merge: found no merge that stands open; expected one. git merge origin/main first.\n"
    )
    assert merge(Clone(Project(ben.root).root), "--prefer", "ours").exit_code == 2
