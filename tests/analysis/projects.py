"""A project with a seeded network, as if trained, over a few drawn photos; its last class is on none of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("torch", reason="analyses need the extra 'train'")

import torch

from segdata.evaluation.run import Normalisation, RunRecord, ValFigures
from segdata.models import build_model
from segdata.models.weights import save_weights
from segdata.ontology import ontology_of_names
from segdata.project import Project
from tests.training.conftest import draw_splits, pipeline_text, write_shards

NAME = "colours"
CLASSES = ("wall", "door", "floor", "roof")
MININET = ("mininet", {"aspp_channels": 6, "branch_channels": 5})
MINI_UNET = ("mini_unet", {"channels": [4, 6, 8]})
DENSEASPP = (
    "denseaspp",
    {"dilations": [3, 6, 12, 18, 24], "growth": 4, "bottleneck": 8, "last_dense_block": False},
)


def make_project(
    root: Path, model: tuple[str, dict[str, Any]], *, test: int = 3, classes: tuple[str, ...] = CLASSES
) -> Project:
    """Shards of 16×24 pixels, and the run of a network whose weights are drawn."""
    name, options = model
    (root / "pipelines").mkdir(parents=True)
    (root / "params.yaml").write_text("pipelines: {}\ndevice: {device: cpu, threads: 1}\n")
    pipeline = {**json.loads(pipeline_text()), "model": {"name": name, "options": options}}
    pipeline["source"]["ontology"] = {label: [9, 9, place] for place, label in enumerate(classes)}
    (root / "pipelines" / f"{NAME}.yaml").write_text(json.dumps(pipeline))
    project = Project(root)
    write_shards(project.shards_dir(NAME), draw_splits(2, 1, test), classes)
    torch.manual_seed(4)
    network = build_model(name, len(classes), options)
    record = RunRecord(
        model=name,
        options=options,
        classes=tuple(
            (label, color)
            for label, color in zip(classes, ontology_of_names("own", classes).palette, strict=False)
        ),
        size_hw=(16, 24),
        normalisation=Normalisation((0.5, 0.4, 0.3), (0.2, 0.25, 0.3)),
        seed=4,
        epochs=1,
        best_epoch=1,
        select="mean_iou",
        val=ValFigures(None, None, None),
        shards="5" * 64,
    )
    folder = project.run_dir(NAME)
    folder.mkdir(parents=True)
    save_weights(folder / "model.safetensors", network, {})
    (folder / "model.json").write_bytes(msgspec.json.encode(record))
    return project
