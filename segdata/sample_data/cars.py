"""A car as a solid: its side view, drawn out to its width, turned along or across the street.

car(camera, rng, light, x=-3.2, z=7.0, crossing=False, facing=True)    # oncoming, 7 m ahead
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
    clip_to_frame,
    union_outline,
    whole,
)
from segdata.sample_data.street_things import box, disc
from segdata.sample_data.town import NEAR, Light, haze, mix, pick, tone

LACQUERS: tuple[Colour, ...] = (
    (176, 16, 44),
    (24, 64, 190),
    (236, 236, 240),
    (46, 84, 150),
    (172, 182, 200),
    (20, 60, 150),
    (84, 150, 236),
)
# Side view from rear bumper to front bumper: metres along, metres up. The strips between neighbouring
# points are in turn: tail, boot edge, rear window, roof, windscreen, bonnet, nose, front bumper.
PROFILE = np.array(
    [
        [0.0, 0.28],
        [0.0, 0.84],
        [0.12, 0.95],
        [0.55, 1.46],
        [2.2, 1.46],
        [3.0, 0.95],
        [4.0, 0.78],
        [4.15, 0.6],
        [4.15, 0.28],
    ]
)
STRIP_TONES = (0.9, 1.0, 0.0, 1.12, 0.0, 1.12, 0.95, 0.8)  # 0: glass
HALF_WIDTH = 0.9
SIDE_WINDOWS = (
    np.array([[0.36, 1.0], [0.68, 1.38], [1.32, 1.38], [1.32, 1.0]]),
    np.array([[1.42, 1.0], [1.42, 1.38], [2.12, 1.38], [2.72, 1.0]]),
)
GLASS: Colour = (44, 58, 72)


class _Body:
    """Where the points of one car land in the picture."""

    def __init__(self, camera: Camera, x: float, z: float, crossing: bool, facing: bool) -> None:
        self.camera, self.x, self.z, self.crossing, self.facing = camera, x, z, crossing, facing
        self.length = float(PROFILE[-1, 0])
        # The side towards the camera: the lower z of a crossing car, the inner side of one along the street.
        self.near = -1.0 if crossing or x > 0 else 1.0

    def place(self, along: FloatPoints, up: FloatPoints, across: FloatPoints) -> FloatPoints:
        along = self.length - along if self.facing else along
        across = np.broadcast_to(across, along.shape)
        if self.crossing:
            return self.camera.project(
                np.stack([self.x + along - self.length / 2, up, self.z + HALF_WIDTH + across], 1)
            )
        return self.camera.project(np.stack([self.x + across, up, self.z + along], 1))

    def side(self, points: FloatPoints, which: float) -> FloatPoints:
        """Points of the side view on the near (+1) or far (-1) flank, leaning in at the windows."""
        lean = np.interp(points[:, 1], [0.95, 1.46], [0.0, 0.17])
        return self.place(points[:, 0], points[:, 1], which * self.near * (HALF_WIDTH - lean))

    def end(self, points: FloatPoints, *, tail: bool) -> FloatPoints:
        """Points (across, up) on the tail or the front."""
        along = np.full(len(points), -0.01 if tail else self.length + 0.01)
        return self.place(along, points[:, 1], points[:, 0])


def car(
    camera: Camera,
    rng: np.random.Generator,
    light: Light,
    *,
    x: float,
    z: float,
    crossing: bool,
    facing: bool,
) -> Region | None:
    """A car whose near end stands z metres ahead.

    `crossing` turns it across the street; `facing` shows the front of a car along the
    street, and lets a crossing one go left.
    """
    body = _Body(camera, x, z, crossing, facing)
    near, far = body.side(PROFILE, 1.0), body.side(PROFILE, -1.0)
    strips = [np.stack([near[i], near[i + 1], far[i + 1], far[i]]) for i in range(len(PROFILE) - 1)]
    wheels = [body.side(disc(along, 0.33, 0.33, 0.33, 16), 1.0) for along in (0.8, 3.3)]
    tail_seen = not facing
    tyres = [body.end(box(s * 0.86, 0.0, s * 0.6, 0.4), tail=tail_seen) for s in (-1.0, 1.0)]
    feet = wheels if crossing else wheels + tyres
    outline = union_outline([near, far, *strips, *feet], camera.size_hw)
    if outline is None:
        return None
    colour = haze(pick(rng, LACQUERS), light, z)
    details = [Detail((whole(shape),), (22, 22, 24)) for shape in (() if crossing else tyres)]
    order = range(len(strips)) if facing else range(len(strips) - 1, -1, -1)  # far end first
    for i in order:
        share = STRIP_TONES[i]
        look = mix(GLASS, light.sky_low, 0.25) if share == 0 else tone(colour, share)
        details.append(Detail((whole(strips[i]),), look))
    if not crossing:
        details += _end_details(body, light, tail_seen)
    details += _side_details(body, tone(colour, 1.0 if crossing else 0.78), near, wheels)
    side = box(x - 2.3, z, x + 2.3, z + 1.8) if crossing else box(x - 1.1, z, x + 1.1, z + 4.2)
    side[:, 1] = np.maximum(side[:, 1] - 0.15, NEAR)
    under = camera.project(np.stack([side[:, 0], np.zeros(4), side[:, 1]], axis=1))
    return Region("car", outline, colour, PLAIN, tuple(details), clip_to_frame(under, camera.size_hw))


def _end_details(body: _Body, light: Light, tail: bool) -> list[Detail]:
    """Lights, number plate and bumper of the end that is seen."""
    lamp: Colour = (255, 40, 30) if tail else (255, 250, 220)
    lamps = [body.end(box(s * 0.82, 0.62, s * 0.5, 0.8), tail=tail) for s in (-1.0, 1.0)]
    details = [
        Detail((whole(body.end(box(-0.88, 0.28, 0.88, 0.46), tail=tail)),), (52, 52, 56)),
        Detail((whole(body.end(box(-0.3, 0.48, 0.3, 0.6), tail=tail)),), (240, 240, 220)),
        Detail(tuple(whole(shape) for shape in lamps), lamp if light.lamps else tone(lamp, 0.85)),
    ]
    if not tail:
        details.append(Detail((whole(body.end(box(-0.4, 0.62, 0.4, 0.74), tail=False)),), (30, 30, 34)))
    return details


def _side_details(body: _Body, colour: Colour, near: FloatPoints, wheels: list[FloatPoints]) -> list[Detail]:
    """The flank that is seen: panel, windows, door line, wheels."""
    sill = body.side(np.array([[0.0, 0.28], [4.15, 0.28], [4.15, 0.42], [0.0, 0.42]]), 1.0)
    door = body.side(box(1.35, 0.42, 1.39, 0.98), 1.0)
    hubs = [body.side(disc(along, 0.33, 0.18, 0.18, 12), 1.0) for along in (0.8, 3.3)]
    return [
        Detail((whole(near),), colour),
        Detail((whole(sill),), tone(colour, 0.6)),
        Detail((whole(door),), tone(colour, 0.6)),
        Detail(tuple(whole(body.side(window, 1.0)) for window in SIDE_WINDOWS), GLASS),
        Detail(tuple(whole(wheel) for wheel in wheels), (22, 22, 24)),
        Detail(tuple(whole(hub) for hub in hubs), (170, 172, 176)),
    ]
