"""The things that stand in the street: trees, signs, lamp posts, a litter bin.

Each is drawn in metres around a spot on the ground, for example a tree 9 m ahead and 2 m to the right:

    tree(camera, rng, light, x=2.0, z=9.0, height=5.0)
"""

from __future__ import annotations

import numpy as np

from segdata.sample_data.regions import (
    BONNET,
    LEAVES,
    LITTER_BIN,
    PLAIN,
    UNLABELLED,
    Camera,
    Colour,
    Detail,
    FloatPoints,
    Points,
    Region,
    clip_to_frame,
    union_outline,
    whole,
)
from segdata.sample_data.town import GREENS, Light, haze, mix, pick, tone


def upright(camera: Camera, x: float, z: float, points: FloatPoints) -> FloatPoints:
    """A flat figure, in metres right of and above its foot, as picture points."""
    return camera.project(np.stack([x + points[:, 0], points[:, 1], np.full(len(points), z)], axis=1))


def disc(cx: float, cy: float, rx: float, ry: float, corners: int = 20) -> FloatPoints:
    angle = np.arange(corners) * (2 * np.pi / corners)
    return np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=1)


def box(x0: float, y0: float, x1: float, y1: float) -> FloatPoints:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)


def shadow(
    camera: Camera, light: Light, x: float, z: float, half_width: float, depth: float
) -> Points | None:
    """A patch on the ground beside the thing, away from the sun."""
    shift = -light.sun_side * light.sun * half_width
    around = disc(x + shift, z, half_width * (1.1 + 0.5 * light.sun), depth, 14)
    around[:, 1] = np.maximum(around[:, 1], 0.8)
    return clip_to_frame(
        camera.project(np.stack([around[:, 0], np.zeros(14), around[:, 1]], axis=1)), camera.size_hw
    )


def tree(
    camera: Camera, rng: np.random.Generator, light: Light, *, x: float, z: float, height: float
) -> Region | None:
    """Trunk and crown in one outline."""
    radius = height * rng.uniform(0.26, 0.36)
    middle = height - radius
    trunk = np.array([[-0.17, 0], [0.17, 0], [0.1, middle], [-0.1, middle]]) * np.array([height / 6, 1])
    blobs = [disc(0, middle, radius * 0.85, radius * 0.9, 14)]
    for turn in np.arange(7) * (2 * np.pi / 7) + rng.uniform(0, 1):
        reach = radius * rng.uniform(0.5, 0.75)
        size = radius * rng.uniform(0.36, 0.55)
        blobs.append(disc(reach * np.cos(turn), middle + reach * np.sin(turn), size, size, 14))
    shapes = [upright(camera, x, z, shape) for shape in (trunk, *blobs)]
    outline = union_outline(shapes, camera.size_hw)
    if outline is None:
        return None
    green = haze(pick(rng, GREENS), light, z)
    bright: list[Points] = []
    dark: list[Points] = []
    for _ in range(26):
        turn, reach = rng.uniform(0, 2 * np.pi), radius * rng.uniform(0, 1)
        cx, cy, size = reach * np.cos(turn), reach * np.sin(turn), radius * rng.uniform(0.1, 0.2)
        lit = cy + 0.6 * cx * light.sun_side > 0
        (bright if lit else dark).append(
            whole(upright(camera, x, z, disc(cx, middle + cy, size, size * 0.8, 9)))
        )
    details = (
        Detail((whole(shapes[0]),), haze((92, 70, 50), light, z)),
        Detail(tuple(whole(shape) for shape in shapes[1:]), green, LEAVES),
        Detail(tuple(dark), tone(green, 0.78), LEAVES),
        Detail(tuple(bright), tone(green, 1.22), LEAVES),
    )
    return Region(
        "vegetation", outline, green, LEAVES, details, shadow(camera, light, x, z, radius * 0.8, 0.5)
    )


def lamp_post(
    camera: Camera, rng: np.random.Generator, light: Light, *, x: float, z: float, width: float
) -> Region | None:
    """A lamp post whose arm reaches over the road."""
    height, reach = rng.uniform(4.6, 6.5), (1.3 if x < 0 else -1.3)
    post = np.array([[-width / 2, 0], [width / 2, 0], [width / 2.6, height], [-width / 2.6, height]])
    foot = box(-width * 0.9, 0, width * 0.9, 0.5)
    arm = np.array([[0, height - 0.12], [0, height + 0.08], [reach, height + 0.3], [reach, height + 0.12]])
    head = np.array(
        [
            [reach * 0.8, height + 0.12],
            [reach * 1.35, height + 0.12],
            [reach * 1.25, height + 0.38],
            [reach * 0.9, height + 0.38],
        ]
    )
    shapes = [upright(camera, x, z, shape) for shape in (post, foot, arm, head)]
    outline = union_outline(shapes, camera.size_hw)
    if outline is None:
        return None
    metal = haze(pick(rng, ((34, 92, 84), (40, 104, 80), (30, 82, 92))), light, z)
    shine = np.array(
        [[-width * 0.22, 0], [-width * 0.02, 0], [-width * 0.02, height], [-width * 0.22, height]]
    )
    glass = np.array(
        [
            [reach * 0.88, height + 0.1],
            [reach * 1.28, height + 0.1],
            [reach * 1.26, height + 0.2],
            [reach * 0.9, height + 0.2],
        ]
    )
    details = (
        Detail((whole(upright(camera, x, z, shine)),), tone(metal, 1.35)),
        Detail((whole(upright(camera, x, z, glass)),), (255, 236, 170) if light.lamps else (226, 230, 230)),
    )
    return Region("pole", outline, metal, PLAIN, details, shadow(camera, light, x, z, width * 1.5, 0.15))


def traffic_sign(
    camera: Camera, rng: np.random.Generator, light: Light, *, x: float, z: float, width: float
) -> list[Region]:
    """A pole and the board on it: no entry, keep right, give way, speed limit or priority road."""
    size, top = rng.uniform(0.5, 0.62), rng.uniform(2.7, 3.2)
    middle = top - size
    pole_outline = clip_to_frame(upright(camera, x, z, box(-width / 2, 0, width / 2, top)), camera.size_hw)
    metal = haze((96, 132, 128), light, z)
    regions = []
    if pole_outline is not None:
        shine = Detail((whole(upright(camera, x, z, box(-width * 0.25, 0, 0, top))),), tone(metal, 1.3))
        regions.append(
            Region(
                "pole", pole_outline, metal, PLAIN, (shine,), shadow(camera, light, x, z, width * 1.5, 0.15)
            )
        )
    corners, kind = 22, int(rng.integers(5))
    red, blue, white, yellow = (214, 20, 40), (20, 84, 200), (246, 246, 244), (250, 204, 20)
    triangle = np.array([[-1.1, 0.85], [1.1, 0.85], [0.0, -1.05]])
    diamond = np.array([[0, 1.15], [1.15, 0], [0, -1.15], [-1.15, 0]])
    arrow = np.array(
        [[-0.15, 0.55], [0.15, 0.55], [0.15, 0.05], [0.5, 0.05], [0.0, -0.6], [-0.5, 0.05], [-0.15, 0.05]]
    )
    face: tuple[tuple[FloatPoints, Colour], ...] = (
        ((disc(0, 0, 1, 1, corners), red), (box(-0.7, -0.2, 0.7, 0.2), white)),
        ((disc(0, 0, 1, 1, corners), blue), (arrow, white)),
        ((triangle, red), (triangle * 0.6 + [0, 0.1], white)),
        (
            (disc(0, 0, 1, 1, corners), red),
            (disc(0, 0, 0.72, 0.72, corners), white),
            (box(-0.4, -0.36, -0.1, 0.36), (30, 30, 30)),
            (box(0.1, -0.36, 0.4, 0.36), (30, 30, 30)),
        ),
        ((diamond, white), (diamond * 0.74, yellow)),
    )[kind]
    placed = [(upright(camera, x, z, shape * size + [0.0, middle]), colour) for shape, colour in face]
    outline = clip_to_frame(placed[0][0], camera.size_hw)
    if outline is not None:
        details = tuple(
            Detail((whole(shape),), mix(colour, light.sky_low, min(0.3, z / 220))) for shape, colour in placed
        )
        regions.append(Region("traffic sign", outline, details[0].colour, PLAIN, details))
    return regions


def litter_bin(camera: Camera, light: Light, *, x: float, z: float) -> Region | None:
    """A bin that stands in the photo and that nobody outlined."""
    body = np.array([[-0.26, 0.05], [0.26, 0.05], [0.32, 0.95], [-0.32, 0.95]])
    outline = clip_to_frame(upright(camera, x, z, body), camera.size_hw)
    if outline is None:
        return None
    colour = haze((122, 58, 120), light, z)
    details = (
        Detail((whole(upright(camera, x, z, box(-0.34, 0.78, 0.34, 0.96))),), tone(colour, 0.6)),
        Detail(
            (
                whole(upright(camera, x, z, box(-0.08, 0.1, -0.03, 0.75))),
                whole(upright(camera, x, z, box(0.08, 0.1, 0.13, 0.75))),
            ),
            tone(colour, 1.3),
        ),
    )
    return Region(
        UNLABELLED, outline, colour, PLAIN, details, shadow(camera, light, x, z, 0.3, 0.2), LITTER_BIN
    )


def own_bonnet(camera: Camera, rng: np.random.Generator) -> Region | None:
    """The bonnet of the car that carries the camera, at the bottom edge; nobody outlined it."""
    height, width = camera.size_hw
    rise = rng.uniform(0.028, 0.05) * height
    xs = np.linspace(0, width - 1, 9)
    crest = height - 1 - rise * (0.55 + 0.45 * np.sin(np.linspace(0, np.pi, 9)))
    outline = clip_to_frame(
        np.concatenate([np.stack([xs, crest], 1), [[width - 1, height - 1], [0, height - 1]]]), camera.size_hw
    )
    if outline is None:
        return None
    paint = pick(rng, ((52, 60, 70), (110, 24, 30), (190, 192, 196)))
    gloss = np.array(
        [
            [0.2 * width, height],
            [0.3 * width, height - rise],
            [0.42 * width, height - rise],
            [0.4 * width, height],
        ]
    )
    shine = Detail((whole(gloss),), tone(paint, 1.3))
    return Region(UNLABELLED, outline, paint, PLAIN, (shine,), None, BONNET)
