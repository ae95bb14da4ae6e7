"""The page about two people who both have added photos: its commands, one after the other, in one of two clones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segdata.shards import ShardSet
from tests.clones import new_photos, two_clones
from tests.docs.pages import blocks
from tests.projects import folder_bytes

pytestmark = pytest.mark.road


def test_what_both_have_done_is_in_the_merge(tmp_path: Path) -> None:
    anna, ben = two_clones(tmp_path)
    new = new_photos(tmp_path / "new")
    before = anna.regions()
    anna.work(new, "roll_0001", edited="IMG_0002", gone="IMG_0003", message="Of Anna")
    anna.sh("git push -q")
    ben.work(new, "roll_0002", edited="IMG_0005", gone="IMG_0006", message="Of Ben")
    ben.sh("rm -rf .dvc/cache/files; dvc commit -q -f")  # nothing of Anna's, nor of what both started from
    bens = folder_bytes(ben.project.shards_dir("mine"))

    fetching, merging, comparing, sharing = blocks("docs/how-to/team.md", "console")
    assert "CONFLICT (content): Merge conflict in data/raw/mine.dvc" in ben.sh(
        fetching.replace("git merge origin/main", "git merge origin/main && exit 1 || true")
    )
    said = ben.sh(merging)
    aside = next((ben.root / ".segdata/removed").iterdir()).name
    assert said.startswith(
        "  of theirs 2 files: 1 added, 0 changed, 1 removed\n"
        "  via_region_data.json: of theirs 3 entries: 1 added, 1 changed, 1 removed\n"
        f"  1 file that they removed moved to .segdata/removed/{aside}/mine\n"
        "mine: merged\n"
        "  then: dvc repro, git add -A, git commit, dvc push, git push\n"
    )
    assert "2 converted" in said, "Anna's new photo and the one that she edited"
    compared = ben.sh(comparing)
    assert (
        compared.count("1 added, 1 removed, 0 moved, 1 re-annotated, 0 photos changed; 6 as they were") == 2
    )

    ben.sh(sharing)
    del before["IMG_0003"], before["IMG_0006"]
    for entry in json.loads((new / "via_region_data.json").read_text()).values():
        if entry["filename"] in ("roll_0001.jpg", "roll_0002.jpg"):
            before[Path(entry["filename"]).stem] = len(entry["regions"])
    before["IMG_0002"] += 1
    before["IMG_0005"] += 1
    assert ben.regions() == before
    assert {path.stem for path in (ben.raw / "photos").iterdir()} == before.keys()
    shards = ben.project.shards_dir("mine")
    assert {row.id for row in ShardSet.open(shards).manifest.rows} == before.keys()
    merged = folder_bytes(shards)
    assert merged != bens
    assert ben.sh("git status --porcelain") == ""
    assert len(ben.sh("git log -1 --format=%P").split()) == 2, "a merge"

    anna.sh("git pull -q")
    anna.dvc("pull -q")
    assert folder_bytes(anna.project.shards_dir("mine")) == merged
    assert folder_bytes(anna.raw) == folder_bytes(ben.raw)
