"""Two clones that have met: a merge of git that stands open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clones import Clone, new_photos, two_clones
from tests.merging.cases import copy_of, keys_of, take_a_region


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ben's clone where `git merge` has stopped: Anna took out a photo whose entry he edited, and both edited another."""
    folder = tmp_path_factory.mktemp("met")
    anna, ben = two_clones(folder)
    for clone in (anna, ben):  # the same commit in both
        (clone.root / "pipelines/notes.yaml").write_text("title: notes\n")
        clone.sh(
            "git add -A; GIT_COMMITTER_DATE='2026-01-01T00:00Z' GIT_AUTHOR_DATE='2026-01-01T00:00Z' git commit -qm notes"
        )
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
    return copy_of(met, tmp_path, monkeypatch)


@pytest.fixture
def alike(met: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """The same, but that the photo that Anna took out is as both had it: only the other was edited by both."""
    ben = copy_of(met, tmp_path, monkeypatch)
    ben.sh("git merge --abort; dvc checkout -q")
    base = json.loads(
        ben.sh(
            "dvc get -q . data/raw/mine/via_region_data.json --rev HEAD~2 -o was.json; cat was.json; rm was.json"
        )
    )
    path = ben.raw / "via_region_data.json"
    entries = json.loads(path.read_text())
    key = keys_of(ben)["IMG_0003"]
    path.write_text(json.dumps(entries | {key: base[key]}))
    ben.dvc("add -q data/raw/mine")
    ben.sh("git commit -qam 'IMG_0003 as it was'; git merge -q origin/main && exit 1 || true")
    return ben
