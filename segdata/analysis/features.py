"""What a network knows at each place of a photo: the maps that enter its classifier, and those that leave its backbone.

    head      the input of the last convolution with as many outputs as there are classes, whatever the model
    backbone  DenseASPP: what its extractor gives; MiniNet: what its normalised transition gives

A map's cell (i, j) of h×w stands for the photo's pixel at the middle of its share of the rows and columns, as the network
itself enlarges its logits: row floor((i + 1/2)·H/h). Networks that pad photos are taken at the padded size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from segdata.errors import TrainingError
from segdata.models.denseaspp import DenseAspp
from segdata.models.layers import resize
from segdata.models.mininet import MiniNet
from segdata.ontology import IGNORE_INDEX

HEAD, BACKBONE = "head", "backbone"


@dataclass(frozen=True)
class Places:
    """Where the features of a network are taken.

    classifier  the convolution whose input is `head`
    backbone    the module whose output is `backbone`; None where the model has no such place
    padded_hw   the size to which the network pads photos of this size
    """

    classifier: nn.Conv2d
    backbone: nn.Module | None
    padded_hw: tuple[int, int]

    @classmethod
    def of(
        cls, network: nn.Module, num_classes: int, size_hw: tuple[int, int], device: torch.device
    ) -> Places:
        """Found by a pass over an empty photo. Raises TrainingError for a network without such a convolution."""
        seen: list[tuple[nn.Conv2d, tuple[int, int]]] = []

        def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            assert isinstance(layer, nn.Conv2d)
            seen.append((layer, (inputs[0].shape[-2], inputs[0].shape[-1])))

        hooks = [
            layer.register_forward_pre_hook(note)
            for layer in network.modules()
            if isinstance(layer, nn.Conv2d)
        ]
        try:
            with torch.inference_mode():
                network(torch.zeros((1, 3, *size_hw), device=device))
        finally:
            for hook in hooks:
                hook.remove()
        last = [layer for layer, _ in seen if layer.out_channels == num_classes]
        if not last:
            raise TrainingError(
                "segdata analyse",
                found=f"no convolution with {num_classes} outputs in this network",
                expected="a classifier, whose input are the features",
            )
        return cls(last[-1], backbone_of(network), seen[0][1])


def backbone_of(network: nn.Module) -> nn.Module | None:
    """The module that gives the maps a pyramid starts from; None for a model without one."""
    if isinstance(network, DenseAspp):
        return network.features
    return network.norm if isinstance(network, MiniNet) else None


@contextmanager
def taken(places: Places) -> Iterator[dict[str, Tensor]]:
    """While open, every pass of the network leaves here its float32 (D, h, w) features of one photo, by place, on the CPU."""
    found: dict[str, Tensor] = {}

    def keep(name: str, maps: Tensor) -> None:
        # A copy: later layers may write into the map.
        found[name] = maps.detach()[0].to("cpu", torch.float32, copy=True)

    def entering(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        keep(HEAD, inputs[0])

    def leaving(_: nn.Module, __: Any, output: Tensor) -> None:
        keep(BACKBONE, output)

    hooks = [places.classifier.register_forward_pre_hook(entering)]
    if places.backbone is not None:
        hooks.append(places.backbone.register_forward_hook(leaving))
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def truth_at_cells(
    truth: NDArray[np.uint8], grid_hw: tuple[int, int], padded_hw: tuple[int, int]
) -> NDArray[np.uint8]:
    """The truth of each cell of a map, uint8 (h, w), from a mask uint8 (H, W); 255 where the cell lies in the padding."""
    rows, columns = (_middles(cells, pixels) for cells, pixels in zip(grid_hw, padded_hw, strict=True))
    found = np.full(grid_hw, IGNORE_INDEX, np.uint8)
    inside = (int((rows < truth.shape[0]).sum()), int((columns < truth.shape[1]).sum()))
    found[: inside[0], : inside[1]] = truth[np.ix_(rows[: inside[0]], columns[: inside[1]])]
    return found


def enlarged(
    maps: NDArray[np.float64], padded_hw: tuple[int, int], size_hw: tuple[int, int]
) -> NDArray[np.float32]:
    """Maps (N, h, w) bilinear at the photo's pixels, float32 (N, H, W), as the network enlarges its logits."""
    large = resize(torch.from_numpy(maps.astype(np.float32))[None], padded_hw)[0]
    cut: NDArray[np.float32] = large[:, : size_hw[0], : size_hw[1]].numpy()
    return cut


def _middles(cells: int, pixels: int) -> NDArray[np.int64]:
    return ((2 * np.arange(cells, dtype=np.int64) + 1) * pixels) // (2 * cells)
