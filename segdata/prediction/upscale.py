"""Logits of a photo to its mask at full size without torch: one class after the other, the largest so far kept.

What torch would do band by band (resize all classes, argmax over them) takes four to six times as long on a CPU.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segdata.sample import Mask

BAND_NUMBERS = 1 << 21
"""Numbers of logits that lie in memory at once beside those given: 8 MiB as float32."""


def likeliest_at(logits: NDArray[np.float32], size_hw: tuple[int, int]) -> Mask:
    """The class of the largest logit at every pixel of a photo so large, uint8 (H, W).

    logits  float32 (h, w, C), resized bilinearly with pixel centres aligned, as `resized_rows` in views.py does
    """
    (height, width), (rows, columns, classes) = size_hw, logits.shape
    band = max(1, BAND_NUMBERS // (classes * max(width, columns)))
    places = np.maximum((np.arange(height) + 0.5) * (rows / height) - 0.5, 0)
    above = np.minimum(places.astype(np.int64), rows - 1)
    below = np.minimum(above + 1, rows - 1)
    share = (places - above).astype(np.float32)[:, None, None]
    mask = np.empty(size_hw, np.uint8)
    for start in range(0, height, band):
        part = slice(start, min(start + band, height))
        between = logits[above[part]] * (1 - share[part]) + logits[below[part]] * share[part]
        # One plane after the other: cv2 takes no more than a few channels quickly.
        best: NDArray[np.float32] | None = None
        for class_id in range(classes):
            plane = np.ascontiguousarray(between[:, :, class_id])
            if columns != width:
                plane = np.asarray(cv2.resize(plane, (width, plane.shape[0]), interpolation=cv2.INTER_LINEAR))
            if best is None:
                best, mask[part] = plane, 0
                continue
            better = plane > best
            mask[part][better] = class_id
            best[better] = plane[better]
    return mask
