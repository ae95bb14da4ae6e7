"""Train a pipeline: from its shards to the weights of the best epoch, resumable at any moment.

>>> result = train_pipeline(Project.find(), "sample-via")
>>> result.best_epoch, result.run_dir.name
(31, 'sample-via')

Importing this package imports neither torch nor lightning; the first call does. It needs neither dvc nor prefect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segdata.errors import MissingExtraError
from segdata.evaluation.device import quiet_threads
from segdata.project import Project

if TYPE_CHECKING:
    from segdata.training.fit import TrainResult
    from segdata.training.keep import EpochFigures

__all__ = ["train_pipeline"]


def train_pipeline(
    project: Project,
    name: str,
    *,
    device: str | None = None,
    resume: bool = True,
    quiet: bool = False,
    on_epoch: Callable[[EpochFigures], None] | None = None,
    processes: int = 1,
    session: int | None = None,
    again: str | None = None,
) -> TrainResult:
    """Train a pipeline on its shards and write data/runs/<name>/: the folder appears whole or not at all.

    device    auto, cpu, cuda or mps; None: as params.yaml says
    resume    go on with an unfinished run of the same model, training section and shards
    quiet     print nothing
    on_epoch  called with the figures of every epoch once its state is safe; what it raises stops the run. With several
              processes it is called in one of them, and must be picklable
    processes share every batch, one GPU each: the batch size stays that of all together (launch.py)
    session   stop after so many epochs, with the state kept for the next call (TrainResult.finished is False then)
    again     what goes on after Ctrl-C, in words; None: segdata train

    Raises TrainingError (labels outside the classes, an empty split, a loss that is not finite, no memory),
    ShardError, ConfigError, MissingExtraError; SystemExit(130) after Ctrl-C, with the state kept.
    """
    quiet_threads()
    try:
        from segdata.training.fit import train
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("segdata"):
            raise
        raise MissingExtraError.of(error.name, "train", "training") from error
    return train(
        project,
        name,
        device=device,
        resume=resume,
        quiet=quiet,
        on_epoch=on_epoch,
        processes=processes,
        session=session,
        again=again,
    )
