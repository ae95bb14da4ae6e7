"""`segdata show`: photo, mask and overlay as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from segdata.commands._shared import check_names, needing, project_of
from segdata.wording import counted

if TYPE_CHECKING:
    from segdata.pipeline import Split
    from segdata.project import Project

FEW = 4


@click.command("show", epilog="segdata show mine IMG_0001   photo, mask and overlay side by side, as a PNG")
@click.argument("name")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Default: data/shown/NAME.")
@click.option("--split", type=click.Choice(["train", "val", "test"]), help="Of this split only.")
@click.option(
    "--size", type=click.IntRange(16, 8192), default=800, show_default=True, help="Longer side of a panel."
)
@click.option("--prediction", is_flag=True, help="Add what the model predicted (after segdata evaluate).")
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    ids: tuple[str, ...],
    out: Path | None,
    split: Split | None,
    size: int,
    prediction: bool,
) -> None:
    """Draw photo, mask and overlay of a few samples side by side, with the legend.

    Samples are read from the raw photos, or from the shards where these are absent. An ID may be the end of one;
    without IDs a few are taken, evenly spaced.
    """
    project = project_of(ctx)
    check_names(project, name)
    folder = out or project.root / "data" / "shown" / name
    ctx.exit(
        needing("core", "segdata show", lambda: _show(project, name, ids, split, size, prediction, folder))
    )


def _show(
    project: Project,
    name: str,
    wanted: tuple[str, ...],
    split: Split | None,
    size: int,
    prediction: bool,
    folder: Path,
) -> int:
    from PIL import Image

    from segdata.atomic import replace_file
    from segdata.errors import DataError
    from segdata.showing import choose_ids, draw_sheet, evenly_spaced_ids, file_name, open_shown

    source = open_shown(project, name, split, prediction)
    ids = source.ids()
    where = f"{name}, from {source.said_to_be}" + (f", split {split}" if split else "")
    if not ids:
        raise DataError(where, found="no sample", expected="at least one", fix=f"Look: segdata check {name}.")
    chosen = choose_ids(wanted, ids, where) if wanted else evenly_spaced_ids(ids, FEW)
    click.echo(f"{where}: {counted(len(ids), 'sample')}")
    failed = 0
    for id in chosen:
        try:
            shown = source.read(id)
        except DataError as error:
            click.echo(f"error: {error}", err=True)
            failed += 1
            continue
        path = folder / file_name(id)
        with replace_file(path) as temporary:
            Image.fromarray(draw_sheet(shown, size)).save(temporary, "PNG")
        inside = path.is_relative_to(project.root)
        click.echo(str(path.relative_to(project.root) if inside else path))
        for finding in shown.findings:
            click.echo(f"  {finding.line()}")
    return 0 if not failed else 1 if failed < len(chosen) else 2
