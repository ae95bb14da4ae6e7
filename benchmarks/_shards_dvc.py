"""The part of benchmarks/shards.py that runs DVC itself: a repro with nothing new, and the bytes that ten more photos push."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

STAGES = """\
stages:
  convert:
    cmd: {command}
    deps: [data/raw/street, pipelines/street.yaml]
    outs:
    - data/shards/street: {{persist: true}}
    - data/plans/street.parquet: {{persist: true}}
    - data/checks/street.json: {{persist: true}}
"""


class Repository:
    """A project under git and DVC, with one stage that converts, and an empty folder as its remote."""

    def __init__(self, root: Path, command: str) -> None:
        self.root, self.store = root, root.with_name(f"{root.name}-store")
        self.environment = os.environ | {
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(root.with_name(f"{root.name}-site")),
        }
        (root / "dvc.yaml").write_text(STAGES.format(command=command), encoding="utf-8")
        self._run("git", "init", "-q")
        self.dvc("init", "-q")
        self.dvc("remote", "add", "-q", "--default", "store", str(self.store))

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}:\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}")

    def dvc(self, *arguments: str) -> float:
        """Seconds of a DVC command, with the start of its process."""
        start = time.perf_counter()
        self._run(sys.executable, "-m", "dvc", *arguments)
        return time.perf_counter() - start

    def keep(self) -> dict[str, Any]:
        """Track the photos, bring the shards up to date and push both; what came to the remote, and how long it took."""
        before = self._stored()
        self.dvc("add", "-q", "data/raw/street")
        repro = self.dvc("repro", "-q")
        push = self.dvc("push", "-q")
        shards = {path.stat().st_size for path in (self.root / "data/shards/street").glob("*.arrow")}
        new = {name: size for name, size in self._stored().items() if name not in before}
        return {
            "repro_seconds": round(repro, 2),
            "push_seconds": round(push, 2),
            "files": len(new),
            "mib": round(sum(new.values()) / 2**20, 2),
            "shards": sum(size in shards for size in new.values()),
        }

    def _stored(self) -> dict[str, int]:
        found = (path for path in self.store.rglob("*") if path.is_file())
        return {str(path.relative_to(self.store)): path.stat().st_size for path in found}
