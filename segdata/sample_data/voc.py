"""Scenes as a PASCAL VOC segmentation tree (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf).

    JPEGImages/2026_000001.jpg
    SegmentationClass/2026_000001.png        palettised: 0 background, 1 … 9 classes, 255 borders
    ImageSets/Segmentation/{train,val,trainval}.txt    one id per line
    class_names.txt                          _background_, sky, building, …: line i is index i

Background is a class of its own here: it is what the scene holds and nobody outlined.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from segdata.ontology import voc_palette
from segdata.sample_data.image_files import write_jpeg
from segdata.sample_data.regions import CLASSES, UNLABELLED_ID, Mask
from segdata.sample_data.scene import Scene

VOID = 255
BORDER = 5  # pixels: a pixel is void where two classes meet in the square of this side around it


def sample_id(number: int, num_scenes: int) -> str:
    """2026_000001, 2026_000002, …"""
    return f"2026_{number + 1:06d}"


def palette() -> list[int]:
    """VOC's colours, red green blue of index 0 … 255 in one row, as Pillow wants them."""
    return [channel for colour in voc_palette() for channel in colour]


def write(root: Path, scenes: Iterable[tuple[str, Scene]], num_scenes: int) -> None:
    """Write photos, masks, split lists and class names under `root`."""
    names: list[str] = []
    (root / "SegmentationClass").mkdir(parents=True)
    for name, scene in scenes:
        names.append(name)
        write_jpeg(root / "JPEGImages" / f"{name}.jpg", scene.image)
        mask = Image.fromarray(truth(scene).mask, mode="L")
        mask.putpalette(palette())
        mask.save(root / "SegmentationClass" / f"{name}.png")
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    in_train = num_scenes * 3 // 4
    for split, ids in (("train", names[:in_train]), ("val", names[in_train:]), ("trainval", names)):
        (lists / f"{split}.txt").write_text("".join(f"{name}\n" for name in ids), encoding="utf-8")
    (root / "class_names.txt").write_text("\n".join(("_background_", *CLASSES)) + "\n", encoding="utf-8")


def truth(scene: Scene) -> Scene:
    """The scene with the mask of this format: 0 background, 1 … 9 the classes, 255 where two of them meet."""
    index: Mask = np.where(scene.mask == UNLABELLED_ID, 0, scene.mask + 1).astype(np.uint8)
    square = np.ones((BORDER, BORDER), np.uint8)
    meets = cv2.dilate(index, square) != cv2.erode(index, square)
    index[meets] = VOID
    return replace(scene, mask=index)
