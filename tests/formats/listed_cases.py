"""The drawn street scenes as COCO, LabelMe and CVAT files, and tiny files of each for tests.

COCO's polygons follow pycocotools' pixel rule, so the scenes' outlines are written as run lengths, both kinds.
"""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import msgspec
import numpy as np
from PIL import Image
from pycocotools import mask as pycoco

from segdata.errors import SegdataError
from segdata.formats import Reader
from segdata.rasterize import blank_mask, fill
from segdata.sample_data import CLASSES, Scene
from segdata.sample_data.regions import UNLABELLED, Region
from tests.formats.via_cases import write_json

Truth = Mapping[str, Scene]
CATEGORY_IDS = {name: 10 * number + 3 for number, name in enumerate(CLASSES)}
"""Ids with gaps, as COCO's, and none that is a class id by chance."""


def write_scenes(format: str, root: Path, truth: Truth) -> None:
    """Photos and annotations of the scenes in one of the three formats."""
    (root / "images").mkdir(parents=True)
    for id, scene in truth.items():
        Image.fromarray(scene.image).save(root / "images" / f"{id}.jpg", quality=95)
    {"coco": _write_coco, "labelme": _write_labelme, "cvat": _write_cvat}[format](root, truth)


def outlined(scene: Scene) -> list[Region]:
    return [region for region in scene.regions if region.class_name != UNLABELLED]


def covered(region: Region, scene: Scene) -> Any:
    """uint8 (H, W): 1 where a region is."""
    mask = blank_mask(scene.mask.shape, 0)
    fill(mask, region.points_xy.astype(np.float64), 1)
    return mask


def plain_counts(mask: Any) -> list[int]:
    """COCO's uncompressed run lengths, column by column.

    >>> plain_counts(np.array([[1, 0], [1, 1]]))
    [0, 2, 1, 1]
    """
    values = np.concatenate([[0], np.asarray(mask).T.ravel(), [-1]])
    edges = np.flatnonzero(np.diff(values != 0) | (np.arange(1, values.size) == values.size - 1))
    return np.diff(edges, prepend=0).tolist()  # type: ignore[no-any-return]


def text_counts(mask: Any) -> str:
    """COCO's compressed run lengths, by pycocotools."""
    counts = pycoco.encode(np.asfortranarray(mask, np.uint8))["counts"]
    return counts.decode("ascii")  # type: ignore[no-any-return]


def png_text(mask: Any) -> str:
    """A mask as LabelMe keeps it: a PNG in base 64."""
    file = io.BytesIO()
    Image.fromarray(np.asarray(mask, np.uint8) * 255).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _write_coco(root: Path, truth: Truth) -> None:
    images: list[Any] = []
    annotations: list[Any] = []
    for number, (id, scene) in enumerate(truth.items(), start=1):
        height, width = scene.mask.shape
        images.append({"id": number, "file_name": f"{id}.jpg", "width": width, "height": height})
        for region in outlined(scene):
            mask = covered(region, scene)
            text = len(annotations) % 2 == 0
            counts: object = text_counts(mask) if text else plain_counts(mask)
            one = coco_annotation(len(annotations) + 1, number, CATEGORY_IDS[region.class_name], counts)
            one["segmentation"] = {"size": [height, width], "counts": counts}
            annotations.append(one)
    write_json(root / "annotations/instances_default.json", coco_file(images, annotations, CATEGORY_IDS))


def coco_file(images: list[Any], annotations: list[Any], categories: Mapping[str, int]) -> dict[str, Any]:
    named = [{"id": id, "name": name, "supercategory": ""} for name, id in categories.items()]
    return {"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": named}


def coco_annotation(id: int, image: int, category: int, segmentation: Any, **more: Any) -> dict[str, Any]:
    plain = {
        "id": id,
        "image_id": image,
        "category_id": category,
        "iscrowd": 0,
        "area": 1,
        "bbox": [0, 0, 1, 1],
    }
    return plain | {"segmentation": segmentation} | more


def _write_labelme(root: Path, truth: Truth) -> None:
    for id, scene in truth.items():
        shapes = []
        for number, region in enumerate(outlined(scene)):
            mask = covered(region, scene)
            (top, left), (bottom, right) = np.argwhere(mask).min(axis=0), np.argwhere(mask).max(axis=0)
            one = labelme_shape(region.class_name, *region.points_xy.tolist())
            if number % 3 == 2:
                small = mask[top : bottom + 1, left : right + 1]
                corners = [[int(left), int(top)], [int(right), int(bottom)]]
                one = labelme_shape(region.class_name, *corners, shape_type="mask", mask=png_text(small))
            shapes.append(one)
        write_json(root / f"images/{id}.json", labelme_file(f"{id}.jpg", *shapes, size_hw=scene.mask.shape))


def labelme_shape(
    label: str, *points: Any, shape_type: str | None = "polygon", **more: Any
) -> dict[str, Any]:
    plain = {"label": label, "points": [list(point) for point in points], "group_id": None, "flags": {}}
    return plain | {"shape_type": shape_type} | more


def labelme_file(
    photo: str, *shapes: Any, size_hw: Any = (6, 8), data: str | None = None, **more: Any
) -> dict[str, Any]:
    height, width = size_hw
    return {
        "version": "5.2.1",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": photo,
        "imageData": data,
        "imageHeight": height,
        "imageWidth": width,
    } | more


def _write_cvat(root: Path, truth: Truth) -> None:
    """The nearest first in the file: only z_order says what covers what."""
    images = []
    for number, (id, scene) in enumerate(truth.items()):
        shapes = []
        for depth, region in enumerate(outlined(scene)):
            points = ";".join(f"{x:.2f},{y:.2f}" for x, y in region.points_xy.tolist())
            shapes.append(cvat_shape("polygon", region.class_name, points=points, z_order=depth - 3))
        images.append(cvat_image(f"{id}.jpg", *reversed(shapes), size_hw=scene.mask.shape, id=number))
    (root / "annotations.xml").write_text(cvat_file(*images), encoding="utf-8")


def cvat_shape(shape: str, label: str, inner: str = "", **attributes: Any) -> str:
    said = {"label": label, "source": "manual", "occluded": 0, **attributes}
    return f"<{shape} {' '.join(f'{key}={quoteattr(str(value))}' for key, value in said.items())}>{inner}</{shape}>"


def cvat_image(name: str, *shapes: str, size_hw: Any = (6, 8), id: int = 0, **attributes: Any) -> str:
    height, width = size_hw
    more = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items())
    start = f'<image id="{id}" name={quoteattr(name)}{more} width="{width}" height="{height}">'
    return "\n".join((start, *shapes, "</image>"))


def cvat_file(*images: str, labels: Mapping[str, str] | None = None) -> str:
    named = "".join(
        f"<label><name>{name}</name><color>{color}</color><type>any</type><attributes></attributes></label>"
        for name, color in (labels or {}).items()
    )
    meta = f"<meta><task><name>street</name><mode>annotation</mode><labels>{named}</labels></task></meta>"
    body = "\n".join(images)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>{meta}\n{body}\n</annotations>\n'


def drop_first_region(root: Path) -> None:
    """Remove a region of the first photo, and of no other, in whichever of the formats lies there."""
    if (root / "annotations.xml").is_file():
        lines = (root / "annotations.xml").read_text(encoding="utf-8").splitlines()
        first = next(number for number, line in enumerate(lines) if line.startswith("<image"))
        last = next(number for number, line in enumerate(lines) if line == "</image>")
        del lines[last - 1]  # the farthest stands last
        assert first < last - 1
        (root / "annotations.xml").write_text("\n".join(lines), encoding="utf-8")
        return
    path = next(iter(sorted(root.glob("annotations/*.json")) or sorted(root.glob("images/*.json"))))
    said = json.loads(path.read_text(encoding="utf-8"))
    del said["annotations" if "annotations" in said else "shapes"][0]
    write_json(path, said)


def outcomes_of(
    open_it: Callable[[], Reader], size_hw: tuple[int, int], named: tuple[str, ...]
) -> Counter[str]:
    """How many samples and errors of ours come of a source of classes 0 to 2; every error names one of these files."""
    outcomes: Counter[str] = Counter()
    errors: list[SegdataError] = []
    try:
        reader = open_it()
    except SegdataError as error:
        reader = None
        errors.append(error)
    for id in reader.ids() if reader else ():
        assert reader is not None
        try:
            reader.fingerprint(id)
            sample = reader.read(id)
        except SegdataError as error:
            errors.append(error)
            continue
        assert sample.mask.shape == size_hw
        assert set(np.unique(sample.mask)) <= {0, 1, 2, 255}
        msgspec.json.encode(sample.findings)
        outcomes["sample"] += 1
    for told in errors:
        assert any(name in str(told) for name in named), told
    if reader is not None:
        msgspec.json.encode(reader.findings)
    outcomes["error"] += len(errors)
    return outcomes
