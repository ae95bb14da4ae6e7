"""The whole road of one published result, and its figure beside ours.

    $ segdata reproduce voc-deeplabv3-pretrained
    …
    figure       split  protocol             published  here     95 % interval      difference  verdict
    mean IoU     val    mean-iou               0.64650  0.63912  0.62830 … 0.64958    -0.00738  within ±0.03
    standard     val    mean-iou, own sizes          -  0.63544  0.62461 … 0.64601           -  -

It runs convert, train and evaluate as plain functions, not through DVC: published pipelines are not in params.yaml, since
most people lack their data, and a variant (`base:`) does not hold all the sections that dvc.yaml watches. Each step does
only what is not done already, and an interrupted one goes on where it stopped. Who wants DVC to keep such a result adds
a whole pipeline (`segdata pipelines --show NAME` prints a variant in full) to params.yaml and runs `dvc exp run`.

Importing this package imports no torch; reproducing does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segdata.project import Project

if TYPE_CHECKING:
    from segdata.reproduction.comparison import Comparison

__all__ = ["reproduce"]


def reproduce(project: Project, name: str, *, device: str | None = None) -> Comparison:
    """Convert, train and evaluate a published pipeline, and compare.

    device  auto, cpu, cuda or mps; None: as params.yaml says
    Raises ConfigError for a pipeline without `published`, DataError that says what to put where when data or weights
    are not there, and what each step raises.
    """
    from segdata.reproduction.road import walk

    return walk(project, name, device=device)
