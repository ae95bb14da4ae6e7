"""What tests of whole training runs share: runs that end before their end, and what a run wrote."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from segdata.project import Project
from segdata.training.keep import EpochFigures

NAME = "colours"
MakeProject = Callable[..., Project]


class PulledPlugError(Exception):
    """Stands for whatever ends a process."""


def stop_after(epoch: int, error: BaseException) -> Callable[[EpochFigures], None]:
    def stop(figures: EpochFigures) -> None:
        if figures.epoch == epoch:
            raise error

    return stop


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def curves(project: Project) -> list[dict[str, str]]:
    with (project.run_dir(NAME) / "curves.csv").open() as file:
        return list(csv.DictReader(file))
