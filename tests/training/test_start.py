"""Starting weights: by torchvision's name or from a file, checked by digest, and told in one line when absent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from segdata.digests import file_digest
from segdata.errors import ConfigError, DataError
from segdata.models import build_model
from segdata.pipeline import Model, Weights
from segdata.project import Project
from segdata.training.start import find_weights, put_weights, url_of

WHERE = "pipelines/x.yaml"
SMALL = {"aspp_channels": 4, "branch_channels": 2}
MakeProject = Callable[..., Project]


def saved(project: Project, name: str = "w.pth", classes: int = 3) -> tuple[Path, torch.nn.Module]:
    torch.manual_seed(4)
    network = build_model("mininet", classes, SMALL)
    path = project.root / "data" / "weights" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({f"module.{key}": value for key, value in network.state_dict().items()}, path)
    return path, network


def test_a_file_with_its_digest_another_head_and_bgr(make_project: MakeProject) -> None:
    project = make_project()
    path, source = saved(project, classes=19)
    weights = Weights(file="data/weights/w.pth", sha256=file_digest(path), fresh=("head.",), bgr=True)
    network = build_model("mininet", 3, SMALL)
    assert put_weights(project, Model(name="mininet", weights=weights), network, WHERE) == file_digest(path)
    stem = source.get_parameter("stem.0.weight")
    assert torch.equal(network.get_parameter("stem.0.weight"), stem.flip(1))
    assert torch.equal(network.get_parameter("norm.weight"), source.get_parameter("norm.weight"))
    assert put_weights(project, Model(name="mininet"), network, WHERE) is None


def test_another_digest_and_an_absent_file_are_told(make_project: MakeProject) -> None:
    project = make_project()
    path, _ = saved(project)
    with pytest.raises(
        DataError, match=rf"^data/weights/w\.pth: found SHA-256 {file_digest(path)}; expected a{{64}}"
    ):
        find_weights(project, Weights(file="data/weights/w.pth", sha256="a" * 64), WHERE)
    with pytest.raises(
        DataError, match=r"^data/weights/v\.pth: found no such file; expected the weights that"
    ):
        find_weights(project, Weights(file="data/weights/v.pth"), WHERE)


def test_a_name_is_fetched_once_and_held_against_the_digest_in_it(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project()
    fetched = []

    def fetch(url: str, path: str, **_: Any) -> None:
        fetched.append(url)
        Path(path).write_bytes(b"weights")

    monkeypatch.setattr("torch.hub.download_url_to_file", fetch)
    weights = Weights(torchvision="DenseNet121_Weights.IMAGENET1K_V1")
    for _ in range(2):
        with pytest.raises(
            DataError, match=r"densenet121-a639ec97\.pth: found SHA-256 .*begins with a639ec97"
        ):
            find_weights(project, weights, WHERE)
    assert fetched == ["https://download.pytorch.org/models/densenet121-a639ec97.pth"]
    digest = file_digest(project.root / "data/weights/densenet121-a639ec97.pth")
    monkeypatch.setattr(
        "segdata.training.start.url_of", lambda *_: f"https://example.org/mine-{digest[:8]}.pth"
    )
    assert find_weights(project, weights, WHERE) == project.root / f"data/weights/mine-{digest[:8]}.pth"


def test_weights_of_smp_go_into_an_encoder(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    import safetensors.torch
    import segmentation_models_pytorch

    project = make_project()
    torch.manual_seed(3)
    encoder = segmentation_models_pytorch.encoders.get_encoder("resnet18", weights=None)
    fetched = []

    def fetch(url: str, path: str, **_: Any) -> None:
        fetched.append(url)
        safetensors.torch.save_file(encoder.state_dict(), path)

    monkeypatch.setattr("torch.hub.download_url_to_file", fetch)
    weights = Weights(smp="resnet18.imagenet", into="encoder.", fresh=("decoder.", "segmentation_head."))
    network = build_model("unet", 3, {"encoder": "resnet18", "decoder_channels": [8, 8, 8, 8, 8]})
    for _ in range(2):
        put_weights(project, Model(name="unet", weights=weights), network, WHERE)
    (url,) = fetched
    revision = url.split("/")[-2]
    assert url == f"https://huggingface.co/smp-hub/resnet18.imagenet/resolve/{revision}/model.safetensors"
    kept = project.root / f"data/weights/smp-resnet18.imagenet@{revision[:8]}.safetensors"
    assert kept.is_file()
    assert torch.equal(network.get_parameter("encoder.conv1.weight"), encoder.get_parameter("conv1.weight"))
    with pytest.raises(DataError, match="found SHA-256 .*expected a{64}"):
        find_weights(project, Weights(smp="resnet18.imagenet", sha256="a" * 64), WHERE)
    with pytest.raises(ConfigError, match=r"model\.weights\.smp: found 'resnet18\.imagnet'; did you mean"):
        find_weights(project, Weights(smp="resnet18.imagnet"), WHERE)


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'DenseNet121_Weights\.IMAGENET1K_V1', '"):
        url_of("DenseNet121_Weights.IMAGENET1K_V11", WHERE)
    with pytest.raises(ConfigError) as caught:
        url_of("resnet", WHERE)
    said = str(caught.value)
    assert said.startswith(
        "pipelines/x.yaml: model.weights.torchvision: found 'resnet'; did you mean 'ResNet18_Weights.IMAGENET1K_V1', "
    )
    assert said.endswith(" names, listed at https://docs.pytorch.org/vision/stable/models.html")
    assert len(said) < 320


@pytest.mark.parametrize("path", ["../w.pth", "/tmp/w.pth", "data/weights/../../../w.pth"])
def test_weights_outside_the_project_are_not_read(make_project: MakeProject, path: str) -> None:
    project = make_project()
    for weights in (path, Weights(file=path)):
        with pytest.raises(
            ConfigError, match=r"^pipelines/x\.yaml: model\.weights: found '.*w\.pth'; expected a path ins"
        ):
            find_weights(project, weights, WHERE)
