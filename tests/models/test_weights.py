"""Weights files: same bytes for the same network, nothing loaded by half, and errors that name the tensor."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="models need the extra 'train'")

from segdata.errors import DataError  # noqa: E402
from segdata.models import build_model, weights  # noqa: E402
from segdata.models.weights import load_weights, read_metadata, save_weights  # noqa: E402


def mininet(num_classes: int = 3, seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return build_model("mininet", num_classes, {"aspp_channels": 4, "branch_channels": 2})


def same(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    ours, theirs = first.state_dict(), second.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    many = {f"key {number}": "wert ä" for number in range(20)}
    save_weights(tmp_path / "a.safetensors", mininet(), many)
    channels_last = mininet().to(memory_format=torch.channels_last)
    save_weights(tmp_path / "b.safetensors", channels_last, dict(reversed(many.items())))
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert read_metadata(tmp_path / "a.safetensors") == many


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, mininet(seed=0), {})
    before = path.read_bytes()

    def disk_full(self: Path, target: Path) -> Path:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", disk_full)
    with pytest.raises(OSError, match="no space left"):
        save_weights(path, mininet(seed=1), {})
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["w.safetensors"]


@pytest.mark.parametrize("wrapped", [None, "state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_reads_checkpoints_of_others(tmp_path: Path, prefix: str, wrapped: str | None) -> None:
    source, target = mininet(seed=1), mininet(seed=2)
    tensors = {prefix + name: value for name, value in source.state_dict().items()}
    torch.save({wrapped: tensors, "epoch": 7} if wrapped else tensors, tmp_path / "c.pth")
    assert load_weights(tmp_path / "c.pth", target) == []
    assert same(source, target)


def test_reads_names_with_dots_and_no_counters(tmp_path: Path) -> None:
    """As the street-scene DenseASPP checkpoint spells them: module.ASPP_6.norm.1.weight."""
    options = {"block": "authors", "bottleneck": 4, "growth": 2, "dilations": [3, 6]}
    source, target = (build_model("denseaspp", 3, options) for _ in range(2))
    old_names = {}
    for name, value in source.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            old_names["module." + re.sub(r"(norm|conv)([12])\.", r"\1.\2.", name)] = value
    assert "module.ASPP_6.norm.1.weight" in old_names
    assert "module.features.denseblock1.denselayer1.conv.2.weight" in old_names
    torch.save(old_names, tmp_path / "citys.pkl.pth")
    kept = load_weights(tmp_path / "citys.pkl.pth", target)
    assert kept and all(name.endswith("num_batches_tracked") for name in kept)
    assert same(source, target)


@pytest.mark.parametrize("extractor", ["densenet121", "densenet161", "densenet169", "densenet201"])
def test_every_densenet_of_the_authors_reads_their_names(extractor: str) -> None:
    with torch.device("meta"):
        model = build_model(
            "denseaspp", 19, {"extractor": extractor, "block": "authors", "bottleneck": 128, "dropout": 0.1}
        )
    names = model.state_dict()
    dotted = {re.sub(r"(norm|conv)([12])\.", r"\1.\2.", name): value for name, value in names.items()}
    for theirs in (
        "features.denseblock4.denselayer1.norm.1.weight",
        "features.transition4.conv.weight",
        "ASPP_3.conv.1.bias",
        "ASPP_24.norm.2.running_mean",
        "classification.1.weight",
    ):
        assert theirs in dotted
    assert weights._in_words_of(names, dotted).keys() == names.keys()


def test_another_class_count_is_named_and_nothing_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, mininet(num_classes=19, seed=1), {})
    target, untouched = mininet(seed=2), mininet(seed=2)
    with pytest.raises(DataError) as error:
        load_weights(path, target)
    assert str(error.value) == (
        f"{path}: head.1.weight (and 1 more): found shape (19, 58, 1, 1); expected (3, 58, 1, 1). "
        "If the file was trained for 19 classes and the model has 3, "
        "load all but this layer: name 'head.1.' as `fresh`, and train it."
    )
    assert same(target, untouched)


def test_a_new_head_over_old_features(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    source, target = mininet(num_classes=19, seed=1), mininet(seed=2)
    head = target.get_parameter("head.1.weight").clone()
    save_weights(path, source, {})
    assert load_weights(path, target, fresh=("head.",)) == ["head.1.bias", "head.1.weight"]
    assert torch.equal(target.get_parameter("head.1.weight"), head)
    assert torch.equal(target.get_parameter("stem.0.weight"), source.get_parameter("stem.0.weight"))


def test_missing_and_unexpected_tensors_are_listed(tmp_path: Path) -> None:
    tensors = mininet(seed=1).state_dict()
    tensors["extra.bias"] = tensors.pop("norm.bias")
    torch.save(tensors, tmp_path / "w.pt")
    target, untouched = mininet(seed=2), mininet(seed=2)
    with pytest.raises(DataError, match=r"1 missing \(norm\.bias\), 1 unexpected \(extra\.bias\)"):
        load_weights(tmp_path / "w.pt", target)
    assert same(target, untouched)


def test_another_width_points_to_the_options(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", mininet(), {})
    wider = build_model("mininet", 3, {"aspp_channels": 4, "branch_channels": 3})
    message = r"aspp_3\.3\.weight .*found shape \(2, 4, 1, 1\); .*Check the model's options"
    with pytest.raises(DataError, match=message):
        load_weights(tmp_path / "w.safetensors", wider)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("this ran",)


def test_code_in_a_checkpoint_does_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"stem.0.weight": Bomb()}, tmp_path / "w.pt")
    (tmp_path / "old.pth").write_bytes(pickle.dumps(Bomb(), protocol=2))
    for name in ("w.pt", "old.pth"):
        with pytest.raises(DataError, match=f"{name}: found content that cannot be read"):
            load_weights(tmp_path / name, mininet())
    assert "this ran" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt", "w.ckpt"])
@pytest.mark.parametrize("content", [b"", b"\x00" * 7, b"not a weights file at all, whatever its name says"])
def test_damaged_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        load_weights(tmp_path / name, mininet())


def test_files_that_are_not_weights(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        load_weights(tmp_path / "absent.safetensors", mininet())
    (tmp_path / "w.onnx").write_bytes(b"")
    with pytest.raises(DataError, match=r"suffix '\.onnx'; expected \.safetensors, \.pt, \.pth, \.ckpt"):
        load_weights(tmp_path / "w.onnx", mininet())
    with pytest.raises(DataError, match=r"expected \.safetensors"):
        save_weights(tmp_path / "w.pt", mininet(), {})
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(DataError, match="found a list; expected tensors by name"):
        load_weights(tmp_path / "list.pt", mininet())
    torch.save({"stem.0.weight": 3}, tmp_path / "number.pt")
    with pytest.raises(DataError, match="stem.0.weight: found a int; expected a tensor"):
        load_weights(tmp_path / "number.pt", mininet())
