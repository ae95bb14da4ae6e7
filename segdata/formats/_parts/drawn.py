"""From what an annotation outlines on one photo to its mask, for formats that mix outlines and small masks.

[Outline("shape 1", 0, [[0, 0], [9, 0], [9, 5]]), Patch("shape 2", 3, top=2, left=4, size_hw=(7, 12), …)]

Later ones are painted over earlier ones. Coordinates count from the corner of the photo, as these tools' canvases do:
a point at 3.0 and one at 3.7 both lie in pixel 3, and that pixel is on the border that `rasterize` paints. (LabelMe's own
masks of PASCAL photos differ from this in 0.2 % of the pixels; with pixel 3 reaching from 2.5 to 3.5, in 1 %.) VIA's
count from the middle of the corner pixel, so that whole numbers are pixels as cv2.fillPoly takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from segdata.crossings import may_cross
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.doubts import other_photo, pixel_doubts, turned
from segdata.photo import Photo
from segdata.rasterize import (
    PointsXY,
    area_px,
    blank_mask,
    count_outside,
    fill_pixels,
    pixel_outlines,
    refuse_high,
    stroke,
)
from segdata.sample import Mask
from segdata.wording import counted, size_text

Bits = NDArray[np.bool_]


class Stroke(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open lines of so many pixels."""

    stroke: Annotated[int, msgspec.Meta(ge=1, le=1000)]


Lines = Literal["ignore", "closed"] | Stroke
"""What to do with open lines, which cover no area: leave them out, close and fill them, or give them a width."""


@dataclass(frozen=True, slots=True)
class Outline:
    """An outline ready to paint: filled, or drawn as an open line of `width_px` pixels.

    points_xy     float64 (N, 2) pixels from the top left corner of the photo
    by_hand       point by point: not a box or an ellipse, which cannot cross itself
    from_corner   whether points count from the corner itself; if not, from the middle of the corner pixel
    """

    place: str
    class_id: int
    points_xy: PointsXY
    width_px: int | None = None
    by_hand: bool = True
    from_corner: bool = True

    @property
    def painted_xy(self) -> PointsXY:
        """Its points as `rasterize` takes them."""
        return np.floor(self.points_xy) if self.from_corner else self.points_xy


@dataclass(frozen=True, slots=True)
class Patch:
    """A small mask ready to paint, with its top left pixel at row `top`, column `left`.

    make_inside   gives its pixels, bool (height, width) as `size_hw` says. They are made when they are painted: a photo
                  may have hundreds of masks as large as itself.
    """

    place: str
    class_id: int
    top: int
    left: int
    size_hw: tuple[int, int]
    make_inside: Callable[[], Bits]


Drawn = Outline | Patch


def paint(
    drawn: Sequence[Drawn], frame_hw: tuple[int, int], unlabelled_id: int, name: str, findings: list[Finding]
) -> Mask:
    """Regions in order, later over earlier. Returns uint8 (H, W) class ids in the frame they were drawn in.

    A filled outline of photo `name` that encloses nothing or crosses itself adds a finding.
    """
    mask = blank_mask(frame_hw, unlabelled_id)
    filled = [region for region in drawn if isinstance(region, Outline) and region.width_px is None]
    outlines = pixel_outlines([region.painted_xy for region in filled], frame_hw)
    looked_at = zip(outlines, may_cross(outlines), strict=True)
    for region in drawn:
        if isinstance(region, Patch):
            _stamp(mask, region)
        elif region.width_px is None:
            points, doubtful = next(looked_at)
            count = len(region.points_xy)
            findings += pixel_doubts(
                points,
                count,
                name,
                region.place,
                by_hand=region.by_hand and bool(doubtful),
                drawn_xy=region.points_xy if region.by_hand else None,
            )
            fill_pixels(mask, points, region.class_id)
        else:
            stroke(mask, region.painted_xy, region.class_id, region.width_px)
    return mask


def _stamp(mask: Mask, patch: Patch) -> None:
    """Paint what of a patch lies inside the mask, in place."""
    rows, columns = _inside(patch, (mask.shape[0], mask.shape[1]))
    if rows.start == rows.stop or columns.start == columns.stop:
        return
    here = mask[
        patch.top + rows.start : patch.top + rows.stop, patch.left + columns.start : patch.left + columns.stop
    ]
    here[patch.make_inside()[rows, columns]] = patch.class_id


def _inside(patch: Patch, frame_hw: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a patch that lie inside the frame."""
    rows, columns = (
        slice(start := min(max(-at, 0), size), max(min(side - at, size), start))
        for at, size, side in zip((patch.top, patch.left), patch.size_hw, frame_hw, strict=True)
    )
    return rows, columns


def largest_first(drawn: Sequence[Drawn], frame_hw: tuple[int, int]) -> list[Drawn]:
    """By area in pixels; those of one area stay in order."""
    return sorted(drawn, key=lambda region: -_area(region, frame_hw))


def _area(region: Drawn, frame_hw: tuple[int, int]) -> float:
    if isinstance(region, Patch):
        return int(np.count_nonzero(region.make_inside()))
    return area_px(region.painted_xy, frame_hw)


def outside_findings(drawn: Sequence[Drawn], frame_hw: tuple[int, int], name: str) -> list[Finding]:
    """One finding per region that runs outside the frame; one more when all fit a frame of swapped sides, or a larger one."""
    height, width = frame_hw
    if _all_inside(drawn, frame_hw):
        return []
    findings = []
    for region in drawn:
        outside, count, what = _count_outside(region, frame_hw, strict=True)
        if outside:
            message = f"{outside} of {counted(count, what)} outside the photo of {size_text(frame_hw)}"
            findings.append(Finding("points-clipped", name, region.place, message, "clipped"))
    past, past_if_turned = (
        any(_count_outside(region, size_hw)[0] for region in drawn) for size_hw in (frame_hw, (width, height))
    )
    if past and not past_if_turned:
        findings.append(turned(frame_hw, name))
    elif past:
        outlines = [region.points_xy for region in drawn if isinstance(region, Outline)]
        findings += other_photo(outlines, frame_hw, name)
    return findings


def _all_inside(drawn: Sequence[Drawn], frame_hw: tuple[int, int]) -> bool:
    """Whether all are outlines with no point outside the frame or on its far edges: a look at all points at once."""
    outlines = [region.points_xy for region in drawn if isinstance(region, Outline)]
    if not outlines or len(outlines) < len(drawn):
        return False
    points, (height, width) = np.concatenate(outlines), frame_hw
    return bool(points.min() >= 0 and np.all(points.max(axis=0) < (width, height)))


def _count_outside(region: Drawn, frame_hw: tuple[int, int], *, strict: bool = False) -> tuple[int, int, str]:
    """How much of a region lies outside, of how much of what; `strict`: a point on the far edge too, where it numbers pixels."""
    if isinstance(region, Outline):
        far_edge = strict and not region.from_corner
        return count_outside(region.points_xy, frame_hw, far_edge=far_edge), len(region.points_xy), "point"
    rows, columns = _inside(region, frame_hw)
    if (rows.stop - rows.start, columns.stop - columns.start) == region.size_hw:
        return 0, 0, "pixel"
    inside = region.make_inside()
    count, kept = int(np.count_nonzero(inside)), int(np.count_nonzero(inside[rows, columns]))
    return count - kept, count, "pixel"


def covers_area(points: PointsXY, lines: Lines, name: str, place: str, findings: list[Finding]) -> bool:
    """Whether an outline or line can be painted; if not, that adds a finding.

    lines   what to do with it, where it is an open line; "closed" for any other outline
    """
    if lines == "ignore":
        message = "an open line covers no area"
        action = "ignored; source.options.lines may close it or give it a width"
        findings.append(Finding("line-ignored", name, place, message, action, "warning"))
        return False
    if len(points) < (3 if lines == "closed" else 2):
        message = f"{counted(len(points), 'point')}: too few for an area"
        findings.append(Finding("too-few-points", name, place, message, "ignored", "warning"))
        return False
    return True


def width_of(lines: Lines) -> int | None:
    """In pixels; None for what is closed and filled."""
    return lines.stroke if isinstance(lines, Stroke) else None


def frame_of(
    photo: Photo, exif: Literal["as-shown", "as-stored"] | None, said_hw: Sequence[Any], where: str
) -> tuple[int, int]:
    """Height and width of the photo as it was annotated: upright, or as stored where source.exif says so.

    said_hw   height and width that the annotation gives, None or 0 where it gives none
    Raises DataError when they are another photo's, or this one's turned, and for a photo too high to paint on.
    """
    frame = photo.stored_hw if exif == "as-stored" else photo.upright_hw
    refuse_high(frame, photo.name)
    said = tuple(given or actual for given, actual in zip(said_hw, frame, strict=True))
    if said == frame:
        return frame
    other = photo.upright_hw if exif == "as-stored" else photo.stored_hw
    fix = "Annotate the photo that lies here, or put the one there that was annotated."
    if said == other:
        turn = "as-shown" if exif == "as-stored" else "as-stored"
        fix = f"The photo is turned by its EXIF orientation: set source.exif to {turn}."
    kind = "as stored" if exif == "as-stored" else "upright"
    raise DataError(
        photo.name,
        found=f"{where} drawn on {size_text((said[0], said[1]))}",
        expected=f"the photo's size, {kind}: {size_text(frame)}",
        fix=fix,
    )
