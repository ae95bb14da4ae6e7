"""A project with a seeded mini U-Net, as if trained, and shards that say at what scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from segdata.evaluation.run import Normalisation, Run, RunRecord, ValFigures, load_run
from segdata.models import build_model
from segdata.models.weights import save_weights
from segdata.ontology import ontology_of_names
from segdata.project import Project
from segdata.shards.manifest import Manifest, write_manifest
from segdata.shards.schema import SetMetadata
from segdata.shards.writer import ShardWriter

CLASSES = ("wall", "door", "floor", "roof")
PALETTE = tuple((40 * index, 250 - 60 * index, 9) for index in range(len(CLASSES)))
OPTIONS: dict[str, object] = {"channels": [4, 8]}
SIZE_HW = (16, 24)
PIPELINE: dict[str, Any] = {
    "title": "doors",
    "source": {
        "format": "via",
        "root": "data/raw/doors",
        "ontology": dict(zip(CLASSES, map(list, PALETTE), strict=True)),
        "splits": {"method": "official"},
    },
    "shards": {"size_hw": list(SIZE_HW)},
    "model": {"name": "mini_unet", "options": OPTIONS},
    "train": {"epochs": 1, "batch_size": 1, "optimizer": "sgd", "lr": 0.1},
}


def make_project(root: Path, seed: int = 3, classes: tuple[str, ...] = CLASSES) -> Project:
    (root / "pipelines").mkdir(parents=True)
    (root / "params.yaml").write_text("pipelines: {}\ndevice: {device: cpu, threads: 1}\n")
    (root / "pipelines/doors.yaml").write_bytes(msgspec.json.encode(PIPELINE))
    project = Project(root)
    write_run(project, seed, classes)
    return project


def write_run(project: Project, seed: int, classes: tuple[str, ...] = CLASSES) -> None:
    torch.manual_seed(seed)
    network = build_model("mini_unet", len(CLASSES), OPTIONS)
    record = RunRecord(
        model="mini_unet",
        options=OPTIONS,
        classes=tuple(zip(classes, PALETTE, strict=True)),
        size_hw=SIZE_HW,
        normalisation=Normalisation((0.5, 0.25, 0.4), (0.5, 0.25, 0.2)),
        seed=seed,
        epochs=1,
        best_epoch=1,
        select="mean_iou",
        val=ValFigures(None, None, None),
        shards="5" * 64,
    )
    folder = project.run_dir("doors")
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(folder / "model.safetensors", network, {})
    (folder / "model.json").write_bytes(record.encoded())


def write_shards(project: Project, originals_hw: list[tuple[int, int]]) -> None:
    """Training photos that were so large before they were made as large as the shards'."""
    folder = project.shards_dir("doors")
    folder.mkdir(parents=True)
    metadata = SetMetadata.of(ontology_of_names("own", CLASSES, PALETTE), SIZE_HW, "area", "via")
    writer = ShardWriter(folder, "train", metadata, len(originals_hw))
    for index, original_hw in enumerate(originals_hw):
        image, mask = np.zeros((*SIZE_HW, 3), np.uint8), np.zeros(SIZE_HW, np.uint8)
        writer.append(f"p{index}", image, mask, ("p" * 64, "a" * 64), original_hw)
    written = writer.finish()
    assert written is not None
    entry, rows = written
    write_manifest(folder, Manifest(msgspec.structs.replace(metadata, shards=(entry,)), tuple(rows)))


def run_in(project: Project) -> Run:
    return load_run(project.run_dir("doors"))
