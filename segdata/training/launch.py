"""Lightning at work, in this process or in several, quietly, and ending in one sentence after Ctrl-C.

Several processes (`segdata train NAME --processes 8`, one per GPU) share every batch: train.batch_size is that of all
together, and the run is the one that a single process would do, but for batch norms on a CPU, which see their own
photos alone (on GPUs they are synchronised), the dice loss and `select: index_dice`, which are taken over each process's
own batches, and dropout.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightning.pytorch as lightning
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.strategies import DDPStrategy
from torch.multiprocessing.spawn import ProcessRaisedException

from segdata.errors import TrainingError
from segdata.memory import keep_freed_memory
from segdata.pipeline import Train
from segdata.training.checks import no_memory_error
from segdata.training.keep import Progress
from segdata.training.module import SegmentationModule
from segdata.wording import counted

_LOGGERS = ("lightning.pytorch", "lightning.fabric")
_INTERRUPTED = 130  # what shells report after Ctrl-C
_CHILD_SAID = re.compile(r"^segdata\.errors\.TrainingError: (?P<sentence>.*)", re.S | re.M)


def fit(
    module: SegmentationModule,
    train: Train,
    device: torch.device,
    callbacks: list[lightning.Callback],
    processes: int,
    session: int | None,
) -> None:
    """Run the epochs that are left, `session` of them at most. Raises TrainingError for too little memory, and what a process stopped at."""
    if device.type == "cpu":
        keep_freed_memory()
    trainer = lightning.Trainer(
        accelerator="gpu" if device.type == "cuda" else device.type,
        devices=processes,
        strategy=_several(device) if processes > 1 else "auto",
        sync_batchnorm=processes > 1 and device.type == "cuda",
        plugins=[LightningEnvironment()],  # on this machine alone, also inside a cluster's job
        benchmark=device.type == "cuda",  # photos are all of one size: look for the fastest convolutions once
        precision="bf16-mixed" if train.precision == "bf16" else "32-true",
        max_epochs=min(train.epochs - module.first_epoch, session or train.epochs),
        accumulate_grad_batches=train.accumulate,
        reload_dataloaders_every_n_epochs=1,  # each epoch has its own order
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=callbacks,
    )
    try:
        trainer.fit(module)
    except ProcessRaisedException as error:
        said = _CHILD_SAID.search(str(error))
        if said is None:
            raise
        raise TrainingError(said["sentence"].strip()) from error
    except (RuntimeError, MemoryError) as error:
        translated = no_memory_error(error, train, module.train_split.size_hw)
        if translated is None:
            raise
        raise translated from error


class _QuietDDP(DDPStrategy):
    """In processes of their own Lightning and torch speak up again."""

    def setup_environment(self) -> None:
        hush()
        warnings.filterwarnings("ignore", module=r"lightning\.")
        super().setup_environment()


def _several(device: torch.device) -> Any:
    return _QuietDDP(
        start_method="spawn",
        process_group_backend="nccl" if device.type == "cuda" else "gloo",
        broadcast_buffers=False,  # validation batches are not as many in every process: nobody may wait for another
    )


def check_processes(processes: int, train: Train, photos: int, val_photos: int) -> None:
    """Processes need equal shares of a batch, and one of the val split. Raises TrainingError where one has none."""
    if val_photos < processes:
        raise TrainingError(
            "split 'val'",
            found=f"{counted(val_photos, 'photo')} for {processes} processes",
            expected="at least one photo for each",
            fix="Take fewer processes.",
        )
    if train.batch_size % processes:
        below = train.batch_size - train.batch_size % processes
        raise TrainingError(
            "train.batch_size",
            found=f"{train.batch_size}, which {processes} processes cannot share evenly",
            expected=f"a multiple of {processes}",
            fix=f"Take {below or processes}, or another number of processes.",
        )
    smallest = min(train.batch_size, photos % train.batch_size or train.batch_size)
    if processes > 1 and smallest < processes:
        raise TrainingError(
            "train.batch_size",
            found=f"a batch of {smallest} of the {counted(photos, 'photo')} for {processes} processes",
            expected="at least one photo for each",
            fix="Take another batch_size, or fewer processes.",
        )


def hush() -> None:
    """Let Lightning speak of errors alone."""
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)


@contextmanager
def without_noise() -> Iterator[None]:
    """Lightning's tips and remarks about the hardware are for its own users."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    hush()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\.")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def interruptible(name: str, progress: Progress, again: str | None = None) -> Iterator[None]:
    """Ctrl-C ends in one sentence. Lightning catches it, switches SIGINT off and exits with 1: undo both.

    again  what goes on, in words; None: `segdata train`, or within DVC running its stage again
    """
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        again = again or ("running it again" if os.environ.get("DVC_STAGE") else f"`segdata train {name}`")
        done = len(progress.figures)
        ending = f"goes on after epoch {done}" if done else "begins again, for no epoch was finished"
        print(f"\n{name}: stopped; {again} {ending}.", file=sys.stderr, flush=True)
        raise SystemExit(_INTERRUPTED) from None
    finally:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and before is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, before)
