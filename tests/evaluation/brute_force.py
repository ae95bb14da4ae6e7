"""Every protocol once more, from its definition and the masks themselves: pixel lists and loops, no confusion matrix."""

from __future__ import annotations

import math

import numpy as np

Photo = tuple[np.ndarray, np.ndarray]
"""Truth and prediction, uint8 (H, W), 255 = no class."""


def random_photos(seed: int, num_classes: int = 5, count: int = 6) -> list[Photo]:
    """Patchy masks of various sizes: with 255 in truth and prediction, an absent class, photos of one class and of none.

    The last class is nowhere in the truth, and predicted only for even seeds.
    """
    random = np.random.default_rng(seed)
    photos = []
    for index in range(count):
        size_hw = random.integers(6, 15, 2)
        blocks = random.integers(0, num_classes - 1, (5, 5)).astype(np.uint8)
        truth = np.repeat(np.repeat(blocks, 3, 0), 3, 1)[: size_hw[0], : size_hw[1]].copy()
        other = random.integers(0, num_classes - seed % 2, truth.shape).astype(np.uint8)
        prediction = np.where(random.random(truth.shape) < 0.7, np.roll(truth, 1, axis=1), other)
        prediction[prediction == num_classes - 1] = num_classes - 1 if seed % 2 == 0 else 0
        if index == 1:
            truth[:] = 2
        truth[random.random(truth.shape) < 0.15] = 255
        if index == 2:
            truth[:] = 255
        prediction[random.random(truth.shape) < 0.05] = 255
        photos.append((truth, prediction))
    return photos


def pixels(photos: list[Photo], *, void: bool = False) -> list[tuple[int, int]]:
    """(true id, predicted id) of every pixel; those without a true class only with `void`."""
    return [
        (t, p)
        for truth, prediction in photos
        for t, p in zip(truth.ravel().tolist(), prediction.ravel().tolist(), strict=True)
        if void or t != 255
    ]


def share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def mean(values: list[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def ious(pairs: list[tuple[int, int]], ids: list[int]) -> list[float]:
    return [share(sum(t == p == c for t, p in pairs), sum(c in (t, p) for t, p in pairs)) for c in ids]


def boundary(mask: np.ndarray, d: int) -> np.ndarray:
    """Pixels of a bool mask with something outside it, or the edge, within d: by looking at every neighbour."""
    height, width = mask.shape
    found = np.zeros_like(mask)
    for row, column in np.argwhere(mask):
        for r in range(row - d, row + d + 1):
            for c in range(column - d, column + d + 1):
                if not (0 <= r < height and 0 <= c < width) or not mask[r, c]:
                    found[row, column] = True
    return found


def boundary_ious(photos: list[Photo], num_classes: int) -> list[float]:
    both, either = [0] * num_classes, [0] * num_classes
    for truth, prediction in photos:
        d = max(1, int(round(0.02 * math.sqrt(truth.shape[0] ** 2 + truth.shape[1] ** 2))))
        for c in range(num_classes):
            one = boundary(truth == c, d)
            other = boundary((prediction == c) & (truth != 255), d)
            both[c] += int((one & other).sum())
            either[c] += int((one | other).sum())
    return [share(*pair) for pair in zip(both, either, strict=True)]


def per_image_ious(photo: Photo, num_classes: int) -> list[float]:
    truth, prediction = photo
    known = truth != 255
    values = []
    for c in range(num_classes):
        t, p = (truth == c) & known, (prediction == c) & known
        values.append(((t & p).sum() + 1e-10) / ((t | p).sum() + 1e-10) if t.any() else math.nan)
    return values


def index_dice(photos: list[Photo], batch: int = 4) -> float:
    total = 0.0
    for start in range(0, len(photos), batch):
        pairs = [(t, p) for t, p in pixels(photos[start : start + batch]) if p != 255]
        total += 2 * sum(t * p for t, p in pairs) / (sum(t + p for t, p in pairs) + 1e-8)
    return total / len(photos)


def value(protocol: str, photos: list[Photo], num_classes: int) -> float:
    """The figure of a protocol."""
    pairs, ids = pixels(photos), list(range(num_classes))
    every = pixels(photos, void=True)
    supports = [sum(t == c for t, _ in pairs) for c in ids]

    def weighted(values: list[float]) -> float:
        return sum(s * (0 if math.isnan(v) else v) for s, v in zip(supports, values, strict=True)) / sum(
            supports
        )

    def per_class(top: int, truth: bool, predicted: bool) -> list[float]:
        """top · right / (true pixels, predicted pixels, or both)."""
        return [
            share(
                top * sum(t == p == c for t, p in pairs),
                sum(truth * (t == c) + predicted * (p == c) for t, p in pairs),
            )
            for c in ids
        ]

    match protocol:
        case "mean-iou":
            return mean(ious(pairs, ids))
        case "pixel-accuracy" | "weighted-recall":
            return sum(t == p for t, p in pairs) / len(pairs)
        case "mean-class-accuracy":
            return mean(per_class(1, True, False))
        case "frequency-weighted-iou":
            return weighted(ious(pairs, ids))
        case "macro-dice":
            return mean(per_class(2, True, True))
        case "boundary-iou":
            return mean(boundary_ious(photos, num_classes))
        case "weighted-precision":
            return weighted(per_class(1, False, True))
        case "weighted-f1":
            return weighted(per_class(2, True, True))
        case "onehot-accuracy":
            return sum((0 if t == 255 else t) == p for t, p in every) / len(every)
        case "per-image-miou":
            return mean([mean(per_image_ious(photo, num_classes)) for photo in photos])
        case "per-image-accuracy":
            return mean([share(sum(t == p for t, p in pixels([one])), len(pixels([one]))) for one in photos])
        case "index-dice":
            return index_dice(photos)
        case "jaccard-20":
            return mean(ious(every, [*ids, 255]))
        case "accuracy-20":
            return sum(t == p for t, p in every) / len(every)
        case "void-as-error-miou":
            return mean(ious(every, ids))
    raise AssertionError(f"no brute force for {protocol}")
