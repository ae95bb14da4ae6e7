"""Train one pipeline from its shards, and hand over data/runs/<name>/ whole or not at all.

    data/runs/sample-via/model.safetensors, model.json, curves.csv     the same inputs give the same bytes on one CPU
    .segdata/runs/sample-via/last.json                                 how long it took, where, with which versions

On a CPU with a given number of threads a run is repeatable to the bit, and so is one that was stopped and resumed. On a
GPU, torch's fastest convolutions and interpolations add in no fixed order, and the last digits differ.
"""

from __future__ import annotations

import logging
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from torch import nn

from segdata.atomic import only_one, replace_folder
from segdata.digests import file_digest, value_digest
from segdata.evaluation.device import choose_device
from segdata.evaluation.run import CURVES, RECORD, WEIGHTS, RunRecord, ValFigures
from segdata.evaluation.tables import number, write_csv
from segdata.models import build_model
from segdata.models.weights import load_weights
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.shards import ShardSet
from segdata.training.callbacks import KeepState, ShowProgress
from segdata.training.checks import TrainingData, check_data, no_memory_error
from segdata.training.circumstances import note_circumstances
from segdata.training.keep import EpochFigures, Kept, Progress, UnfinishedRun, code_digest
from segdata.training.module import SegmentationModule
from segdata.training.optim import class_weights

_INTERRUPTED = 130  # what shells report after Ctrl-C


@dataclass(frozen=True)
class TrainResult:
    """A finished run: its folder, epochs done in all, the best one and its figures, and how long this call took."""

    run_dir: Path
    epochs: int
    best_epoch: int
    best: EpochFigures
    resumed_after: int
    seconds: float


def train(
    project: Project,
    name: str,
    *,
    device: str | None,
    resume: bool,
    quiet: bool,
    on_epoch: Callable[[EpochFigures], None] | None,
) -> TrainResult:
    """See segdata.training.train_pipeline."""
    start = time.monotonic()
    pipeline = project.pipeline(name)
    torch_device = choose_device(device, project.params().device)
    shards = ShardSet.open(project.shards_dir(name))
    data = check_data(shards, pipeline.train)
    torch.manual_seed(pipeline.train.seed)
    model = pipeline.model
    network = build_model(model.name, len(shards.ontology), model.options, f"pipelines/{name}.yaml")
    unfinished = UnfinishedRun(
        project.scratch_dir("unfinished", "train") / name, _start_from(project, pipeline, shards, network)
    )
    with only_one(project.scratch_dir("locks") / f"train-{name}", f"training of {name}"):
        kept = unfinished.read(pipeline.train.select) if resume else None
        if kept is None:
            unfinished.clear()
        elif not quiet:
            print(f"{name}: going on after epoch {len(kept.progress.figures)}", flush=True)
        progress = kept.progress if kept else Progress(pipeline.train.select)
        resumed_after = len(progress.figures)
        if not progress.is_over(pipeline.train.epochs, pipeline.train.patience):
            module = _build_module(network, pipeline, data, kept)
            callbacks: list[lightning.Callback] = [KeepState(unfinished, progress, pipeline.train, on_epoch)]
            if not quiet:
                callbacks.insert(0, ShowProgress(name, pipeline.train.epochs))
            with _without_noise(), _interruptible(name, progress):
                _fit(module, pipeline, torch_device, callbacks)
        _hand_over(project.run_dir(name), pipeline, shards, data, progress, unfinished)
        unfinished.clear()
    result = TrainResult(
        run_dir=project.run_dir(name),
        epochs=len(progress.figures),
        best_epoch=progress.best_epoch,
        best=progress.best,
        resumed_after=resumed_after,
        seconds=time.monotonic() - start,
    )
    circumstances = {
        "seconds": round(result.seconds, 3),
        "epochs": result.epochs,
        "resumed_after": resumed_after,
    }
    note_circumstances(project.scratch_dir("runs", name) / "last.json", circumstances, torch_device)
    if not quiet:
        print(f"{name}: {_summary(result, torch_device)}", flush=True)
    return result


def _start_from(project: Project, pipeline: Pipeline, shards: ShardSet, network: nn.Module) -> str:
    """Load the weights to start from, if any; returns the key that an unfinished run of all this has."""
    weights_digest = None
    if pipeline.model.weights is not None:
        path = project.root / pipeline.model.weights
        load_weights(path, network)
        weights_digest = file_digest(path)
    code = [code_digest(pipeline.model.name), str(torch.__version__)]
    return value_digest([pipeline.model, pipeline.train, shards.digest, weights_digest, code])


def _build_module(
    network: nn.Module, pipeline: Pipeline, data: TrainingData, kept: Kept | None
) -> SegmentationModule:
    if kept is not None:
        network.load_state_dict(kept.network)
    if pipeline.train.channels_last:
        network = network.to(memory_format=torch.channels_last)
    if pipeline.train.compile:
        network.compile()
    num_classes = data.num_classes
    weights = class_weights(pipeline.train, data.pixels, data.train, num_classes)
    splits = (data.train, data.val)
    return SegmentationModule(network, pipeline.train, splits, data.normalisation, weights, num_classes, kept)


def _fit(
    module: SegmentationModule,
    pipeline: Pipeline,
    device: torch.device,
    callbacks: list[lightning.Callback],
) -> None:
    trainer = lightning.Trainer(
        accelerator="gpu" if device.type == "cuda" else device.type,
        devices=1,
        plugins=[LightningEnvironment()],  # one process, also inside a cluster's job
        precision="bf16-mixed" if pipeline.train.precision == "bf16" else "32-true",
        max_epochs=pipeline.train.epochs - module.first_epoch,
        accumulate_grad_batches=pipeline.train.accumulate,
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
    except (RuntimeError, MemoryError) as error:
        translated = no_memory_error(error, pipeline.train, module.train_split.size_hw)
        if translated is None:
            raise
        raise translated from error


@contextmanager
def _without_noise() -> Iterator[None]:
    """Lightning's tips and remarks about the hardware are for its own users."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\.")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _interruptible(name: str, progress: Progress) -> Iterator[None]:
    """Ctrl-C ends in one sentence. Lightning catches it, switches SIGINT off and exits with 1: undo both."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        done = len(progress.figures)
        ending = f"goes on after epoch {done}" if done else "starts over, for no epoch was finished"
        print(f"\n{name}: stopped; `segdata train {name}` {ending}.", file=sys.stderr, flush=True)
        raise SystemExit(_INTERRUPTED) from None
    finally:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, before)


def _hand_over(
    run_dir: Path,
    pipeline: Pipeline,
    shards: ShardSet,
    data: TrainingData,
    progress: Progress,
    unfinished: UnfinishedRun,
) -> None:
    best = progress.best
    record = RunRecord(
        model=pipeline.model.name,
        options=pipeline.model.options,
        classes=tuple((label.name, label.color) for label in shards.ontology.labels),
        size_hw=data.train.size_hw,
        normalisation=data.normalisation,
        seed=pipeline.train.seed,
        epochs=len(progress.figures),
        best_epoch=progress.best_epoch,
        select=pipeline.train.select,
        val=ValFigures(number(best.val_loss), number(best.val_mean_iou), number(best.val_pixel_accuracy)),
        shards=shards.digest,
    )
    with replace_folder(run_dir) as folder:
        shutil.copyfile(unfinished.best_path(progress.best_epoch), folder / WEIGHTS)
        (folder / RECORD).write_bytes(record.encoded())
        header = EpochFigures.__struct_fields__
        write_csv(
            folder / CURVES,
            header,
            ([_cell(getattr(row, key)) for key in header] for row in progress.figures),
        )


def _cell(value: float) -> Any:
    return value if isinstance(value, int) else ("" if value != value else float(f"{value:.7g}"))


def _summary(result: TrainResult, device: torch.device) -> str:
    best = result.best
    return (
        f"best epoch {result.best_epoch} of {result.epochs}: val mean IoU {best.val_mean_iou:.3f}, pixel accuracy "
        f"{best.val_pixel_accuracy:.3f} ({result.seconds:.0f} s on {device.type})"
    )
