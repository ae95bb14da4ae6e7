"""`segdata check`: Source to validation report."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

import click

from segdata.commands._shared import check_names, needing, project_of
from segdata.errors import DataError
from segdata.weights_file import check_weights_file

if TYPE_CHECKING:
    from segdata.project import Project

MOST_LINES = 20


@click.command(
    "check", epilog="segdata check mine           what is doubtful about the annotations, with pictures"
)
@click.argument("name")
@click.option("--jobs", type=click.IntRange(1, 256), help="Photos read at a time. Default: one per core.")
@click.pass_context
def command(ctx: click.Context, name: str, jobs: int | None) -> None:
    """Write data/check-report/NAME/index.html over a pipeline's source, before anything is converted.

    Reads every photo as the conversion would, the model's options as training would, and looks for a file of weights that
    it starts from. Exit code 1 when errors or warnings were found, 2 when no photo or nothing at all could be read.
    """
    project = project_of(ctx)
    check_names(project, name)
    _check_model(project, name)
    needing("train", "segdata check", lambda: import_module("jinja2"))
    untrainable = _wrong_weights(project, name)
    code = needing("core", "segdata check", lambda: _check(project, name, jobs or os.cpu_count() or 1))
    if untrainable is not None:
        click.echo(f"  warning: it cannot be trained: {untrainable}", err=True)
    ctx.exit(code if untrainable is None else max(code, 1))


def _wrong_weights(project: Project, name: str) -> DataError | None:
    """What is wrong with the file of weights that the model starts from. Raises ConfigError for one outside the project."""
    try:
        check_weights_file(project, name)
    except DataError as error:
        return error
    return None


def _check_model(project: Project, name: str) -> None:
    """The model's options decode; where there is no torch, that is for training to say. Raises ConfigError."""
    from segdata.errors import MissingExtraError
    from segdata.models import decode_options

    model = project.pipeline(name).model
    with suppress(MissingExtraError):
        decode_options(model.name, model.options, f"pipelines/{name}.yaml")


def _check(project: Project, name: str, jobs: int) -> int:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from tqdm import tqdm

    from segdata.checking import examine, write_json, write_page
    from segdata.inspection.yaml_text import printable

    folder = project.root / "data" / "check-report" / name
    with (
        TemporaryDirectory(prefix=f"check-{name}-", dir=project.scratch_dir()) as pictures,
        tqdm(unit="photo", desc=f"check {name}", disable=None) as progress,
    ):
        found = examine(project, name, Path(pictures), jobs=jobs, start=progress.reset, tick=progress.update)
        progress.close()
        write_page(folder / "index.html", found)
    check = found.check
    write_json(folder / "check.json", check)
    click.echo(check.counts_line())
    loud = [kind.line() for kind in check.kinds if kind.severity != "note"]
    for line in loud[:MOST_LINES]:
        click.echo(f"  {printable(line)}", err=True)
    if len(loud) > MOST_LINES:
        click.echo(f"  … and {len(loud) - MOST_LINES} more kinds in the report", err=True)
    click.echo(f"report: {(folder / 'index.html').relative_to(project.root)}")
    if not check.read:
        return 2
    return 1 if check.matters else 0
