"""Colours for classes that bring none of their own: as far apart as may be, for colour-blind readers too.

The first seven are those of Okabe and Ito (Color Universal Design, 2008), which readers of every colour vision tell
apart. Each further one is the colour of a grid that lies farthest from all before it: in OKLab (Ottosson, 2020), where
distance is what people see, and by the least of four distances: as it is, and as people without red, green or blue
cones see it (Machado, Oliveira and Fernandes, IEEE TVCG 15, 2009, table 1), where the first must be twice the others.
Near-greys, near-black and near-white are left out, as an overlay in them is lost on a photo.

>>> distinct_colors(3)
((230, 159, 0), (86, 180, 233), (0, 158, 115))
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

Color = tuple[int, int, int]

_FIRST: tuple[Color, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
MOST_COLORS = 255
"""A mask of bytes holds no more classes beside ignore."""

_GRID = (0, 28, 57, 85, 113, 142, 170, 198, 227, 255)

_VISIONS = np.array(
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ]
)
"""Linear RGB as people see it with all cones, and without those for red, green and blue."""

_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def distinct_colors(count: int) -> tuple[Color, ...]:
    """So many colours, red, green, blue of 0 to 255; fewer are the beginning of more. At most MOST_COLORS."""
    assert 0 <= count <= MOST_COLORS, count
    return _all()[:count]


def seen_apart(one: Color, other: Color) -> float:
    """How far apart two colours look to those who see the least difference; black and white are 1 apart."""
    first, second = _seen(np.array([one, other], np.float64))
    return float(np.sqrt(((first - second) ** 2).sum(axis=-1)).min())


@lru_cache(maxsize=1)
def _all() -> tuple[Color, ...]:
    candidates = np.array(list(product(_GRID, repeat=3)), np.float64)
    lightness, a, b = _seen(candidates)[:, 0].T
    fit = (np.hypot(a, b) >= 0.06) & (lightness >= 0.35) & (lightness <= 0.95)
    candidates = candidates[fit]
    seen = _seen(candidates)
    chosen = list(_FIRST)
    apart = np.full(len(candidates), np.inf)
    for color in _FIRST:
        apart = np.minimum(apart, _distances(seen, color))
    while len(chosen) < MOST_COLORS:
        best = int(np.argmax(np.round(apart, 9)))  # of those as far, the first of the grid, on every machine
        red, green, blue = (int(part) for part in candidates[best])
        chosen.append((red, green, blue))
        apart = np.minimum(apart, _distances(seen, chosen[-1]))
    return tuple(chosen)


def _distances(seen: NDArray[np.float64], color: Color) -> NDArray[np.float64]:
    """What is maximised: the least distance from `color`, that of people with all cones halved."""
    gaps = np.sqrt(((seen - _seen(np.array([color], np.float64))) ** 2).sum(axis=-1))
    least: NDArray[np.float64] = (gaps * (0.5, 1, 1, 1)).min(axis=1)
    return least


def _seen(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """OKLab of sRGB colours (N, 3) under each vision: (N, 4, 3)."""
    share = colors / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    as_seen = np.clip(np.einsum("vij,nj->nvi", _VISIONS, linear), 0, 1)
    oklab: NDArray[np.float64] = np.cbrt(as_seen @ _CONES.T) @ _OKLAB.T
    return oklab
