"""The photos and pipelines that benchmarks/shards.py converts: drawn in noise or real, named as a camera names them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
SIZE_HW = (224, 224)
GAP = 10
"""Numbers between two photos of a set: IMG_000000, IMG_000010, …"""
ROLL = "IMG_([0-9]{5})"
"""The group of a photo: ten numbers that follow on each other are a camera roll."""


def name_of(number: int) -> str:
    return f"IMG_{number:06d}"


def draw(folder: Path, numbers: Sequence[int], photo_hw: tuple[int, int]) -> None:
    """Photos that no other is like, by their numbers."""
    import cv2
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        small = np.random.default_rng(number).integers(0, 256, (12, 16, 3), np.uint8)
        photo = cv2.resize(small, photo_hw[::-1], interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{name_of(number)}.jpg"), photo, [cv2.IMWRITE_JPEG_QUALITY, 92])


def reduce_real(folder: Path, source: Path, photo_hw: tuple[int, int]) -> int:
    """Real photos at this size, cut to its shape, as numbers 0, 1, …; returns how many there are."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(source.rglob("*.jpg"))
    for number, file in enumerate(files):
        photo = cv2.imread(str(file))
        if photo.shape[0] > photo.shape[1]:
            photo = cv2.rotate(photo, cv2.ROTATE_90_CLOCKWISE)
        height = min(photo.shape[0], photo.shape[1] * photo_hw[0] // photo_hw[1])
        small = cv2.resize(photo[:height], photo_hw[::-1], interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{name_of(number)}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, 92])
    return len(files)


def write_source(
    root: Path, drawn: Path, numbers: Sequence[int], target_mib: float, *, grouped: bool = True
) -> None:
    """A project with one pipeline over these photos; those that are there stay as they are.

    Numbers that were not drawn are links to the few that were, in turn.
    grouped  photos of a roll go into one split; else each is split by its own name
    """
    files = sorted(drawn.iterdir())
    photos = root / "data" / "raw" / "street" / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    said = {}
    for number in numbers:
        name = f"{name_of(number)}.jpg"
        if not (photos / name).exists():
            own = drawn / name
            os.symlink(own if own.exists() else files[number % len(files)], photos / name)
        outline = {"all_points_x": [9, 70, 70, 9], "all_points_y": [5, 5, 50, 30 + number % 20]}
        region = {
            "shape_attributes": {"name": "polygon", **outline},
            "region_attributes": {"type": "road"},
        }
        said[name] = {"filename": name, "size": -1, "regions": [region], "file_attributes": {}}
    (photos.parent / "via_region_data.json").write_text(json.dumps(said), encoding="utf-8")
    sample = (REPOSITORY / "pipelines" / "sample-via.yaml").read_text(encoding="utf-8")
    pipeline = sample.replace("root: data/raw/sample-via", "root: data/raw/street")
    pipeline = pipeline.replace(
        "\nsource:\n", "\nsource:\n  accept_leaks: all  # of phone photos, a few are linked\n"
    )
    if grouped:
        pipeline = pipeline.replace("splits: {", f"splits: {{group: '{ROLL}', ")
        assert ROLL in pipeline
    shards = f"size_hw: [{SIZE_HW[0]}, {SIZE_HW[1]}], target_mib: {target_mib}"
    pipeline = pipeline.replace("size_hw: [96, 128]", shards)
    (root / "pipelines").mkdir(exist_ok=True)
    (root / "pipelines" / "street.yaml").write_text(pipeline, encoding="utf-8")
    (root / "params.yaml").write_text("pipelines: {}\n", encoding="utf-8")
