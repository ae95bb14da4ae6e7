"""`segdata add`: new annotated photos into a source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from segdata.commands._shared import needing, project_of
from segdata.wording import counted

if TYPE_CHECKING:
    from segdata.adding import Added
    from segdata.pipeline import Split

SHOWN = 20


@click.command(
    "add", epilog="segdata add mine roll7/ --annotations roll7.json   photos and entries into the source"
)
@click.argument("name")
@click.argument("photos", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--annotations", type=click.Path(path_type=Path), help="VIA file; mask or folder of masks; JSON files."
)
@click.option(
    "--split", type=click.Choice(["train", "val", "test"]), help="Where the source has official splits."
)
@click.option("--file", help="Annotation file that takes the entries, where the source has several.")
@click.option("--into", default="", help="Folder below the photos to put them in: roll7.")
@click.option("--replace", is_flag=True, help="Take new annotations of photos that are annotated otherwise.")
@click.option("--skip-bad", is_flag=True, help="Take the rest where some cannot be taken.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    photos: tuple[Path, ...],
    annotations: Path | None,
    split: str | None,
    file: str | None,
    into: str,
    replace: bool,
    skip_bad: bool,
    dry_run: bool,
) -> None:
    """Put photos (files, or folders of them) and their annotations into the source of pipeline NAME.

    They are checked first, alone; nothing is put in when one of them cannot be read. An add that was killed is
    completed, or taken back, by the next add or remove, or by segdata add NAME alone.
    """

    def work() -> Added:
        from segdata.adding import Choice, add

        choice = Choice(cast("Split | None", split), file, into, replace)
        return add(project_of(ctx), name, photos, annotations, choice, skip_bad=skip_bad, dry_run=dry_run)

    added = needing("core", "segdata add", work)
    refused = bool(added.bad) and not skip_bad
    _tell(name, added, dry_run, refused)
    ctx.exit(2 if refused else 1 if added.bad else 0)


def _tell(name: str, added: Added, dry_run: bool, refused: bool) -> None:
    for line in added.said:
        click.echo(f"  {line}")
    for finding in added.findings[:SHOWN]:
        click.echo(f"  {finding.line()}", err=finding.severity != "note")
    for one in added.bad:
        click.echo(f"  {one.line()}", err=True)
    if refused:
        click.echo(f"error: {name}: {len(added.bad)} cannot be taken, so nothing was added", err=True)
        return
    if added.there:
        click.echo(f"  {counted(len(added.there), 'photo')} there already: {', '.join(added.there[:5])}")
    if added.bare:
        click.echo(
            f"  without annotation: {', '.join(added.bare[:5])} ({counted(len(added.bare), 'photo')})",
            err=True,
        )
    verb = "added" if added.done else "would be added" if dry_run else "added: nothing is new"
    aside = f"; {len(added.bad)} set aside, listed above" if added.bad else ""
    click.echo(
        f"{name}: {counted(len(added.photos), 'photo')}, {counted(len(added.annotated), 'annotation')} {verb}{aside}"
    )
    for line in added.effects:
        click.echo(f"  {line}")
