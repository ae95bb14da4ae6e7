"""A project with three colours to tell apart, and a search over it; trials that were never trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="searches need the extra 'train'")

from segdata.project import Project
from segdata.search.trial import EpochRow, TrialRecord
from tests.training.conftest import draw_splits, pipeline_text, write_shards

NAME = "colours"


def make_project(root: Path, search: dict[str, Any], **train: object) -> Project:
    """One pipeline with a section search, and its shards."""
    (root / "pipelines").mkdir(parents=True)
    (root / "params.yaml").write_text("pipelines: {}\ndevice: {device: cpu, threads: 1}\n")
    pipeline = {**json.loads(pipeline_text(**train)), "search": search}
    (root / "pipelines" / f"{NAME}.yaml").write_text(json.dumps(pipeline, indent=1))
    project = Project(root)
    write_shards(project.shards_dir(NAME), draw_splits(6, 2, 0))
    return project


def row(epoch: int, loss: float | None, mean_iou: float | None = None) -> EpochRow:
    return EpochRow(epoch, 1.5, loss, mean_iou, None if mean_iou is None else mean_iou / 2, 0.01)


def record(values: dict[str, Any], *losses: float | None, state: Any = "finished", why: str = "") -> TrialRecord:
    """A trial with these validation losses, and as mean IoU what a loss lacks to 1."""
    epochs = [row(place, loss, None if loss is None else 1 - loss) for place, loss in enumerate(losses, 1)]
    return TrialRecord(values=values, key="k", state=state, why=why, epochs=epochs)
