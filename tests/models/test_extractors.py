"""Extractors at output stride 8: the tensors and the maps of torchvision's networks, only at more places."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch", reason="models need the extra 'train'")

from torch import nn  # noqa: E402
from torchvision import models  # noqa: E402
from torchvision.ops.misc import SqueezeExcitation  # noqa: E402

from segdata.errors import ConfigError  # noqa: E402
from segdata.models import build_model  # noqa: E402
from segdata.models.layers import count_parameters, keep_stride, pad_to_multiple  # noqa: E402


def without_excitation(features: nn.Module) -> nn.Module:
    """Squeeze and excitation averages over all places, of which there are more: it alone may differ."""
    for part in list(features.modules()):
        for name, child in part.named_children():
            if isinstance(child, SqueezeExcitation):
                setattr(part, name, nn.Identity())
    return features


@pytest.mark.parametrize("build", [models.mobilenet_v3_large, models.convnext_tiny])
def test_every_fourth_place_of_the_fine_maps_is_the_original(build: object) -> None:
    torch.manual_seed(3)
    original = without_excitation(build(weights=None).features).eval()  # type: ignore[operator]
    fine = copy.deepcopy(original)
    keep_stride(fine, 8)
    images = torch.randn(1, 3, 96, 128, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        coarse, dense = original(images), fine(images)
    assert coarse.shape[-2:] == (3, 4)
    assert dense.shape[-2:] == (12, 16)
    assert (dense[..., ::4, ::4] - coarse).abs().max() <= 1e-5 * coarse.abs().max()


@pytest.mark.parametrize(
    ("extractor", "published", "head", "channels"),
    [
        # parameters that torchvision's model pages state, and those of their classifiers
        ("mobilenet_v3_large", 5_483_032, 960 * 1280 + 1280 + 1280 * 1000 + 1000, 960),
        ("convnext_tiny", 28_589_128, 2 * 768 + 768 * 1000 + 1000, 768),
    ],
)
def test_the_extractor_keeps_every_tensor_but_the_classifier(
    extractor: str, published: int, head: int, channels: int
) -> None:
    with torch.device("meta"):
        model = build_model("denseaspp", 20, {"extractor": extractor})
    assert count_parameters(model.get_submodule("features")) == published - head
    assert model.get_submodule("ASPP_3.norm1").num_features == channels


@pytest.mark.parametrize("extractor", ["mobilenet_v3_large", "convnext_tiny"])
@pytest.mark.parametrize("size_hw", [(97, 131), (64, 96), (33, 32)])
def test_logits_have_the_size_of_odd_photos(extractor: str, size_hw: tuple[int, int]) -> None:
    options = {"extractor": extractor, "dilations": [3], "growth": 4, "bottleneck": 4}
    model = build_model("denseaspp", 5, options).eval()
    with torch.inference_mode():
        logits = model(torch.zeros(1, 3, *size_hw))
    assert logits.shape == (1, 5, *size_hw)


@pytest.mark.parametrize(
    "options",
    [{"last_dense_block": False}, {"extractor": "mobilenet_v3_large"}, {"extractor": "convnext_tiny"}],
)
def test_no_odd_row_is_lost_and_no_map_stretched(options: dict[str, object]) -> None:
    """100 rows are 12.5 cells: cut to 12 and enlarged to 100, the lowest logits would lie 4 pixels too low."""
    model = build_model("denseaspp", 5, {**options, "dilations": [3], "growth": 4, "bottleneck": 4}).eval()
    images = torch.randn(1, 3, 100, 67, generator=torch.Generator().manual_seed(1))
    maps: list[tuple[int, ...]] = []
    model.get_submodule("features").register_forward_hook(
        lambda *call: maps.append(tuple(call[2].shape[-2:]))
    )
    with torch.inference_mode():
        logits, padded = model(images), model(pad_to_multiple(images, 8))
    assert maps == [(13, 9), (13, 9)]
    assert torch.equal(logits, padded[..., :100, :67])


EXTRACTORS = (
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
    "mobilenet_v3_large",
    "convnext_tiny",
)
VARIANTS = [(one, "report") for one in EXTRACTORS] + [(one, "authors") for one in EXTRACTORS[:4]]


@pytest.mark.parametrize(("extractor", "block"), VARIANTS)
def test_every_variant_gives_logits_of_the_photo_s_size(extractor: str, block: str) -> None:
    """On the meta device shapes are worked out and nothing is computed, so the networks can be whole."""
    with torch.device("meta"):
        model = build_model("denseaspp", 20, {"extractor": extractor, "block": block}).eval()
        for size_hw in ((224, 224), (97, 131), (33, 40), (8, 9)):
            assert model(torch.empty(1, 3, *size_hw)).shape == (1, 20, *size_hw)
        maps = model.get_submodule("features")(torch.empty(1, 3, 64, 96))
        assert maps.shape[-2:] == (8, 12)


def test_what_belongs_to_a_densenet_is_refused_elsewhere() -> None:
    for options in ({"block": "authors"}, {"last_dense_block": False}):
        with pytest.raises(ConfigError, match="belong to a DenseNet, and the extractor is convnext_tiny"):
            build_model("denseaspp", 5, {"extractor": "convnext_tiny", **options})


@pytest.mark.parametrize(
    ("extractor", "channels"),
    [("densenet121", 512), ("densenet161", 1104), ("densenet169", 832), ("densenet201", 960)],
)
def test_the_authors_variant_takes_every_densenet_and_halves_its_channels(
    extractor: str, channels: int
) -> None:
    with torch.device("meta"):
        model = build_model("denseaspp", 19, {"extractor": extractor, "block": "authors", "bottleneck": 128})
    assert model.get_submodule("features.norm5").num_features == channels
    assert model.get_submodule("ASPP_3.conv1").in_channels == channels
    assert model.get_submodule("classification.1").in_channels == channels + 5 * 64
