"""The page about two people who both have added photos: its commands, one after the other, in one of two clones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from segdata.project import Project
from segdata.sample_data import write_sample_set
from segdata.shards import ShardSet
from tests.docs.pages import blocks
from tests.projects import REPOSITORY, convert, folder_bytes, sample_pipeline, write_project

pytestmark = pytest.mark.road

STAGES = """stages:
  convert:
    cmd: segdata convert mine
    deps: [data/raw/mine]
    params: [pipelines/mine.yaml: [source, shards]]
    outs:
    - data/shards/mine: {persist: true}
    - data/plans/mine.parquet: {persist: true}
    - data/checks/mine.json: {persist: true}
"""
DVC = (
    "import json, sys; from dvc.cli import main\n"
    "sys.exit(next((failed for one in json.loads(sys.argv[1]) if (failed := main(one.split()))), 0))"
)


class Clone:
    """One person's clone."""

    def __init__(self, root: Path) -> None:
        self.root, self.project = root, Project(root)
        self.raw = root / "data/raw/mine"

    def sh(self, script: str) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "GIT_"))}
        own = {
            "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "DVC_SITE_CACHE_DIR": str(self.root.parent / "site"),
            "DVC_NO_ANALYTICS": "1",
            "GIT_AUTHOR_NAME": "Somebody",
            "GIT_AUTHOR_EMAIL": "somebody@example.org",
            "GIT_COMMITTER_NAME": "Somebody",
            "GIT_COMMITTER_EMAIL": "somebody@example.org",
        }
        done = subprocess.run(
            ["bash", "-ec", script],
            cwd=self.root,
            env=kept | own,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def dvc(self, *commands: str) -> None:
        """In one process: DVC takes a second to start."""
        self.sh(f"{sys.executable} -c '{DVC}' '{json.dumps(commands)}'")

    def work(self, new: Path, photo: str, edited: str, gone: str, message: str) -> None:
        """Add one photo, edit the outlines of one and take one out."""
        shutil.copy(new / f"photos/{photo}.jpg", self.raw / "photos")
        (self.raw / f"photos/{gone}.jpg").unlink()
        path = self.raw / "via_region_data.json"
        entries = json.loads(path.read_text()) | json.loads((new / "via_region_data.json").read_text())
        kept = {key: one for key, one in entries.items() if (self.raw / "photos" / one["filename"]).exists()}
        (entry,) = [one for one in kept.values() if one["filename"] == f"{edited}.jpg"]
        shape = {"name": "rect", "x": 5, "y": 5, "width": 20, "height": 20}
        entry["regions"].append({"shape_attributes": shape, "region_attributes": {"type": "car"}})
        path.write_text(json.dumps(kept))
        convert(self.project, "mine")
        self.dvc("add -q data/raw/mine", "commit -qf", "push -q")
        self.sh(f"git add -A; git commit -qm '{message}'")

    def regions(self) -> dict[str, int]:
        entries = json.loads((self.raw / "via_region_data.json").read_text()).values()
        return {Path(one["filename"]).stem: len(one["regions"]) for one in entries}


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Photos roll_0001 … with their annotations."""
    folder = tmp_path / "new"
    write_sample_set("via", folder, num_scenes=4, size_hw=(60, 80), seed=31)
    entries = json.loads((folder / "via_region_data.json").read_text()).values()
    renamed = {}
    for entry in entries:
        name = entry["filename"].replace("IMG", "roll")
        (folder / "photos" / entry["filename"]).rename(folder / "photos" / name)
        renamed[f"{name}{entry['size']}"] = entry | {"filename": name}
    (folder / "via_region_data.json").write_text(json.dumps(renamed))
    return folder


def test_what_both_have_done_is_in_the_merge(tmp_path: Path, new: Path) -> None:
    pipeline = sample_pipeline("via")
    pipeline["shards"]["size_hw"] = [24, 32]
    pipeline["source"]["root"] = "data/raw/mine"
    anna = Clone(write_project(tmp_path / "anna", {"mine": pipeline}).root)
    write_sample_set("via", anna.raw, num_scenes=8, size_hw=(60, 80))
    (anna.root / "dvc.yaml").write_text(STAGES)
    (anna.root / ".gitignore").write_text("/.segdata/\n/data/diff/\n")
    convert(anna.project, "mine")
    anna.sh(
        "git init -q -b main; git init -q --bare -b main ../origin.git; git remote add origin ../origin.git"
    )
    store = f"remote add -q --default store {tmp_path / 'store'}"
    anna.dvc("init -q", store, "add -q data/raw/mine", "commit -qf", "push -q")
    anna.sh("git add -A; git commit -qm 'Eight streets'; git push -q -u origin main")
    shutil.copytree(anna.root, tmp_path / "ben", symlinks=True)
    ben = Clone(tmp_path / "ben")
    before = anna.regions()

    anna.work(new, "roll_0001", edited="IMG_0002", gone="IMG_0003", message="Of Anna")
    anna.sh("git push -q")
    ben.work(new, "roll_0002", edited="IMG_0005", gone="IMG_0006", message="Of Ben")
    bens = folder_bytes(ben.project.shards_dir("mine"))

    *merging, sharing = blocks("docs/how-to/team.md", "console")
    script = "\n".join(merging).replace("git merge origin/main", "git merge origin/main && exit 1 || true")
    said = ben.sh(script)
    assert "data/raw/mine/photos/roll_0002.jpg" in said, "dvc diff of ours"
    assert "CONFLICT (content): Merge conflict in data/raw/mine.dvc" in said
    assert said.count("1 added, 1 removed, 0 moved, 1 re-annotated, 0 photos changed; 6 as they were") == 4
    lists = {path.name: path.read_text() for path in sorted((ben.root / ".segdata/ours").iterdir())}
    assert lists == {"mine-changed.txt": "IMG_0005\nroll_0002\n", "mine-removed.txt": "IMG_0006\n"}

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
