"""What tests of merges share: the command, what lies there, and edits."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segdata.cli import main
from tests.clones import Clone
from tests.projects import folder_bytes


def copy_of(met: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    shutil.copytree(met, folder / "met", symlinks=True)
    ben = Clone(folder / "met/ben")
    config = ben.root / ".dvc/config"
    config.write_text(config.read_text().replace(str(met), str(folder / "met")))
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(folder / "site"))
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
