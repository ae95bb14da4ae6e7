"""People who walk in the street, built of head, hair, torso, arms, legs and shoes.

person(camera, rng, light, x=2.0, z=9.0)    # 9 m ahead and 2 m to the right
"""

from __future__ import annotations

import numpy as np

from segdata.sample_data.regions import (
    PLAIN,
    Camera,
    Colour,
    Detail,
    FloatPoints,
    Region,
    union_outline,
    whole,
)
from segdata.sample_data.street_things import box, disc, shadow, upright
from segdata.sample_data.town import Light, haze, pick, tone

CLOTHES: tuple[Colour, ...] = (
    (232, 62, 140),
    (150, 60, 190),
    (240, 110, 40),
    (228, 220, 50),
    (206, 90, 200),
    (244, 140, 170),
)
TROUSERS: tuple[Colour, ...] = ((64, 76, 150), (120, 76, 60), (92, 60, 120), (150, 110, 90))
SKINS: tuple[Colour, ...] = ((232, 188, 160), (198, 146, 112), (140, 96, 70), (244, 206, 180))
HAIR: tuple[Colour, ...] = ((44, 32, 26), (96, 62, 36), (184, 146, 84), (120, 116, 112))


def person(camera: Camera, rng: np.random.Generator, light: Light, *, x: float, z: float) -> Region | None:
    """A walking person, seen from the front or the back."""
    tall, broad = rng.uniform(1.5, 1.9) / 1.75, rng.uniform(1.1, 1.3)
    swing = rng.uniform(0.05, 0.3) * rng.choice((-1.0, 1.0))
    skin, hair = pick(rng, SKINS), pick(rng, HAIR)
    coat, trousers = pick(rng, CLOTHES), pick(rng, TROUSERS)
    hem = rng.choice((0.82, 0.6))  # a jacket or a coat

    def put(points: FloatPoints) -> FloatPoints:
        return upright(camera, x, z, points * np.array([broad, 1.0]) * tall)

    feet = (swing, -swing)
    legs = [
        np.array([[s * 0.02, 0.9], [s * 0.19, 0.9], [f + s * 0.18, 0.06], [f + s * 0.03, 0.06]])
        for s, f in zip((-1, 1), feet, strict=True)
    ]
    shoes = [
        box(f + s * 0.1 - 0.09, 0.0, f + s * 0.1 + 0.1, 0.09) for s, f in zip((-1, 1), feet, strict=True)
    ]
    torso = np.array(
        [
            [-0.19, 1.42],
            [-0.13, 1.48],
            [-0.06, 1.5],
            [0.06, 1.5],
            [0.13, 1.48],
            [0.19, 1.42],
            [0.175, 1.05],
            [0.2, hem],
            [-0.2, hem],
            [-0.175, 1.05],
        ]
    )
    arms = [
        np.array([[s * 0.17, 1.45], [s * 0.26, 1.4], [s * 0.3 - f * 0.6, 0.85], [s * 0.21 - f * 0.6, 0.83]])
        for s, f in zip((-1, 1), feet, strict=True)
    ]
    hands = [disc(s * 0.255 - f * 0.6, 0.8, 0.055, 0.065, 10) for s, f in zip((-1, 1), feet, strict=True)]
    neck, head = box(-0.06, 1.46, 0.06, 1.56), disc(0, 1.64, 0.12, 0.155)
    cap = np.concatenate([disc(0, 1.67, 0.13, 0.145)[:11], [[-0.08, 1.72], [0.08, 1.72]]])
    shapes = [put(shape) for shape in (*legs, *shoes, *arms, *hands, neck, head, cap, torso)]
    outline = union_outline(shapes, camera.size_hw)
    if outline is None:
        return None

    def layer(parts: list[FloatPoints], colour: Colour) -> Detail:
        return Detail(tuple(whole(put(part)) for part in parts), haze(colour, light, z))

    details = (
        layer(legs, trousers),
        layer(shoes, (38, 30, 28)),
        layer([*hands, neck, head], skin),
        layer([torso], coat),
        layer(arms, tone(coat, 0.82)),
        layer([box(-0.012, hem, 0.012, 1.5)], tone(coat, 0.7)),
        layer([cap], hair),
    )
    return Region(
        "person", outline, haze(trousers, light, z), PLAIN, details, shadow(camera, light, x, z, 0.35, 0.22)
    )
