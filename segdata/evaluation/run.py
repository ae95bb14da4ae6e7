"""A finished training run on disk: what its model.json says, and the network with its weights.

data/runs/sample-via/
    model.json         {"model": "mininet", "options": {…}, "classes": [["sky", [70, 130, 180]], …], "best_epoch": 31, …}
    model.safetensors  the weights of the best epoch
    curves.csv         one row per epoch
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import torch
from torch import Tensor, nn

from segdata.digests import file_digest
from segdata.errors import ConfigError, DataError, TrainingError
from segdata.models import build_model
from segdata.models.weights import load_weights
from segdata.ontology import Label, Ontology

RECORD = "model.json"
WEIGHTS = "model.safetensors"
CURVES = "curves.csv"


class Normalisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """(image / 255 - mean) / std, per RGB channel."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def apply(self, images: Tensor) -> Tensor:
        """uint8 or float (N, 3, H, W) of 0 to 255 → float32 (N, 3, H, W), same memory format."""
        # Not waited for: a GPU would else have to finish all that it was given before.
        mean, std = (
            torch.tensor(values, dtype=torch.float32).view(3, 1, 1).to(images.device, non_blocking=True)
            for values in (self.mean, self.std)
        )
        return (images.to(torch.float32) - mean * 255) / (std * 255)


class ValFigures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an epoch scored on the val split; None stands for a figure that is not defined there."""

    loss: float | None
    mean_iou: float | None
    pixel_accuracy: float | None


class RunRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """model.json: all that prediction needs, and what the run was; nothing of the machine or the time.

    shards    digest of the shard set that it was trained on
    settings  sections `model` and `train` of the pipeline file, as they were then (segdata/published_settings.py)
    """

    format_version: int = 1
    model: str
    options: dict[str, object]
    classes: tuple[tuple[str, tuple[int, int, int]], ...]
    size_hw: tuple[int, int]
    normalisation: Normalisation
    seed: int
    epochs: int
    best_epoch: int
    select: str
    val: ValFigures
    shards: str
    settings: dict[str, Any] = {}

    def encoded(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


@dataclass(frozen=True)
class Run:
    """A trained network, ready to predict: in eval mode, on `device`."""

    record: RunRecord
    ontology: Ontology
    network: nn.Module
    device: torch.device


def read_record(run_dir: Path) -> RunRecord:
    """model.json of a run folder. Raises TrainingError when it is absent or damaged."""
    path = run_dir / RECORD
    try:
        record = msgspec.json.decode(path.read_bytes(), type=RunRecord)
    except FileNotFoundError as error:
        raise TrainingError(
            str(run_dir),
            found=f"no {RECORD}",
            expected="a finished training run",
            fix=f"Train it first (segdata train {run_dir.name}), or dvc pull if it lies on a remote.",
        ) from error
    except msgspec.MsgspecError as error:
        raise TrainingError(
            str(path),
            found=f"a damaged record ({error})",
            expected="one that segdata wrote",
            fix="Train again.",
        ) from error
    if record.format_version != 1:
        raise TrainingError(
            str(path),
            found=f"format version {record.format_version}",
            expected="version 1",
            fix="Train again.",
        )
    return record


def load_run(run_dir: Path, device: torch.device | str = "cpu") -> Run:
    """The network of a finished run with its best weights. Raises TrainingError when record or weights do not fit."""
    record = read_record(run_dir)
    try:
        network = build_model(record.model, len(record.classes), record.options)
        load_weights(run_dir / WEIGHTS, network)
    except (ConfigError, DataError) as error:
        raise TrainingError(
            str(run_dir), found=f"a run that does not load ({error})", fix="Train again."
        ) from error
    ontology = Ontology("own", tuple(Label(name, color) for name, color in record.classes))
    return Run(record, ontology, network.eval().to(device), torch.device(device))


class Digests(NamedTuple):
    """SHA-256 of the files of a run that decide what it predicts."""

    weights: str
    record: str


def load_noted_run(run_dir: Path, device: torch.device | str = "cpu") -> tuple[Run, Digests]:
    """`load_run`, and the digests of what was loaded, not of what has taken its place since.

    Raises TrainingError also for a run that was replaced while it was loaded.
    """
    before = _digests(run_dir)
    run = load_run(run_dir, device)
    if _digests(run_dir) != before:
        raise TrainingError(
            str(run_dir),
            found="a run that was replaced while it was read",
            expected="the same weights and record before and after",
            fix="Wait until its training has ended, then do this again.",
        )
    return run, before


def _digests(run_dir: Path) -> Digests:
    paths = (run_dir / WEIGHTS, run_dir / RECORD)
    return Digests(*(file_digest(path) if path.is_file() else "" for path in paths))
