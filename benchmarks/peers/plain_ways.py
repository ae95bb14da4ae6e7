"""The ways in which people turn annotated photos into arrays of one size without segdata, for conversion.py.

Each takes the source folder and a size and yields (image, mask), uint8 (H, W, 3) and (H, W); none checks anything,
turns a photo by its EXIF, or records what it did.

notebook     decode in full with Pillow, draw or look up the mask, resize both with Pillow (bicubic, its default, and nearest)
torchvision  its dataset class and transforms.v2.Resize (antialiased bilinear, nearest)
mmseg        as mmsegmentation's loading steps: OpenCV decode, OpenCV resize (bilinear, nearest)
mmseg, from polygons   the same behind mmsegmentation's Cityscapes converter, which draws every mask from the polygons
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]
Pair = tuple[Array, Array]
Way = Callable[[Path, tuple[int, int]], Iterator[Pair]]


def _pillow(photo: Image.Image, mask: Array, size_hw: tuple[int, int]) -> Pair:
    size = size_hw[::-1]
    return np.asarray(photo.resize(size)), np.asarray(
        Image.fromarray(mask).resize(size, Image.Resampling.NEAREST)
    )


def _opencv(photo: Path, mask: Array, size_hw: tuple[int, int]) -> Pair:
    image = cv2.imread(str(photo))
    assert image is not None
    size = size_hw[::-1]
    resized = cv2.cvtColor(cv2.resize(image, size), cv2.COLOR_BGR2RGB)
    return resized, cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)


def via_notebook(root: Path, size_hw: tuple[int, int]) -> Iterator[Pair]:
    entries = json.loads((root / "via_region_data.json").read_text(encoding="utf-8"))
    ids: dict[str, int] = {}
    for entry in entries.values():
        photo = Image.open(root / "photos" / entry["filename"]).convert("RGB")
        mask = np.full((photo.height, photo.width), 255, np.uint8)
        for region in entry["regions"]:
            shape = region["shape_attributes"]
            if "all_points_x" in shape:
                points = np.stack([shape["all_points_x"], shape["all_points_y"]], 1).astype(np.int32)
                cv2.fillPoly(mask, [points], ids.setdefault(str(region["region_attributes"]), len(ids)))
        yield _pillow(photo, mask, size_hw)


def _city(root: Path) -> Iterator[tuple[Path, Path]]:
    for mask in sorted(root.glob("gtFine/*/*/*_labelIds.png")):
        name = mask.name.replace("_gtFine_labelIds", "_leftImg8bit")
        yield root / "leftImg8bit" / mask.parent.relative_to(root / "gtFine") / name, mask


def _train_ids() -> Array:
    from cityscapesscripts.helpers.labels import id2label

    table = np.full(256, 255, np.uint8)
    for number, label in id2label.items():
        if number >= 0 and 0 <= label.trainId < 19:
            table[number] = label.trainId
    return table


def cityscapes_notebook(root: Path, size_hw: tuple[int, int]) -> Iterator[Pair]:
    table = _train_ids()
    for photo, mask in _city(root):
        yield _pillow(Image.open(photo).convert("RGB"), table[np.asarray(Image.open(mask))], size_hw)


def cityscapes_mmseg(root: Path, size_hw: tuple[int, int]) -> Iterator[Pair]:
    table = _train_ids()
    for photo, mask in _city(root):
        values = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
        assert values is not None
        yield _opencv(photo, table[values], size_hw)


def cityscapes_polygons(root: Path, size_hw: tuple[int, int]) -> Iterator[Pair]:
    from cityscapesscripts.preparation.json2labelImg import json2labelImg

    for photo, mask in _city(root):
        drawn = mask.with_name("drawn.png")
        json2labelImg(str(mask).replace("_labelIds.png", "_polygons.json"), str(drawn), "trainIds")
        values = cv2.imread(str(drawn), cv2.IMREAD_GRAYSCALE)
        drawn.unlink()
        assert values is not None
        yield _opencv(photo, values, size_hw)


def cityscapes_torchvision(root: Path, size_hw: tuple[int, int]) -> Iterator[Pair]:
    from torchvision.datasets import Cityscapes

    table = _train_ids()
    for split in ("train", "val"):
        dataset = Cityscapes(str(root), split=split, mode="fine", target_type="semantic")
        for image, mask in _resized(dataset, size_hw):
            yield image, table[mask]


def voc_notebook(root: Path, size_hw: tuple[int, int]) -> Iterator[Pair]:
    for mask in sorted(root.glob("SegmentationClass/*.png")):
        photo = Image.open(root / "JPEGImages" / f"{mask.stem}.jpg").convert("RGB")
        yield _pillow(photo, np.asarray(Image.open(mask)), size_hw)


def voc_mmseg(root: Path, size_hw: tuple[int, int]) -> Iterator[Pair]:
    for mask in sorted(root.glob("SegmentationClass/*.png")):
        values = np.asarray(Image.open(mask))  # as mmsegmentation: Pillow, which keeps palette indices
        yield _opencv(root / "JPEGImages" / f"{mask.stem}.jpg", values, size_hw)


def voc_torchvision(root: Path, size_hw: tuple[int, int]) -> Iterator[Pair]:
    from torchvision.datasets import VOCSegmentation

    for split in ("train", "val"):
        yield from _resized(VOCSegmentation(str(root.parents[1]), "2012", split), size_hw)


def _resized(dataset: Any, size_hw: tuple[int, int]) -> Iterator[Pair]:
    from torchvision.transforms import InterpolationMode, v2

    photo_resize = v2.Resize(size_hw, antialias=True)
    mask_resize = v2.Resize(size_hw, InterpolationMode.NEAREST)
    for image, mask in dataset:
        yield np.asarray(photo_resize(image.convert("RGB"))), np.asarray(mask_resize(mask))


def image_files(root: Path) -> list[Path]:
    """The photos and masks of a drawn set that every way must decode."""
    if (root / "photos").is_dir():
        return sorted(root.glob("photos/*.jpg"))
    if (root / "gtFine").is_dir():
        return [path for pair in _city(root) for path in pair]
    masks = sorted(root.glob("SegmentationClass/*.png"))
    return [*masks, *(root / "JPEGImages" / f"{mask.stem}.jpg" for mask in masks)]


WAYS: dict[str, dict[str, Way]] = {
    "via": {"notebook": via_notebook},
    "cityscapes": {
        "notebook": cityscapes_notebook,
        "torchvision": cityscapes_torchvision,
        "mmseg": cityscapes_mmseg,
        "mmseg, from polygons": cityscapes_polygons,
    },
    "voc": {"notebook": voc_notebook, "torchvision": voc_torchvision, "mmseg": voc_mmseg},
}
