"""What happens around the epochs: the state is kept, the best epoch noted, and progress shown.

On a terminal a bar runs; elsewhere ten lines or so are printed in all:

    sample-via: epoch 12/40, train loss 0.512, val mean IoU 0.431, pixel accuracy 0.842
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import lightning.pytorch as lightning
from tqdm import tqdm

from segdata.pipeline import Train
from segdata.training.keep import EpochFigures, Progress, UnfinishedRun
from segdata.training.module import SegmentationModule

_LINES = 10


class KeepState(lightning.Callback):
    """After every epoch: note its figures, keep the state on disk, and stop when patience is at an end."""

    def __init__(
        self,
        unfinished: UnfinishedRun,
        progress: Progress,
        train: Train,
        on_epoch: Callable[[EpochFigures], None] | None,
    ) -> None:
        self.unfinished, self.progress, self.train, self.on_epoch = unfinished, progress, train, on_epoch

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        assert isinstance(module, SegmentationModule) and module.latest is not None
        assert module.latest.epoch == len(self.progress.figures) + 1, "an epoch without validation"
        self.progress.add(module.latest)
        parts = {
            "network": module.network.state_dict(),
            "optimizer": trainer.optimizers[0].state_dict(),
            "schedule": trainer.lr_scheduler_configs[0].scheduler.state_dict(),
        }
        if trainer.is_global_zero:
            self.unfinished.write(self.progress, parts, module.network)
        if self.on_epoch is not None and trainer.is_global_zero:
            self.on_epoch(module.latest)
        if self.progress.is_over(self.train.epochs, self.train.patience):
            trainer.should_stop = True


class ShowProgress(lightning.Callback):
    """A bar over all steps of the run on a terminal, a few lines elsewhere."""

    def __init__(self, name: str, train: Train) -> None:
        self.name, self.epochs, self.select = name, train.epochs, train.select
        self.bar: Any = None

    def on_train_start(self, trainer: Any, module: Any) -> None:
        if sys.stderr.isatty() and trainer.is_global_zero:
            per_epoch = int(trainer.num_training_batches)
            self.bar = tqdm(
                total=self.epochs * per_epoch,
                initial=module.first_epoch * per_epoch,
                desc=self.name,
                unit="batch",
                dynamic_ncols=True,
            )

    def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
        if self.bar is not None:
            self.bar.update()

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        figures: EpochFigures = module.latest
        if self.bar is not None:
            self.bar.set_postfix_str(
                f"epoch {figures.epoch}/{self.epochs}, loss {figures.train_loss:.3f}, "
                f"val mean IoU {figures.val_mean_iou:.3f}"
            )
        elif is_milestone(figures.epoch, self.epochs) and trainer.is_global_zero:
            print(
                f"{self.name}: epoch {figures.epoch}/{self.epochs}, train loss {figures.train_loss:.3f}, "
                f"val mean IoU {figures.val_mean_iou:.3f}, pixel accuracy {figures.val_pixel_accuracy:.3f}"
                + ("" if math.isnan(figures.val_selected) else f", {self.select} {figures.val_selected:.3f}"),
                flush=True,
            )

    def on_train_end(self, trainer: Any, module: Any) -> None:
        self._close()

    def on_exception(self, trainer: Any, module: Any, exception: BaseException) -> None:
        self._close()

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def is_milestone(epoch: int, epochs: int) -> bool:
    """Whether another tenth of the run ends with this epoch (counted from 1).

    >>> [epoch for epoch in range(1, 41) if is_milestone(epoch, 40)]
    [4, 8, 12, 16, 20, 24, 28, 32, 36, 40]
    """
    return epoch * _LINES // epochs > (epoch - 1) * _LINES // epochs
