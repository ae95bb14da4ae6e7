"""Optimisers, learning-rate schedules and class weights, as the train section of a pipeline file names them.

train: {optimizer: adamw, lr: 6e-3, weight_decay: 1e-3, schedule: {name: one-cycle}, class_weights: none, …}
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from segdata.pipeline import Schedule, Train

_POLY_POWER = 0.9


_USUAL_LR = {"sgd": 0.1, "adam": 0.001, "adamw": 0.001}


def lower_lr(lr: float, optimizer: str) -> float:
    """What to try where `lr` made the loss infinite: a tenth, and no more than the optimizer usually takes.

    >>> lower_lr(0.01, "sgd"), lower_lr(1e12, "adam")
    (0.001, 0.001)
    """
    return min(lr / 10, _USUAL_LR[optimizer])


def build_optimizer(parameters: Iterable[nn.Parameter], train: Train) -> Optimizer:
    """SGD (with the momentum given), Adam or AdamW over the parameters that are to be trained."""
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    if train.optimizer == "sgd":
        return SGD(trained, lr=train.lr, momentum=train.momentum, weight_decay=train.weight_decay)
    kind = Adam if train.optimizer == "adam" else AdamW
    return kind(trained, lr=train.lr, weight_decay=train.weight_decay)


def build_schedule(optimizer: Optimizer, train: Train, steps_per_epoch: int) -> LRScheduler:
    """The schedule, to be stepped after every step of the optimizer.

    constant   lr
    step       lr · factor^(epoch // every)
    milestones lr · factor^(how many of the epochs `at` are over)
    poly       lr · (1 - step / steps)^0.9 (Chen et al. 2017, DeepLabv3, section 4.1)
    one-cycle  lr is the peak: up over the first 30 % from lr/25, down to lr/250,000 (Smith, Topin 2019; torch's)
    """
    steps = steps_per_epoch * train.epochs
    if train.schedule.name == "one-cycle":
        # torch cycles the momentum (or Adam's beta1) against the rate, 0.95 to 0.85; plain SGD has none to cycle.
        return OneCycleLR(optimizer, max_lr=train.lr, total_steps=steps, cycle_momentum=_has_momentum(train))
    return LambdaLR(optimizer, lambda step: lr_factor(train.schedule, step, steps, steps_per_epoch))


def lr_factor(schedule: Schedule, step: int, steps: int, steps_per_epoch: int) -> float:
    """What the learning rate is multiplied with at optimizer step `step` of `steps` (not for one-cycle).

    >>> lr_factor(Schedule(name="step", every=2, factor=0.5), step=40, steps=100, steps_per_epoch=10)
    0.25
    """
    if schedule.name == "step":
        return float(schedule.factor ** (step // steps_per_epoch // schedule.every))
    if schedule.name == "milestones":
        return float(schedule.factor ** sum(step // steps_per_epoch >= epoch for epoch in schedule.at))
    if schedule.name == "poly":
        return float(max(0.0, 1 - step / steps) ** _POLY_POWER)
    assert schedule.name == "constant", schedule.name
    return 1.0


def _has_momentum(train: Train) -> bool:
    return train.optimizer != "sgd" or train.momentum > 0


def current_lr(optimizer: Optimizer) -> float:
    """The learning rate of the first group, for the curves."""
    groups: Sequence[dict[str, object]] = optimizer.param_groups
    lr = groups[0]["lr"]
    assert isinstance(lr, float | int), lr
    return float(lr)
