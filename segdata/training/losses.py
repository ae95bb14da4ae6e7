"""What stands beside the cross-entropy where a pipeline file says so (train.dice)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from segdata.ontology import IGNORE_INDEX


def soft_dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """1 - mean over the classes that occur of 2 Σ p·t / (Σ p + Σ t), over the pixels of a batch that have a class.

    p is the softmax, t one-hot (Milletari, Navab, Ahmadi 2016, with plain sums below the line).
    """
    labelled = (target != IGNORE_INDEX).unsqueeze(1)
    truth = functional.one_hot(torch.where(target == IGNORE_INDEX, 0, target), logits.shape[1])
    truth = truth.permute(0, 3, 1, 2).to(logits.dtype) * labelled
    shares = logits.softmax(dim=1) * labelled
    both, apart = (shares * truth).sum(dim=(0, 2, 3)), (shares + truth).sum(dim=(0, 2, 3))
    occurs = truth.sum(dim=(0, 2, 3)) > 0
    dice = torch.where(occurs, 2 * both / apart.clamp(min=1e-12), 0.0)
    return 1 - dice.sum() / occurs.sum().clamp(min=1)
