"""`segdata remove`: photos and their annotations out of a source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from segdata.commands._shared import listed_ids, needing, project_of
from segdata.wording import counted

if TYPE_CHECKING:
    from segdata.adding import Removed


@click.command(
    "remove", epilog="segdata remove mine IMG_0107   photo and annotation out, kept in .segdata/removed"
)
@click.argument("name")
@click.argument("ids", nargs=-1)
@click.option("--from", "list_", type=click.Path(path_type=Path), help="Text file of ids, one per line.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@click.pass_context
def command(ctx: click.Context, name: str, ids: tuple[str, ...], list_: Path | None, dry_run: bool) -> None:
    """Take photos out of the source of pipeline NAME, with their annotations; nothing is deleted.

    IDS are those of samples, as segdata show calls them. A remove that was killed is completed, or taken back, by the
    next add or remove.
    """

    def work() -> Removed:
        from segdata.adding import remove

        wanted = [*ids, *(listed_ids("--from", list_) if list_ else [])]
        return remove(project_of(ctx), name, wanted, dry_run=dry_run)

    removed = needing("core", "segdata remove", work)
    for line in (*removed.said, *removed.files):
        click.echo(f"  {line}")
    edited = f", {', '.join(removed.edited)} edited" if removed.edited else ""
    verb = f"moved to {removed.kept}" if removed.done else "would be moved to .segdata/removed"
    click.echo(f"{name}: {counted(len(removed.files), 'file')} {verb}{edited}")
    for line in removed.effects:
        click.echo(f"  {line}")
