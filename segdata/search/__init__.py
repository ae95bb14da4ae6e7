"""Search for better parameters: many short trainings side by side, compared by one figure of the val split.

>>> outcome = search_pipeline(Project.find(), "sample-via")
>>> outcome.best.values, outcome.best.worth
({'train.lr': 0.003}, 0.412)

A trial is a training as any other (segdata.training), of the pipeline with other values; Ray Tune places the trials and
draws their values. Importing this package imports neither ray nor torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segdata.errors import MissingExtraError
from segdata.project import Project

if TYPE_CHECKING:
    from segdata.search.outcome import Outcome

__all__ = ["search_pipeline"]


def search_pipeline(
    project: Project,
    name: str,
    *,
    device: str | None = None,
    address: str | None = None,
    fresh: bool = False,
    quiet: bool = False,
) -> Outcome:
    """Run the search of a pipeline, or go on with it, and write data/search/<name>/.

    device   auto, cpu, cuda or mps; None: as params.yaml says
    address  of a Ray cluster that is up; None: as params.yaml or RAY_ADDRESS says, else this machine alone
    fresh    train every trial again, also those that are finished
    quiet    show no progress

    Trials that are finished are not trained again; unfinished ones go on after their last whole epoch. Raises
    ConfigError for a pipeline without a section `search`, TrainingError when no trial came to a figure, ShardError,
    MissingExtraError; SystemExit(130) after Ctrl-C, with every state kept.
    """
    from segdata.evaluation.device import quiet_threads

    quiet_threads()
    try:
        from segdata.search.run import run_search
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("segdata"):
            raise
        raise MissingExtraError.of(error.name, "ray", "segdata search") from error
    return run_search(project, name, device=device, address=address, fresh=fresh, quiet=quiet)
