"""What a training run must remember to be finished another day, and what it hands over when it is done.

    .segdata/unfinished/train/sample-via/
        state.pt               network, optimizer and schedule after the last whole epoch, and all curves so far
        best-31.safetensors    the weights of the best epoch so far

A state belongs to one key: the digest of the pipeline's model and train sections, of the shards, of the code that
trains, and of torch's version. With another key the work starts over; what lies there stays until the new run's first
epoch is done, so that whoever reads the warning in time can put things back. Epochs are the unit: every random number
follows from (seed, epoch, batch), so nothing else is needed for a resumed run to equal an undisturbed one.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from segdata.atomic import replace_file
from segdata.digests import source_digest
from segdata.models.weights import save_weights

_STATE = "state.pt"
_PACKAGE = Path(__file__).parents[1]


def code_digest(model: str) -> str:
    """SHA-256 over the code that the figures of a run depend on: training, the model, what reads and what counts."""
    shared = (
        "models/layers.py",
        "evaluation/confusion.py",
        "evaluation/run.py",
        "shards/compressed.py",
        "shards/reader.py",
        "shards/window.py",
        "shards/sampler.py",
        "shards/statistics.py",
    )
    training = (_PACKAGE / "training").glob("*.py")
    return source_digest([*training, _PACKAGE / f"models/{model}.py", *(_PACKAGE / name for name in shared)])


class EpochFigures(msgspec.Struct, frozen=True):
    """One row of curves.csv; NaN: not defined.

    epoch         counts from 1
    lr            that of the epoch's last step
    val_selected  the figure that train.select names, where it is none of the others
    """

    epoch: int
    train_loss: float
    val_loss: float
    val_mean_iou: float
    val_pixel_accuracy: float
    lr: float
    val_selected: float = math.nan


@dataclass
class Progress:
    """All epochs so far, and which was the best by the pipeline's criterion; of equals, the earlier."""

    select: str
    figures: list[EpochFigures] = field(default_factory=list)
    best_epoch: int = 0

    def add(self, figures: EpochFigures) -> bool:
        """Append an epoch; True when it is the best so far."""
        better = self.best_epoch == 0 or self._worth(figures) > self._worth(self.best)
        self.figures.append(figures)
        if better:
            self.best_epoch = figures.epoch
        return better

    @property
    def best(self) -> EpochFigures:
        return self.figures[self.best_epoch - 1]

    def is_over(self, epochs: int, patience: int | None) -> bool:
        """All epochs are done, or `patience` epochs went by without a better one."""
        done = len(self.figures)
        return done >= epochs or (patience is not None and done > 0 and done - self.best_epoch >= patience)

    def _worth(self, figures: EpochFigures) -> float:
        worth = {
            "mean_iou": figures.val_mean_iou,
            "pixel_accuracy": figures.val_pixel_accuracy,
            "loss": -figures.val_loss,
        }.get(self.select, figures.val_selected)
        return -math.inf if math.isnan(worth) else worth


@dataclass(frozen=True)
class Kept:
    """A state read back: the progress, and the state_dicts that the parts are given."""

    progress: Progress
    network: dict[str, Any]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]


class UnfinishedRun:
    """The folder that keeps one unfinished run.

    inputs  what its key is the digest of, for those who come with another (segdata.training.finished.run_inputs)
    """

    def __init__(self, folder: Path, key: str, inputs: Mapping[str, Any] | None = None) -> None:
        self.folder, self.key, self.inputs = folder, key, dict(inputs or {})
        self._is_ours = False  # what lies there

    def read(self, select: str) -> Kept | None:
        """The state left behind for this key; None when there is none, or one of another key or damaged."""
        try:
            state = torch.load(self.folder / _STATE, map_location="cpu", weights_only=True)
            if state["key"] != self.key:
                return None
            progress = Progress(
                select,
                [msgspec.convert(row, EpochFigures) for row in state["figures"]],
                state["best_epoch"],
            )
            kept = Kept(progress, state["network"], state["optimizer"], state["schedule"])
        except Exception:  # a damaged pickle fails in any way it likes, and starting over costs only time
            return None
        self._is_ours = self.best_path(progress.best_epoch).is_file()
        return kept if self._is_ours else None

    def of_another(self) -> tuple[int, dict[str, Any]] | None:
        """Epochs and inputs of an unfinished run of another key that lies there, no inputs where an older segdata kept none;
        None when there is none, or damaged."""
        try:
            state = torch.load(self.folder / _STATE, map_location="cpu", weights_only=True)
            return (
                None if state["key"] == self.key else (len(state["figures"]), dict(state.get("inputs", {})))
            )
        except Exception:  # as in `read`
            return None

    def write(self, progress: Progress, parts: Mapping[str, Any], network: nn.Module) -> None:
        """Keep the state after an epoch: `parts` are the state_dicts of network, optimizer and schedule."""
        if not self._is_ours:
            self.clear()  # whole, and first: a state of another key beside a best epoch of this one would be taken for whole
            self._is_ours = True
        self.folder.mkdir(parents=True, exist_ok=True)
        best = self.best_path(progress.best_epoch)
        if progress.best_epoch == len(progress.figures):
            save_weights(best, network, {"epoch": str(progress.best_epoch)})
        state = {
            "key": self.key,
            "inputs": self.inputs,
            "figures": [msgspec.to_builtins(row) for row in progress.figures],
            "best_epoch": progress.best_epoch,
            **parts,
        }
        with replace_file(self.folder / _STATE) as temporary:
            torch.save(state, temporary)
        # Only now: until the new state lies there, the old one needs its own best epoch.
        for path in self.folder.glob("best-*.safetensors"):
            if path != best:
                path.unlink()

    @property
    def is_there(self) -> bool:
        """Whether a state lies there, of whatever key, whole or damaged."""
        return (self.folder / _STATE).is_file()

    def best_path(self, epoch: int) -> Path:
        return self.folder / f"best-{epoch}.safetensors"

    def clear(self) -> None:
        """Forget the run."""
        shutil.rmtree(self.folder, ignore_errors=True)
