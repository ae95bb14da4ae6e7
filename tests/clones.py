"""Two people's clones of one project with one remote, as tests of merges need them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from segdata.project import Project
from segdata.sample_data import write_sample_set
from tests.projects import REPOSITORY, convert, sample_pipeline, write_project

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


def two_clones(folder: Path) -> tuple[Clone, Clone]:
    """Eight photos of VIA, converted, committed and pushed by the first; the second is at the same commit."""
    pipeline = sample_pipeline("via")
    pipeline["shards"]["size_hw"] = [24, 32]
    pipeline["source"]["root"] = "data/raw/mine"
    anna = Clone(write_project(folder / "anna", {"mine": pipeline}).root)
    write_sample_set("via", anna.raw, num_scenes=8, size_hw=(60, 80))
    (anna.root / "dvc.yaml").write_text(STAGES)
    (anna.root / ".gitignore").write_text("/.segdata/\n/data/diff/\n")
    convert(anna.project, "mine")
    anna.sh(
        "git init -q -b main; git init -q --bare -b main ../origin.git; git remote add origin ../origin.git"
    )
    store = f"remote add -q --default store {folder / 'store'}"
    anna.dvc("init -q", store, "add -q data/raw/mine", "commit -qf", "push -q")
    anna.sh("git add -A; git commit -qm 'Eight streets'; git push -q -u origin main")
    shutil.copytree(anna.root, folder / "ben", symlinks=True)
    return anna, Clone(folder / "ben")


def new_photos(folder: Path) -> Path:
    """Photos roll_0001 … with their annotations."""
    write_sample_set("via", folder, num_scenes=4, size_hw=(60, 80), seed=31)
    entries = json.loads((folder / "via_region_data.json").read_text()).values()
    renamed = {}
    for entry in entries:
        name = entry["filename"].replace("IMG", "roll")
        (folder / "photos" / entry["filename"]).rename(folder / "photos" / name)
        renamed[f"{name}{entry['size']}"] = entry | {"filename": name}
    (folder / "via_region_data.json").write_text(json.dumps(renamed))
    return folder
