"""Look inside a trained model: what its features have in common per label, and what each pyramid block is good for.

>>> analyse_similarity(Project.find(), "sample-via")       # → data/analysis/sample-via/similarity/
>>> analyse_layers(Project.find(), "sample-via")           # → data/analysis/sample-via/layers/

Both are analyses of the report on DenseASPP (report 002). Importing this package imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from segdata.atomic import replace_folder
from segdata.errors import MissingExtraError
from segdata.project import Project

Tick = Callable[[int, int], None]

__all__ = ["ANALYSES", "analyse_layers", "analyse_similarity"]


def analyse_similarity(
    project: Project,
    name: str,
    *,
    split: str | None = None,
    photos: int = 4,
    device: str | None = None,
    tick: Tick | None = None,
) -> Path:
    """Write data/analysis/<name>/similarity/ over a split (default: the pipeline's own) and return its page.

    photos  how many are drawn with a heat-map per label
    device  auto, cpu, cuda or mps; None: as params.yaml says
    tick    called with (photos done, photos in all)
    The folder appears whole or not at all; the same run and shards give the same bytes on one kind of processor.
    Raises TrainingError where no run stands or it was made for other classes, ShardError, ConfigError, MissingExtraError.
    """
    return _analyse("similarity", project, name, split, photos, device, tick)


def analyse_layers(
    project: Project,
    name: str,
    *,
    split: str | None = None,
    photos: int = 4,
    device: str | None = None,
    tick: Tick | None = None,
) -> Path:
    """Write data/analysis/<name>/layers/ over a split and return its page; as analyse_similarity.

    Raises ConfigError besides for a model without a pyramid of dense blocks.
    """
    return _analyse("layers", project, name, split, photos, device, tick)


ANALYSES = {"similarity": analyse_similarity, "layers": analyse_layers}


def _analyse(
    analysis: str,
    project: Project,
    name: str,
    split: str | None,
    photos: int,
    device: str | None,
    tick: Tick | None,
) -> Path:
    """What both share: measure, write the numbers, draw the page from them."""
    numbers, drawn, subject = (_module(module) for module in (analysis, f"{analysis}_page", "subject"))
    found = numbers.measure(subject.Subject.open(project, name, split, device, tick))
    folder = project.root / "data" / "analysis" / name / analysis
    with replace_folder(folder) as temporary:
        numbers.write_numbers(found, temporary)
        drawn.write_page(found, temporary / "index.html", photos)
    return folder / "index.html"


def _module(name: str):  # type: ignore[no-untyped-def]
    from importlib import import_module

    from segdata.evaluation.device import quiet_threads

    quiet_threads()
    try:
        return import_module(f"segdata.analysis.{name}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("segdata"):
            raise
        raise MissingExtraError.of(error.name, "train", "segdata analyse") from error
