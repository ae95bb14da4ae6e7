"""Score a trained pipeline: one int64 confusion matrix over the split, and the trivial baselines beside it.

>>> scores = evaluate_pipeline(Project.find(), "sample-via")
>>> scores.mean_iou, scores.baselines["position_prior"].mean_iou
(0.71, 0.15)

Importing this package imports no torch; the first call does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segdata.errors import MissingExtraError
from segdata.project import Project

if TYPE_CHECKING:
    from segdata.evaluation.score import Scores

__all__ = ["evaluate_pipeline"]


def evaluate_pipeline(
    project: Project, name: str, *, split: str | None = None, device: str | None = None
) -> Scores:
    """Score the run of a pipeline on `split` (default: the pipeline's own) and write data/evaluation/<name>/.

    Another split than its own goes to data/scored/<name>-<split>/: the other folder is a DVC stage's.
    device  auto, cpu, cuda or mps; None: as params.yaml says
    The folder appears whole or not at all. Raises TrainingError where no run stands or it was made for other
    classes, ShardError for an absent shard set or split, ConfigError, MissingExtraError.
    """
    from segdata.evaluation.device import quiet_threads

    quiet_threads()
    try:
        from segdata.evaluation.score import score_pipeline
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("segdata"):
            raise
        raise MissingExtraError.of(error.name, "train", "evaluation") from error
    return score_pipeline(project, name, split=split, device=device)
