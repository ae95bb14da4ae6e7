"""What a drawn scene is made of: outlines in painting order, and the camera that puts them into the picture.

A scene is a list of regions such as

    Region("car", points_xy=[[301, 244], [352, 241], [366, 263], [298, 292]], colour=(196, 42, 40), …)

painted one over the other, far to near. Truth mask and photo are both made from this list, so they agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

CLASSES: tuple[str, ...] = (
    "sky",
    "building",
    "vegetation",
    "road",
    "sidewalk",
    "car",
    "person",
    "traffic sign",
    "pole",
)
UNLABELLED = "unlabelled"  # the class name of what stands in the photo and nobody outlined
UNLABELLED_ID = 255
BONNET, LITTER_BIN = "own bonnet", "litter bin"

Points: TypeAlias = npt.NDArray[np.int32]  # (N, 2): x, y in pixels
FloatPoints: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]  # red, green, blue, 0 … 255

# Kinds of surface; painting.py gives each its grain.
PLAIN, SKY, LEAVES, ASPHALT, PAVING, PLASTER = range(6)


@dataclass(frozen=True)
class Detail:
    """Shapes of one colour painted on a region, never beyond its outline, such as the windows of a house."""

    outlines: tuple[Points, ...]
    colour: Colour
    surface: int = PLAIN


@dataclass(frozen=True)
class Region:
    """One outlined thing: its class, its outline inside the picture, and how it is painted.

    `shadow_xy` outlines the shadow that it throws on what was painted before; a shadow changes no label.
    `thing` says what an UNLABELLED region shows, for the formats that have a word for it.
    """

    class_name: str
    points_xy: Points
    colour: Colour
    surface: int = PLAIN
    details: tuple[Detail, ...] = ()
    shadow_xy: Points | None = None
    thing: str = ""


@dataclass(frozen=True)
class Camera:
    """A pinhole over flat ground. World axes in metres: x to the right, y up, z along the street."""

    size_hw: tuple[int, int]
    focal: float  # pixels
    vanishing_x: float  # pixels: where the street runs to
    horizon_y: float  # pixels
    height: float  # metres
    roll: float  # radians

    def project(self, points_xyz: npt.ArrayLike) -> FloatPoints:
        """World points (N, 3) with z > 0 → picture points (N, 2)."""
        xyz = np.asarray(points_xyz, dtype=np.float64)
        right = self.focal * xyz[..., 0] / xyz[..., 2]
        down = self.focal * (self.height - xyz[..., 1]) / xyz[..., 2]
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        x = self.vanishing_x + cos * right - sin * down
        y = self.horizon_y + sin * right + cos * down
        return np.stack([x, y], axis=-1)

    def column(self, x: float, z: float) -> float:
        """Where a point on the ground lands, as a share of the picture's width."""
        return float(self.project([[x, 0.0, z]])[0, 0]) / self.size_hw[1]

    def pixels_per_metre(self, z: float) -> float:
        return self.focal / z


def whole(points: FloatPoints) -> Points:
    """Round to pixels; the limit keeps far-out points within what cv2 can clip."""
    return np.rint(np.clip(points, -30_000, 30_000)).astype(np.int32)


def clip_to_frame(points: FloatPoints, size_hw: tuple[int, int]) -> Points | None:
    """The part of an outline inside the picture (Sutherland and Hodgman 1974); None where nothing is left."""
    for axis, limit, keep_below in (
        (0, 0.0, False),
        (0, size_hw[1] - 1.0, True),
        (1, 0.0, False),
        (1, size_hw[0] - 1.0, True),
    ):
        distance = limit - points[:, axis] if keep_below else points[:, axis] - limit
        kept: list[FloatPoints] = []
        for i in range(len(points)):
            here, there = distance[i - 1], distance[i]
            if (here >= 0) != (there >= 0):
                kept.append(points[i - 1] + (points[i] - points[i - 1]) * (here / (here - there)))
            if there >= 0:
                kept.append(points[i])
        if len(kept) < 3:
            return None
        points = np.asarray(kept)
    outline = np.rint(points).astype(np.int32)
    changed = np.any(outline != np.roll(outline, 1, axis=0), axis=1)
    outline = outline[changed]
    return outline if len(outline) >= 3 and cv2.contourArea(outline) >= 4 else None


def union_outline(shapes: list[FloatPoints], size_hw: tuple[int, int]) -> Points | None:
    """One outline around overlapping shapes, cut at the picture's edge; None where too little is inside.

    The shapes are painted and traced, so the outline may be a pixel off them; what it encloses is part of it.
    """
    canvas: Mask = np.zeros(size_hw, np.uint8)
    for shape in shapes:
        cv2.fillPoly(canvas, [whole(shape)], 1)
    contours, _ = cv2.findContours(canvas, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    outline = cv2.approxPolyDP(largest, 1.0, True)[:, 0, :]
    return outline.astype(np.int32) if len(outline) >= 3 and cv2.contourArea(outline) >= 30 else None


def paint_mask(regions: list[Region] | tuple[Region, ...], size_hw: tuple[int, int]) -> Mask:
    """The truth: class ids painted in order over 255; what nobody outlined paints nothing."""
    mask: Mask = np.full(size_hw, UNLABELLED_ID, np.uint8)
    for region in regions:
        if region.class_name != UNLABELLED:
            cv2.fillPoly(mask, [region.points_xy], CLASSES.index(region.class_name))
    return mask
