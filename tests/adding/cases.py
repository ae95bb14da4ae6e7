"""A project whose source lacks a few of its photos, which lie in a folder beside it and wait to be added."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segdata.project import Project
from tests.projects import sample_project

NEW = ("IMG_0003", "IMG_0007")


@dataclass(frozen=True)
class Case:
    """The project, its raw folder, and a folder with what is new."""

    project: Project
    root: Path
    new: Path

    @property
    def json(self) -> Path:
        return self.root / "via_region_data.json"

    @property
    def photos(self) -> list[Path]:
        return sorted(self.new.glob("*.jpg"))


def via_case(folder: Path, *, num_scenes: int = 10, indent: int | None = None) -> Case:
    """Ten photos, two of which are not in the set yet; the JSON file as Python writes it."""
    project = sample_project(folder / "project", "via", num_scenes=num_scenes)
    root, new = project.root / "data/raw/sample-via", folder / "new"
    new.mkdir()
    entries: dict[str, Any] = json.loads((root / "via_region_data.json").read_text())
    waiting = {}
    for key, entry in list(entries.items()):
        if Path(entry["filename"]).stem in NEW:
            waiting[key] = entries.pop(key)
            shutil.move(root / "photos" / entry["filename"], new / entry["filename"])
    write_json(root / "via_region_data.json", entries, indent)
    write_json(new / "new.json", waiting, None)
    return Case(project, root, new)


def write_json(path: Path, value: object, indent: int | None = None) -> None:
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False), encoding="utf-8")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def tree(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything below a folder: inode, time of change, bytes."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }
