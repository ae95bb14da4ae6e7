"""Scenes as a Cityscapes tree (https://github.com/mcordts/cityscapesScripts).

    leftImg8bit/train/aachen/aachen_000000_000019_leftImg8bit.png
    gtFine/train/aachen/aachen_000000_000019_gtFine_polygons.json
    gtFine/train/aachen/aachen_000000_000019_gtFine_{labelIds,instanceIds,color}.png

    {"imgHeight": 480, "imgWidth": 640, "objects": [{"label": "sky", "polygon": [[0, 0], [639, 0], …]}, …]}

The three masks are drawn by the functions of cityscapesscripts. Those paint with Pillow, whose outlines
differ from cv2's by a pixel here and there: the truth of this format is read back from its own label ids.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.helpers.labels import name2label
from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
from cityscapesscripts.preparation.json2labelImg import createLabelImage

from segdata.sample_data.image_files import write_png
from segdata.sample_data.regions import BONNET, CLASSES, LITTER_BIN, UNLABELLED, UNLABELLED_ID, Mask, Region
from segdata.sample_data.scene import Scene

TRAIN_CITIES = ("aachen", "bochum")
VAL_CITY = "frankfurt"
FRAME = 19  # the annotated frame of each 30-frame snippet
WORDS = {BONNET: "ego vehicle", LITTER_BIN: "static"}


def num_train(num_scenes: int) -> int:
    """Three of four scenes are for training."""
    return num_scenes * 3 // 4


def sample_id(number: int, num_scenes: int) -> str:
    """aachen_000000_000019, …: training scenes half from aachen, half from bochum; then frankfurt."""
    in_train = num_train(num_scenes)
    per_city = (in_train + 1) // 2
    if number < in_train:
        return f"{TRAIN_CITIES[number // per_city]}_{number % per_city:06d}_{FRAME:06d}"
    return f"{VAL_CITY}_{number - in_train:06d}_{FRAME:06d}"


def write(root: Path, scenes: Iterable[tuple[str, Scene]], num_scenes: int) -> None:
    """Write photos, polygons and the three masks of each scene under `root`."""
    for number, (name, scene) in enumerate(scenes):
        folder = Path("train" if number < num_train(num_scenes) else "val") / name.split("_")[0]
        write_png(root / "leftImg8bit" / folder / f"{name}_leftImg8bit.png", scene.image)
        stem = root / "gtFine" / folder / f"{name}_gtFine"
        stem.parent.mkdir(parents=True, exist_ok=True)
        polygons = polygons_json(scene)
        Path(f"{stem}_polygons.json").write_text(json.dumps(polygons, indent=4), encoding="utf-8")
        annotation = _annotation(polygons)
        createLabelImage(annotation, "ids").save(f"{stem}_labelIds.png")
        createLabelImage(annotation, "color").save(f"{stem}_color.png")
        instance_ids = np.asarray(createInstanceImage(annotation, "ids"), np.uint16)
        write_png(Path(f"{stem}_instanceIds.png"), instance_ids)


def truth(scene: Scene) -> Scene:
    """The scene with the mask that the label ids of its polygons say."""
    label_ids = np.asarray(createLabelImage(_annotation(polygons_json(scene)), "ids"), np.uint8)
    class_ids: Mask = np.full(256, UNLABELLED_ID, np.uint8)
    for class_id, name in enumerate(CLASSES):
        class_ids[name2label[name].id] = class_id
    return replace(scene, mask=class_ids[label_ids])


def polygons_json(scene: Scene) -> dict[str, object]:
    """The content of a `_polygons.json` file."""
    height, width = scene.mask.shape
    objects = [{"label": _label(region), "polygon": region.points_xy.tolist()} for region in scene.regions]
    return {"imgHeight": height, "imgWidth": width, "objects": objects}


def _label(region: Region) -> str:
    return WORDS[region.thing] if region.class_name == UNLABELLED else region.class_name


def _annotation(polygons: dict[str, object]) -> Annotation:
    annotation = Annotation()
    annotation.fromJsonText(json.dumps(polygons))
    return annotation
