"""The whole road of one published result, and its figure beside ours.

    $ segdata reproduce voc-deeplabv3-pretrained
    …
    figure    split  height x width  protocol  published  here     95 % interval      difference  verdict
    mean IoU  val    256x256         mean-iou  0.64650    0.63912  0.62830 … 0.64958  -0.00738    within ±0.03
    standard  val    own             mean-iou  -          0.63544  0.62461 … 0.64601  -           -
    (standard: as is usually counted, whatever the report did; own: predictions enlarged to each photo's own size)

Underneath it is a `dvc exp run` of the pipeline's three stages (experiment.py). Where DVC cannot do it, on a GPU machine
without it or for a variant (`base:`), whose file does not hold all the sections that dvc.yaml watches, the same steps run
as plain functions: each does only what is not done already, and an interrupted one goes on where it stopped. A variant
becomes a pipeline for DVC when it is saved as `segdata pipelines --show NAME` prints it, in full.

Importing this package imports no torch; reproducing does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segdata.evaluation.device import quiet_threads
from segdata.project import Project

if TYPE_CHECKING:
    from segdata.reproduction.comparison import Comparison

__all__ = ["reproduce"]


def reproduce(project: Project, name: str, *, device: str | None = None, dvc: bool = True) -> Comparison:
    """Convert, train and evaluate a published pipeline, and compare.

    device  auto, cpu, cuda or mps, without DVC, whose device is the one of params.yaml; None: as that says
    dvc     as an experiment of DVC where it can be one
    Raises ConfigError for a pipeline without `published`, DataError that says what to put where when data or weights
    are not there, and what each step raises.
    """
    quiet_threads()  # before torch is imported
    from segdata.reproduction.road import walk

    return walk(project, name, device=device, dvc=dvc and device is None)
