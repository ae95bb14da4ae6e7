"""What lines a street: houses with rows of windows that run to the vanishing point, and hedges.

Everything is given in metres (see Camera), for example a house on the left whose front begins 12 m ahead:

    house(camera, rng, light, side_x=-7.5, near_z=12.0, far_z=24.0, storeys=3)
"""

from __future__ import annotations

import numpy as np

from segdata.sample_data.regions import (
    LEAVES,
    PLASTER,
    Camera,
    Colour,
    Detail,
    FloatPoints,
    Region,
    clip_to_frame,
    union_outline,
    whole,
)
from segdata.sample_data.town import GREENS, NEAR, Light, haze, mix, pick, tone

WALLS: tuple[Colour, ...] = (
    (190, 104, 74),
    (214, 160, 92),
    (176, 84, 64),
    (204, 132, 108),
    (158, 104, 78),
    (226, 190, 110),
    (198, 120, 96),
)
ROOFS: tuple[Colour, ...] = ((126, 62, 48), (92, 60, 56), (146, 80, 58), (104, 84, 76))


def _wall_quad(camera: Camera, along: bool, at: float, lows: FloatPoints, highs: FloatPoints) -> FloatPoints:
    """Rectangles (n, 4, 2) on a wall, in the picture; (u, y) corners, plane x = at (along) or z = at."""
    u = np.stack([lows[:, 0], highs[:, 0], highs[:, 0], lows[:, 0]], axis=1)
    y = np.stack([lows[:, 1], lows[:, 1], highs[:, 1], highs[:, 1]], axis=1)
    fixed = np.full_like(u, at)
    return camera.project(np.stack([fixed, y, u] if along else [u, y, fixed], axis=-1))


def _windows(
    camera: Camera,
    rng: np.random.Generator,
    light: Light,
    *,
    along: bool,
    at: float,
    span: tuple[float, float],
    storeys: int,
    wall: Colour,
) -> tuple[Detail, ...]:
    """Rows of windows over a ground floor of doors and shop windows."""
    columns = max(1, int((span[1] - span[0]) / 2.7))
    pitch = (span[1] - span[0]) / columns
    centres = span[0] + pitch * (np.arange(columns) + 0.5)
    u, storey = (grid.ravel() for grid in np.meshgrid(centres, np.arange(storeys)))
    half = np.where(storey == 0, pitch * 0.36, pitch * 0.24)
    sill, head = (
        np.where(storey == 0, 0.5, 0.95) + 3.0 * storey,
        np.where(storey == 0, 2.5, 2.45) + 3.0 * storey,
    )
    frames = _wall_quad(
        camera,
        along,
        at,
        np.stack([u - half - 0.14, sill - 0.14], 1),
        np.stack([u + half + 0.14, head + 0.14], 1),
    )
    panes = _wall_quad(camera, along, at, np.stack([u - half, sill], 1), np.stack([u + half, head], 1))
    bars = _wall_quad(camera, along, at, np.stack([u - 0.05, sill], 1), np.stack([u + 0.05, head], 1))
    ledges = np.arange(1, storeys + 1) * 3.0
    ends = np.ones(storeys)
    bands = _wall_quad(
        camera,
        along,
        at,
        np.stack([ends * span[0], ledges - 0.12], 1),
        np.stack([ends * span[1], ledges + 0.1], 1),
    )
    glowing = rng.random(len(u)) < (0.45 if light.lamps else 0.0)
    frame_colour = mix(wall, (240, 236, 226), 0.6)
    return (
        Detail(tuple(whole(quad) for quad in bands), tone(wall, 1.12), PLASTER),
        Detail(tuple(whole(quad) for quad in frames), frame_colour),
        Detail(tuple(whole(quad) for quad in panes[~glowing]), (66, 96, 128)),
        Detail(tuple(whole(quad) for quad in panes[glowing]), (255, 222, 140)),
        Detail(tuple(whole(quad) for quad in bars), frame_colour),
    )


def house(
    camera: Camera,
    rng: np.random.Generator,
    light: Light,
    *,
    side_x: float,
    near_z: float,
    far_z: float,
    storeys: int,
) -> list[Region]:
    """A house on one side: roof, the end wall that faces the camera, and the front along the street."""
    outward = -1.0 if side_x < 0 else 1.0
    height = 3.0 * storeys + 0.4
    wall = haze(pick(rng, WALLS), light, near_z)
    front_tone = 1.0 + 0.16 * light.sun * (-outward * light.sun_side)
    front, end = tone(wall, front_tone), tone(wall, 0.86)
    near_z, back_x = max(near_z, NEAR), side_x + outward * 9
    ridge_x, ridge = side_x + outward * 4.5, height + rng.uniform(1.5, 3.2)
    corners = {
        "roof": [
            [side_x, height, near_z],
            [side_x, height, far_z],
            [ridge_x, ridge, far_z],
            [ridge_x, ridge, near_z],
        ],
        "end": [
            [side_x, 0, near_z],
            [side_x, height, near_z],
            [ridge_x, ridge, near_z],
            [back_x, height, near_z],
            [back_x, 0, near_z],
        ],
        "front": [[side_x, 0, near_z], [side_x, 0, far_z], [side_x, height, far_z], [side_x, height, near_z]],
    }
    end_span = (min(side_x, back_x), max(side_x, back_x))
    looks: dict[str, tuple[Colour, tuple[Detail, ...]]] = {
        "roof": (haze(pick(rng, ROOFS), light, near_z), ()),
        "end": (
            end,
            _windows(camera, rng, light, along=False, at=near_z, span=end_span, storeys=storeys, wall=end),
        ),
        "front": (
            front,
            _windows(
                camera, rng, light, along=True, at=side_x, span=(near_z, far_z), storeys=storeys, wall=front
            ),
        ),
    }
    regions = []
    for part, points_xyz in corners.items():
        outline = clip_to_frame(camera.project(points_xyz), camera.size_hw)
        if outline is not None:
            colour, details = looks[part]
            regions.append(Region("building", outline, colour, PLASTER, details))
    return regions


def end_house(
    camera: Camera, rng: np.random.Generator, light: Light, *, x: tuple[float, float], z: float
) -> Region | None:
    """A house across the end of the street, seen from the front."""
    storeys = int(rng.integers(2, 5))
    height = 3.0 * storeys + 0.4
    wall = tone(haze(pick(rng, WALLS), light, z), 0.95)
    outline = clip_to_frame(
        camera.project([[x[0], 0, z], [x[1], 0, z], [x[1], height, z], [x[0], height, z]]), camera.size_hw
    )
    if outline is None:
        return None
    return Region(
        "building",
        outline,
        wall,
        PLASTER,
        _windows(camera, rng, light, along=False, at=z, span=x, storeys=storeys, wall=wall),
    )


def hedge(
    camera: Camera, rng: np.random.Generator, light: Light, *, side_x: float, near_z: float, far_z: float
) -> Region | None:
    """A clipped hedge along the pavement."""
    height, depth = rng.uniform(0.9, 1.9), (-1.5 if side_x < 0 else 1.5)
    near_z = max(near_z, NEAR)
    front = camera.project(
        [[side_x, 0, near_z], [side_x, 0, far_z], [side_x, height, far_z], [side_x, height, near_z]]
    )
    top = camera.project(
        [
            [side_x, height, near_z],
            [side_x, height, far_z],
            [side_x + depth, height, far_z],
            [side_x + depth, height, near_z],
        ]
    )
    end = camera.project(
        [
            [side_x, 0, near_z],
            [side_x, height, near_z],
            [side_x + depth, height, near_z],
            [side_x + depth, 0, near_z],
        ]
    )
    outline = union_outline([front, top, end], camera.size_hw)
    if outline is None:
        return None
    green = haze(pick(rng, GREENS), light, near_z)
    details = (
        Detail((whole(top),), tone(green, 1.25), LEAVES),
        Detail((whole(front),), tone(green, 0.85), LEAVES),
    )
    return Region("vegetation", outline, green, LEAVES, details)
