"""The figures that everybody computes alike, from the sums over a whole split."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segdata.evaluation.confusion import Figures, ratio
from segdata.evaluation.interval import nan_mean
from segdata.evaluation.pixel_sums import PixelSums


class Figure(NamedTuple):
    """value (…), and of each class (…, C) or None, for sums with leading axes (…)."""

    value: Figures
    per_class: Figures | None = None


def mean_iou(sums: PixelSums) -> Figure:
    """Mean over classes of IoU_i = n_ii / (t_i + p_i - n_ii) over the whole split; absent: neither true nor predicted, NaN.

    Long, Shelhamer, Darrell 2015, section 5. For the 19 classes at 2048x1024 it is averageScoreClasses of
    cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling: pixels whose true label is ignored are left out, ignored
    labels that are predicted are misses. For VOC it is VOCevalseg of the devkit: background is a class, 255 left out
    (where a class is absent the devkit's mean is NaN).

    Every class weighs the same: a rare one, of few pixels, moves it as much as the road.
    """
    hits, truth, predicted = known(sums)
    iou = ratio(hits, truth + predicted - hits)
    return Figure(nan_mean(iou), iou)


def pixel_accuracy(sums: PixelSums) -> Figure:
    """Σ_i n_ii / Σ_i t_i over the whole split. Long et al. 2015, section 5.

    Large classes decide it: who calls all of a street road is mostly right, and small things may be missed altogether.
    """
    hits, truth, _ = known(sums)
    return Figure(ratio(hits.sum(axis=-1), truth.sum(axis=-1)))


def mean_class_accuracy(sums: PixelSums) -> Figure:
    """Mean over classes of n_ii / t_i over the whole split; a class that the truth does not have is NaN.

    Long et al. 2015, section 5; scikit-learn's balanced_accuracy_score. Every class weighs the same, and what is
    painted too large costs only the classes that it covers.
    """
    hits, truth, _ = known(sums)
    accuracy = ratio(hits, truth)
    return Figure(nan_mean(accuracy), accuracy)


def frequency_weighted_iou(sums: PixelSums) -> Figure:
    """Σ_i t_i · IoU_i / Σ_i t_i over the whole split; classes that the truth does not have weigh nothing.

    Long et al. 2015, section 5; scikit-learn's jaccard_score(average="weighted"). Large classes decide it.
    """
    iou = of_each(mean_iou(sums))
    return Figure(weighted(iou, sums), iou)


def macro_dice(sums: PixelSums) -> Figure:
    """Mean over classes of 2 n_ii / (t_i + p_i) over the whole split; a class neither true nor predicted is NaN.

    Dice 1945 = F1 of each class; scikit-learn's f1_score(average="macro"). Of a class it is never below the IoU,
    2 IoU / (1 + IoU): the two must not be compared.
    """
    hits, truth, predicted = known(sums)
    dice = ratio(2 * hits, truth + predicted)
    return Figure(nan_mean(dice), dice)


def boundary_iou(sums: PixelSums) -> Figure:
    """Mean over classes of |T_d ∩ P_d| / |T_d ∪ P_d| over the whole split; a class without either is NaN.

    T_d and P_d: the pixels of a class within d = 2 % of the photo's diagonal of its outline in truth and prediction
    (boundary.py). Cheng et al. 2021, equation 3, with sums over the split as for mean IoU; void is cut out of both.
    It looks at outlines alone: one that is a few pixels off costs much here and next to nothing elsewhere.
    """
    hits = sums.boundary_hits
    iou = ratio(hits, sums.boundary_truth + sums.boundary_predicted - hits)
    return Figure(nan_mean(iou), iou)


def weighted_precision(sums: PixelSums) -> Figure:
    """Σ_i t_i · (n_ii / p_i) / Σ_i t_i over the whole split; a true class that is never predicted counts as 0.

    Report 003 (VOC, DeepLabv3); scikit-learn's precision_recall_fscore_support(average="weighted", zero_division=0).
    Large classes decide it, as in the two below.
    """
    hits, _, predicted = known(sums)
    precision = ratio(hits, predicted)
    return Figure(weighted(precision, sums), precision)


def weighted_recall(sums: PixelSums) -> Figure:
    """Σ_i t_i · (n_ii / t_i) / Σ_i t_i over the whole split: the pixel accuracy by another name.

    Report 003; scikit-learn's precision_recall_fscore_support(average="weighted").
    """
    recall = of_each(mean_class_accuracy(sums))
    return Figure(weighted(recall, sums), recall)


def weighted_f1(sums: PixelSums) -> Figure:
    """Σ_i t_i · 2 n_ii / (t_i + p_i) / Σ_i t_i over the whole split.

    Report 003; scikit-learn's precision_recall_fscore_support(average="weighted").
    """
    dice = of_each(macro_dice(sums))
    return Figure(weighted(dice, sums), dice)


def known(sums: PixelSums) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """n_ii, t_i and p_i without void, each (…, C)."""
    return sums.hits[..., :-1], sums.truth[..., :-1], sums.predicted[..., :-1]


def of_each(figure: Figure) -> Figures:
    assert figure.per_class is not None
    return figure.per_class


def weighted(per_class: Figures, sums: PixelSums) -> Figures:
    """Mean with the classes' true pixels as weights; NaN counts as 0."""
    truth = sums.truth[..., :-1]
    return ratio((truth * np.nan_to_num(per_class)).sum(axis=-1), truth.sum(axis=-1))
