"""Small segdata projects in temporary folders, made from the repository's own sample pipelines."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from segdata.conversion import Conversion, Summary
from segdata.project import Project
from segdata.sample_data import write_sample_set

REPOSITORY = Path(__file__).parent.parent
SHARED = REPOSITORY.parent / "shared" / "data"


def sample_pipeline(format: str) -> dict[str, Any]:
    """The committed pipelines/sample-<format>.yaml as plain values."""
    text = (REPOSITORY / "pipelines" / f"sample-{format}.yaml").read_text()
    pipeline: dict[str, Any] = yaml.safe_load(text)
    pipeline["train"]["lr"] = float(pipeline["train"]["lr"])
    pipeline["train"]["weight_decay"] = float(pipeline["train"]["weight_decay"])
    return pipeline


def write_project(root: Path, pipelines: Mapping[str, Mapping[str, Any]]) -> Project:
    """A project folder with these pipelines, none of them named in params.yaml."""
    (root / "pipelines").mkdir(parents=True, exist_ok=True)
    (root / "params.yaml").write_text("pipelines: {}\n")
    for name, pipeline in pipelines.items():
        (root / "pipelines" / f"{name}.yaml").write_text(yaml.safe_dump(dict(pipeline), sort_keys=False))
    return Project(root)


def sample_project(
    root: Path,
    format: str,
    *,
    num_scenes: int = 10,
    scene_hw: tuple[int, int] = (60, 80),
    size_hw: tuple[int, int] = (24, 32),
) -> Project:
    """A project with one pipeline, called by its format, over a small drawn sample set."""
    pipeline = sample_pipeline(format)
    pipeline["shards"]["size_hw"] = list(size_hw)
    project = write_project(root, {format: pipeline})
    write_sample_set(
        format, root / "data" / "raw" / f"sample-{format}", num_scenes=num_scenes, size_hw=scene_hw
    )
    return project


def convert(project: Project, name: str, *, strict: bool = False) -> Summary:
    """The three verbs, one after the other."""
    conversion = Conversion.open(project, name)
    plan = conversion.plan()
    return conversion.finish(plan, [conversion.convert(task) for task in plan.tasks], strict=strict)


def folder_bytes(folder: Path) -> dict[str, str]:
    """Relative name → SHA-256 of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
