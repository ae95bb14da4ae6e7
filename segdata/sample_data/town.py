"""Light and land: the hour of the day, the sky, the woods on the horizon, grass, pavement and road.

Everything is given in metres (see Camera), for example a road from 2 m left of the camera to 5 m right of it:

    ground(camera, rng, walls_x=(-4.5, 8.0), road_x=(-2.0, 5.0), junction_z=None)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segdata.sample_data.regions import (
    ASPHALT,
    LEAVES,
    PAVING,
    SKY,
    Camera,
    Colour,
    Detail,
    FloatPoints,
    Region,
    clip_to_frame,
    whole,
)

FAR = 400.0  # metres: the end of the drawn ground
NEAR = 0.8

GREENS: tuple[Colour, ...] = ((62, 108, 44), (78, 122, 50), (50, 94, 52), (94, 124, 48), (70, 100, 60))


@dataclass(frozen=True)
class Light:
    """The hour and the weather: sky colours, where the sun stands, and whether lamps burn."""

    sky_top: Colour
    sky_low: Colour
    gain: tuple[float, float, float]  # on red, green, blue
    sun: float  # 0 … 1: how hard the shadows are
    sun_side: int  # -1 from the left, +1 from the right
    lamps: bool


def tone(colour: Colour, factor: float) -> Colour:
    """A colour made darker (below 1) or lighter."""
    red, green, blue = (min(255, max(0, round(channel * factor))) for channel in colour)
    return red, green, blue


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of the other colour in the one."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def haze(colour: Colour, light: Light, z: float) -> Colour:
    """What air does to a colour z metres away."""
    return mix(colour, light.sky_low, min(0.5, z / 220))


def pick(rng: np.random.Generator, choices: tuple[Colour, ...]) -> Colour:
    return choices[int(rng.integers(len(choices)))]


def flat(camera: Camera, x0: float, x1: float, z0: float, z1: float) -> FloatPoints:
    """A rectangle on the ground, as picture points."""
    return camera.project([[x0, 0, z0], [x1, 0, z0], [x1, 0, z1], [x0, 0, z1]])


def sky(camera: Camera, light: Light) -> Region:
    """The whole picture; all else is painted over it."""
    height, width = camera.size_hw
    frame = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.int32)
    steps = 40
    edges = np.linspace(0, max(camera.horizon_y, height * 0.2), steps + 1)
    bands = [
        Detail(
            (whole(np.array([[0, top], [width, top], [width, height], [0, height]], np.float64)),),
            mix(light.sky_top, light.sky_low, i / (steps - 1)),
            SKY,
        )
        for i, top in enumerate(edges[:-1])
    ]
    return Region("sky", frame, light.sky_top, SKY, tuple(bands))


def skyline(camera: Camera, rng: np.random.Generator, light: Light) -> Region | None:
    """Woods on the horizon, which close the view."""
    xs = np.linspace(-260, 260, 27)
    tops = np.interp(xs, xs[::2], rng.uniform(4, 16, 14)) + rng.uniform(0, 2.5, 27)
    crest = camera.project(np.stack([xs, tops, np.full(27, 200.0)], axis=1))
    foot = camera.project([[260, -2, 200], [-260, -2, 200]])
    outline = clip_to_frame(np.concatenate([crest, foot]), camera.size_hw)
    return (
        None if outline is None else Region("vegetation", outline, haze(pick(rng, GREENS), light, 90), LEAVES)
    )


def ground(
    camera: Camera,
    rng: np.random.Generator,
    walls_x: tuple[float, float],
    road_x: tuple[float, float],
    junction_z: float | None,
) -> list[Region]:
    """Grass everywhere, the pavement on it, the road with kerbs and lanes, and a crossing street if any."""
    regions: list[Region] = []
    grass = pick(rng, GREENS)
    meadow = clip_to_frame(flat(camera, -600, 600, NEAR, FAR), camera.size_hw)
    if meadow is not None:
        regions.append(Region("vegetation", meadow, tone(grass, 1.15), LEAVES))
    pavement = clip_to_frame(flat(camera, walls_x[0] - 0.5, walls_x[1] + 0.5, NEAR, FAR), camera.size_hw)
    if pavement is not None:
        stone = pick(rng, ((182, 176, 170), (190, 182, 170), (174, 172, 172)))
        joints = [flat(camera, -30, 30, z, z + 0.05) for z in np.arange(2.0, 22.0, 1.0)]
        joints += [flat(camera, x, x + 0.05, NEAR, 40.0) for x in np.arange(-14.0, 15.0, 1.0)]
        tiles = Detail(tuple(whole(joint) for joint in joints), tone(stone, 0.84), PAVING)
        kerbs = Detail(
            (
                whole(flat(camera, road_x[0] - 0.28, road_x[0], NEAR, FAR)),
                whole(flat(camera, road_x[1], road_x[1] + 0.28, NEAR, FAR)),
            ),
            tone(stone, 1.2),
        )
        regions.append(Region("sidewalk", pavement, stone, PAVING, (tiles, kerbs)))
    tar = pick(rng, ((80, 80, 86), (90, 88, 92), (72, 74, 82)))
    if junction_z is not None:
        across = clip_to_frame(flat(camera, -600, 600, junction_z, junction_z + 8), camera.size_hw)
        if across is not None:
            regions.append(Region("road", across, tar, ASPHALT))
    lane = clip_to_frame(flat(camera, road_x[0], road_x[1], NEAR, FAR), camera.size_hw)
    if lane is not None:
        regions.append(Region("road", lane, tar, ASPHALT, _road_paint(camera, rng, road_x, tar)))
    return regions


def _road_paint(
    camera: Camera, rng: np.random.Generator, road_x: tuple[float, float], tar: Colour
) -> tuple[Detail, ...]:
    left, right = road_x
    middle = (left + right) / 2
    gutters = (flat(camera, left, left + 0.3, NEAR, FAR), flat(camera, right - 0.3, right, NEAR, FAR))
    patches = [
        flat(camera, x, x + rng.uniform(1, 2.5), z, z + rng.uniform(1, 5))
        for x, z in zip(rng.uniform(left, right - 1, 4), rng.uniform(3, 30, 4), strict=True)
    ]
    white: list[FloatPoints] = [
        flat(camera, middle - 0.08, middle + 0.08, z, z + 2.2) for z in np.arange(rng.uniform(1, 3), 90, 4.5)
    ]
    if rng.random() < 0.35:  # a zebra crossing
        z = rng.uniform(6, 16)
        white += [flat(camera, x, x + 0.5, z, z + 3) for x in np.arange(left + 0.5, right - 0.6, 1.0)]
    return (
        Detail(tuple(whole(patch) for patch in patches), tone(tar, 0.86), ASPHALT),
        Detail(tuple(whole(gutter) for gutter in gutters), tone(tar, 0.75), ASPHALT),
        Detail(tuple(whole(stripe) for stripe in white), (206, 206, 200)),
    )
