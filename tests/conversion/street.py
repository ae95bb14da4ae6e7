"""A VIA source that tests edit as a person would, and the same set made from scratch to compare with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from PIL import Image

from segdata.project import Project
from segdata.sample_data import draw_scene
from tests.projects import convert, folder_bytes


def raw(project: Project) -> Path:
    return project.root / "data" / "raw" / "sample-via"


def entries(project: Project) -> dict[str, dict[str, object]]:
    loaded: dict[str, dict[str, object]] = json.loads((raw(project) / "via_region_data.json").read_text())
    return loaded


def save_entries(project: Project, loaded: dict[str, dict[str, object]]) -> None:
    (raw(project) / "via_region_data.json").write_text(json.dumps(loaded))


def add_photo(project: Project, name: str, seed: int) -> None:
    """One more annotated photo, as a person would add it: the photo, and its entry in the JSON."""
    scene = draw_scene(seed, (60, 80))
    path = raw(project) / "photos" / name
    Image.fromarray(scene.image).save(path, quality=92)
    loaded = entries(project)
    loaded[f"{name}{path.stat().st_size}"] = {
        "filename": name,
        "size": path.stat().st_size,
        "regions": [
            {
                "shape_attributes": {
                    "name": "polygon",
                    "all_points_x": [0, 79, 79, 0],
                    "all_points_y": [0, 0, 30, 30],
                },
                "region_attributes": {"type": "sky"},
            }
        ],
        "file_attributes": {},
    }
    save_entries(project, loaded)


def rebuilt(project: Project, folder: Path) -> dict[str, str]:
    """Bytes of the shard set made from scratch in another project over the same raw data."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(
        project.root, folder, ignore=shutil.ignore_patterns("shards", "plans", "checks", ".segdata")
    )
    convert(Project(folder), "via")
    return folder_bytes(Project(folder).shards_dir("via"))
