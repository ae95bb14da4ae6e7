"""The classic U-Net (Ronneberger, Fischer, Brox 2015), trained from scratch on small photos.

With `channels: [64, 128, 256, 512, 1024]` and six classes (five and background) it has 31,037,958 parameters,
the figure of the report "mini U-Net" on 130 campus photos. For a CPU take an eighth of that width:

    model:
      name: mini_unet
      options: {channels: [8, 16, 32, 64, 128]}

Differences from the 2015 paper, as in the report: 3×3 convolutions keep the size, each is followed by batch
norm and has no bias. The network halves the photo once per channel step, so an input of another size is
padded at the bottom and right to a multiple of 2^steps with its edge pixels, and the logits are cut back.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from segdata.models.layers import conv_norm_relu, init_kaiming, pad_to_multiple


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The knobs of the mini U-Net; the default is the report's network.

    channels  channels at full size, half size, quarter size …; the last is the bottleneck
    """

    channels: Annotated[tuple[Annotated[int, msgspec.Meta(ge=1)], ...], msgspec.Meta(min_length=2)] = (
        64,
        128,
        256,
        512,
        1024,
    )


class MiniUNet(nn.Module):
    """Encoder, bottleneck, and a decoder that at every size sees the encoder's map of that size."""

    def __init__(self, num_classes: int, options: Options) -> None:
        super().__init__()
        *widths, bottleneck = options.channels
        self.multiple = 2 ** len(widths)
        self.encoder = nn.ModuleList(
            _double_conv(before, after) for before, after in zip([3, *widths], widths, strict=False)
        )
        self.bottleneck = _double_conv(widths[-1], bottleneck)
        up = list(zip(reversed([*widths[1:], bottleneck]), reversed(widths), strict=True))
        self.upsample = nn.ModuleList(nn.ConvTranspose2d(deep, skip, 2, stride=2) for deep, skip in up)
        self.decoder = nn.ModuleList(_double_conv(2 * skip, skip) for _, skip in up)
        self.head = nn.Conv2d(widths[0], num_classes, 1)
        init_kaiming(self)

    def forward(self, images: Tensor) -> Tensor:
        """Normalised float32 (N, 3, H, W) → logits float32 (N, num_classes, H, W)."""
        height, width = images.shape[-2:]
        maps = pad_to_multiple(images, self.multiple)
        skips: list[Tensor] = []
        for block in self.encoder:
            skips.append(block(maps))
            maps = functional.max_pool2d(skips[-1], 2)
        maps = self.bottleneck(maps)
        for upsample, block in zip(self.upsample, self.decoder, strict=True):
            maps = block(torch.cat([skips.pop(), upsample(maps)], dim=1))
        return self.head(maps)[..., :height, :width]  # type: ignore[no-any-return]


def build(num_classes: int, options: Options) -> nn.Module:
    """The mini U-Net for `num_classes` classes, freshly initialised (Kaiming normal)."""
    return MiniUNet(num_classes, options)


def _double_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        conv_norm_relu(in_channels, out_channels, 3), conv_norm_relu(out_channels, out_channels, 3)
    )
