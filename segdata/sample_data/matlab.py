r"""Scenes as an export of MATLAB's Image Labeler (https://www.mathworks.com/help/vision/ref/groundtruth.html).

    images/street_001.jpg …
    PixelLabelData/Label_1.png …    uint8 pixel label ids, 0 where nothing was labelled
    gTruth.mat                      a groundTruth object as R2020a saves it

The object says which mask belongs to which photo, by the absolute paths of the computer it was made on:

    DataSource.Source{1}           C:\Users\Labeler\Documents\street\images\street_031.jpg
    LabelData.PixelLabelData{1}    C:\Users\Labeler\Documents\street\PixelLabelData\Label_1.png
    LabelDefinitions(1)            Name sky · Type PixelLabel · LabelColor 0.27 0.51 0.71 · PixelLabelID 1

The photos were loaded in no particular order, so Label_1.png is not the mask of street_001.jpg.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from segdata.sample_data.image_files import write_jpeg, write_png
from segdata.sample_data.regions import CLASSES, UNLABELLED_ID, Mask
from segdata.sample_data.scene import Scene

GROUND_TRUTH = "gTruth.mat"
FOLDER = r"C:\Users\Labeler\Documents\street"
# MATLAB's own line, so that the header carries no date of the day it was written.
HEADER = b"MATLAB 5.0 MAT-file, Platform: PCWIN64, Created on: Mon Jul 20 18:00:00 2020".ljust(116)
LABEL_COLOURS = (
    (0.27, 0.51, 0.71),
    (0.85, 0.325, 0.098),
    (0.466, 0.674, 0.188),
    (0.494, 0.184, 0.556),
    (0.957, 0.137, 0.91),
    (0.0, 0.447, 0.741),
    (0.635, 0.078, 0.184),
    (0.929, 0.694, 0.125),
    (0.6, 0.6, 0.6),
)

Struct = npt.NDArray[np.void]


def sample_id(number: int, num_scenes: int) -> str:
    """street_001, street_002, …"""
    return f"street_{number + 1:03d}"


def loading_order(num_scenes: int) -> list[int]:
    """The scene number behind each row of the ground truth; row 0 holds Label_1.png."""
    order = np.random.Generator(np.random.PCG64(num_scenes)).permutation(num_scenes)
    return [int(number) for number in order]


def write(root: Path, scenes: Iterable[tuple[str, Scene]], num_scenes: int) -> None:
    """Write photos, masks and the ground truth object under `root`."""
    order = loading_order(num_scenes)
    row_of = {number: row for row, number in enumerate(order)}
    photos = [""] * num_scenes
    for number, (name, scene) in enumerate(scenes):
        row = row_of[number]
        photos[row] = f"{name}.jpg"
        write_jpeg(root / "images" / photos[row], scene.image)
        write_png(root / "PixelLabelData" / f"Label_{row + 1}.png", label_ids(scene.mask))
    _write_ground_truth(root / GROUND_TRUTH, photos)


def label_ids(mask: Mask) -> Mask:
    """Class ids 0 … 8 and 255 → pixel label ids 1 … 9, and 0 for what nobody labelled."""
    return np.where(mask == UNLABELLED_ID, 0, mask + 1).astype(np.uint8)


def _write_ground_truth(path: Path, photos: list[str]) -> None:
    with warnings.catch_warnings():
        # mat-io sets an option that pandas 3 has made the default.
        warnings.filterwarnings("ignore", message=".*infer_string.*")
        from matio import save_to_mat  # here, not above: it brings pandas and scipy
        from matio.utils.matclass import MatlabEnumerationArray, MatlabOpaque

    version = _struct(Name="Computer Vision Toolbox", Version="9.2", Release="(R2020a)", Date="26-Dec-2019")
    label_type = Enum("labelType", {"PixelLabel": {"uint8.Data": np.array([[4]], np.uint8)}})  # type: ignore[misc]
    kind = MatlabEnumerationArray(np.array([[label_type.PixelLabel]], object), classname="labelType")
    definitions = [
        _struct(
            Name=name,
            Type=kind,
            LabelColor=np.array([colour], np.float64),
            PixelLabelID=np.array([[class_id + 1]], np.float64),
            Group="None",
            Description="",
        )
        for class_id, (name, colour) in enumerate(zip(CLASSES, LABEL_COLOURS, strict=True))
    ]
    source = _struct(
        Source=_cells([rf"{FOLDER}\images\{photo}" for photo in photos]),
        TimeStamps=np.zeros((0, 0)),
        SourceType=np.array([["ImageDatastore"]], np.dtypes.StringDType()),
        Version=version,
    )
    rows = [_struct(PixelLabelData=rf"{FOLDER}\PixelLabelData\Label_{i + 1}.png") for i in range(len(photos))]
    content = _struct(
        DataSource=source,
        LabelDefinitions=np.concatenate(definitions),
        LabelData=np.concatenate(rows),
        Version=version,
    )
    # groundTruth saves itself as one struct, which the file keeps under the name "any".
    truth = MatlabOpaque(properties={"any": content}, classname="groundTruth")
    # Uncompressed: compressed bytes would depend on the zlib of the machine.
    save_to_mat(path, {"gTruth": truth}, version="v7", saveobj_classes=["groundTruth"], do_compression=False)
    with path.open("r+b") as file:
        file.write(HEADER)


def _struct(**fields: Any) -> Struct:
    """A 1×1 MATLAB struct; strings become char rows."""
    struct = np.empty((1, 1), dtype=[(name, object) for name in fields])
    for name, value in fields.items():
        struct[name][0, 0] = np.array([value] if value else [], np.str_) if isinstance(value, str) else value
    return struct


def _cells(texts: list[str]) -> npt.NDArray[np.object_]:
    """A column cell array of char rows."""
    cells = np.empty((len(texts), 1), object)
    for i, text in enumerate(texts):
        cells[i, 0] = np.array([text], np.str_)
    return cells
