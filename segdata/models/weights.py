"""A network's tensors in a file, and back, with an error that says which tensor does not fit.

safetensors is the form segdata writes: it holds tensors and text, and nothing that runs. Checkpoints of
others (`.pt`, `.pth`, `.ckpt`) are read with torch's `weights_only=True`, which refuses anything but tensors
and plain values.

    save_weights(Path("data/runs/unh-mininet/best.safetensors"), net, {"model": "mininet"})
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from segdata.errors import DataError

# safetensors writes its metadata in an order of its own, so ours is one JSON text under one key: same bytes
# each time.
_METADATA_KEY = "segdata"
_CHECKPOINT_SUFFIXES = (".pt", ".pth", ".ckpt")
# torch once allowed dots inside layer names; DenseNet checkpoints of that time say "norm.1" for "norm1".
_DOTTED = re.compile(r"\b(norm|conv)\.([12])\.")


def save_weights(path: Path, module: nn.Module, metadata: Mapping[str, str]) -> None:
    """Write all parameters and buffers of `module`, and `metadata`, to a safetensors file.

    The same tensors and metadata give the same bytes, whatever the device or memory format. The file appears
    under its name only when it is complete. The folder must exist.
    """
    if path.suffix != ".safetensors":
        raise DataError(path, found=f"the suffix {path.suffix!r}", expected=".safetensors")
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in sorted(module.state_dict().items())
    }
    text = json.dumps(dict(metadata), sort_keys=True, ensure_ascii=False)
    content = safetensors.torch.save(tensors, metadata={_METADATA_KEY: text})
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata that `save_weights` was given; empty for a safetensors file that others wrote."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
    except (safetensors.SafetensorError, OSError) as error:
        raise _unreadable(path, error) from error
    return json.loads(header[_METADATA_KEY]) if _METADATA_KEY in header else {}


def load_weights(
    path: Path,
    module: nn.Module,
    *,
    fresh: Sequence[str] = (),
    unused: Sequence[str] = (),
    into: str = "",
) -> list[str]:
    """Put the tensors of a file into `module`; returns the names of the module's tensors that kept their
    values.

    Every tensor of the module must be in the file with the same shape, and the other way round, or nothing is
    loaded. `fresh` names what may differ, as beginnings of tensor names: `("classification.",)` keeps a new
    head above a backbone trained for other classes. `unused` names, as they stand in the file, what the
    module has no place for, and `into` is put in front of the file's names: an encoder that was trained alone,
    with `unused=("classifier.",), into="encoder.", fresh=("decoder.", "segmentation_head.")`. A `module.` prefix
    (DataParallel) is taken off first.
    Raises DataError that lists missing and unexpected tensors, or the tensor of another shape.
    """
    kept = tuple(fresh)
    target = module.state_dict()
    plain = {name.removeprefix("module."): tensor for name, tensor in _read_tensors(path).items()}
    taken = {into + name: tensor for name, tensor in plain.items() if not name.startswith(tuple(unused))}
    source = {
        name: tensor for name, tensor in _in_words_of(target, taken).items() if not name.startswith(kept)
    }
    wanted = {name: tensor for name, tensor in target.items() if not name.startswith(kept)}
    _check_names(path, source, wanted)
    _check_shapes(path, source, wanted)
    module.load_state_dict({**target, **source})
    return sorted(name for name in target if name not in source)


def _read_tensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise DataError(
            path, found="no such file", expected="a weights file", fix="Put it there, or name another."
        )
    if path.suffix == ".safetensors":
        try:
            return safetensors.torch.load_file(path)
        except (safetensors.SafetensorError, OSError) as error:
            raise _unreadable(path, error) from error
    if path.suffix not in _CHECKPOINT_SUFFIXES:
        raise DataError(
            path,
            found=f"the suffix {path.suffix!r}",
            expected=".safetensors, " + ", ".join(_CHECKPOINT_SUFFIXES),
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle fails in any way it likes
        raise _unreadable(path, error) from error
    return _state_dict_in(path, content)


def _state_dict_in(path: Path, content: object) -> dict[str, Tensor]:
    """The tensors of a checkpoint: bare, or under "state_dict" or "model" beside other things."""
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not content:
        raise DataError(path, found=f"a {type(content).__name__}", expected="tensors by name")
    tensors: dict[str, Tensor] = {}
    for name, value in content.items():
        if not isinstance(value, Tensor):
            raise DataError(path, place=str(name), found=f"a {type(value).__name__}", expected="a tensor")
        tensors[str(name)] = value
    return tensors


def _in_words_of(target: Mapping[str, Tensor], source: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The file's tensors under the module's names: `norm.1` as `norm1`."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in source.items():
        undotted = _DOTTED.sub(r"\1\2.", name)
        renamed[undotted if name not in target and undotted in target else name] = tensor
    return renamed


def swap_red_and_blue(module: nn.Module) -> None:
    """Turn a network made for BGR photos into the same one for RGB: its first convolution reads them the other way."""
    first = next(layer for layer in module.modules() if isinstance(layer, nn.Conv2d))
    assert first.in_channels == 3, first
    with torch.no_grad():
        first.weight.copy_(first.weight.flip(1))


def _check_names(path: Path, source: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    # Checkpoints older than torch 0.4.1 lack these counters, and no batch norm of ours reads them.
    missing = sorted(
        name for name in wanted if name not in source and not name.endswith("num_batches_tracked")
    )
    unexpected = sorted(name for name in source if name not in wanted)
    if missing or unexpected:
        raise DataError(
            path,
            found=f"{len(missing)} missing{_some(missing)}, {len(unexpected)} unexpected{_some(unexpected)}",
            expected="exactly the model's tensors",
            fix="Check the model's name and options, or name as `fresh` what may start from new values.",
        )


def _some(names: Sequence[str], limit: int = 8) -> str:
    if not names:
        return ""
    more = f", and {len(names) - limit} more" if len(names) > limit else ""
    return f" ({', '.join(names[:limit])}{more})"


def _check_shapes(path: Path, source: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    other = [name for name in source if source[name].shape != wanted[name].shape]
    if not other:
        return
    name = max(other, key=lambda one: source[one].ndim)  # a weight says more than its bias
    found, expected = source[name].shape, wanted[name].shape
    layers = {one.rpartition(".")[0] for one in other}
    fix = "Check the model's options against those that the file was trained with."
    # One layer that differs only in how much it gives is the last one: the head, made for other classes.
    if len(layers) == 1 and found[1:] == expected[1:]:
        fix = (
            f"If the file was trained for {found[0]} classes and the model has {expected[0]}, "
            f"load all but this layer: name {layers.pop() + '.'!r} as `fresh`, and train it."
        )
    more = f" (and {len(other) - 1} more)" if len(other) > 1 else ""
    raise DataError(
        path, place=name + more, found=f"shape {tuple(found)}", expected=f"{tuple(expected)}", fix=fix
    )


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return DataError(
        path, found=f"content that cannot be read ({reason})", expected="tensors and nothing else"
    )
