"""The README as a script: its blocks by their first words, and a shell in a small copy of the project that runs them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import yaml

from segdata.project import Project
from tests.projects import REPOSITORY

README = (REPOSITORY / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, flags=re.S | re.M)
YAML = re.findall(r"^```yaml\n(.*?)^```", README, flags=re.S | re.M)


def readme_block(start: str) -> str:
    """The one ```sh block of the README that begins with these words."""
    found = [block for block in BLOCKS if block.startswith(start)]
    assert len(found) == 1, (start, len(found))
    RUN.add(found[0])
    return found[0]


RUN: set[str] = set()


class Road:
    """A small copy of the project, and a shell in it."""

    def __init__(self, root: Path, store: Path) -> None:
        self.root, self.store = root, store

    @property
    def project(self) -> Project:
        return Project(self.root)

    def sh(self, script: str, *, root: Path | None = None) -> str:
        """Run bash as a reader of the README would; returns stdout, fails with all it said."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT_", "DVC_", "GIT_"))
        }
        folder = root or self.root
        done = subprocess.run(
            [
                "bash",
                "-ec",
                f"source .venv/bin/activate\n{script.replace('/tmp/segdata-store', str(self.store))}",
            ],
            cwd=folder,
            env={
                **kept,
                "PYTHONPATH": str(folder),
                "OMP_NUM_THREADS": "1",
                "DVC_SITE_CACHE_DIR": str(folder / ".dvc/tmp/site"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def repro(self) -> tuple[set[str], str]:
        """The stages that `dvc repro` ran, and what it said."""
        said = self.sh("dvc repro 2>&1")
        return set(re.findall(r"Running stage '([^']+)'", said)), said

    def edit(self, name: str, section: str, key: str, value: object) -> None:
        path = self.root / "pipelines" / f"{name}.yaml"
        pipeline = yaml.safe_load(path.read_text())
        pipeline[section][key] = value
        path.write_text(yaml.safe_dump(pipeline, sort_keys=False))
