"""The reports' parameter counts, to the unit; on the meta device no weight is ever allocated."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="models need the extra 'train'")

from segdata.models import build_model  # noqa: E402
from segdata.models.layers import count_parameters  # noqa: E402
from segdata.project import Project  # noqa: E402
from tests.projects import REPOSITORY  # noqa: E402

PUBLISHED = {
    "unh-mininet": 1_251_583,
    "unh-unet-mini": 31_037_958,
    "unh-unet-mobilenetv2": 6_629_525,
    "cityscapes-denseaspp-row1": 662_420,
    "cityscapes-denseaspp-row2": 1_266_580,
    "cityscapes-denseaspp-row3": 1_266_580,
    "cityscapes-denseaspp": 2_252_820,
    "cityscapes-denseaspp-row5": 2_748_179,
    # No report's figure, but what the file says of itself: 39,703,423 were published.
    "voc-deeplabv3": 38_978_133,
}
"""Of the whole network; of report 002 without the extractor."""


@pytest.mark.parametrize(("name", "expected"), PUBLISHED.items())
def test_the_pipeline_files_build_what_was_published(name: str, expected: int) -> None:
    pipeline = Project(REPOSITORY).pipeline(name)
    network = on_meta(pipeline.model.name, len(pipeline.source.build_ontology()), **pipeline.model.options)
    extractor = count_parameters(network.get_submodule("features")) if "cityscapes" in name else 0
    assert count_parameters(network) - extractor == expected


def on_meta(name: str, num_classes: int, **options: object) -> torch.nn.Module:
    with torch.device("meta"):
        return build_model(name, num_classes, options)


@pytest.mark.parametrize(
    ("name", "num_classes", "options", "expected"),
    [
        ("mininet", 3, {}, 1_251_583),
        ("mini_unet", 6, {}, 31_037_958),
        ("unet", 5, {}, 6_629_525),
        # As torchvision's own tables give it for 21 classes with the auxiliary head.
        ("deeplabv3", 21, {"variant": "resnet50", "aux_head": True}, 42_004_074),
    ],
)
def test_whole_networks(name: str, num_classes: int, options: dict[str, object], expected: int) -> None:
    assert count_parameters(on_meta(name, num_classes, **options)) == expected


def test_mininet_part_by_part() -> None:
    parts = {part: count_parameters(module) for part, module in on_meta("mininet", 3).named_children()}
    assert parts == {
        "stem": 14_304,
        "dense": 10_404,
        "transition": 5_994,
        "norm": 108,
        "aspp_3": 315_008,
        "aspp_6": 904_832,
        "head": 933,
    }


@pytest.mark.parametrize(
    ("num_classes", "options", "expected"),
    [
        (
            20,
            {"dilations": [3, 6, 9, 12], "growth": 32, "bottleneck": None, "last_dense_block": False},
            662_420,
        ),
        (20, {"dilations": [3, 6, 9, 12], "growth": 32, "bottleneck": None}, 1_266_580),
        (20, {"dilations": [6, 12, 18, 24], "growth": 32, "bottleneck": None}, 1_266_580),
        (20, {}, 2_252_820),
        (19, {"dilations": [3, 6, 9, 12, 18, 24], "output_norm": True}, 2_748_179),
        (19, {"dilations": [3, 6, 9, 12, 18, 24]}, 2_747_411),
    ],
)
def test_denseaspp_without_its_backbone(num_classes: int, options: dict[str, object], expected: int) -> None:
    model = on_meta("denseaspp", num_classes, **options)
    assert count_parameters(model) - count_parameters(model.get_submodule("features")) == expected


@pytest.mark.parametrize(
    ("extractor", "published", "channels"),
    [
        ("densenet121", 7_978_856, 1024),
        ("densenet161", 28_681_000, 2208),
        ("densenet169", 14_149_480, 1664),
        ("densenet201", 20_013_928, 1920),
    ],
)
def test_densenet_keeps_every_tensor_but_the_classifier(
    extractor: str, published: int, channels: int
) -> None:
    """`published`: parameters that torchvision's model pages state, with a 1,000-class linear layer."""
    features = on_meta("denseaspp", 3, extractor=extractor).get_submodule("features")
    assert count_parameters(features) == published - 1000 * (channels + 1)


def test_small_deeplab_at_full_size_has_the_backbone_of_resnet50() -> None:
    backbone = on_meta("deeplabv3", 21).get_submodule("backbone")
    assert count_parameters(backbone) == 25_557_032 - 1000 * 2049  # ResNet-50 without its linear layer
