"""What is doubtful about an outline or about all that was drawn on a photo, in the same words for every format.

annotation 3: the outline crosses itself at x 3.5, y 2.5       [self-crossing: filled even-odd …]
row 2, 'car', polygon 1: all 4 points lie on one line          [zero-area: painted one pixel wide]
IMG_7.jpg: all regions fit a photo of 480x640, but it is 640x480   [turned-annotation: clipped; see source.exif]
IMG_9.jpg: 31 of 40 points lie far outside the photo of 480x640 …  [other-photo: clipped]
IMG_8.jpg: nothing that was drawn covers an area               [not-annotated: whole photo taken as background]
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segdata.crossings import self_crossings
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.rasterize import PointsXY, is_on_a_line, mean_width, pixel_points
from segdata.wording import counted, size_text

ONE_PIXEL_WIDE = "painted one pixel wide"
FAR = 0.1
"""Beyond this share of a photo's side nobody draws by accident."""
MANY = 0.25
STRIP = 0.4
"""Pixels of mean width from which on what becomes one pixel wide was a strip, and no line: rounding takes up to half a
pixel. Points that were clicked on one spot, or one line, enclose nothing."""
ENOUGH = 8
"""So many points, and this share of them far outside, speak of another photo; a box drawn generously does not."""


def outline_doubts(
    points_xy: PointsXY,
    frame_hw: tuple[int, int],
    name: str,
    place: str,
    *,
    by_hand: bool = True,
    without_area: str = ONE_PIXEL_WIDE,
    steps: int = 1,
) -> list[Finding]:
    """A finding for a filled outline that, as it is painted, encloses nothing or crosses itself.

    name          the photo's
    by_hand       boxes and ellipses do not cross themselves, whatever rounding makes of thin ones
    without_area  what becomes of an outline that encloses nothing
    steps         places for a point in one pixel, along each axis
    """
    points = pixel_points(points_xy * steps, (frame_hw[0] * steps, frame_hw[1] * steps))
    return pixel_doubts(
        points, len(points_xy), name, place, by_hand=by_hand, without_area=without_area, steps=steps
    )


def pixel_doubts(
    points: NDArray[np.int32],
    count: int,
    name: str,
    place: str,
    *,
    by_hand: bool = True,
    without_area: str = ONE_PIXEL_WIDE,
    steps: int = 1,
    drawn_xy: PointsXY | None = None,
) -> list[Finding]:
    """`outline_doubts` of an outline of `count` points that `pixel_points` has made whole.

    drawn_xy  its points before that, where one that encloses a strip there was meant to be as thin as it is painted
    """
    if len(points) == 0:
        return []
    if is_on_a_line(points):
        if drawn_xy is not None and mean_width(drawn_xy) >= STRIP:
            return []
        message = f"all {count} points lie on one line"
        return [Finding("zero-area", name, place, message, without_area, "warning")]
    crossings = self_crossings(points, least_loop=2.0 * steps**2) if by_hand else points[:0]
    if crossings is None:
        message = f"{count} points, too many to look whether their lines cross"
        return [Finding("crossings-unchecked", name, place, message, "filled even-odd")]
    if len(crossings) == 0:
        return []
    x, y = crossings[0] / steps
    more = f" and in {counted(len(crossings) - 1, 'more place')}" if len(crossings) > 1 else ""
    message = f"the outline crosses itself at x {x:.1f}, y {y:.1f}{more}"
    action = "filled even-odd: what it encloses twice is left out"
    return [Finding("self-crossing", name, place, message, action, "warning")]


def turned(frame_hw: tuple[int, int], name: str) -> Finding:
    """For regions that run outside the frame of photo `name`, and would fit one of swapped sides."""
    height, width = frame_hw
    message = f"all regions fit a photo of {size_text((width, height))}, but it is {height}x{width}"
    return Finding("turned-annotation", name, "", message, "clipped; see source.exif", "warning")


def other_photo(outlines: Sequence[PointsXY], frame_hw: tuple[int, int], name: str) -> list[Finding]:
    """For outlines (N, 2) of photo `name` that were drawn on a larger one: it was shrunk since, or replaced."""
    points = np.concatenate([*outlines, np.empty((0, 2))])
    if len(points) < ENOUGH:
        return []
    sides = np.array(frame_hw[::-1], np.float64)
    far = int(np.count_nonzero(np.any((points < -FAR * sides) | (points > (1 + FAR) * sides), axis=1)))
    if far <= MANY * len(points):
        return []
    message = (
        f"{far} of {len(points)} points lie far outside the photo of {size_text(frame_hw)}: was it made smaller, or "
        "replaced by another, since they were drawn?"
    )
    return [Finding("other-photo", name, "", message, "clipped", "warning")]


def nothing_drawn(source: OpenSource, name: str) -> Finding:
    """For photo `name`, which carries regions of which none covers an area: it is as good as not annotated."""
    skipped = source.unannotated == "skip"  # too late to leave it out: nobody learns from it either
    action = "whole photo ignored" if skipped else source.unannotated_action
    return Finding("not-annotated", name, "", "nothing that was drawn covers an area", action, "warning")
