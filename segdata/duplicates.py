"""Finds photos that show the same thing: saved again, made smaller, or brightened by an app.

A photo in two splits makes scores too good, and camera rolls are full of copies under other names. Exact copies
share the digest of their file; near copies share most of a perceptual hash: 64 signs of a discrete cosine transform
of the photo's 32 x 32 grey average (DCT hash: C. Zauner, Implementation and Benchmarking of Perceptual Image Hash
Functions, 2010, section 3.2.1). It may be taken of a photo at any size, that of the shards too: at 24 x 32 pixels it
differs from that of 120 x 160 in 2 bits at most.

>>> photo = np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8).repeat(16, 0).repeat(20, 1)
>>> hashes = np.array([perceptual_hash(photo), perceptual_hash(photo[::-1]), perceptual_hash(photo[::2, ::2])])
>>> near_pairs(hashes, DEFAULT_MAX_BITS).tolist(), groups(3, near_pairs(hashes, DEFAULT_MAX_BITS))
([[0, 2]], ((0, 2),))

Bits that differ, always an even number, as measured:

| a photo and its copy, the most over five sets (246 photos)       | bits |
|------------------------------------------------------------------|-----:|
| half the size                                                    |    4 |
| JPEG quality 50                                                  |    6 |
| 15 % brighter; 25 grey levels brighter; gamma 0.8                |    6 |
| half the size, quality 50 and 10 % brighter: street photos       |    4 |
| the same, photos of bare pavement (CrackForest)                  |   10 |
| 2 % cut off at every side (another photo; not promised)          |   16 |

| two different photos, the least                                  | bits |
|------------------------------------------------------------------|-----:|
| 1,500 drawn street scenes (1.1 million pairs)                    |   12 |
| 26 facades; 61 breadboards; 40 pieces of pavement                | 12; 12; 18 |
| CamVid, frames of different videos (171,779 pairs)               |   10 |
| CamVid, frames of one video                                      |    0 |

Frames of one video are near copies in earnest: 1,172 pairs of CamVid's 701 frames differ in 8 bits or fewer (a car
that waits), none of them across its official splits.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from segdata.sample import Image

FLAT = np.uint64(0)
"""Hash of a photo without texture at this scale, a white wall say; it is nobody's copy."""

DEFAULT_MAX_BITS = 8
"""Photos whose hashes differ in no more bits are near copies; between copies (6) and different photos (10)."""

SIDE = 32
_BAND = slice(1, 9)
"""Frequencies 1 to 8 of rows and of columns; 0 is brightness, and even gradients of light."""

_LEAST_CONTRAST = 0.3
"""Grey levels (root mean square) that these frequencies must carry. Evenly lit paper has 0.05, bare asphalt 0.96."""

_BLOCK = 1 << 20
"""Distances computed at a time, 8 bytes each."""

_JOINED_AT_ONCE = 4096


def perceptual_hash(image: Image) -> np.uint64:
    """64 bits of a photo, uint8 (H, W, 3) RGB; FLAT where it holds no texture.

    A mirrored, turned or cropped photo is another one.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    height, width = grey.shape
    rows = cv2.INTER_AREA if height >= SIDE else cv2.INTER_LINEAR
    columns = cv2.INTER_AREA if width >= SIDE else cv2.INTER_LINEAR
    small = cv2.resize(
        cv2.resize(grey, (width, SIDE), interpolation=rows), (SIDE, SIDE), interpolation=columns
    )
    band = cv2.dct(small)[_BAND, _BAND].ravel()
    if float(np.sqrt(np.square(band).sum())) / SIDE < _LEAST_CONTRAST:
        return FLAT
    bits = np.packbits(band > np.median(band))
    return np.uint64(int.from_bytes(bits.tobytes(), "big"))


def near_pairs(hashes: NDArray[np.uint64], max_bits: int = DEFAULT_MAX_BITS) -> NDArray[np.intp]:
    """Every pair of hashes that differ in at most `max_bits` bits: (P, 2) indices, the lower first, sorted.

    FLAT pairs with nothing. 10,000 photos take half a second.
    """
    return np.concatenate([np.empty((0, 2), np.intp), *iter_near_pairs(hashes, max_bits)])


def iter_near_pairs(
    hashes: NDArray[np.uint64], max_bits: int = DEFAULT_MAX_BITS
) -> Iterator[NDArray[np.intp]]:
    """The pairs of `near_pairs` a block at a time, for sets where nearly all are alike: a camera that stands still."""
    textured = np.flatnonzero(hashes != FLAT)
    values = hashes[textured]
    rows = max(1, _BLOCK // max(1, len(values)))
    for start in range(0, len(values), rows):
        block = values[start : start + rows, None]
        close = np.bitwise_count(block ^ values[None, start:]) <= max_bits
        first, second = np.nonzero(np.triu(close, 1))
        if len(first):
            yield np.stack([textured[first + start], textured[second + start]], axis=1)


def distance(first: np.uint64, second: np.uint64) -> int:
    """How many of 64 bits differ."""
    return int(np.bitwise_count(first ^ second))


def equal_pairs(keys: Sequence[Hashable]) -> NDArray[np.intp]:
    """Each key with the one before it that is equal (digests of files, say): (P, 2) indices, enough for `groups`."""
    last: dict[Hashable, int] = {}
    pairs = []
    for index, key in enumerate(keys):
        if key in last:
            pairs.append((last[key], index))
        last[key] = index
    return np.array(pairs, np.intp).reshape(-1, 2)


def groups(count: int, pairs: NDArray[np.intp]) -> tuple[tuple[int, ...], ...]:
    """Indices below `count` that pairs connect, directly or through others: sorted, two or more each."""
    return grouped(connect(np.arange(count), pairs))


def grouped(labels: NDArray[np.intp]) -> tuple[tuple[int, ...], ...]:
    """Indices of the same label, where there are two or more, in the order of their first ones."""
    members: dict[int, list[int]] = {}
    for index, label in enumerate(labels.tolist()):
        members.setdefault(label, []).append(index)
    return tuple(tuple(group) for group in members.values() if len(group) > 1)


def connect(labels: NDArray[np.intp], pairs: NDArray[np.intp]) -> NDArray[np.intp]:
    """Labels after joining what pairs connect (union-find); a label is the lowest index of its group.

    Start with np.arange(count). Pairs that are joined already cost next to nothing.
    """
    for start in range(0, len(pairs), _JOINED_AT_ONCE):
        ends = labels[pairs[start : start + _JOINED_AT_ONCE]]
        parent: dict[int, int] = {}

        def root(label: int, parent: dict[int, int] = parent) -> int:
            while (above := parent.get(label, label)) != label:
                parent[label] = parent.get(above, above)
                label = above
            return label

        for first, second in ends[ends[:, 0] != ends[:, 1]].tolist():
            low, high = sorted((root(first), root(second)))
            if low != high:
                parent[high] = low
        if parent:
            table = np.arange(len(labels))
            table[list(parent)] = [root(label) for label in parent]
            labels = table[labels]
    return labels
