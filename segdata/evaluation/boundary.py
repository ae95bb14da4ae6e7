"""Boundary regions of a mask: the pixels of each class that lie within a distance of its outline.

    mask 0 0 0 1 1 1 at d = 1:  the 0 left of the 1s, the 1 right of the 0s, and whatever touches the photo's edge

Source: Cheng, Girshick, Dollár, Berg, Kirillov 2021, "Boundary IoU: Improving Object-Centric Image Segmentation
Evaluation", section 4, and its code (boundary_iou/utils/boundary_utils.py): d is 2 % of the photo's diagonal, rounded,
at least 1; a mask is eroded d times by 3x3, and what lies beyond the photo is outside the mask.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from segdata.evaluation.confusion import Counts, pair_table
from segdata.ontology import IGNORE_INDEX

SHARE_OF_DIAGONAL = 0.02


def boundary_distance(size_hw: tuple[int, int], share: float = SHARE_OF_DIAGONAL) -> int:
    """d in pixels for a photo of this height and width.

    >>> boundary_distance((1024, 2048)), boundary_distance((4, 4))
    (46, 1)
    """
    return max(1, round(share * math.hypot(*size_hw)))


def boundary_region(mask: NDArray[np.uint8], distance: int) -> NDArray[np.bool_]:
    """bool (H, W): pixels with another value, or the photo's edge, within `distance` rows and columns.

    For every class at once: the eroded mask of the paper is where the neighbourhood holds one value alone.
    Pixels of 255 belong to no class, and may be in or out.
    """
    import cv2

    kernel = np.ones((2 * distance + 1, 2 * distance + 1), np.uint8)
    mask = np.ascontiguousarray(mask)
    lowest = cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(IGNORE_INDEX,))
    highest = cv2.dilate(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(IGNORE_INDEX,))
    region: NDArray[np.bool_] = lowest != highest
    return region


def boundary_pairs(truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> Counts:
    """int64 (256, 256): pairs of values as pair_table counts them, 255 standing for "in no boundary region".

    truth, prediction  uint8 (H, W) class ids. Where the truth is 255 the prediction is taken as 255 too, before its
    boundary is looked for: one that is right wherever the truth is known has the truth's own boundary.
    """
    void = truth == IGNORE_INDEX
    regions = []
    for mask in (truth, np.where(void, np.uint8(IGNORE_INDEX), prediction)):
        inside = boundary_region(mask, boundary_distance((truth.shape[0], truth.shape[1])))
        regions.append(np.where(inside, mask, np.uint8(IGNORE_INDEX)))
    return pair_table(*regions)
