"""Published pipelines made small: a few drawn scenes in the raw layout that the report used, and the same file.

Of the pipeline file only sizes change: of photos, batches and epochs, and the counts that follow. Weights of others are
drawn too: a file of random tensors under the name, and with the tensors' names, of the real one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from segdata.digests import file_digest
from segdata.pipeline import Weights, read_values
from segdata.project import Project
from segdata.sample_data import cityscapes, voc
from segdata.sample_data.image_files import write_jpeg, write_png
from segdata.sample_data.scene import Scene, draw_scene
from tests.projects import REPOSITORY

SCENES = 10
SCENE_HW = (96, 128)
SIZES = {
    "denseaspp": (32, 48),
    "deeplabv3": (32, 48),
    "unet": (64, 64),
    "mini_unet": (32, 32),
    "mininet": (32, 48),
}
LARGER = (72, 88)
"""For evaluate.size_hw."""


def published_names() -> tuple[str, ...]:
    """Every pipeline of the repository that has a published figure."""
    names = Project(REPOSITORY).pipeline_names()
    return tuple(name for name in names if "published" in values_of(name))


def values_of(name: str) -> dict[str, Any]:
    """A committed pipeline file as plain values, a variant in full."""
    return read_values(REPOSITORY / "pipelines" / f"{name}.yaml", name)


def miniature(root: Path, name: str) -> Project:
    """A project with one published pipeline at a reduced size, and its raw data drawn; draw_weights does the rest."""
    values = values_of(name)
    counts = write_raw(values["source"], root / values["source"]["root"])
    values["source"]["expected_counts"] = counts
    values["shards"]["size_hw"] = list(SIZES[values["model"]["name"]])
    if "size_hw" in values["evaluate"]:
        values["evaluate"]["size_hw"] = list(LARGER)
    values["train"] |= {"epochs": 1, "batch_size": 4}
    (root / "pipelines").mkdir(parents=True, exist_ok=True)
    (root / "pipelines" / f"{name}.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    (root / "params.yaml").write_text(
        "pipelines: {}\nconvert: {workers: 1}\ndevice: {device: cpu, threads: 1}\n"
    )
    return Project(root)


def draw_weights(project: Project, name: str) -> Path | None:
    """A file of random tensors with the names and shapes of the weights that a published pipeline starts from.

    It lies in data/weights/, under a name that tells its digest, as torchvision's do; None where none are needed.
    """
    import torch

    weights = project.pipeline(name).model.weights
    if weights is None:
        return None
    assert isinstance(weights, Weights)
    folder = project.root / "data" / "weights"
    folder.mkdir(parents=True)
    torch.manual_seed(1)
    if weights.torchvision is None:
        assert weights.file is not None
        torch.save(_authors_checkpoint(project.pipeline(name).model.options), project.root / weights.file)
        return project.root / weights.file
    torch.save(_like(weights.torchvision), folder / "drawn.pth")
    return (folder / "drawn.pth").rename(folder / f"drawn-{file_digest(folder / 'drawn.pth')[:8]}.pth")


def _like(name: str) -> dict[str, Any]:
    """The tensors of the network of torchvision that has weights of this name."""
    from torchvision.models import get_model, get_model_weights, get_weight, list_models

    kind = type(get_weight(name))
    network = next(one for one in list_models() if get_model_weights(one) is kind)
    options = {"weights_backbone": None, "num_classes": 21, "aux_loss": True} if "deeplab" in network else {}
    return get_model(network, weights=None, **options).state_dict()


def _authors_checkpoint(options: dict[str, object]) -> dict[str, Any]:
    """19 classes, dots where torch allows none any more, and DataParallel's prefix."""
    from segdata.models import build_model

    tensors = build_model("denseaspp", 19, options).state_dict()
    dotted = {re.sub(r"(norm|conv)([12])\.", r"\1.\2.", key): value for key, value in tensors.items()}
    return {f"module.{key}": value for key, value in dotted.items()}


def write_raw(source: dict[str, Any], root: Path) -> dict[str, int]:
    """Draw the raw data that a published source expects; returns the photos of each split."""
    return WRITERS[source["format"]](root)


def scenes(key: str, size_hw: tuple[int, int] = SCENE_HW, count: int = SCENES) -> list[Scene]:
    return [draw_scene((key, 7, number), size_hw) for number in range(count)]


def write_campus_via(root: Path) -> dict[str, int]:
    """IMG_0062.png …, and VIA JSON whose outlines are mostly polylines with `type` road, tree or building."""
    types = {"road": "road", "sidewalk": "road", "vegetation": "tree", "building": "building"}
    entries = {}
    for number, scene in enumerate(scenes("campus")):
        path = root / "photos" / f"IMG_{62 + number:04d}.png"
        write_png(path, scene.image)
        outlined = [region for region in scene.regions if region.class_name in types]
        regions = []
        for place, region in enumerate(outlined):
            xs, ys = region.points_xy.T.tolist()
            shape = {
                "name": "polygon" if place % 5 == 4 else "polyline",
                "all_points_x": xs,
                "all_points_y": ys,
            }
            regions.append(
                {"shape_attributes": shape, "region_attributes": {"type": types[region.class_name]}}
            )
        size = path.stat().st_size
        entries[f"{path.name}{size}"] = {
            "filename": path.name,
            "size": size,
            "regions": regions,
            "file_attributes": {},
        }
    (root / "via_region_data.json").write_text(json.dumps(entries))
    return {"train": 8, "val": 1, "test": 1}


def write_campus_matlab(root: Path) -> dict[str, int]:
    """image/<id>.jpg and labels/<id>.png with MATLAB's label ids 1 to 5, and 0 where nobody labelled."""
    ids = np.zeros(256, np.uint8)
    ids[[1, 5, 7, 8, 6]] = (1, 2, 3, 4, 5)  # building, car, traffic sign, pole as chair, person as human
    for number, scene in enumerate(scenes("matlab")):
        write_jpeg(root / "image" / f"{number:03d}.jpg", scene.image)
        write_png(root / "labels" / f"{number:03d}.png", ids[scene.mask])
    return {"train": 8, "val": 1, "test": 1}


def write_cityscapes(root: Path) -> dict[str, int]:
    """leftImg8bit and gtFine with the full names, and masks of label ids with the car's own bonnet (1) below."""
    drawn = scenes("city", (64, 128), 8)
    cityscapes.write(root, ((cityscapes.sample_id(n, 8), scene) for n, scene in enumerate(drawn)), 8)
    for path in root.rglob("*_labelIds.png"):
        with Image.open(path) as file:
            ids = np.array(file)
        ids[-8:] = 1
        write_png(path, ids)
    return {"train": 6, "val": 2}


def write_voc(root: Path) -> dict[str, int]:
    """JPEGImages, palettised masks with borders of 255, and ImageSets lists."""
    drawn = scenes("voc", count=8)
    voc.write(root, ((voc.sample_id(n, 8), scene) for n, scene in enumerate(drawn)), 8)
    (root / "class_names.txt").unlink()  # VOC itself has none
    return {"train": 6, "val": 2}


WRITERS: dict[str, Callable[[Path], dict[str, int]]] = {
    "via": write_campus_via,
    "matlab": write_campus_matlab,
    "cityscapes": write_cityscapes,
    "voc": write_voc,
}
