"""`segdata analyse`: Look inside a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from segdata.commands._shared import check_names, needing, project_of

if TYPE_CHECKING:
    from pathlib import Path

    from segdata.project import Project


@click.command(
    "analyse",
    epilog="segdata analyse similarity sample-via   which labels look alike to a model, and where it sees each",
)
@click.argument("analysis", type=click.Choice(["similarity", "layers"]))
@click.argument("name")
@click.option("--split", type=click.Choice(["train", "val", "test"]), help="Default: the pipeline's own.")
@click.option(
    "--photos", type=click.IntRange(0, 100), default=4, show_default=True, help="Drawn on the page."
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Default: params.yaml.")
@click.pass_context
def command(
    ctx: click.Context, analysis: str, name: str, split: str | None, photos: int, device: str | None
) -> None:
    """Look inside the trained model of a pipeline, and write a page to data/analysis/NAME/.

    similarity: heat-maps of how like a label's mean feature every place of a photo is, and how alike the labels are.
    layers: scores and pictures with the top 1, 2, … blocks of a DenseASPP (or MiniNet) left out.
    """
    project = project_of(ctx)
    check_names(project, name)
    path = needing(
        "train", "segdata analyse", lambda: _analyse(project, analysis, name, split, photos, device)
    )
    click.echo(f"page: {path.relative_to(project.root)}")


def _analyse(
    project: Project, analysis: str, name: str, split: str | None, photos: int, device: str | None
) -> Path:
    from tqdm import tqdm

    from segdata.analysis import ANALYSES

    with tqdm(unit="photo", desc=f"{analysis} {name}", disable=None) as progress:

        def tick(done: int, total: int) -> None:
            progress.total = total
            progress.update(done - progress.n)

        return ANALYSES[analysis](project, name, split=split, photos=photos, device=device, tick=tick)
