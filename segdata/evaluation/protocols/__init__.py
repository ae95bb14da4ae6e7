"""How a figure was computed, by name: each report counts in its own way, and its number means nothing without it.

>>> score("onehot-accuracy", photos).value       # 2 of 3 pixels right, where void counts as class 0
0.6666666666666666
>>> score("pixel-accuracy", photos).value        # 1 of 2, void left out
0.5

Below, n_ij is the number of pixels of true class i predicted as j, over the whole split or over one photo;
t_i = Σ_j n_ij, also over pixels predicted as no class (255), which are never right; p_j = Σ_i n_ij. Pixels whose truth
is void (255, or a last class named "void") are in no count unless a protocol says so. What a figure says of an absent
class stands with it; NaN is "not defined", and no mean includes one. All figures are shares of 1.

A pipeline file names one of these in `published.protocol`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from segdata.errors import ConfigError, nearest
from segdata.evaluation.confusion import Figures, ratio
from segdata.evaluation.interval import bootstrap_intervals, nan_mean
from segdata.evaluation.pixel_sums import PixelSums
from segdata.evaluation.protocols import reports, standard
from segdata.evaluation.tables import number


class Score(NamedTuple):
    """A protocol's figure, and of each class float64 (C,) where it has such; `jaccard-20` adds void as the last."""

    value: float
    per_class: Figures | None


class ProtocolScore(msgspec.Struct, frozen=True):
    """A figure by one protocol and its 95 % bootstrap interval over photos, as files state them; None: not defined."""

    protocol: str
    value: float | None
    interval: tuple[float | None, float | None]


@dataclass(frozen=True)
class Protocol:
    """A figure, and over what it is taken: the split's sums, each photo's (then their mean), or each batch's.

    words  what it is, for people who read a report and no formulas
    """

    figure: Callable[[PixelSums], standard.Figure]
    words: str
    over: Literal["split", "photos", "batches"] = "split"


PROTOCOLS = {
    "mean-iou": Protocol(
        standard.mean_iou, "IoU of each class over the whole split, then the mean over classes"
    ),
    "pixel-accuracy": Protocol(
        standard.pixel_accuracy, "right pixels, as a share of all labelled pixels of the split"
    ),
    "mean-class-accuracy": Protocol(
        standard.mean_class_accuracy, "recall of each class over the whole split, then the mean over classes"
    ),
    "frequency-weighted-iou": Protocol(
        standard.frequency_weighted_iou,
        "IoU of each class over the whole split, weighted by the class's true pixels",
    ),
    "macro-dice": Protocol(
        standard.macro_dice, "Dice (F1) of each class over the whole split, then the mean over classes"
    ),
    "boundary-iou": Protocol(
        standard.boundary_iou, "IoU of the thin bands along the outlines alone, then the mean over classes"
    ),
    "weighted-precision": Protocol(
        standard.weighted_precision, "precision of each class, weighted by the class's true pixels"
    ),
    "weighted-recall": Protocol(
        standard.weighted_recall,
        "recall of each class, weighted by the class's true pixels: the pixel accuracy by another name",
    ),
    "weighted-f1": Protocol(
        standard.weighted_f1, "F1 (Dice) of each class, weighted by the class's true pixels"
    ),
    "onehot-accuracy": Protocol(
        reports.onehot_accuracy,
        "right pixels, as a share of all pixels, where unlabelled ones count as the first class",
    ),
    "per-image-miou": Protocol(
        reports.per_image_miou,
        "mean IoU of each photo over the classes of its truth, then the mean over photos",
        "photos",
    ),
    "per-image-accuracy": Protocol(
        reports.per_image_accuracy, "pixel accuracy of each photo, then the mean over photos", "photos"
    ),
    "index-dice": Protocol(
        reports.index_dice,
        "a Dice formula over class numbers, batch by batch: no Dice score, comparable with its own report alone",
        "batches",
    ),
    "jaccard-20": Protocol(reports.jaccard_20, "mean IoU with void as one class more, whose pixels count"),
    "accuracy-20": Protocol(
        reports.accuracy_20, "right pixels, as a share of all pixels, with void as one class more"
    ),
    "void-as-error-miou": Protocol(
        reports.void_as_error_miou, "mean IoU where every class predicted on an unlabelled pixel is an error"
    ),
}


def protocol_names() -> tuple[str, ...]:
    """All protocols: the standard ones first, then those of single reports."""
    return tuple(PROTOCOLS)


def check_protocol(name: str, where: str, place: str = "published.protocol") -> None:
    """Raise ConfigError with the nearest name for a protocol that does not exist."""
    if name not in PROTOCOLS:
        raise ConfigError(where, place=place, found=repr(name), expected=nearest(name, PROTOCOLS))


def score(name: str, photos: PixelSums) -> Score:
    """The figure of a protocol on a split: the sums (N, K) of its photos, in the order of their ids."""
    protocol = PROTOCOLS[name]
    if protocol.over == "split":
        figure = protocol.figure(PixelSums(photos.num_classes, photos.values.sum(axis=0)))
        return Score(float(figure.value), figure.per_class)
    units = _averaged(protocol, photos)
    each = protocol.figure(photos).per_class if protocol.over == "photos" else None
    value = float(_quotient(units.sum(axis=0)))
    return Score(value, None if each is None else nan_mean(each.T))


def interval(
    name: str, photos: PixelSums, *, resamples: int = 1000, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """The bootstrap interval of the same figure over photos (`index-dice`: over batches); see interval.py."""
    return intervals((name,), photos, resamples=resamples, seed=seed, level=level)[name]


def intervals(
    names: Sequence[str], photos: PixelSums, *, resamples: int = 1000, seed: int = 0, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """The intervals of several protocols by name; those that are taken over the same things share the draws."""
    found: dict[str, tuple[float, float]] = {}
    for over in ("split", "photos", "batches"):
        group = [PROTOCOLS[name] for name in names if PROTOCOLS[name].over == over]
        if not group:
            continue
        units = photos.values if over == "split" else np.hstack([_averaged(one, photos) for one in group])

        def of_sums(sums: Figures, over: str = over, group: Sequence[Protocol] = group) -> Figures:
            if over != "split":
                return _quotient(sums.reshape(len(sums), len(group), 2))
            whole = PixelSums(photos.num_classes, sums)
            return np.stack([one.figure(whole).value for one in group], axis=1)

        bounds = bootstrap_intervals(units, of_sums, resamples=resamples, seed=seed, level=level)
        found |= zip([name for name in names if PROTOCOLS[name].over == over], bounds, strict=True)
    return found


def score_all(photos: PixelSums) -> tuple[ProtocolScore, ...]:
    """Every protocol on a split, rounded to 6 digits."""
    bounds = intervals(protocol_names(), photos)
    return tuple(
        ProtocolScore(name, number(score(name, photos).value), (number(low), number(high)))
        for name, (low, high) in ((name, bounds[name]) for name in PROTOCOLS)
    )


def _averaged(protocol: Protocol, photos: PixelSums) -> Figures:
    """float64 (N, 2), per photo or batch: its figure and the photos that it stands for; 0, 0 where not defined."""
    if protocol.over == "batches":
        starts = np.arange(0, len(photos.values), reports.INDEX_DICE_BATCH)
        batches = PixelSums(photos.num_classes, np.add.reduceat(photos.values, starts, axis=0))
        sizes = np.diff(starts, append=len(photos.values))
        return np.stack([protocol.figure(batches).value, sizes.astype(np.float64)], axis=1)
    values = protocol.figure(photos).value
    known = ~np.isnan(values)
    return np.stack([np.where(known, values, 0.0), known.astype(np.float64)], axis=1)


def _quotient(sums: Figures) -> Figures:
    return ratio(sums[..., 0], sums[..., 1])
