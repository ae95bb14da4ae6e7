"""MiniNet: DenseASPP small enough to train from nothing on a few dozen campus photos.

One dense layer stands for the DenseNet and two dilated branches for the pyramid. Sizes for a 224×224 photo
and three classes, with the parameters of each part (report on 68 campus photos):

    stem        3 → 96     224 → 112 → 56   7×7 stride 2, BN, ReLU, max-pool 3×3 stride 2          14,304
    dense      96 → 108    56               3×3 → 12, BN, ReLU, concatenated                       10,404
    transition 108 → 54    56 → 112         1×1, BN, ReLU, bilinear ×2                               5,994
    norm        54         112                                                                         108
    aspp_3      54 → 182   112              3×3 dilation 3 → 512, ReLU, dropout, 1×1 → 128, ReLU   315,008
    aspp_6     182 → 310   112              the same with dilation 6                                904,832
    head       310 → 3     112 → 224        dropout, 1×1, bilinear ×2                                   933

1,251,583 parameters in all; output stride 2.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import torch
from torch import Tensor, nn

from segdata.models.layers import resize

_STEM, _GROWTH, _TRANSITION = 96, 12, 54


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The knobs of MiniNet; the defaults are the report's network.

    aspp_channels    channels of the dilated 3×3 convolution in each branch: most of the cost
    branch_channels  channels that each branch adds to what it was given
    dropout          share of channels dropped in each branch and before the head while training
    """

    aspp_channels: Annotated[int, msgspec.Meta(ge=1)] = 512
    branch_channels: Annotated[int, msgspec.Meta(ge=1)] = 128
    dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.1


class MiniNet(nn.Module):
    """The network of the module docstring; its attributes carry the names of the table's rows."""

    def __init__(self, num_classes: int, options: Options) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, _STEM, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(_STEM),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.dense = _conv_norm_relu(_STEM, _GROWTH, 3)
        self.transition = _conv_norm_relu(_STEM + _GROWTH, _TRANSITION, 1)
        self.norm = nn.BatchNorm2d(_TRANSITION)
        wider = _TRANSITION + options.branch_channels
        self.aspp_3 = _dilated_branch(_TRANSITION, 3, options)
        self.aspp_6 = _dilated_branch(wider, 6, options)
        self.head = nn.Sequential(
            nn.Dropout2d(options.dropout), nn.Conv2d(wider + options.branch_channels, num_classes, 1)
        )
        # Only the stem's initialisation is stated by the report; the other layers keep torch's.
        nn.init.kaiming_normal_(self.stem.get_parameter("0.weight"), mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Normalised float32 (N, 3, H, W) → logits float32 (N, num_classes, H, W)."""
        height, width = images.shape[-2:]
        half_hw = (
            (height + 1) // 2,
            (width + 1) // 2,
        )  # "×2" for sizes divisible by 4, and right for all others
        maps = self.stem(images)
        maps = torch.cat([maps, self.dense(maps)], dim=1)
        maps = self.norm(resize(self.transition(maps), half_hw))
        maps = torch.cat([maps, self.aspp_3(maps)], dim=1)
        maps = torch.cat([maps, self.aspp_6(maps)], dim=1)
        return resize(self.head(maps), (height, width))


def build(num_classes: int, options: Options) -> nn.Module:
    """MiniNet for `num_classes` classes, freshly initialised."""
    return MiniNet(num_classes, options)


def _conv_norm_relu(in_channels: int, out_channels: int, kernel: int) -> nn.Sequential:
    # The report's parameter count of the dense layer, 10,404, holds only with a bias before the batch norm.
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def _dilated_branch(in_channels: int, dilation: int, options: Options) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, options.aspp_channels, 3, padding=dilation, dilation=dilation),
        nn.ReLU(inplace=True),
        nn.Dropout2d(options.dropout),
        nn.Conv2d(options.aspp_channels, options.branch_channels, 1),
        nn.ReLU(inplace=True),
    )
