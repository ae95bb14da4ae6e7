"""Statistics of a set from the integers of its manifest: no pixel is read, and whatever the order, the sums are exact.

>>> shards = ShardSet.open(Path("data/shards/sample-via"))
>>> shards.statistics(["train"]).mean                         # of image / 255, per RGB channel
array([0.41, 0.43, 0.45])
>>> class_weights(shards.split("train").rows, len(shards.ontology), "median-frequency")
array([3.1, 0.4, …])
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segdata.shards.schema import SampleRow, SetMetadata, Statistics

Weighting = Literal["inverse-frequency", "median-frequency", "effective-number"]


def sum_statistics(rows: Sequence[SampleRow], metadata: SetMetadata) -> Statistics:
    """Add up rows in exact integers; mean and standard deviation are rounded once, at the end."""
    num_classes = len(metadata.classes)
    pixels = np.array([row.pixels for row in rows], np.int64).reshape(len(rows), num_classes).sum(0)
    ignored = sum(row.ignored for row in rows)
    sums = [sum(row.sums[channel] for row in rows) for channel in range(3)]
    squares = [sum(row.squares[channel] for row in rows) for channel in range(3)]
    count = len(rows) * metadata.size_hw[0] * metadata.size_hw[1]
    if count == 0:
        return Statistics(pixels, ignored, np.full(3, np.nan), np.full(3, np.nan))
    mean = np.array([float(Fraction(total, count * 255)) for total in sums])
    variances = [
        Fraction(count * square - total * total, (count * 255) ** 2)
        for total, square in zip(sums, squares, strict=True)
    ]
    return Statistics(pixels, ignored, mean, np.array([sqrt(variance) for variance in variances]))


def class_weights(
    rows: Sequence[SampleRow], num_classes: int, weighting: Weighting, *, beta: float = 0.9999
) -> NDArray[np.float64]:
    """The weight of each class in a loss, float64 (C,); 0 for a class that no pixel of these samples shows.

    inverse-frequency  (all pixels / seen classes) / pixels of the class: each class weighs the same in the sum
    median-frequency   median of the frequencies / frequency, a frequency being the pixels of the class over all
                       pixels of the photos that show it (Eigen, Fergus 2015, section 6.3.2)
    effective-number   (1 - beta) / (1 - beta ** pixels of the class), scaled to sum to the number of seen classes
                       (Cui et al. 2019, equation 4 and section 4)

    All pixels are the labelled ones: what is ignored counts nowhere. Raises ValueError for another weighting.
    """
    if weighting not in get_args(Weighting):
        raise ValueError(f"weighting {weighting!r}: expected one of {', '.join(get_args(Weighting))}")
    counts = np.array([row.pixels for row in rows], np.int64).reshape(len(rows), num_classes)
    pixels = counts.sum(0)
    seen = pixels > 0
    weights = np.zeros(len(pixels))
    if not seen.any():
        return weights
    if weighting == "inverse-frequency":
        weights[seen] = pixels.sum() / seen.sum() / pixels[seen]
    elif weighting == "median-frequency":
        where_shown = (counts > 0).T @ counts.sum(1)
        frequency = pixels[seen] / where_shown[seen]
        weights[seen] = np.median(frequency) / frequency
    else:
        # 1 - beta ** n, without the cancellation that eats it when beta is close to 1
        effective = -np.expm1(pixels[seen] * np.log(beta)) / (1 - beta)
        weights[seen] = seen.sum() / effective / (1 / effective).sum()
    return weights
