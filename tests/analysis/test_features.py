"""Features are what enters the classifier, whatever the model; the truth of a cell is that of the pixel at its middle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from segdata.analysis.features import BACKBONE, HEAD, Places, enlarged, taken, truth_at_cells
from segdata.errors import TrainingError
from segdata.models import build_model, model_names

SMALL: dict[str, list[dict[str, Any]]] = {
    "deeplabv3": [
        {"variant": "small", "layers": [1, 1], "width": 4, "aspp_channels": 6, "rates": [1, 2]},
        {"variant": "resnet50", "aux_head": True},
    ],
    "denseaspp": [
        {"dilations": [3, 6], "growth": 4, "bottleneck": 8, "last_dense_block": False},
        {"dilations": [3], "growth": 4, "extractor": "mobilenet_v3_large"},
    ],
    "mini_unet": [{"channels": [4, 6, 8]}],
    "mininet": [{"aspp_channels": 6, "branch_channels": 5}],
    "unet": [{"depth": 3, "decoder_channels": [16, 8, 8]}],
}


def test_every_model_is_tried() -> None:
    assert set(SMALL) == set(model_names())


@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name, all_options in SMALL.items() for options in all_options]
)
def test_the_classifier_makes_the_logits_of_the_features(name: str, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    network = build_model(name, 5, options).eval()
    size_hw = (35, 53)
    places = Places.of(network, 5, size_hw, torch.device("cpu"))
    assert all(padded >= own for padded, own in zip(places.padded_hw, size_hw, strict=True))
    image = torch.randn(1, 3, *size_hw)
    with torch.inference_mode(), taken(places) as found:
        logits = network(image)[0]
    features = found[HEAD]
    assert features.shape[0] == places.classifier.in_channels
    with torch.inference_mode():
        scores = places.classifier(features[None])[0]
    expected = enlarged(scores.double().numpy(), places.padded_hw, size_hw)
    assert np.allclose(expected, logits.numpy(), atol=1e-4, rtol=1e-4)
    assert (BACKBONE in found) == (name in ("denseaspp", "mininet"))
    with torch.inference_mode():  # nothing is left hanging on the network
        found.clear()
        network(image)
    assert not found


def test_the_backbone_of_a_densenet_is_what_its_pyramid_is_given() -> None:
    torch.manual_seed(0)
    network: Any = build_model("denseaspp", 5, SMALL["denseaspp"][0]).eval()
    image = torch.randn(1, 3, 32, 40)
    places = Places.of(network, 5, (32, 40), torch.device("cpu"))
    with torch.inference_mode(), taken(places) as found:
        network(image)
    with torch.inference_mode():
        assert torch.equal(found[BACKBONE], network.features(image)[0])
        assert torch.equal(found[HEAD], network.pyramid(network.features(image))[0])


def test_a_network_without_a_classifier_is_told() -> None:
    with pytest.raises(TrainingError, match="no convolution with 5 outputs"):
        Places.of(torch.nn.Conv2d(3, 4, 1), 5, (8, 8), torch.device("cpu"))


@pytest.mark.parametrize("grid_hw", [(2, 3), (3, 2), (4, 6), (5, 7), (1, 1), (8, 12)])
def test_the_truth_of_a_cell_is_that_of_the_pixel_at_its_middle(grid_hw: tuple[int, int]) -> None:
    truth = np.arange(24, dtype=np.uint8).reshape(4, 6)
    expected = functional.interpolate(
        torch.from_numpy(truth)[None, None].float(), size=grid_hw, mode="nearest-exact"
    )[0, 0]
    assert truth_at_cells(truth, grid_hw, (4, 6)).tolist() == expected.int().tolist()


def test_cells_in_the_padding_have_no_truth() -> None:
    truth = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)
    assert truth_at_cells(truth, (4, 4), (4, 4)).tolist() == [
        [1, 2, 3, 255],
        [4, 5, 6, 255],
        [7, 8, 9, 255],
        [255, 255, 255, 255],
    ]
    assert truth_at_cells(truth, (2, 2), (4, 4)).tolist() == [[5, 255], [255, 255]]
