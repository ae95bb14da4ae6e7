"""Build a segmentation network from its name: one file in this folder is one model, named as the file.

A pipeline file names a model and its knobs, and that is all segdata ever says about it:

    model:
      name: mininet
      options: {aspp_channels: 64, branch_channels: 32}

A model's file holds `class Options` (a strict msgspec Struct) and `build(num_classes, options) -> nn.Module`.
For any H, W the module turns normalised float32 (N, 3, H, W) into float32 logits (N, num_classes, H, W).
A new model is one more file: nothing has to be registered.

Names are checked without torch, so that pipeline files can be read where torch is not installed. Options
stand beside the torch code that they describe, so checking them imports that one file, and torch with it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, cast

import msgspec

from segdata.decode import strict
from segdata.errors import ConfigError, MissingExtraError, nearest

if TYPE_CHECKING:
    from torch import nn

# What the models share; every other file here is a model.
_SHARED = frozenset({"layers", "weights"})


class _ModelFile(Protocol):
    Options: type[msgspec.Struct]

    def build(self, num_classes: int, options: msgspec.Struct) -> nn.Module: ...


def model_names() -> tuple[str, ...]:
    """The names that a pipeline file may give as `model.name`, sorted; imports no model."""
    return tuple(sorted(file.name for file in pkgutil.iter_modules(__path__) if file.name not in _SHARED))


def check_name(name: str, where: str | None = None) -> None:
    """Raise ConfigError with the nearest valid name unless `name` is a model; needs no torch.

    where  the pipeline file that names it, for the message: pipelines/x.yaml: model.name: found …
    """
    if name not in model_names():
        raise ConfigError(
            where or "model",
            place="model.name" if where else "name",
            found=repr(name),
            expected=nearest(name, model_names()),
        )


def options_type(name: str) -> type[msgspec.Struct]:
    """The Struct that describes the options of the model `name`; imports that model's file and torch."""
    return _model_file(name).Options


def decode_options(name: str, options: Mapping[str, object], where: str | None = None) -> msgspec.Struct:
    """The options of a pipeline file as the typed options of the model `name`, strictly; imports torch.

    where  the pipeline file, for the message: pipelines/x.yaml: model.options: found …
    Raises ConfigError for an unknown key (with the nearest valid one) and for a value of a wrong type or
    range.
    """
    kind = _model_file(name, where).Options
    if where is None:
        return strict(dict(options), kind, f"model {name!r}", "options")
    return strict(dict(options), kind, where, "model.options")


def build_model(
    name: str, num_classes: int, options: Mapping[str, object], where: str | None = None
) -> nn.Module:
    """The freshly initialised network `name` with `num_classes` output channels, in training mode, on the
    CPU.

    where  the pipeline file, for messages

    Its starting weights follow torch's global random state: seed that first for a repeatable run.
    Raises ConfigError for a wrong name, key or value; MissingExtraError where torch is not installed.
    """
    decoded = decode_options(name, options, where)
    if num_classes < 1:
        raise ConfigError(
            f"model {name!r}", place="num_classes", found=str(num_classes), expected="at least 1"
        )
    return _model_file(name).build(num_classes, decoded)


def _model_file(name: str, where: str | None = None) -> _ModelFile:
    check_name(name, where)
    try:
        return cast("_ModelFile", importlib.import_module(f"{__name__}.{name}"))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("segdata"):
            raise
        raise MissingExtraError.of(error.name, "train", f"model {name!r}") from error
