"""The figures of single reports, as each computed them: comparable with that report's number and with nothing else."""

from __future__ import annotations

import numpy as np

from segdata.evaluation.confusion import ratio
from segdata.evaluation.interval import nan_mean
from segdata.evaluation.pixel_sums import PixelSums
from segdata.evaluation.protocols.standard import Figure, known, pixel_accuracy

INDEX_DICE_BATCH = 4
"""Photos per batch of the report behind `index-dice`."""


def onehot_accuracy(sums: PixelSums) -> Figure:
    """Correct / all pixels over the whole split, where void counts as class 0: a void pixel predicted as 0 is right.

    Report 000 (DenseASPP, MiniNet): the truth is a one-hot image of one channel per class, zero in all of them where
    nobody drew, and its arg max there is 0, road.
    """
    right = sums.hits[..., :-1].sum(axis=-1) + sums.predicted_on_void[..., 0]
    return Figure(ratio(right, sums.truth.sum(axis=-1)))


def per_image_miou(sums: PixelSums) -> Figure:
    """Mean over photos of: mean over the classes present in the photo's truth of (I + 1e-10) / (U + 1e-10).

    Report 001 (U-Net, MobileNetV2). I = n_ii, U = t_i + p_i - n_ii of the photo. A class that is predicted and not
    true has no part of its own, but shrinks the others. Photos without any true class are left out. Whether
    the report's unlabelled pixels are a class cannot be told: here they are void, and in no count.
    """
    hits, truth, predicted = known(sums)
    iou = (hits + 1e-10) / (truth + predicted - hits + 1e-10)
    present = np.where(truth > 0, iou, np.nan)
    return Figure(nan_mean(present), present)


def per_image_accuracy(sums: PixelSums) -> Figure:
    """Mean over photos of the photo's pixel accuracy; photos without any true class are left out. Report 001."""
    return pixel_accuracy(sums)


def index_dice(sums: PixelSums) -> Figure:
    """Σ over batches of 2 Σ(p · t) / (Σ(p + t) + 1e-8), over the number of photos; p, t are *class indices*.

    Report 001 (mini U-Net), batches of 4 in the order of the photos' names; the last may be smaller. Not a dice
    score: class 5 for 5 weighs 25 times class 1 for 1, class 0 nothing; it may pass 1, and quarters with the batch. A pixel
    without a true or predicted class is left out (the report has none). The interval redraws batches.
    """
    return Figure(2 * sums.index_product / (sums.index_sum + 1e-8))


def jaccard_20(sums: PixelSums) -> Figure:
    """Mean IoU over all classes and void, as one more: 20 for Cityscapes. Pixels whose truth is void count.

    Report 004: torchmetrics JaccardIndex(task="multiclass", num_classes=20), 255 → 19, over the whole split. Neither
    true nor predicted: left out, as torchmetrics does from 1.0 on. The last of per_class is void.
    """
    predicted = sums.predicted + sums.predicted_on_void
    iou = ratio(sums.hits, sums.truth + predicted - sums.hits)
    return Figure(nan_mean(iou), iou)


def accuracy_20(sums: PixelSums) -> Figure:
    """Correct / all pixels over the whole split, void being one class more: void predicted as void is right.

    The pixel accuracy that goes with `jaccard-20`: report 004 learns and scores void as class 19 of 20. It does not say
    that its accuracy counts so too. A network that cannot say void is wrong on each of its pixels.
    """
    return Figure(ratio(sums.hits.sum(axis=-1), sums.truth.sum(axis=-1)))


def void_as_error_miou(sums: PixelSums) -> Figure:
    """Mean over classes of n_ii / (t_i + p_i - n_ii), where p_i counts pixels of void truth too: all of them are errors.

    ESPNet (Mehta et al. 2018), whose authors "don't mask the background and unmarked areas" (sacmehta/ESPNet, issue 26;
    train/IOUEval.py). Void is no class of the mean. Theirs also averages over batches; here it is the whole split. For a
    network that cannot say void it is `mean-iou` or less. Neither true nor predicted: left out.
    """
    hits, truth, predicted = known(sums)
    iou = ratio(hits, truth + predicted + sums.predicted_on_void[..., :-1] - hits)
    return Figure(nan_mean(iou), iou)
