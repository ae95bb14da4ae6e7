"""DenseASPP (Yang et al., CVPR 2018): an extractor at output stride 8, then a pyramid of dilated convolutions.

Each pyramid block is given the backbone's maps and every earlier block's output, so receptive fields add up:
a 3×3 at dilation d sees R = (d − 1)·2 + 3 positions, and K1 stacked on K2 sees K1 + K2 − 1. The report on
Cityscapes took

    model:
      name: denseaspp
      options: {extractor: densenet121, dilations: [3, 6, 12, 18, 24], growth: 64, bottleneck: 256}

`block: report`   BN, ReLU, 1×1 → bottleneck, BN, ReLU, 3×3 dilated → growth, convolutions without bias.
`block: authors`  the street-scene authors' own: convolutions with bias, no leading BN in the first block,
                  dropout after each block and before the head; their backbone ends with a fourth transition
                  that halves the channels. DenseNet-121: bottleneck 128, growth 64, dropout 0.1.
                  The tensors carry the names of the authors' checkpoints (`features.…`, `ASPP_3.…`,
                  `classification.…`), but for the dots that a name may no longer hold: their `norm.1` is
                  `norm1` (segdata.models.weights reads both).

Photos are padded to a multiple of 8; logits are enlarged bilinearly and cut back to the photo's size.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Annotated, Literal

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import (
    convnext_tiny,
    densenet121,
    densenet161,
    densenet169,
    densenet201,
    mobilenet_v3_large,
)

from segdata.models.layers import keep_stride, pad_to_multiple, resize

Positive = Annotated[int, msgspec.Meta(ge=1)]

STRIDE = 8
_DENSENETS = {
    "densenet121": densenet121,
    "densenet161": densenet161,
    "densenet169": densenet169,
    "densenet201": densenet201,
}
_OTHERS = {"mobilenet_v3_large": (mobilenet_v3_large, 960), "convnext_tiny": (convnext_tiny, 768)}
# The authors' batch norms in the pyramid average over thousands of steps.
_AUTHORS_MOMENTUM = 0.0003


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The knobs of DenseASPP; the defaults are the best network of the Cityscapes report (its row 4).

    extractor         the network of torchvision that gives the features; dilation 2 and 4 replace its last two
                      halvings
    last_dense_block  False ends a DenseNet after its third transition (512 channels for DenseNet-121)
    block             "report" or "authors", see the module docstring
    dilations         one pyramid block for each, in this order
    growth            channels that each block adds
    bottleneck        channels of the 1×1 convolution in front of the dilated one; null for none
    output_norm       a further batch norm on each block's output (the report's row 5)
    dropout           share of channels dropped after each block and before the head while training
    """

    extractor: Literal[
        "densenet121", "densenet161", "densenet169", "densenet201", "mobilenet_v3_large", "convnext_tiny"
    ] = "densenet121"
    last_dense_block: bool = True
    block: Literal["report", "authors"] = "report"
    dilations: Annotated[tuple[Positive, ...], msgspec.Meta(min_length=1)] = (3, 6, 12, 18, 24)
    growth: Positive = 64
    bottleneck: Positive | None = 256
    output_norm: bool = False
    dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0

    def __post_init__(self) -> None:
        if len(set(self.dilations)) != len(self.dilations):
            raise ValueError("dilations holds a value twice; a block is named after its dilation")
        if self.extractor in _OTHERS and (self.block == "authors" or not self.last_dense_block):
            raise ValueError(
                f"block authors and last_dense_block belong to a DenseNet, and the extractor is {self.extractor}"
            )
        if self.block == "authors" and (
            self.bottleneck is None or self.output_norm or not self.last_dense_block
        ):
            raise ValueError(
                "block authors needs a bottleneck and the last_dense_block, and has no output_norm: "
                "those are choices of block report"
            )


class DenseAspp(nn.Module):
    """Backbone `features`, one module `ASPP_<dilation>` per pyramid block, and the head `classification`."""

    def __init__(self, num_classes: int, options: Options) -> None:
        super().__init__()
        self.features, channels = _features(options)
        self.multiple = STRIDE
        # The authors' first block has no BN before its in-place ReLU, so in their network the backbone's
        # maps are rectified for every later block and for the head too.
        self.rectify = options.block == "authors"
        self.block_names = tuple(f"ASPP_{dilation}" for dilation in options.dilations)
        for name, dilation in zip(self.block_names, options.dilations, strict=True):
            first = name == self.block_names[0]
            block = _authors_block if options.block == "authors" else _report_block
            self.add_module(name, block(channels, dilation, options, first))
            channels += options.growth
        self.classification = nn.Sequential(
            nn.Dropout2d(options.dropout), nn.Conv2d(channels, num_classes, 1)
        )
        if options.block == "authors":
            _init_as_authors(self)

    def pyramid(self, features: Tensor) -> Tensor:
        """(N, C, h, w) from the backbone → (N, C + blocks·growth, h, w), the last block's channels first."""
        maps = functional.relu(features) if self.rectify else features
        for name in self.block_names:
            maps = torch.cat([self.get_submodule(name)(maps), maps], dim=1)
        return maps

    def forward(self, images: Tensor) -> Tensor:
        """Normalised float32 (N, 3, H, W) → logits float32 (N, num_classes, H, W)."""
        height, width = images.shape[-2:]
        # Else an extractor may lose a last odd row or column, and the logits would be stretched.
        images = pad_to_multiple(images, self.multiple)
        whole_hw = (images.shape[-2], images.shape[-1])
        logits = resize(self.classification(self.pyramid(self.features(images))), whole_hw)
        return logits[..., :height, :width]


def build(num_classes: int, options: Options) -> nn.Module:
    """DenseASPP for `num_classes` classes, freshly initialised."""
    return DenseAspp(num_classes, options)


def _features(options: Options) -> tuple[nn.Sequential, int]:
    """torchvision's network without its classifier, at output stride 8, with the number of channels that it gives."""
    if options.extractor in _OTHERS:
        build_net, channels = _OTHERS[options.extractor]
        features: nn.Sequential = build_net(weights=None).features
        keep_stride(features, STRIDE)
        return features, channels
    net = _DENSENETS[options.extractor](weights=None)
    features = net.features
    channels = net.classifier.in_features
    for name in ("transition2", "transition3"):
        features.get_submodule(name).pool = nn.Identity()
    for name, dilation in (("denseblock3", 2), ("denseblock4", 4)):
        for layer in features.get_submodule(name).children():
            convolution = layer.get_submodule("conv2")
            assert isinstance(convolution, nn.Conv2d)
            convolution.dilation = convolution.padding = (dilation, dilation)
    if not options.last_dense_block:
        del features.denseblock4, features.norm5
        last = features.get_submodule("transition3.conv")
        assert isinstance(last, nn.Conv2d)
        return features, last.out_channels
    if options.block == "authors":
        del features.norm5
        features.add_module("transition4", _transition(channels))
        channels //= 2
        features.add_module("norm5", nn.BatchNorm2d(channels))
    return features, channels


def _transition(channels: int) -> nn.Sequential:
    """A DenseNet transition that halves the channels and keeps the size."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(channels),
            relu=nn.ReLU(inplace=True),
            conv=nn.Conv2d(channels, channels // 2, 1, bias=False),
        )
    )


def _report_block(in_channels: int, dilation: int, options: Options, first: bool) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["norm1"], layers["relu1"] = nn.BatchNorm2d(in_channels), nn.ReLU(inplace=True)
    channels = in_channels
    if options.bottleneck is not None:
        channels = options.bottleneck
        layers["conv1"] = nn.Conv2d(in_channels, channels, 1, bias=False)
        layers["norm2"], layers["relu2"] = nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
    layers["conv2"] = nn.Conv2d(channels, options.growth, 3, padding=dilation, dilation=dilation, bias=False)
    if options.output_norm:
        layers["norm3"] = nn.BatchNorm2d(options.growth)
    layers["dropout"] = nn.Dropout2d(options.dropout)
    return nn.Sequential(layers)


def _authors_block(in_channels: int, dilation: int, options: Options, first: bool) -> nn.Sequential:
    assert options.bottleneck is not None
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if not first:
        layers["norm1"] = nn.BatchNorm2d(in_channels, momentum=_AUTHORS_MOMENTUM)
        layers["relu1"] = nn.ReLU(inplace=True)
    layers["conv1"] = nn.Conv2d(in_channels, options.bottleneck, 1)
    layers["norm2"] = nn.BatchNorm2d(options.bottleneck, momentum=_AUTHORS_MOMENTUM)
    layers["relu2"] = nn.ReLU(inplace=True)
    layers["conv2"] = nn.Conv2d(options.bottleneck, options.growth, 3, padding=dilation, dilation=dilation)
    layers["dropout"] = nn.Dropout2d(options.dropout)
    return nn.Sequential(layers)


def _init_as_authors(net: nn.Module) -> None:
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_uniform_(layer.weight)
