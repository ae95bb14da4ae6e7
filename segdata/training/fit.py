"""Train one pipeline from its shards, and hand over data/runs/<name>/ whole or not at all.

    data/runs/sample-via/model.safetensors, model.json, curves.csv     the same inputs give the same bytes on one CPU
    .segdata/runs/sample-via/last.json                                 how long it took, where, with which versions

On a CPU with a given number of threads a run is repeatable to the bit, and so is one that was stopped and resumed. On a
GPU, torch's fastest convolutions and interpolations add in no fixed order, and the last digits differ.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
from torch import nn

from segdata.atomic import only_one, replace_folder
from segdata.digests import file_digest
from segdata.evaluation.confusion import void_id
from segdata.evaluation.device import choose_device
from segdata.evaluation.run import CURVES, RECORD, WEIGHTS, RunRecord, ValFigures
from segdata.evaluation.tables import number, write_csv
from segdata.models import build_model
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.published_settings import settings_of_training
from segdata.shards import ShardSet
from segdata.shards.statistics import class_weights
from segdata.training.callbacks import KeepState, ShowProgress
from segdata.training.checks import TrainingData, check_data
from segdata.training.circumstances import note_circumstances
from segdata.training.finished import noted_key, run_inputs, run_key, what_differs
from segdata.training.keep import EpochFigures, Kept, Progress, UnfinishedRun
from segdata.training.launch import check_processes, fit, interruptible, without_noise
from segdata.training.module import SegmentationModule
from segdata.training.start import put_weights
from segdata.wording import counted


@dataclass(frozen=True)
class TrainResult:
    """A run: its folder, epochs done in all, the best one and its figures, and how long this call took.

    finished  False after a session that left epochs for another: then the folder is not written yet
    """

    run_dir: Path
    epochs: int
    best_epoch: int
    best: EpochFigures
    resumed_after: int
    seconds: float
    finished: bool = True


def train(
    project: Project,
    name: str,
    *,
    device: str | None,
    resume: bool,
    quiet: bool,
    on_epoch: Callable[[EpochFigures], None] | None,
    processes: int = 1,
    session: int | None = None,
    again: str | None = None,
) -> TrainResult:
    """See segdata.training.train_pipeline."""
    start = time.monotonic()
    pipeline = project.pipeline(name)
    torch_device = choose_device(device, project.params().device)
    shards = ShardSet.open(project.shards_dir(name))
    data = check_data(shards, pipeline.train)
    check_processes(processes, pipeline.train, len(data.train), len(data.val))
    for line in (data.unseen(shards.ontology.names), data.large_batch(pipeline.train)):
        if line is not None and not quiet:
            print(f"{name}: {line}", flush=True)
    torch.manual_seed(pipeline.train.seed)
    model = pipeline.model
    network = build_model(model.name, len(shards.ontology), model.options, f"pipelines/{name}.yaml")
    weights_digest = put_weights(project, model, network, f"pipelines/{name}.yaml")
    inputs = run_inputs(pipeline, shards, weights_digest)
    unfinished = UnfinishedRun(project.scratch_dir("unfinished", "train") / name, run_key(inputs), inputs)
    with only_one(project.scratch_dir("locks") / f"train-{name}", f"training of {name}"):
        kept = _kept(project, name, unfinished, pipeline.train.select, resume, quiet)
        progress = kept.progress if kept else Progress(pipeline.train.select)
        resumed_after = len(progress.figures)
        if not progress.is_over(pipeline.train.epochs, pipeline.train.patience):
            module = _build_module(network, pipeline, shards, data, kept)
            module.kept_in = unfinished.folder.relative_to(project.root).as_posix()
            callbacks: list[lightning.Callback] = [KeepState(unfinished, progress, pipeline.train, on_epoch)]
            if not quiet:
                callbacks.insert(0, ShowProgress(name, pipeline.train))
            with without_noise(), interruptible(name, progress, again):
                fit(module, pipeline.train, torch_device, callbacks, processes, session)
            if processes > 1:  # what happened, happened in other processes: the state on disk tells it
                done = unfinished.read(pipeline.train.select)
                assert done is not None, "several processes left no state"
                progress = done.progress
        finished = progress.is_over(pipeline.train.epochs, pipeline.train.patience)
        if finished:
            _hand_over(project.run_dir(name), pipeline, shards, data, progress, unfinished)
            unfinished.clear()
    result = TrainResult(
        run_dir=project.run_dir(name),
        epochs=len(progress.figures),
        best_epoch=progress.best_epoch,
        best=progress.best,
        resumed_after=resumed_after,
        seconds=time.monotonic() - start,
        finished=finished,
    )
    if finished:
        _note(project, name, result, unfinished.key, torch_device)
    if not quiet:
        print(f"{name}: {_summary(result, pipeline, torch_device)}", flush=True)
    return result


def _note(project: Project, name: str, result: TrainResult, key: str, device: torch.device) -> None:
    circumstances = {
        "seconds": round(result.seconds, 3),
        "epochs": result.epochs,
        "resumed_after": result.resumed_after,
        "key": key,
        "weights": file_digest(result.run_dir / WEIGHTS),
    }
    note_circumstances(project.scratch_dir("runs", name) / "last.json", circumstances, device)


def _kept(
    project: Project, name: str, unfinished: UnfinishedRun, select: str, resume: bool, quiet: bool
) -> Kept | None:
    """The state to go on with, if any; and a word about what lies there already."""
    kept = unfinished.read(select) if resume else None
    lines = []
    if not quiet and noted_key(project, name) == unfinished.key:
        lines.append(
            f"the run in data/runs/{name} is finished, with these very settings and shards. It is trained again, and stays "
            "until the new one is finished."
        )
    if not resume:
        unfinished.clear()
    elif kept is not None:
        lines.append(f"going on after epoch {len(kept.progress.figures)}")
    elif (other := unfinished.of_another()) is not None:
        epochs, before = other
        lines.append(
            f"starts over: the unfinished run here ({counted(epochs, 'epoch')}) was begun otherwise "
            f"({what_differs(before, unfinished.inputs)}). It is dropped once the first epoch of this one is done: stop now "
            "(Ctrl-C) and put that back to go on with it."
        )
    elif unfinished.is_there:
        lines.append("starts over: the unfinished run here cannot be read, as its state is damaged")
    for line in [] if quiet else lines:
        print(f"{name}: {line}", flush=True)
    return kept


def _build_module(
    network: nn.Module, pipeline: Pipeline, shards: ShardSet, data: TrainingData, kept: Kept | None
) -> SegmentationModule:
    if kept is not None:
        network.load_state_dict(kept.network)
    if pipeline.train.channels_last:
        network = network.to(memory_format=torch.channels_last)
    num_classes = data.num_classes
    weights = None
    if pipeline.train.class_weights != "none":
        weighed = class_weights(data.train.rows, num_classes, pipeline.train.class_weights)
        weights = torch.tensor(weighed, dtype=torch.float32)
    splits = (data.train, data.val)
    taught = shards.ontology.id_of(pipeline.train.void)
    return SegmentationModule(
        network,
        pipeline.train,
        splits,
        data.normalisation,
        weights,
        num_classes,
        kept,
        taught,
        void_id(shards.ontology),
    )


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
        settings=settings_of_training(pipeline),
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


def _summary(result: TrainResult, pipeline: Pipeline, device: torch.device) -> str:
    if not result.finished:
        return f"epoch {result.epochs} of {pipeline.train.epochs}; run again to go on"
    best = result.best
    by = "" if math.isnan(best.val_selected) else f" by {pipeline.train.select} ({best.val_selected:.3f})"
    return (
        f"best epoch {result.best_epoch} of {result.epochs}{by}: val mean IoU {best.val_mean_iou:.3f}, pixel accuracy "
        f"{best.val_pixel_accuracy:.3f} ({result.seconds:.0f} s on {device.type})"
    )
