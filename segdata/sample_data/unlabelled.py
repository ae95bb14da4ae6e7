"""Things that stand in the photo and that nobody outlined, such as the bonnet of one's own car.

A person outlines the road around the bonnet; so its pixels are cut out of the regions behind it:

    road [[0, 300], [639, 300], [639, 479], [0, 479]]  →  [[0, 300], [639, 300], [639, 460], [320, 452], …]
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from segdata.sample_data.regions import UNLABELLED, Mask, Points, Region


def leave_unlabelled(regions: list[Region], size_hw: tuple[int, int]) -> list[Region]:
    """Cut what nobody outlined out of every region painted before it, as a person outlines around it."""
    result: list[Region] = []
    for region in regions:
        if region.class_name == UNLABELLED:
            hidden = _filled(region.points_xy, size_hw)
            result = [part for earlier in result for part in _without(earlier, hidden)]
        result.append(region)
    return result


def _filled(outline: Points, size_hw: tuple[int, int]) -> Mask:
    mask: Mask = np.zeros(size_hw, np.uint8)
    cv2.fillPoly(mask, [outline], 1)
    return mask


def _without(region: Region, hidden: Mask) -> list[Region]:
    """A region less the hidden pixels: the same one, or the pieces that are left."""
    own = _filled(region.points_xy, (hidden.shape[0], hidden.shape[1]))
    if region.class_name == UNLABELLED or not np.any(own & hidden):
        return [region]
    pieces = _outlines(own & (1 - hidden))
    return [
        replace(region, points_xy=piece, shadow_xy=region.shadow_xy if i == 0 else None)
        for i, piece in enumerate(pieces)
    ]


def _outlines(mask: Mask) -> list[Points]:
    """Outlines that fill these pixels less what is too small to outline; cut in two where there is a hole."""
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for contour, (_, _, _, parent) in zip(contours, tree[0] if tree is not None else (), strict=True):
        if parent >= 0:
            column = int(contour[:, 0, 0].min() + contour[:, 0, 0].max()) // 2
            left, right = mask.copy(), mask.copy()
            left[:, column:], right[:, :column] = 0, 0
            return _outlines(left) + _outlines(right)
    return [contour[:, 0, :].astype(np.int32) for contour in contours if cv2.contourArea(contour) >= 4]
