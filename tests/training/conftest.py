"""A project in a temporary folder whose shards hold a few drawn photos: three classes that colour alone tells apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra 'train'")
torch.set_num_threads(1)  # several processes test on few cores, and threads that wait for each other spin

from segdata.ontology import ontology_of_names  # noqa: E402
from segdata.project import Project  # noqa: E402
from segdata.shards.manifest import Manifest, write_manifest  # noqa: E402
from segdata.shards.schema import SetMetadata  # noqa: E402
from segdata.shards.writer import ShardWriter  # noqa: E402

COLORS = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200]])
SIZE_HW = (16, 24)

Photos = dict[str, list[tuple[str, np.ndarray[Any, Any], np.ndarray[Any, Any]]]]


def draw(seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A photo of class 0 with a block of class 1 and one of class 2, noise, and a row that is ignored."""
    random = np.random.default_rng(seed)
    mask = np.zeros(SIZE_HW, np.uint8)
    top, left = random.integers(2, 8, 2)
    mask[top : top + 6, left : left + 8] = 1
    mask[-4:, random.integers(0, 12) :] = 2
    image = np.clip(COLORS[mask] + random.normal(0, 25, (*SIZE_HW, 3)), 0, 255).astype(np.uint8)
    mask[0] = 255
    return image, mask


def draw_splits(train: int = 10, val: int = 4, test: int = 3) -> Photos:
    counts = {"train": train, "val": val, "test": test}
    seeds = iter(range(sum(counts.values())))
    return {
        split: [(f"{split}/p_{index:02d}", *draw(next(seeds))) for index in range(count)]
        for split, count in counts.items()
    }


def write_shards(folder: Path, photos: Photos, classes: tuple[str, ...] = ("wall", "door", "floor")) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    metadata = SetMetadata.of(ontology_of_names("own", classes), SIZE_HW, "area", "via")
    entries, rows = [], []
    for split in ("train", "val", "test"):
        writer = ShardWriter(folder, split, metadata, max(1, len(photos.get(split, []))))
        for id, image, mask in photos.get(split, []):
            writer.append(id, image, mask, ("p" * 64, "a" * 64), SIZE_HW)
        written = writer.finish()
        if written is not None:
            entries.append(written[0])
            rows += written[1]
    write_manifest(folder, Manifest(msgspec.structs.replace(metadata, shards=tuple(entries)), tuple(rows)))


def pipeline_text(**train: object) -> str:
    """A pipeline file as JSON, which is YAML too; keyword arguments change the train section."""
    section = {
        "epochs": 4,
        "batch_size": 4,
        "optimizer": "adamw",
        "lr": 0.01,
        "schedule": {"name": "one-cycle"},
        "augment": {"horizontal_flip": 0.5},
    }
    value = {
        "title": "three colours",
        "source": {
            "format": "via",
            "root": "data/raw/x",
            "ontology": {"wall": [1, 2, 3], "door": [4, 5, 6], "floor": [7, 8, 9]},
            "splits": {"method": "official"},
        },
        "shards": {"size_hw": list(SIZE_HW)},
        # Dropout is in it, so that a forgotten random state shows.
        "model": {"name": "mininet", "options": {"aspp_channels": 8, "branch_channels": 8}},
        "train": {**section, **train},
        "evaluate": {"split": "test", "batch_size": 2, "shown": 3},
    }
    return msgspec.json.encode(value).decode()


MakeProject = Callable[..., Project]


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    """Call it with photos and changes of the train section; each call gives a project of its own."""
    made = iter(range(100))

    def make(photos: Photos | None = None, **train: object) -> Project:
        root = tmp_path / f"project_{next(made)}"
        (root / "pipelines").mkdir(parents=True)
        (root / "params.yaml").write_text("pipelines: {}\ndevice: {device: cpu, threads: 1}\n")
        (root / "pipelines" / "colours.yaml").write_text(pipeline_text(**train))
        project = Project(root)
        write_shards(project.shards_dir("colours"), draw_splits() if photos is None else photos)
        return project

    return make
