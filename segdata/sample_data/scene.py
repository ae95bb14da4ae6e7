"""Composes one street scene from a seed: where the camera stands, what lines the street, what moves in it.

scene = draw_scene(("via", 7))
scene.image  # uint8 (480, 640, 3) RGB
scene.mask   # uint8 (480, 640): ids in the order of CLASSES, 255 where nobody outlined anything
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from segdata.sample_data import houses, street_things, town
from segdata.sample_data.cars import car
from segdata.sample_data.painting import Photo, paint_photo
from segdata.sample_data.people import person
from segdata.sample_data.regions import Camera, Mask, Region, paint_mask
from segdata.sample_data.town import Light
from segdata.sample_data.unlabelled import leave_unlabelled

Seed = int | tuple[str | int, ...]

LIGHTS: tuple[Light, ...] = (
    Light((86, 150, 222), (206, 226, 240), (1.06, 1.02, 0.96), 1.0, 1, False),
    Light((104, 160, 216), (220, 228, 232), (1.04, 1.0, 0.94), 0.8, -1, False),
    Light((176, 190, 204), (222, 228, 232), (0.96, 0.98, 1.0), 0.0, 1, False),
    Light((118, 128, 182), (255, 196, 150), (0.98, 0.86, 0.84), 0.3, -1, True),
)


@dataclass(frozen=True)
class Scene:
    """A photo uint8 (H, W, 3) RGB, its truth uint8 (H, W) of class ids with 255, and the regions of both."""

    image: Photo
    mask: Mask
    regions: tuple[Region, ...]


@dataclass(frozen=True)
class _Street:
    """The plan of a street, in metres from the camera, which stands at x = 0."""

    road_x: tuple[float, float]
    walls_x: tuple[float, float]  # where houses and hedges begin, left and right
    junction_z: float | None


def draw_scene(seed: Seed, size_hw: tuple[int, int] = (480, 640)) -> Scene:
    """Draw the scene of a seed: the same bytes each time, whatever was drawn before.

    `seed` is a number or a tuple of names and numbers; `size_hw` the height and width in pixels.
    """
    key = hashlib.sha256(repr(seed).encode()).digest()
    rng = np.random.Generator(np.random.PCG64(int.from_bytes(key[:16], "big")))
    light = replace(LIGHTS[int(rng.choice(4, p=(0.35, 0.2, 0.25, 0.2)))], sun_side=int(rng.choice((-1, 1))))
    camera = _stand(rng, size_hw)
    street = _plan(rng)
    regions = _still_parts(camera, rng, light, street)
    regions += _things(camera, rng, light, street)
    if rng.random() < 0.3:
        bonnet = street_things.own_bonnet(camera, rng)
        regions += [bonnet] if bonnet else []
    regions = leave_unlabelled(regions, size_hw)
    photo = paint_photo(regions, size_hw, light, rng)
    return Scene(photo, paint_mask(regions, size_hw), tuple(regions))


def _stand(rng: np.random.Generator, size_hw: tuple[int, int]) -> Camera:
    height, width = size_hw
    return Camera(
        size_hw,
        focal=width * rng.uniform(0.75, 1.15),
        vanishing_x=width * rng.uniform(0.1, 0.9),
        horizon_y=height * rng.uniform(0.28, 0.62),
        height=rng.uniform(1.5, 2.6),
        roll=rng.uniform(-0.05, 0.05),
    )


def _plan(rng: np.random.Generator) -> _Street:
    width = rng.uniform(5.0, 10.0)
    left = -rng.uniform(-0.05, 1.05) * width  # from the right pavement to the left one
    road_x = (left, left + width)
    walls_x = (road_x[0] - rng.uniform(1.8, 4.5), road_x[1] + rng.uniform(1.8, 4.5))
    walls_x = (min(walls_x[0], -1.5), max(walls_x[1], 1.5))
    return _Street(road_x, walls_x, rng.uniform(14, 30) if rng.random() < 0.35 else None)


def _still_parts(camera: Camera, rng: np.random.Generator, light: Light, street: _Street) -> list[Region]:
    regions: list[Region | None] = [town.sky(camera, light), town.skyline(camera, rng, light)]
    regions += town.ground(camera, rng, street.walls_x, street.road_x, street.junction_z)
    if rng.random() < 0.35:
        regions.append(houses.end_house(camera, rng, light, x=(-22, 22), z=rng.uniform(50, 75)))
    sides: list[list[tuple[float, list[Region | None]]]] = []
    for wall_x in street.walls_x:
        kind = rng.choice(3, p=(0.45, 0.3, 0.25))
        sides.append(_side(camera, rng, light, wall_x, int(kind), street.junction_z))
    for _, parts in sorted(sides[0] + sides[1], key=lambda lot: -lot[0]):
        regions += parts
    return [region for region in regions if region is not None]


def _side(
    camera: Camera, rng: np.random.Generator, light: Light, wall_x: float, kind: int, junction_z: float | None
) -> list[tuple[float, list[Region | None]]]:
    """The lots along one side, each with its distance: 0 terraced houses, 1 houses with gardens, 2 a park."""
    lots: list[tuple[float, list[Region | None]]] = []
    z = rng.uniform(0.0, 9.0)
    while z < 75:
        depth = rng.uniform(8, 16)
        if junction_z is not None and z < junction_z + 9 and z + depth > junction_z - 1:
            depth = junction_z - 1 - z
            if depth < 4:
                z = junction_z + 9
                continue
        parts: list[Region | None] = []
        is_green = kind == 2 or (kind == 1 and rng.random() < 0.5)
        if is_green:
            out = np.sign(wall_x)
            for _ in range(int(depth / 3)):
                parts.append(
                    street_things.tree(
                        camera,
                        rng,
                        light,
                        x=wall_x + out * rng.uniform(2.5, 9),
                        z=max(z, 2.5) + depth * rng.random(),
                        height=rng.uniform(4, 8),
                    )
                )
            parts.append(houses.hedge(camera, rng, light, side_x=wall_x, near_z=z, far_z=z + depth))
        else:
            storeys = int(rng.integers(1, 4)) if kind == 1 else int(rng.integers(2, 6))
            parts += houses.house(
                camera, rng, light, side_x=wall_x, near_z=z, far_z=z + depth, storeys=storeys
            )
        lots.append((z, parts))
        z += depth + (rng.uniform(0.5, 3) if kind == 1 else 0.0)
    return lots


def _spot(
    camera: Camera,
    rng: np.random.Generator,
    x: float | tuple[float, float],
    z: tuple[float, float],
    taken: list[float],
) -> tuple[float, float] | None:
    """A place at x, or in a range of x, that is in the picture and clear of other things; None if none is."""
    height, width = camera.size_hw
    for attempt in range(40):
        ahead = rng.uniform(z[0], z[1] * (1 + attempt / 40))
        if isinstance(x, tuple):
            aside = (rng.uniform(0.06, 0.94) * width - camera.vanishing_x) * ahead / camera.focal
            if not x[0] < aside < x[1]:
                continue
        else:
            aside = x
        column, row = camera.project([[aside, 0.0, ahead]])[0] / (width, height)
        gap = 0.1 if attempt < 30 else 0.05
        if 0.05 < column < 0.95 and row < 1.1 and all(abs(column - other) > gap for other in taken):
            taken.append(float(column))
            return aside, ahead
    return None


def _things(camera: Camera, rng: np.random.Generator, light: Light, street: _Street) -> list[Region]:
    """Trees, cars, people, signs and lamp posts, the farthest first."""
    placed: list[tuple[float, list[Region | None]]] = []
    taken: list[float] = []
    scale = camera.focal / (0.9 * camera.size_hw[1])  # a longer lens sees the same things farther away
    left, right = street.road_x
    kerbs = (left - 0.5, right + 0.5)

    def stand(
        count: int, z: tuple[float, float], x: float | tuple[float, float]
    ) -> list[tuple[float, float]]:
        spots = (_spot(camera, rng, x, (z[0] * scale, z[1] * scale), taken) for _ in range(count))
        return [spot for spot in spots if spot is not None]

    signs, lamps = (int(count) for count in rng.integers(1, 3, size=2))
    for side in rng.permutation([0, 1, 0, 1]):
        for x, z in stand(1, (4.5, 10), kerbs[side] + rng.uniform(-0.2, 0.3)) if signs else ():
            signs -= 1
            placed.append((z, [*street_things.traffic_sign(camera, rng, light, x=x, z=z, width=0.2)]))
    for side in rng.permutation([0, 1, 0, 1]):
        for x, z in stand(1, (6, 14), kerbs[side]) if lamps else ():
            lamps -= 1
            placed.append((z, [street_things.lamp_post(camera, rng, light, x=x, z=z, width=0.28)]))
    free = (street.walls_x[0] + 0.5, street.walls_x[1] - 0.5)
    for x, z in stand(int(rng.integers(2, 5)), (4.0, 10), free):
        placed.append((z, [person(camera, rng, light, x=x, z=z)]))
    cars, parked = int(rng.integers(3, 6)), list[tuple[float, float]]()
    lanes = (left + 1.2, (left + right) / 2 - 1.3, (left + right) / 2 + 1.3, right - 1.2)
    for lane in rng.permutation(np.repeat(lanes, 3)):
        for x, z in stand(1, (4.5, 17), float(lane)) if len(parked) < cars else ():
            if all(abs(x - other_x) > 2.0 or abs(z - other_z) > 4.8 for other_x, other_z in parked):
                parked.append((x, z))
                facing = lane < (left + right) / 2
                placed.append((z, [car(camera, rng, light, x=x, z=z, crossing=False, facing=facing)]))
    if street.junction_z is not None or rng.random() < 0.3:
        ahead = street.junction_z + 2 if street.junction_z is not None else rng.uniform(9, 16)
        for x, z in stand(1, (ahead / scale, ahead / scale), free):
            if all(abs(x - other_x) > 3.3 or abs(z - other_z) > 4.8 for other_x, other_z in parked):
                leftward = bool(rng.integers(2))
                placed.append((z, [car(camera, rng, light, x=x, z=z, crossing=True, facing=leftward)]))
    for side in (0, 1):
        for x, z in stand(int(rng.integers(0, 2)), (8, 24), kerbs[side] + (-0.4, 0.4)[side]):
            placed.append((z, [street_things.tree(camera, rng, light, x=x, z=z, height=rng.uniform(3.5, 6))]))
    if rng.random() < 0.35:
        for x, z in stand(1, (6, 9), kerbs[int(rng.integers(2))]):
            placed.append((z, [street_things.litter_bin(camera, light, x=x, z=z)]))
    order = sorted(range(len(placed)), key=lambda i: -placed[i][0])
    return [region for i in order for region in placed[i][1] if region is not None]
