"""How far a trained model disagrees with the annotation of each photo: where labels are wrong, it does so most.

    loss of a photo = -1/|P| · Σ_{p in P} log softmax(logits)_{p, truth(p)}       P: its pixels with a class

The mean cross-entropy per labelled pixel, in nats, whatever criterion trained the model: large where the model is sure
of another class than the annotator. Photos of large loss are the likeliest to be annotated wrongly (C. Northcutt, L.
Jiang, I. Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", ranks by the same probability).
A model fits the photos that it was trained on, wrong labels too: the order tells most within one split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from segdata.evaluation.confusion import ConfusionMatrix, per_photo_counts, ratio, void_id
from segdata.evaluation.predict import predict_logits
from segdata.evaluation.run import Run
from segdata.ontology import IGNORE_INDEX


@dataclass(frozen=True)
class Disagreement:
    """Of some photos: predictions uint8 (N, H, W), and float64 (N,) figures; NaN where nothing is labelled.

    loss      mean cross-entropy per labelled pixel, nats
    accuracy  share of the labelled pixels that are predicted as they are labelled
    mean_iou  mean over the classes that truth or prediction show
    """

    predictions: NDArray[np.uint8]
    loss: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    mean_iou: NDArray[np.float64]


def measure(run: Run, images: NDArray[np.uint8], truths: NDArray[np.uint8]) -> Disagreement:
    """Predict photos uint8 (N, H, W, 3) and hold them against masks uint8 (N, H, W), 255 = not labelled."""
    logits = predict_logits(run, images)
    with torch.inference_mode():
        target = torch.from_numpy(np.ascontiguousarray(truths)).to(run.device, torch.int64)
        losses = cross_entropy(logits, target, ignore_index=IGNORE_INDEX, reduction="none").cpu().numpy()
        predictions = logits.argmax(dim=1).to(torch.uint8).cpu().numpy()
    summed, labelled = losses.sum(axis=(1, 2), dtype=np.float64), (truths != IGNORE_INDEX).sum(axis=(1, 2))
    num_classes, void = len(run.ontology), void_id(run.ontology)
    matrices = [
        ConfusionMatrix(num_classes, counts, void)
        for counts in per_photo_counts(truths, predictions, num_classes)
    ]
    return Disagreement(
        predictions,
        ratio(summed, labelled),
        np.array([one.pixel_accuracy() for one in matrices]),
        np.array([one.mean_iou() for one in matrices]),
    )
