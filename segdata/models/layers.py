"""The few pieces that several networks share: sizes made to fit, dilation for stride, a batch norm for pooled maps.

A photo of 97×131 pixels meets a U-Net that halves four times: `pad_to_multiple(photo, 16)` gives 112×144, and
the logits are cut back to 97×131.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """Grow (N, C, H, W) at the bottom and right to the next multiple of `multiple`, repeating its edge.

    Pixel (y, x) stays where it is, so the caller cuts with `[..., :H, :W]`. The edge is repeated rather than
    filled with zeros so that no artificial border appears, and rather than mirrored so that any size will do.
    """
    height, width = images.shape[-2:]
    below, right = -height % multiple, -width % multiple
    if below == 0 and right == 0:
        return images
    return functional.pad(images, (0, right, 0, below), mode="replicate")


def resize(maps: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Bilinear resize of (N, C, h, w) to `size_hw`, pixel centres aligned (align_corners=False)."""
    return functional.interpolate(maps, size=size_hw, mode="bilinear", align_corners=False)


class PooledBatchNorm2d(nn.BatchNorm2d):
    """Batch norm for maps pooled to 1×1, which also trains on a batch of one photo.

    One value per channel has no variance: torch raises there. This layer then normalises with its running
    statistics, as in evaluation, and leaves them as they are. Every other batch is treated as by BatchNorm2d.
    """

    def forward(self, input: Tensor) -> Tensor:
        single = input.numel() == input.shape[1]
        if not (self.training and single):
            return super().forward(input)
        return functional.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )


def init_kaiming(module: nn.Module) -> None:
    """He et al. 2015: every convolution normal with variance 2 / fan-in, biases zero."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def conv_norm_relu(
    in_channels: int, out_channels: int, kernel: int, *, stride: int = 1, dilation: int = 1
) -> nn.Sequential:
    """Convolution without bias, batch norm, ReLU; the map keeps its size at stride 1."""
    padding = dilation * (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv2d(
            in_channels, out_channels, kernel, stride=stride, padding=padding, dilation=dilation, bias=False
        ),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def count_parameters(module: torch.nn.Module) -> int:
    """How many numbers the module learns: its parameters, without the running statistics of batch norms."""
    return sum(parameter.numel() for parameter in module.parameters())


def keep_stride(features: nn.Module, stride: int) -> None:
    """Change a chain of convolutions in place, so that its maps are 1/`stride` of the photo and no smaller.

    Kept at 1/8, a MobileNetV3 drops the last two of its five halvings, and every later convolution takes neighbours 2,
    then 4 positions away: each weight sees what it saw when it was trained, only at more places (Chen et al. 2017,
    DeepLabv3, section 3.1). The convolutions must be registered in the order in which they run. Their tensors stay
    as they are.
    """
    reached, dilation = 1, 1
    for layer in features.modules():
        if not isinstance(layer, nn.Conv2d):
            continue
        step, own = layer.stride[0], dilation
        if step > 1 and reached >= stride:
            layer.stride = (1, 1)
            dilation *= step  # from the next one on: this one still sees the finer grid
        else:
            reached *= step
        if own > 1 or (step > 1 and layer.stride == (1, 1)):
            layer.dilation = (own, own)
            if layer.kernel_size[0] % 2 == 0:
                layer.padding = (0, 0)
                layer.register_forward_pre_hook(_pad_at_the_end)
            else:
                layer.padding = _padding(layer, own)


def _pad_at_the_end(layer: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """An even kernel has no middle: to keep the size, it is given zeros below and to the right alone."""
    assert isinstance(layer, nn.Conv2d)
    rows, columns = (d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True))
    return (functional.pad(inputs[0], (0, columns, 0, rows)),)


def _padding(layer: nn.Conv2d, dilation: int) -> tuple[int, int]:
    height, width = layer.kernel_size
    return dilation * (height - 1) // 2, dilation * (width - 1) // 2
