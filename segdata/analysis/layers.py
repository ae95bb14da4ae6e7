"""What each block of the dense pyramid is good for: the trained model scored with its top blocks left out.

data/analysis/sample-via/layers/
    index.html    per-class IoU and predictions for 0, 1, 2 … dropped blocks
    layers.csv    dropped,block,dilation,class,iou
    layers.json   all figures

Blocks are dropped from the top: the last one first, then the last two, and so on. A block's output goes to every block
after it and to the classifier; since all blocks after a dropped one are dropped too, its output is missing from the
classifier's input alone. It is set to zero there, which is the same as a classifier without its columns. Nothing is trained
again, the classifier's bias stays, and so do batch norms.

A 3×3 convolution of dilation d sees R = (d − 1)(K − 1) + K cells, K = 3; two on top of each other K1 + K2 − 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from segdata.analysis.subject import Subject
from segdata.errors import ConfigError
from segdata.evaluation.confusion import ConfusionMatrix, void_id
from segdata.evaluation.tables import number, write_csv
from segdata.models.denseaspp import STRIDE, DenseAspp
from segdata.models.mininet import MiniNet

NUMBERS, TABLE = "layers.json", "layers.csv"
MOST_DROPPED = 5
_KERNEL = 3
_MININET_STRIDE = 2


@dataclass(frozen=True)
class Block:
    """One block of a pyramid: its name in the network, and its dilation."""

    name: str
    dilation: int

    @property
    def receptive_field(self) -> int:
        """Cells that its 3×3 convolution spans."""
        return receptive_field(self.dilation)


@dataclass(frozen=True)
class Pyramid:
    """The blocks of a network in the order in which they run, and photo pixels per cell."""

    blocks: tuple[Block, ...]
    stride: int

    def left_after(self, dropped: int) -> tuple[Block, ...]:
        """The blocks that stay when so many are dropped from the top."""
        return self.blocks[: len(self.blocks) - dropped]

    def dropped(self, count: int) -> tuple[Block, ...]:
        """The blocks that go, the top one first."""
        return self.blocks[len(self.blocks) - count :][::-1]


def receptive_field(dilation: int, kernel: int = _KERNEL) -> int:
    """Cells that a dilated convolution spans: (d − 1)(K − 1) + K (report 002).

    >>> receptive_field(1), receptive_field(3), receptive_field(24)
    (3, 7, 49)
    """
    return (dilation - 1) * (kernel - 1) + kernel


def stacked(fields: Sequence[int]) -> int:
    """Cells that convolutions on top of each other span: K1 + K2 − 1, and so on; 1 for none.

    >>> stacked([7, 13]), stacked([])
    (19, 1)
    """
    return 1 + sum(field - 1 for field in fields)


def pyramid_of(network: nn.Module) -> Pyramid | None:
    """The dense pyramid of a network; None for a model without one."""
    if isinstance(network, DenseAspp):
        names = network.block_names
        return Pyramid(tuple(Block(name, int(name.removeprefix("ASPP_"))) for name in names), STRIDE)
    if isinstance(network, MiniNet):
        return Pyramid((Block("aspp_3", 3), Block("aspp_6", 6)), _MININET_STRIDE)
    return None


@contextmanager
def without(network: nn.Module, blocks: Sequence[Block]) -> Iterator[None]:
    """While open, these blocks give zeros."""

    def nothing(_: nn.Module, __: Any, output: Tensor) -> Tensor:
        return torch.zeros_like(output)

    hooks = [network.get_submodule(block.name).register_forward_hook(nothing) for block in blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@dataclass(frozen=True)
class Layers:
    """The scores by the number of dropped blocks, from none to as many as there are, five at most."""

    subject: Subject
    pyramid: Pyramid
    matrices: tuple[ConfusionMatrix, ...]

    def predictions(self, index: int) -> list[NDArray[np.uint8]]:
        """uint8 (H, W) class ids of one photo, by the number of dropped blocks."""
        return predictions_of(self.subject, self.pyramid, index)


def predictions_of(subject: Subject, pyramid: Pyramid, index: int) -> list[NDArray[np.uint8]]:
    """uint8 (H, W) class ids of one photo for 0, 1, 2 … dropped blocks."""
    image = subject.normalised(index)
    found = []
    for count in range(_most(pyramid) + 1):
        with without(subject.run.network, pyramid.dropped(count)), torch.inference_mode():
            logits: Tensor = subject.run.network(image)
        ids: NDArray[np.uint8] = logits[0].argmax(dim=0).to(torch.uint8).cpu().numpy()
        found.append(ids)
    return found


def measure(subject: Subject) -> Layers:
    """Go over the split once. Raises ConfigError for a model without a pyramid of dense blocks."""
    pyramid = pyramid_of(subject.run.network)
    if pyramid is None:
        raise ConfigError(
            f"pipelines/{subject.name}.yaml",
            place="model.name",
            found=repr(subject.run.record.model),
            expected="a DenseASPP (denseaspp or mininet): no other model here has blocks that can be left out",
        )
    ontology = subject.run.ontology
    matrices = tuple(
        ConfusionMatrix(len(ontology), void=void_id(ontology)) for _ in range(_most(pyramid) + 1)
    )
    for index, truth in subject.truths():
        for matrix, predicted in zip(matrices, predictions_of(subject, pyramid, index), strict=True):
            matrix.update(truth, predicted)
    return Layers(subject, pyramid, matrices)


def _most(pyramid: Pyramid) -> int:
    return min(MOST_DROPPED, len(pyramid.blocks))


def write_numbers(found: Layers, folder: Path) -> None:
    """layers.json and layers.csv into an existing folder; six digits, empty where a class is absent."""
    subject, pyramid = found.subject, found.pyramid
    names = subject.run.ontology.names
    steps = []
    rows: list[list[object]] = []
    for count, matrix in enumerate(found.matrices):
        gone = pyramid.dropped(count)
        per_class = [number(value) for value in matrix.per_class_iou().tolist()]
        fields = [block.receptive_field for block in pyramid.left_after(count)]
        steps.append(
            {
                "dropped": [block.name for block in gone],
                "cells_seen": stacked(fields),
                "mean_iou": number(matrix.mean_iou()),
                "pixel_accuracy": number(matrix.pixel_accuracy()),
                "per_class_iou": dict(zip(names, per_class, strict=True)),
            }
        )
        last = (gone[-1].name, gone[-1].dilation) if gone else (None, None)
        rows += [[count, *last, name, value] for name, value in zip(names, per_class, strict=True)]
    content = {
        "format_version": 1,
        "pipeline": subject.name,
        "split": subject.split_name,
        "photos": len(subject.split),
        "stride": pyramid.stride,
        "blocks": [
            {"name": block.name, "dilation": block.dilation, "receptive_field": block.receptive_field}
            for block in pyramid.blocks
        ],
        "steps": steps,
    }
    (folder / NUMBERS).write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    write_csv(folder / TABLE, ("dropped", "block", "dilation", "class", "iou"), rows)
