"""`segdata inspect`: a folder of photos to a pipeline file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from segdata.commands._shared import needing, project_of
from segdata.project import Project
from segdata.wording import counted

if TYPE_CHECKING:
    from segdata.inspection import Inspection, Proposal


@click.command(
    "inspect", epilog="segdata inspect data/raw/mine  what lies there, and pipelines/mine.yaml to start from"
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the new pipeline. Default: from the folder.")
@click.option("--format", "format", help="Take it as this format. Default: the one that is surest.")
@click.option("--write/--no-write", default=True, help="Write pipelines/NAME.yaml (default), or look only.")
@click.pass_context
def command(ctx: click.Context, path: Path, name: str | None, format: str | None, write: bool) -> None:
    """Recognise a folder of annotated photos and start a pipeline file for it.

    Prints what lies there: photos, annotations, classes, sizes, EXIF turns, splits, and what is doubtful.

    \b
    Exit code 0  the file is written (--no-write: a format knows the folder); findings change nothing in that
    Exit code 2  no file: nothing there can be read, or none may be written; the message says why
    """
    project = project_of(ctx) if write else None
    ctx.exit(needing("core", "segdata inspect", lambda: _inspect(project, path, name, format)))


def _inspect(project: Project | None, path: Path, name: str | None, format: str | None) -> int:
    from segdata.inspection import describe, inspect_folder

    found = inspect_folder(path, format)
    if found.survey is None:
        if found.inside:
            _say_which_folder(found, path)
        else:
            _say_what_is_needed(found, format)
        return 2
    for line in describe(found, str(path)):
        click.echo(line)
    return 0 if project is None else _write(project, found, name)


def _say_which_folder(found: Inspection, path: Path) -> None:
    from segdata.inspection import better_inside

    click.echo(f"error: {path}: what is annotated here lies in a folder below", err=True)
    for line in better_inside(found, str(path)):
        click.echo(f"  {line}", err=True)
    click.echo("  or --format masks, which reads its masks from here as plain numbers or colours", err=True)


def _say_what_is_needed(found: Inspection, format: str | None) -> None:
    from segdata.formats._parts.photo_files import is_photo
    from segdata.inspection import formats_of_subfolders, nothing_found

    photos = sum(is_photo(path.name) for path in found.root.rglob("*"))
    holds = f"{counted(photos, 'photo')}, and" if photos else "no photo, and"
    what = f"not {format}, which is" if format else f"{holds} no annotation that segdata knows. It reads"
    click.echo(f"error: {found.root}: {what}", err=True)
    for line in nothing_found(found, (format,) if format else ()):
        click.echo(line, err=True)
    for folder, known_as in formats_of_subfolders(found.root, format).items():
        click.echo(
            f"its folder {folder!r} looks like {known_as}: segdata inspect {found.root / folder}", err=True
        )


def _write(project: Project, found: Inspection, name: str | None) -> int:
    from segdata.inspection import name_of, place_in, propose, render, write_new

    assert found.survey is not None
    if not found.survey.annotated and not found.survey.labels:
        click.echo(
            "error: no pipeline file is written, as no annotation can be read: the findings say why", err=True
        )
        return 2
    root = place_in(project, found.root)
    name = name_of(root) if name is None else name
    proposal = propose(found, name, root)
    if proposal.problem:
        click.echo(f"error: no pipeline file is written, as {proposal.problem}", err=True)
        return 2
    write_new(project, name, render(proposal))
    click.echo(f"\nwrote pipelines/{name}.yaml")
    _say_what_to_do(project, proposal)
    return 0


def _say_what_to_do(project: Project, proposal: Proposal) -> None:
    from segdata.inspection import MODEL, raw_folder
    from segdata.inspection.yaml_text import flow, printable, scalar

    name, root = proposal.name, proposal.root
    if proposal.checks:
        click.echo("check in it, before you train:")
        for check in proposal.checks:
            click.echo(f"  - {printable(check)}")
    raw = raw_folder(root)
    if raw is None:
        click.echo(f"dvc repro watches data/raw/ alone: move {root} there, and set source.root.")
    else:
        entry = {"raw": raw, "format": proposal.survey.format, "model": MODEL}
        click.echo("add to params.yaml, under pipelines:")
        click.echo(f"  {scalar(name)}: {flow(entry)}")
    click.echo("and then:")
    steps = [f"segdata show {name}", f"segdata check {name}", f"segdata convert {name}"]
    if raw is not None:
        tracked = (project.root / f"{root}.dvc").is_file()
        steps += (
            ["dvc repro"]
            if tracked
            else [f"dvc add '{root}'" if " " in root else f"dvc add {root}", "dvc repro"]
        )
    for step in steps:
        click.echo(f"  {step}")
