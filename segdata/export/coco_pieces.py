"""What COCO says of one mask: the connected pieces of each class as run lengths (RLE), and the classes as categories.

{"segmentation": {"size": [480, 640], "counts": "`13l:4M3M…"}, "area": 5120, "bbox": [0, 90, 640, 12]}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from segdata.ontology import IGNORE_INDEX, Ontology
from segdata.sample import Mask


def categories_of(ontology: Ontology) -> list[dict[str, object]]:
    """The classes, whose category ids are class ids plus one."""
    return [
        {"id": class_id + 1, "name": label.name, "supercategory": "", "color": label.color}
        for class_id, label in enumerate(ontology.labels)
    ]


def pieces(mask: Mask) -> Iterator[tuple[int, dict[str, Any]]]:
    """Class id, and segmentation, area and bbox of every piece (pixels that touch by a side or a corner) of a class."""
    size_hw = (mask.shape[0], mask.shape[1])
    for class_id in np.unique(mask).tolist():
        if class_id == IGNORE_INDEX:
            continue
        count, labels, stats, _ = cv2.connectedComponentsWithStats((mask == class_id).astype(np.uint8))
        for number in range(1, count):
            left, top, width, height, area = stats[number].tolist()
            piece = labels[top : top + height, left : left + width] == number
            counts = run_lengths(piece, (left, top), size_hw)
            rle = coco_mask.frPyObjects({"size": list(size_hw), "counts": counts}, *size_hw)
            segmentation = {"size": list(size_hw), "counts": rle["counts"].decode()}
            bbox = [left, top, width, height]
            yield class_id, {"segmentation": segmentation, "area": area, "bbox": bbox}


def run_lengths(piece: NDArray[np.bool_], at_xy: tuple[int, int], size_hw: tuple[int, int]) -> list[int]:
    """COCO's uncompressed counts of a small mask (h, w) lying at `at_xy` in a photo: column by column, 0s first.

    >>> run_lengths(np.array([[True], [True]]), (1, 0), (3, 2))
    [3, 2, 1]
    """
    columns = np.pad(piece.T.astype(np.int8), ((0, 0), (1, 1)))
    steps = np.diff(columns, axis=1)
    column, first = np.nonzero(steps == 1)
    _, end = np.nonzero(steps == -1)
    offset = (column + at_xy[0]) * size_hw[0] + at_xy[1]
    starts, ends = offset + first, offset + end
    joined = starts[1:] == ends[:-1]  # a run that goes on at the top of the next column
    starts = starts[np.concatenate([[True], ~joined])]
    ends = ends[np.concatenate([~joined, [True]])]
    edges = np.concatenate([[0], np.stack([starts, ends], axis=1).ravel(), [size_hw[0] * size_hw[1]]])
    counts: list[int] = np.diff(edges).tolist()
    return counts if counts[-1] else counts[:-1]
