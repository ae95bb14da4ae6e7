"""Two clones whose work on one raw folder meets: what is taken, and what is asked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from segdata.errors import ConfigError
from segdata.git import open_merge
from segdata.project import Project
from tests.clones import Clone, two_clones
from tests.merging.cases import keys_of, merge, state

pytestmark = pytest.mark.road


def test_nothing_is_done_where_a_person_must_decide(ben: Clone) -> None:
    before, keys = state(ben), keys_of(ben)
    assert b"<<<<<<<" in before["data/raw/mine.dvc"] and b"<<<<<<<" in before["dvc.lock"]  # type: ignore[operator]
    gone = f"  via_region_data.json: '{keys['IMG_0003']}' changed by you, removed by them\n"
    edited = f"  via_region_data.json: '{keys['IMG_0002']}' changed by both (--prefer decides)\n"
    both = (
        "mine: 2 conflicts; nothing was done. --prefer ours or --prefer theirs decides 1 of them, as marked; "
        "the other is for you to decide first: docs/how-to/team.md says how.\n"
    )
    one = "mine: 1 conflict; nothing was done. It is for you to decide: docs/how-to/team.md says how.\n"
    for more, said in (
        ((), gone + edited + both),
        (("--prefer", "ours"), gone + one),
        (("--prefer", "theirs"), gone + one),
    ):
        done = merge(ben, *more)
        assert (done.exit_code, done.stdout, done.stderr) == (1, "", said)
        assert state(ben) == before


@pytest.mark.parametrize("prefer", ["ours", "theirs"])
def test_who_is_preferred_decides_and_the_rest_is_of_both(alike: Clone, prefer: str) -> None:
    mine, keys = alike.regions(), keys_of(alike)
    done = merge(alike)
    assert (done.exit_code, done.stderr) == (
        1,
        f"  via_region_data.json: '{keys['IMG_0002']}' changed by both\n"
        "mine: 1 conflict; nothing was done. --prefer ours or --prefer theirs decides it.\n",
    )
    done = merge(alike, "--prefer", prefer)
    assert (done.exit_code, done.stderr) == (0, "")
    whose = "yours" if prefer == "ours" else "theirs"
    assert f"  via_region_data.json: '{keys['IMG_0002']}', changed by both: {whose} taken\n" in done.stdout
    now = alike.regions()
    assert now.keys() == mine.keys() - {"IMG_0003"} | {"roll_0001"}
    assert now["IMG_0002"] == mine["IMG_0002"] + 2 * (prefer == "theirs")  # he took one out, she put one in
    photos = {path.stem for path in (alike.raw / "photos").iterdir()}
    assert photos == now.keys()
    assert (
        "<<<<" not in (alike.root / "data/raw/mine.dvc").read_text() + (alike.root / "dvc.lock").read_text()
    )
    assert alike.sh("git show MERGE_HEAD:dvc.lock") == (alike.root / "dvc.lock").read_text()
    assert "Data and pipelines are up to date." in alike.sh("dvc status data/raw/mine.dvc")


def test_a_conflict_of_another_folder_is_no_obstacle_and_stays(alike: Clone) -> None:
    other = alike.root / "data/raw/other.dvc"
    text = "outs:\n- md5: {}.dir\n  hash: md5\n  path: other\n"
    ours, theirs = (text.format(digit * 32) for digit in "ab")
    alike.sh("git merge --abort")
    other.write_text(ours)
    alike.sh("git add -A; git commit -qm other; git checkout -q -b theirs origin/main")
    other.write_text(theirs)
    alike.sh("git add -A; git commit -qm other; git checkout -q main; git merge -q theirs && exit 1 || true")
    marked = other.read_text()
    assert "<<<<<<<" in marked
    done = merge(alike, "--prefer", "ours")
    assert done.exit_code == 0, done.output
    assert "still to be merged: data/raw/other.dvc" in done.stdout
    assert other.read_text() == marked


def test_what_one_side_removed_and_the_other_changed_stands_open_and_is_named(alike: Clone) -> None:
    alike.sh(
        "git merge --abort; git checkout -q -b theirs origin/main; git rm -q pipelines/notes.yaml; git commit -qm gone"
    )
    alike.sh(
        "git checkout -q main; echo '# mine' >> pipelines/notes.yaml; git commit -qam mine; rm -f dvc.lock; git checkout -q ."
    )
    alike.sh("git merge -q theirs && exit 1 || true; rm -f pipelines/notes.yaml")
    done = merge(alike, "--prefer", "ours")
    assert done.exit_code == 0, done.output
    assert "  still to be merged: pipelines/notes.yaml\n" in done.stdout


def test_a_file_of_one_and_a_folder_of_the_other_are_a_conflict(alike: Clone) -> None:
    alike.sh("git merge --abort; git checkout -q -b theirs origin/main; dvc checkout -q || dvc pull -q")
    (alike.raw / "notes").mkdir()
    (alike.raw / "notes/may.txt").write_text("theirs")
    alike.dvc("add -q data/raw/mine")
    alike.sh("git add -A; git commit -qm notes; git checkout -q main; dvc checkout -q")
    (alike.raw / "notes").write_text("ours")
    alike.dvc("add -q data/raw/mine")
    alike.sh("git add -A; git commit -qm notes; git merge -q theirs && exit 1 || true")
    before = state(alike)
    done = merge(alike, "--prefer", "ours")
    assert done.exit_code == 1
    assert "  notes: a file by one of you, and a folder by the other (notes/may.txt)\n" in done.stderr
    assert state(alike) == before


def test_merges_of_three_sides_or_from_two_starts_are_refused(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.sh(
        "git init -q -b main; git commit -q --allow-empty -m a; git checkout -q -b b; git commit -q --allow-empty -m b; "
        "git checkout -q -b c main; git commit -q --allow-empty -m c; git checkout -q main; "
        "git commit -q --allow-empty -m d; git merge -q --no-commit --no-ff b c"
    )
    with pytest.raises(ConfigError, match="found 3 sides"):
        open_merge(tmp_path)
    clone.sh(
        "git merge --abort; git merge -q b -m m1; git checkout -q b; git merge -q main~1 -m m2; git checkout -q main"
    )
    clone.sh("git merge -q --no-commit --no-ff b")
    with pytest.raises(ConfigError, match="found 2 sides that have 2 commits in common"):
        open_merge(tmp_path)
    clone.sh("git merge --abort")
    assert open_merge(tmp_path) is None


def test_without_an_open_merge_there_is_nothing_to_merge(ben: Clone) -> None:
    ben.sh("git merge --abort")
    done = merge(ben)
    assert done.exit_code == 2
    assert done.stderr == (
        "error: segdata merge: found no merge that stands open; expected one. git merge origin/main first. "
        "Where git has merged by itself, there is nothing to merge: "
        "dvc pull data/raw/mine.dvc brings what came with it, before dvc repro.\n"
    )
    assert merge(Clone(Project(ben.root).root), "--prefer", "ours").exit_code == 2


def test_whom_one_prefers_does_not_decide_about_two_photos_of_one_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    anna, ben = two_clones(tmp_path, "voc")
    for clone, content in ((anna, b"hers"), (ben, b"his")):
        (clone.raw / "JPEGImages/street.jpg").write_bytes(content)
        clone.dvc("add -q data/raw/mine", "push -q")
        clone.sh("git add -A; git commit -qm street")
    anna.sh("git push -q")
    ben.sh("git fetch -q; git merge -q origin/main && exit 1 || true")
    done = merge(ben, "--prefer", "theirs")
    assert done.exit_code == 1
    assert "  JPEGImages/street.jpg: added by both, each otherwise\n" in done.stderr
    assert (ben.raw / "JPEGImages/street.jpg").read_bytes() == b"his"


def test_a_photo_that_each_put_into_another_list_is_a_conflict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    anna, ben = two_clones(tmp_path, "voc")
    lists = "ImageSets/Segmentation"
    id = (anna.raw / f"{lists}/train.txt").read_text().split()[0]
    for clone, split in ((anna, "val"), (ben, "train")):
        for folder, ending in (("JPEGImages", "jpg"), ("SegmentationClass", "png")):
            shutil.copy(clone.raw / folder / f"{id}.{ending}", clone.raw / folder / f"street.{ending}")
        with (clone.raw / f"{lists}/{split}.txt").open("a") as file:
            file.write("street\n")
        clone.dvc("add -q data/raw/mine", "push -q")
        clone.sh("git add -A; git commit -qm street")
    anna.sh("git push -q")
    ben.sh("git fetch -q; git merge -q origin/main && exit 1 || true")
    before = state(ben)
    done = merge(ben, "--prefer", "ours")
    assert (done.exit_code, done.stderr) == (
        1,
        f"  {lists}/train.txt: 'street' in yours, and in {lists}/val.txt by them\n"
        "mine: 1 conflict; nothing was done. It is for you to decide: docs/how-to/team.md says how.\n",
    )
    assert state(ben) == before
    ben.sh("git merge --abort")  # as the page says
    train = ben.raw / f"{lists}/train.txt"
    train.write_text(train.read_text().replace("street\n", ""))
    ben.dvc("add -q data/raw/mine")
    ben.sh("git commit -qam 'Not in train'; git merge -q origin/main && exit 1 || true")
    done = merge(ben)
    assert done.exit_code == 0, done.output
    assert "street" in (ben.raw / f"{lists}/val.txt").read_text().split()
    assert "street" not in train.read_text()


def test_of_voc_masks_are_taken_and_lists_merged_line_by_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    anna, ben = two_clones(tmp_path, "voc")
    lists = "ImageSets/Segmentation/train.txt"
    ids = (anna.raw / lists).read_text().split()

    def add(clone: Clone, id: str, out: str) -> None:
        for folder, ending in (("JPEGImages", "jpg"), ("SegmentationClass", "png")):
            shutil.copy(clone.raw / folder / f"{ids[0]}.{ending}", clone.raw / folder / f"{id}.{ending}")
        left = [one for one in (clone.raw / lists).read_text().split() if one != out]
        (clone.raw / lists).write_text("".join(f"{one}\n" for one in [*left, id]))
        clone.dvc("add -q data/raw/mine", "push -q")
        clone.sh(f"git add -A; git commit -qm '{id}'")

    add(anna, "of_anna", out=ids[1])
    anna.sh("git push -q")
    add(ben, "of_ben", out=ids[2])
    ben.sh("git fetch -q; git merge -q origin/main && exit 1 || true")
    done = merge(ben)
    assert done.exit_code == 0, done.output
    assert f"  {lists}: of theirs 2 lines: 1 added, 0 changed, 1 removed\n" in done.stdout
    assert (ben.raw / lists).read_text().split() == sorted([ids[0], *ids[3:], "of_anna", "of_ben"])
    assert {"of_anna", "of_ben"} <= {path.stem for path in (ben.raw / "SegmentationClass").iterdir()}
