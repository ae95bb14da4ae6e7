"""Small shard sets with given masks, and a git repository whose DVC cache holds their versions.

The cache is laid out as DVC 3 does it, without running DVC; one test of test_diff_command.py holds it against DVC's own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from segdata.ontology import ontology_of_names
from segdata.project import Project
from segdata.shards.manifest import Manifest, write_manifest
from segdata.shards.schema import SetMetadata
from segdata.shards.writer import ShardWriter
from tests.projects import sample_pipeline, write_project


@dataclass(frozen=True)
class Drawn:
    """A sample of one grey value, whose mask is written as rows of digits: a class id each, "." for 255."""

    split: str
    mask: str
    grey: int = 90
    annotation: str = ""


def write_drawn(
    folder: Path,
    samples: Mapping[str, Drawn],
    classes: Sequence[str] = ("sky", "road", "car"),
    *,
    per_shard: int = 2,
) -> None:
    """Replace a folder by the shard set of these samples."""
    shutil.rmtree(folder, ignore_errors=True)
    first = next(iter(samples.values())).mask.split()
    size_hw = (len(first), len(first[0]))
    metadata = SetMetadata.of(ontology_of_names("own", classes), size_hw, "area", "via")
    entries, rows = [], []
    for split in ("train", "val", "test"):
        ids = sorted(id for id, sample in samples.items() if sample.split == split)
        for start in range(0, len(ids), per_shard):
            writer = ShardWriter(folder, split, metadata, per_shard)
            for id in ids[start : start + per_shard]:
                drawn = samples[id]
                values = [[255 if c == "." else int(c) for c in line] for line in drawn.mask.split()]
                image = np.full((*size_hw, 3), drawn.grey, np.uint8)
                digests = (f"photo {drawn.grey}", drawn.annotation or drawn.mask)
                writer.append(id, image, np.array(values, np.uint8), digests, (40, 60))
            finished = writer.finish()
            assert finished is not None
            entries.append(finished[0])
            rows += finished[1]
    write_manifest(folder, Manifest(msgspec.structs.replace(metadata, shards=tuple(entries)), tuple(rows)))


class Repository:
    """A project with the pipelines "streets" and "others" under git."""

    def __init__(self, root: Path) -> None:
        self.project: Project = write_project(
            root, {"streets": sample_pipeline("via"), "others": sample_pipeline("voc")}
        )
        self.root = root
        self.git("init", "-q", "-b", "main")
        (root / ".gitignore").write_text("/data/\n/.dvc/\n/.segdata/\n")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.root, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def dvc(self, *arguments: str) -> str:
        """DVC itself."""
        return self.dvc_each([arguments])

    def dvc_each(self, commands: Sequence[Sequence[str]]) -> str:
        """DVC itself, one command after the other in one process: it takes a second to start."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "GIT_"))}
        own = {"DVC_SITE_CACHE_DIR": str(self.root.parent / "site"), "DVC_NO_ANALYTICS": "1"}
        code = (
            "import json, sys; from dvc.cli import main\n"
            "sys.exit(next((failed for one in json.loads(sys.argv[1]) if (failed := main(one))), 0))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, json.dumps(commands)],
            cwd=self.root,
            env=kept | own,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def draw(self, samples: Mapping[str, Drawn], classes: Sequence[str] = ("sky", "road", "car")) -> None:
        write_drawn(self.project.shards_dir("streets"), samples, classes)

    def commit(self, message: str) -> str:
        """What `dvc commit` and `git commit` do; returns the short hash."""
        folder = self.project.shards_dir("streets")
        listing = [
            {"md5": self._keep(path.read_bytes()), "relpath": path.name} for path in sorted(folder.iterdir())
        ]
        name = self._keep(json.dumps(listing).encode(), ".dir")
        lock = (
            "schema: '2.0'\nstages:\n  convert@streets:\n    cmd: convert\n    outs:\n"
            f"    - path: data/shards/streets\n      hash: md5\n      md5: {name}\n      nfiles: {len(listing)}\n"
        )
        (self.root / "dvc.lock").write_text(lock)
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "--short=7", "HEAD")

    def cached(self) -> list[Path]:
        return sorted(path for path in (self.root / ".dvc/cache").rglob("*") if path.is_file())

    def _keep(self, data: bytes, suffix: str = "") -> str:
        name = hashlib.md5(data).hexdigest() + suffix
        place = self.root / ".dvc/cache/files/md5" / name[:2] / name[2:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        return name
