"""Scenes as a folder of phone photos outlined in the VGG Image Annotator, VIA 2 (https://www.robots.ox.ac.uk/~vgg/software/via/).

    photos/IMG_0001.jpg …
    via_region_data.json    as VIA 2 exports it: one entry per photo, keyed by file name and size

    {"IMG_0001.jpg148213": {"filename": "IMG_0001.jpg", "size": 148213, "regions": [
        {"shape_attributes": {"name": "polygon", "all_points_x": [0, 639, …], "all_points_y": [0, 0, …]},
         "region_attributes": {"type": "sky"}}, …], "file_attributes": {}}}

Some photos are stored turned, with the EXIF orientation that sets them upright; VIA runs in a browser, which
shows them upright, so the coordinates are those of the upright photo. Every other outline is a polyline.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from segdata.sample_data.image_files import write_jpeg
from segdata.sample_data.painting import Photo
from segdata.sample_data.regions import UNLABELLED, Region
from segdata.sample_data.scene import Scene

ANNOTATIONS = "via_region_data.json"
TURNED_EVERY = 6
ORIENTATIONS = (3, 6, 8)
# How many quarter turns (anticlockwise) the stored photo is away from the upright one.
QUARTER_TURNS = {1: 0, 3: 2, 6: 1, 8: 3}


def sample_id(number: int, num_scenes: int) -> str:
    """IMG_0001, IMG_0002, …"""
    return f"IMG_{number + 1:04d}"


def orientation(number: int) -> int:
    """The EXIF orientation of the photo of a scene: 3, 6 and 8 in turn for every sixth photo, else 1."""
    if number % TURNED_EVERY != 2:
        return 1
    return ORIENTATIONS[number // TURNED_EVERY % len(ORIENTATIONS)]


def write(root: Path, scenes: Iterable[tuple[str, Scene]], num_scenes: int) -> None:
    """Write photos and their annotations under `root`."""
    entries: dict[str, object] = {}
    for number, (name, scene) in enumerate(scenes):
        path = root / "photos" / f"{name}.jpg"
        turned: Photo = np.ascontiguousarray(np.rot90(scene.image, QUARTER_TURNS[orientation(number)]))
        write_jpeg(path, turned, _exif(number))
        size = path.stat().st_size
        outlined = [region for region in scene.regions if region.class_name != UNLABELLED]
        entries[f"{path.name}{size}"] = {
            "filename": path.name,
            "size": size,
            "regions": [_entry(region, polyline=i % 2 == 1) for i, region in enumerate(outlined)],
            "file_attributes": {},
        }
    (root / ANNOTATIONS).write_text(json.dumps(entries, separators=(",", ":")), encoding="utf-8")


def _entry(region: Region, *, polyline: bool) -> dict[str, object]:
    points = region.points_xy.tolist()
    if polyline:  # who closes an outline with the polyline tool ends where they began
        points.append(points[0])
    return {
        "shape_attributes": {
            "name": "polyline" if polyline else "polygon",
            "all_points_x": [x for x, _ in points],
            "all_points_y": [y for _, y in points],
        },
        "region_attributes": {"type": region.class_name},
    }


def _exif(number: int) -> Image.Exif:
    taken = f"2012:06:{1 + number // 24 % 28:02d} 10:{number % 60:02d}:00"
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Segdata"
    exif[ExifTags.Base.Model] = "Street sampler"
    exif[ExifTags.Base.Orientation] = orientation(number)
    exif[ExifTags.Base.DateTime] = taken
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    return exif
