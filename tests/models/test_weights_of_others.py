"""Weights that were made for something else: an encoder alone, a longer network, photos read as BGR."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="models need the extra 'train'")

from torchvision import models  # noqa: E402

from segdata.errors import DataError  # noqa: E402
from segdata.models import build_model  # noqa: E402
from segdata.models.weights import load_weights, swap_red_and_blue  # noqa: E402


def test_an_encoder_of_torchvision_goes_into_the_unet(tmp_path: Path) -> None:
    torch.manual_seed(1)
    encoder = models.mobilenet_v2(weights=None)
    torch.save(encoder.state_dict(), tmp_path / "mobilenet_v2.pth")
    unet = build_model("unet", 5, {"decoder_channels": [8, 8, 8, 8, 8]})
    head = unet.get_parameter("segmentation_head.0.weight").clone()
    kept = load_weights(
        tmp_path / "mobilenet_v2.pth",
        unet,
        into="encoder.",
        unused=("classifier.",),
        fresh=("decoder.", "segmentation_head."),
    )
    assert {name.split(".")[0] for name in kept} == {"decoder", "segmentation_head"}
    for place in ("features.0.0.weight", "features.18.0.weight"):
        assert torch.equal(unet.get_parameter(f"encoder.{place}"), encoder.get_parameter(place))
    assert torch.equal(unet.get_parameter("segmentation_head.0.weight"), head)


def test_the_last_dense_block_of_a_longer_densenet_is_left_out(tmp_path: Path) -> None:
    densenet = models.densenet121(weights=None)
    torch.save(densenet.state_dict(), tmp_path / "densenet121.pth")
    short = build_model(
        "denseaspp", 5, {"last_dense_block": False, "dilations": [3], "growth": 4, "bottleneck": 4}
    )
    fresh = ("ASPP_", "classification.")
    with pytest.raises(DataError, match=r"0 missing, \d+ unexpected \(features\.denseblock4\."):
        load_weights(tmp_path / "densenet121.pth", short, fresh=fresh, unused=("classifier.",))
    unused = ("classifier.", "features.denseblock4.", "features.norm5.")
    load_weights(tmp_path / "densenet121.pth", short, fresh=fresh, unused=unused)
    place = "features.transition3.conv.weight"
    assert torch.equal(short.get_parameter(place), densenet.get_parameter(place))


def test_a_network_for_bgr_computes_the_same_on_rgb_once_swapped() -> None:
    torch.manual_seed(2)
    network = build_model("mininet", 3, {"aspp_channels": 4, "branch_channels": 2}).eval()
    rgb = torch.randn(1, 3, 16, 24)
    with torch.inference_mode():
        on_bgr = network(rgb.flip(1))
        assert not torch.allclose(network(rgb), on_bgr, atol=1e-4)
        swap_red_and_blue(network)
        assert torch.allclose(network(rgb), on_bgr, atol=1e-5)
