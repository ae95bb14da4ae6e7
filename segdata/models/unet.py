"""U-Net over an encoder of segmentation-models-pytorch, as in the report "U-Net with MobileNetV2 encoder".

    model:
      name: unet
      options: {encoder: mobilenet_v2, decoder_channels: [256, 128, 64, 32, 16]}

With five output channels that is 6,629,525 parameters. The tensors keep the library's names (`encoder.…`,
`decoder.…`, `segmentation_head.…`), so its checkpoints load unchanged. The encoder starts from random
weights: pretrained ones come from a file (segdata.models.weights), never from a silent
download.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import segmentation_models_pytorch
from torch import Tensor, nn

from segdata.errors import ConfigError, nearest
from segdata.models.layers import pad_to_multiple


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The knobs of the U-Net; the defaults are the report's network.

    encoder           name of an encoder of segmentation-models-pytorch ("mobilenet_v2", "resnet34", …)
    depth             how often the encoder halves, 3 to 5; photos are padded to a multiple of 2^depth
    decoder_channels  channels after each step up, deepest first; as many as `depth`
    """

    encoder: str = "mobilenet_v2"
    depth: Annotated[int, msgspec.Meta(ge=3, le=5)] = 5
    decoder_channels: tuple[Annotated[int, msgspec.Meta(ge=1)], ...] = (256, 128, 64, 32, 16)

    def __post_init__(self) -> None:
        if len(self.decoder_channels) != self.depth:
            raise ValueError(
                f"decoder_channels has {len(self.decoder_channels)} entries, depth is {self.depth}; "
                "give one entry for each step"
            )


class UNet(nn.Module):
    """The library's encoder, decoder and head, for photos of any size."""

    def __init__(self, num_classes: int, options: Options) -> None:
        super().__init__()
        net = segmentation_models_pytorch.Unet(
            encoder_name=options.encoder,
            encoder_depth=options.depth,
            encoder_weights=None,
            decoder_channels=options.decoder_channels,
            classes=num_classes,
        )
        self.multiple: int = net.encoder.output_stride
        self.encoder: nn.Module = net.encoder
        self.decoder: nn.Module = net.decoder
        self.segmentation_head: nn.Module = net.segmentation_head

    def forward(self, images: Tensor) -> Tensor:
        """Normalised float32 (N, 3, H, W) → logits float32 (N, num_classes, H, W)."""
        height, width = images.shape[-2:]
        maps = self.encoder(pad_to_multiple(images, self.multiple))
        logits = self.segmentation_head(self.decoder(maps))
        return logits[..., :height, :width]  # type: ignore[no-any-return]


def build(num_classes: int, options: Options) -> nn.Module:
    """The U-Net for `num_classes` classes; raises ConfigError for an encoder that the library does not
    have."""
    encoders = segmentation_models_pytorch.encoders.get_encoder_names()
    if options.encoder not in encoders:
        raise ConfigError(
            "options of model 'unet'",
            place="encoder",
            found=repr(options.encoder),
            expected=nearest(options.encoder, encoders, "https://smp.readthedocs.io/en/latest/encoders.html"),
        )
    return UNet(num_classes, options)
