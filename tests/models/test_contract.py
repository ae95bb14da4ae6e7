"""What every file in segdata/models promises, asked of each; special cases stand in the other files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="models need the extra 'train'")

from segdata.errors import ConfigError  # noqa: E402
from segdata.models import (  # noqa: E402
    build_model,
    check_name,
    decode_options,
    model_names,
    options_type,
)
from segdata.models.weights import load_weights, save_weights  # noqa: E402

# Small enough to run forward and backward in a fraction of a second. A new model is one more line.
SMALL: dict[str, dict[str, object]] = {
    "deeplabv3": {"layers": [1, 1, 1], "width": 8, "rates": [2, 4, 6], "aspp_channels": 16},
    "denseaspp": {"last_dense_block": False, "dilations": [3, 6], "growth": 8, "bottleneck": 16},
    "mini_unet": {"channels": [4, 8, 8, 16, 16]},
    "mininet": {"aspp_channels": 16, "branch_channels": 8},
    "unet": {"decoder_channels": [16, 16, 8, 8, 8]},
}
every_model = pytest.mark.parametrize("name", model_names())


def built(name: str, num_classes: int = 5, seed: int = 7) -> torch.nn.Module:
    torch.manual_seed(seed)
    return build_model(name, num_classes, SMALL[name])


def photos(count: int, height: int, width: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


@every_model
@pytest.mark.parametrize("size_hw", [(97, 131), (64, 96), (33, 32)])
def test_logits_have_the_size_of_the_photo(name: str, size_hw: tuple[int, int]) -> None:
    model = built(name).eval()
    with torch.inference_mode():
        logits = model(photos(1, *size_hw))
    assert logits.shape == (1, 5, *size_hw)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()


@every_model
def test_gradient_reaches_every_parameter(name: str) -> None:
    model = built(name).eval()  # with running statistics a bias in front of a batch norm counts too
    model(photos(2, 64, 96)).square().mean().backward()
    without = [
        key for key, value in model.named_parameters() if value.grad is None or not value.grad.abs().sum() > 0
    ]
    assert without == []


@every_model
def test_a_training_step_on_one_photo_lowers_the_loss(name: str) -> None:
    model = built(name)
    for layer in model.modules():
        if isinstance(layer, (torch.nn.Dropout, torch.nn.Dropout2d)):
            layer.p = 0.0
    images, truth = (
        photos(1, 64, 96),
        torch.randint(5, (1, 64, 96), generator=torch.Generator().manual_seed(2)),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), truth)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@every_model
def test_the_seed_decides_the_starting_weights(name: str) -> None:
    first, again, other = (built(name, seed=seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@every_model
def test_in_evaluation_a_photo_does_not_depend_on_its_neighbours(name: str) -> None:
    model = built(name).eval()
    batch = photos(3, 64, 96)
    with torch.inference_mode():
        together, alone = model(batch)[1:2], model(batch[1:2])
    assert (together - alone).abs().max() <= 1e-5 * together.abs().max()


@every_model
def test_saved_and_loaded_weights_give_the_same_logits(name: str, tmp_path: Path) -> None:
    model, other = built(name).eval(), built(name, seed=8).eval()
    images = photos(1, 64, 96)
    save_weights(tmp_path / "w.safetensors", model, {"model": name})
    with torch.inference_mode():
        before = other(images)
        assert load_weights(tmp_path / "w.safetensors", other) == []
        assert torch.equal(model(images), other(images))
        assert not torch.equal(before, other(images))


@every_model
def test_memory_format_changes_nothing(name: str) -> None:
    model = built(name).eval()
    images = photos(1, 64, 96)
    with torch.inference_mode():
        plain = model(images)
        last = model.to(memory_format=torch.channels_last)(images.to(memory_format=torch.channels_last))
    assert (plain - last).abs().max() <= 1e-4 * plain.abs().max()


@every_model
def test_options_are_strict(name: str) -> None:
    options = decode_options(name, SMALL[name])
    assert isinstance(options, options_type(name))
    some_key = next(iter(SMALL[name]))
    with pytest.raises(ConfigError) as error:
        build_model(name, 5, {some_key + "s": 1})
    assert f"model '{name}'" in str(error.value)
    assert f"did you mean '{some_key}'?" in str(error.value)
    with pytest.raises(ConfigError, match=some_key):
        build_model(name, 5, {some_key: "wide"})


@every_model
def test_at_least_one_class(name: str) -> None:
    with pytest.raises(ConfigError, match="found 0; expected at least 1"):
        build_model(name, 0, SMALL[name])


def test_a_wrong_model_name_is_answered_with_the_nearest() -> None:
    for misspelt, meant in [("mininett", "mininet"), ("deeplab3", "deeplabv3"), ("mini-unet", "mini_unet")]:
        with pytest.raises(ConfigError) as error:
            build_model(misspelt, 5, {})
        assert f"did you mean '{meant}'?" in str(error.value)
    with pytest.raises(ConfigError) as error:
        check_name("mininett", "pipelines/x.yaml")
    assert str(error.value) == (
        "pipelines/x.yaml: model.name: found 'mininett'; did you mean 'mininet'? "
        f"Valid: {', '.join(model_names())}"
    )
    with pytest.raises(ConfigError, match=r"^pipelines/x\.yaml: model\.options\.aspp_channels: found 'wide'"):
        decode_options("mininet", {"aspp_channels": "wide"}, "pipelines/x.yaml")
    for shared in ("layers", "weights", "__init__"):
        with pytest.raises(ConfigError, match="Valid: deeplabv3, denseaspp"):
            check_name(shared)


def test_names_are_known_without_torch() -> None:
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "import segdata.models as models; print(*models.model_names())\n"
        "try: models.build_model('mininet', 3, {})\n"
        "except models.MissingExtraError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names, message = done.stdout.splitlines()
    assert names.split() == list(model_names())
    assert message == (
        "model 'mininet': found no package 'torch'; expected the extra 'train'. "
        "Install it: pip install 'segdata[train]'."
    )


def test_only_the_model_asked_for_is_imported() -> None:
    script = (
        "import sys, segdata.models as models; models.build_model('mininet', 3, {})\n"
        "print([name for name in ('torchvision', 'segmentation_models_pytorch') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
