"""A figure as last scored comes with how its scores stand to what lies here: a number is a number, stale or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from segdata.digests import file_digest
from segdata.evaluation.origin import Origin
from segdata.pipeline import Published
from segdata.project import Project
from segdata.reproduction.measured import Measured, measured
from tests.projects import sample_pipeline, write_project

PUBLISHED = {
    "metric": "mean IoU",
    "protocol": "mean-iou",
    "value": 0.5,
    "where": "a report",
    "tolerance": 0.1,
}


@pytest.fixture(params=["val", "test"])
def scored(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Project, Published, Path]:
    """A project whose pipeline is scored on test, and a figure published of val or test."""
    values = sample_pipeline("via") | {"published": {**PUBLISHED, "split": request.param}}
    project = write_project(tmp_path, {"via": values})
    folder = (
        project.evaluation_dir("via") if request.param == "test" else project.root / "data/scored/via-val"
    )
    run = project.run_dir("via")
    for made in (folder, run):
        made.mkdir(parents=True)
    (run / "model.safetensors").write_bytes(b"first")
    published = project.pipeline("via").published
    assert published is not None and project.pipeline("via").evaluate.split == "test"
    return project, published, folder


def write(folder: Path, split: str, protocols: Sequence[object]) -> None:
    (folder / "metrics.json").write_text(json.dumps({"split": split, "protocols": protocols}))


def test_the_value_and_how_it_stands(scored: tuple[Project, Published, Path]) -> None:
    project, published, folder = scored
    weights = project.run_dir("via") / "model.safetensors"
    assert measured(project, "via", published) is None
    write(
        folder,
        published.split,
        [{"protocol": "other", "value": 0.1}, {"protocol": "mean-iou", "value": 0.43}],
    )
    assert measured(project, "via", published) == Measured(0.43, "unknown")
    (folder / "scored.json").write_bytes(Origin(shards="0" * 64, weights=file_digest(weights)).encoded())
    assert measured(project, "via", published) == Measured(0.43, "current")
    weights.write_bytes(b"trained again")
    assert measured(project, "via", published) == Measured(0.43, "stale")


def test_figures_that_are_not_there(scored: tuple[Project, Published, Path]) -> None:
    project, published, folder = scored
    for protocols in ([], [{"protocol": "mean-iou", "value": None}]):
        write(folder, published.split, protocols)
        assert measured(project, "via", published) == Measured(None, "unknown")
    (folder / "scored.json").write_text("{")
    assert measured(project, "via", published) is None
    (folder / "scored.json").unlink()
    write(folder, "train", [{"protocol": "mean-iou", "value": 0.43}])
    assert measured(project, "via", published) is None
    (folder / "metrics.json").write_text("half a fi")
    assert measured(project, "via", published) is None
