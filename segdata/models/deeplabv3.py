"""DeepLabv3 in two sizes (Chen et al. 2017, "Rethinking Atrous Convolution for Semantic Image Segmentation").

`variant: small` is our own: a residual backbone with as many bottlenecks as `layers` says, and the paper's
pyramid (1×1, 3×3 at each of `rates`, image pooling; concatenated, 1×1). The report on VOC 2012 took a
ResNet-50 with fewer layers and rates 8, 12, 16. For a CPU:

    model:
      name: deeplabv3
      options: {variant: small, layers: [1, 1, 1], width: 16, rates: [2, 4, 6], aspp_channels: 64}

`variant: resnet50` is torchvision's deeplabv3_resnet50 (output stride 8, rates 12, 24, 36) with heads for our
classes; its tensors keep torchvision's names (`backbone.…`, `classifier.…`, `aux_classifier.…`), so
checkpoints load unchanged.

Both give bilinearly enlarged logits of the photo's size, and both train on a batch of one photo (see
segdata.models.layers.PooledBatchNorm2d for what happens to the pooled branch there).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.segmentation import deeplabv3_resnet50

from segdata.models.layers import PooledBatchNorm2d, conv_norm_relu, init_kaiming, resize

Positive = Annotated[int, msgspec.Meta(ge=1)]

# A bottleneck gives four times the channels of its 3×3 convolution (He et al. 2016, table 1).
_EXPANSION = 4


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The knobs of DeepLabv3.

    variant        "small" (all but `aux_head` apply) or "resnet50" (only `aux_head` applies)
    layers         bottlenecks per stage; [3, 4, 6, 3] is ResNet-50
    width          channels of the stem and of the first stage's 3×3 convolutions; each stage doubles them
    rates          dilations of the pyramid's 3×3 convolutions
    output_stride  size of the photo over size of the pyramid's maps: 8, 16 or 32; later stages dilate instead
    aspp_channels  channels of each branch of the pyramid, and of what it gives
    dropout        share of the pyramid's output dropped while training
    aux_head       keep torchvision's auxiliary head, so that a checkpoint with one loads; it is not trained
    """

    variant: Literal["small", "resnet50"] = "small"
    layers: Annotated[tuple[Positive, ...], msgspec.Meta(min_length=1, max_length=6)] = (3, 4, 6, 3)
    width: Positive = 64
    rates: Annotated[tuple[Positive, ...], msgspec.Meta(min_length=1)] = (8, 12, 16)
    output_stride: Literal[8, 16, 32] = 8
    aspp_channels: Positive = 256
    dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    aux_head: bool = False

    def __post_init__(self) -> None:
        if self.variant == "small" and self.aux_head:
            raise ValueError("aux_head belongs to variant resnet50, and the variant is small")
        if self.variant == "resnet50":
            plain = Options()
            for field in self.__struct_fields__:
                if field not in ("variant", "aux_head") and getattr(self, field) != getattr(plain, field):
                    raise ValueError(f"{field} belongs to variant small, and the variant is resnet50")
        strides = 4 * 2 ** (len(self.layers) - 1)
        if self.variant == "small" and self.output_stride > strides:
            raise ValueError(
                f"{len(self.layers)} stages reach output_stride {strides} at most, not {self.output_stride}"
            )


class Bottleneck(nn.Module):
    """1×1, 3×3, 1×1 with a shortcut around them (He et al. 2016, figure 5); a stride sits in the 3×3."""

    def __init__(self, in_channels: int, channels: int, *, stride: int, dilation: int) -> None:
        super().__init__()
        out_channels = channels * _EXPANSION
        self.reduce = conv_norm_relu(in_channels, channels, 1)
        self.spatial = conv_norm_relu(channels, channels, 3, stride=stride, dilation=dilation)
        self.expand = _conv_norm(channels, out_channels)
        same = stride == 1 and in_channels == out_channels
        self.shortcut = nn.Identity() if same else _conv_norm(in_channels, out_channels, stride=stride)

    def forward(self, maps: Tensor) -> Tensor:
        return functional.relu(self.shortcut(maps) + self.expand(self.spatial(self.reduce(maps))))


class Aspp(nn.Module):
    """Atrous spatial pyramid pooling (section 3.3 of the paper): (N, C, h, w) → (N, aspp_channels, h, w)."""

    def __init__(self, in_channels: int, options: Options) -> None:
        super().__init__()
        channels = options.aspp_channels
        self.point = conv_norm_relu(in_channels, channels, 1)
        self.dilated = nn.ModuleList(
            conv_norm_relu(in_channels, channels, 3, dilation=rate) for rate in options.rates
        )
        self.pooling = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(in_channels, channels, 1, bias=False),
            PooledBatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )
        self.project = conv_norm_relu(channels * (2 + len(options.rates)), channels, 1)
        self.dropout = nn.Dropout(options.dropout)

    def forward(self, maps: Tensor) -> Tensor:
        pooled = self.pooling(maps).expand(-1, -1, *maps.shape[-2:])
        branches = [self.point(maps), *(branch(maps) for branch in self.dilated), pooled]
        projected: Tensor = self.dropout(self.project(torch.cat(branches, dim=1)))
        return projected


class SmallDeepLabV3(nn.Module):
    """Backbone, pyramid, 1×1 to classes, bilinear up."""

    def __init__(self, num_classes: int, options: Options) -> None:
        super().__init__()
        self.backbone, channels = _backbone(options)
        self.aspp = Aspp(channels, options)
        self.classifier = nn.Conv2d(options.aspp_channels, num_classes, 1)
        init_kaiming(self)

    def forward(self, images: Tensor) -> Tensor:
        """Normalised float32 (N, 3, H, W) → logits float32 (N, num_classes, H, W)."""
        height, width = images.shape[-2:]
        return resize(self.classifier(self.aspp(self.backbone(images))), (height, width))


class TorchvisionDeepLabV3(nn.Module):
    """torchvision's network with logits as its only output."""

    def __init__(self, num_classes: int, *, aux_head: bool) -> None:
        super().__init__()
        net = deeplabv3_resnet50(
            weights=None, weights_backbone=None, num_classes=num_classes, aux_loss=aux_head
        )
        self.backbone: nn.Module = net.backbone
        self.classifier: nn.Module = net.classifier
        self.aux_classifier: nn.Module | None = net.aux_classifier
        if self.aux_classifier is not None:
            # It takes no part in the logits; distributed training stops at a parameter that never gets a
            # gradient.
            self.aux_classifier.requires_grad_(False)
        pooling = net.classifier[0].convs[-1]
        pooling[2] = PooledBatchNorm2d(pooling[2].num_features)

    def forward(self, images: Tensor) -> Tensor:
        """Normalised float32 (N, 3, H, W) → logits float32 (N, num_classes, H, W)."""
        height, width = images.shape[-2:]
        return resize(self.classifier(self.backbone(images)["out"]), (height, width))


def build(num_classes: int, options: Options) -> nn.Module:
    """DeepLabv3 for `num_classes` classes, freshly initialised, in the chosen variant."""
    if options.variant == "resnet50":
        return TorchvisionDeepLabV3(num_classes, aux_head=options.aux_head)
    return SmallDeepLabV3(num_classes, options)


def _backbone(options: Options) -> tuple[nn.Sequential, int]:
    """Stem and stages, with the number of channels that they give; past `output_stride`, dilation replaces
    stride."""
    stages: list[nn.Module] = [
        conv_norm_relu(3, options.width, 7, stride=2),
        nn.MaxPool2d(3, stride=2, padding=1),
    ]
    in_channels, stride_so_far, dilation = options.width, 4, 1
    for stage, count in enumerate(options.layers):
        channels = options.width * 2**stage
        first_dilation = dilation
        stride = 2 if stage > 0 and stride_so_far < options.output_stride else 1
        if stride == 2:
            stride_so_far *= 2
        elif stage > 0:
            dilation *= 2
        for block in range(count):
            # As in torchvision: the block that would have halved the map still sees the finer grid's
            # dilation.
            stages.append(
                Bottleneck(
                    in_channels,
                    channels,
                    stride=stride if block == 0 else 1,
                    dilation=first_dilation if block == 0 else dilation,
                )
            )
            in_channels = channels * _EXPANSION
    return nn.Sequential(*stages), in_channels


def _conv_norm(in_channels: int, out_channels: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
    )
