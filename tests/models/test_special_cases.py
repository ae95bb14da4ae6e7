"""What only one model promises: dilation and stride by gradient probe, batches of one, the authors' names."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="models need the extra 'train'")

from torch import Tensor, nn  # noqa: E402

from segdata.errors import ConfigError  # noqa: E402
from segdata.models import build_model, layers  # noqa: E402


def with_positive_weights(module: nn.Module) -> nn.Module:
    """No two paths cancel and no ReLU closes, so every position that can matter does."""
    for parameter in module.parameters():
        nn.init.constant_(parameter, 0.1)
    return module.eval()


def seen_rows(module: nn.Module, channels: int, size: int) -> list[int]:
    """The rows of the input that the centre of the output depends on."""
    maps = torch.ones(1, channels, size, size, requires_grad=True)
    output: Tensor = module(maps)
    output[0, :, size // 2, size // 2].sum().backward()
    assert maps.grad is not None
    return torch.nonzero(maps.grad[0].abs().sum(dim=(0, 2))).flatten().tolist()


def receptive_field(dilation: int, kernel: int = 3) -> int:
    return (dilation - 1) * (kernel - 1) + kernel


def test_dilated_blocks_see_what_the_formula_says() -> None:
    size = 81
    options = {"last_dense_block": False, "dilations": [3, 6, 12], "growth": 2, "bottleneck": 4}
    net = with_positive_weights(build_model("denseaspp", 3, options))
    stacked, channels = 1, 512
    for dilation in (3, 6, 12):
        rows = seen_rows(net.get_submodule(f"ASPP_{dilation}"), channels, size)
        assert rows == [size // 2 - dilation, size // 2, size // 2 + dilation]  # 3 taps spread over R rows
        assert rows[-1] - rows[0] + 1 == receptive_field(dilation) == {3: 7, 6: 13, 12: 25}[dilation]
        stacked = stacked + receptive_field(dilation) - 1
        channels += 2

    class Pyramid(nn.Module):
        def forward(self, maps: Tensor) -> Tensor:
            seen: Tensor = net.pyramid(maps)
            return seen

    rows = seen_rows(Pyramid(), 512, size)
    assert rows[-1] - rows[0] + 1 == stacked == 7 + 13 - 1 + 25 - 1


def test_mininet_branches_see_what_the_formula_says() -> None:
    net = with_positive_weights(build_model("mininet", 3, {"aspp_channels": 4, "branch_channels": 2}))
    third, sixth = net.get_submodule("aspp_3"), net.get_submodule("aspp_6")
    assert seen_rows(third, 54, 31) == [12, 15, 18]
    assert seen_rows(sixth, 56, 31) == [9, 15, 21]


def test_the_pyramid_of_deeplab_sees_its_rates() -> None:
    """Report 003 tried rates 8, 12, 16 and 12, 16, 24: R = 17, 25, 33 and 49 rows."""
    for rates in ((8, 12, 16), (12, 16, 24)):
        options = {"layers": [1, 1], "width": 2, "rates": list(rates), "aspp_channels": 2}
        pyramid = with_positive_weights(build_model("deeplabv3", 3, options)).get_submodule("aspp")
        branches = list(pyramid.get_submodule("dilated").children())
        for branch, rate in zip(branches, rates, strict=True):
            rows = seen_rows(branch, 16, 61)
            assert rows == [30 - rate, 30, 30 + rate]
            assert rows[-1] - rows[0] + 1 == receptive_field(rate)
        assert len(seen_rows(pyramid, 16, 61)) == 61  # image pooling sees everything


def test_mininet_works_at_output_stride_2() -> None:
    net = build_model("mininet", 3, {"aspp_channels": 4, "branch_channels": 2}).eval()
    seen: list[tuple[int, ...]] = []
    net.get_submodule("head").register_forward_hook(lambda *call: seen.append(tuple(call[2].shape)))
    with torch.inference_mode():
        net(torch.zeros(1, 3, 224, 224))
    assert seen == [(1, 3, 112, 112)]


def test_denseaspp_works_at_output_stride_8() -> None:
    features = build_model("denseaspp", 3, {}).get_submodule("features").eval()
    with torch.inference_mode():
        assert features(torch.zeros(1, 3, 64, 96)).shape == (1, 1024, 8, 12)
    dilations = {
        layer.dilation
        for block in ("denseblock3", "denseblock4")
        for name, layer in features.get_submodule(block).named_modules()
        if name.endswith("conv2") and isinstance(layer, nn.Conv2d)
    }
    assert dilations == {(2, 2), (4, 4)}


@pytest.mark.parametrize(
    ("stages", "output_stride", "size_hw"),
    [([1, 1], 8, (8, 12)), ([1, 1, 1, 1], 8, (8, 12)), ([1, 1, 1], 16, (4, 6)), ([1, 1, 1, 1], 32, (2, 3))],
)
def test_small_deeplab_works_at_the_output_stride_asked_for(
    stages: list[int], output_stride: int, size_hw: tuple[int, int]
) -> None:
    options = {"layers": stages, "width": 4, "output_stride": output_stride, "aspp_channels": 4}
    backbone = build_model("deeplabv3", 3, options).get_submodule("backbone").eval()
    with torch.inference_mode():
        assert backbone(torch.zeros(1, 3, 64, 96)).shape[-2:] == size_hw


def test_small_deeplab_dilates_where_torchvision_does() -> None:
    """ResNet-50 at output stride 8: the same dilation in the 3×3 of every bottleneck."""
    with torch.device("meta"):
        ours = build_model("deeplabv3", 3, {}).get_submodule("backbone")
        theirs = build_model("deeplabv3", 3, {"variant": "resnet50"}).get_submodule("backbone")

    def three_by_three(backbone: nn.Module) -> list[tuple[object, ...]]:
        return [
            (layer.out_channels, layer.stride, layer.dilation, layer.padding)
            for layer in backbone.modules()
            if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3)
        ]

    assert len(three_by_three(ours)) == 16
    assert three_by_three(ours) == three_by_three(theirs)


def test_torchvision_deeplab_gives_logits_with_the_auxiliary_head_at_rest() -> None:
    model = build_model("deeplabv3", 4, {"variant": "resnet50", "aux_head": True})
    images = torch.randn(1, 3, 33, 40, generator=torch.Generator().manual_seed(0))
    logits = model(images)  # one photo, in training mode
    assert logits.shape == (1, 4, 33, 40)
    logits.square().mean().backward()
    idle = {name.split(".")[0] for name, value in model.named_parameters() if value.grad is None}
    assert idle == {"aux_classifier"}
    assert not any(value.requires_grad for value in model.get_submodule("aux_classifier").parameters())


def test_pooled_batch_norm_is_batch_norm_but_for_a_single_value() -> None:
    ours, plain = layers.PooledBatchNorm2d(3), nn.BatchNorm2d(3)
    pair = torch.tensor([[1.0, 2.0, 3.0], [3.0, 6.0, 9.0]])[:, :, None, None]
    assert torch.equal(ours(pair), plain(pair))
    assert ours.running_mean is not None
    assert ours.running_mean.tolist() == pytest.approx([0.2, 0.4, 0.6])  # momentum 0.1 of the means 2, 4, 6
    with pytest.raises(ValueError, match="Expected more than 1 value per channel"):
        plain(pair[:1])
    single = ours(pair[:1])
    assert torch.equal(single, ours.eval()(pair[:1]))
    assert ours.running_mean.tolist() == pytest.approx([0.2, 0.4, 0.6])


def test_padding_repeats_the_edge_and_leaves_pixels_in_place() -> None:
    image = torch.tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]])
    assert layers.pad_to_multiple(image, 4)[0, 0].tolist() == [
        [1, 2, 3, 3],
        [4, 5, 6, 6],
        [4, 5, 6, 6],
        [4, 5, 6, 6],
    ]
    even = torch.zeros(1, 3, 8, 4)
    assert layers.pad_to_multiple(even, 4) is even


def test_unet_has_the_tensors_of_the_library() -> None:
    library = pytest.importorskip("segmentation_models_pytorch")
    with torch.device("meta"):
        ours = build_model("unet", 5, {}).state_dict()
        theirs = library.Unet("mobilenet_v2", encoder_weights=None, classes=5).state_dict()
    assert {name: value.shape for name, value in ours.items()} == {
        name: value.shape for name, value in theirs.items()
    }


def test_authors_variant_has_the_names_of_their_checkpoint() -> None:
    with torch.device("meta"):
        model = build_model("denseaspp", 19, {"block": "authors", "bottleneck": 128, "dropout": 0.1})
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    # DenseNet-121 gives 1,024 channels, the fourth transition halves them; then five blocks of 64.
    assert shapes["features.transition4.conv.weight"] == (512, 1024, 1, 1)
    assert shapes["features.norm5.weight"] == (512,)
    assert shapes["ASPP_3.conv1.weight"] == (128, 512, 1, 1)
    assert shapes["ASPP_3.conv1.bias"] == (128,)
    assert "ASPP_3.norm1.weight" not in shapes
    assert shapes["ASPP_6.norm1.weight"] == (512 + 64,)
    assert shapes["ASPP_24.conv2.weight"] == (64, 128, 3, 3)
    assert shapes["classification.1.weight"] == (19, 512 + 5 * 64, 1, 1)
    assert {name.split(".")[0] for name in shapes} == {
        "features", "ASPP_3", "ASPP_6", "ASPP_12", "ASPP_18", "ASPP_24", "classification"
    }  # fmt: skip
    norms = [layer for layer in model.get_submodule("ASPP_6").modules() if isinstance(layer, nn.BatchNorm2d)]
    assert [norm.momentum for norm in norms] == [0.0003, 0.0003]


def test_authors_first_block_rectifies_the_features_for_all() -> None:
    model = build_model("denseaspp", 3, {"block": "authors", "bottleneck": 4, "growth": 2}).eval()
    features = torch.full((1, 512, 2, 2), -1.0)
    with torch.inference_mode():
        seen = model.pyramid(features)
    assert seen.shape == (1, 512 + 5 * 2, 2, 2)
    assert torch.equal(seen[:, 10:], torch.zeros(1, 512, 2, 2))
    assert torch.equal(features, torch.full((1, 512, 2, 2), -1.0))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("deeplabv3", {"variant": "resnet50", "width": 32}, "width belongs to variant small"),
        ("deeplabv3", {"variant": "small", "aux_head": True}, "aux_head belongs to variant resnet50"),
        ("deeplabv3", {"layers": [1], "output_stride": 8}, "1 stages reach output_stride 4 at most, not 8"),
        ("denseaspp", {"dilations": [3, 6, 3]}, "dilations holds a value twice"),
        ("denseaspp", {"block": "authors", "bottleneck": None}, "block authors needs a bottleneck"),
        ("denseaspp", {"extractor": "densenet120"}, "densenet120"),
        ("mini_unet", {"channels": [8]}, "length >= 2"),
        ("mininet", {"dropout": 1.0}, "< 1"),
        ("unet", {"depth": 4}, "decoder_channels has 5 entries, depth is 4"),
        ("unet", {"encoder": "mobilnet_v2"}, "did you mean 'mobilenet_v2', '"),
    ],
)
def test_options_that_do_not_go_together(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        build_model(name, 5, options)
    assert message in str(error.value)
