"""Learn one photo by heart: the reports' sanity check, and the first thing to try when a model does not learn.

    $ segdata overfit unh-mininet
    unh-mininet: IMG_0062: pixel accuracy 0.974 after 84 steps, loss 0.081 (with its commonest class alone: 0.512)

A network that cannot do that has a fault in its wiring, its labels or its rate, whatever its score on many photos. No
random change, no dropout, no weight decay; a constant rate of Adam instead of the pipeline's schedule, which is meant for
many photos. Batch norms normalise by the photo itself, as in any training step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from segdata.errors import TrainingError, nearest
from segdata.evaluation.device import choose_device
from segdata.models import build_model
from segdata.ontology import IGNORE_INDEX
from segdata.project import Project
from segdata.shards import ShardSet
from segdata.training.checks import check_data
from segdata.training.optim import lower_lr
from segdata.training.start import put_weights

GOAL = 0.97
"""Pixel accuracy to be exceeded: the MiniNet report reached 97.35 %."""


@dataclass(frozen=True)
class Overfitted:
    """The photo, the steps done, and the loss and pixel accuracy on it after them.

    commonest  pixel accuracy of answering with the photo's commonest class everywhere
    """

    id: str
    steps: int
    loss: float
    accuracy: float
    commonest: float

    @property
    def reached(self) -> bool:
        return self.accuracy > GOAL


def overfit(
    project: Project,
    name: str,
    *,
    id: str | None = None,
    steps: int = 400,
    lr: float = 1e-3,
    device: str | None = None,
) -> Overfitted:
    """Train the model of a pipeline on one photo of its training split until GOAL is passed, `steps` at most.

    id  the photo; None: the first by name of which no single class fills the share that is to be reached
    All of the network learns, also what train.freeze would keep, and void is left out: what is asked is whether it can.
    Raises TrainingError for an unknown photo or one without labels, and what training raises before its first step.
    """
    pipeline = project.pipeline(name)
    torch_device = choose_device(device, project.params().device)
    shards = ShardSet.open(project.shards_dir(name))
    data = check_data(shards, pipeline.train)
    split = data.train
    if id is not None and id not in split.ids:
        raise TrainingError(
            name, found=f"no photo {id!r} in the training split", expected=nearest(id, split.ids)
        )
    shares = [max(row.pixels) / max(1, sum(row.pixels)) for row in split.rows]  # 0: nothing is labelled
    index = split.ids.index(id) if id is not None else _first_worth_it(shares)
    truth = torch.from_numpy(split.masks([index])).long()
    if (truth == IGNORE_INDEX).all():
        raise TrainingError(
            name, found=f"photo {id!r} without a labelled pixel", expected="something to learn"
        )
    torch.manual_seed(pipeline.train.seed)
    model = pipeline.model
    network = build_model(model.name, data.num_classes, model.options, f"pipelines/{name}.yaml")
    put_weights(project, model, network, f"pipelines/{name}.yaml")
    photo = torch.from_numpy(split.images([index])).permute(0, 3, 1, 2).to(torch_device)
    images = data.normalisation.apply(photo)
    done = learn_by_heart(network.to(torch_device), images, truth.to(torch_device), steps=steps, lr=lr)
    return Overfitted(split.ids[index], *done, commonest=shares[index])


def _first_worth_it(shares: Sequence[float]) -> int:
    """Of photos by the share of their commonest class: the first that asks for more than one class."""
    labelled = [index for index, share in enumerate(shares) if share > 0]
    return next((index for index in labelled if shares[index] <= GOAL), labelled[0])


def learn_by_heart(
    network: nn.Module, images: Tensor, truth: Tensor, *, steps: int, lr: float
) -> tuple[int, float, float]:
    """Steps done, loss and pixel accuracy after them, on normalised float32 (N, 3, H, W) and int64 (N, H, W).

    Raises TrainingError for a loss that is not finite.
    """
    without_dropout(network.train())
    optimizer = torch.optim.Adam(network.parameters(), lr=lr)
    known = truth != IGNORE_INDEX
    for step in range(steps + 1):
        logits = network(images)
        loss = functional.cross_entropy(logits, truth, ignore_index=IGNORE_INDEX)
        if not torch.isfinite(loss):
            raise TrainingError(
                "overfit",
                place=f"step {step}",
                found=f"a loss that is not finite, at lr {lr:g}",
                expected="a finite loss",
                fix=f"Lower it: --lr {lower_lr(lr, 'adam'):g}.",
            )
        accuracy = float((logits.argmax(dim=1) == truth)[known].double().mean())
        if accuracy > GOAL or step == steps:
            return step, float(loss.detach()), accuracy
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        optimizer.step()
    raise AssertionError("unreachable")


def without_dropout(network: nn.Module) -> None:
    """Switch every dropout off, also while training."""
    for layer in network.modules():
        if isinstance(layer, nn.Dropout | nn.Dropout2d):
            layer.p = 0.0
