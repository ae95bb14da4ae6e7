"""`segdata repair`: Make damaged shards again, and only those."""

from __future__ import annotations

import click

from segdata.commands._shared import project_of
from segdata.wording import counted


@click.command("repair", epilog="segdata repair sample-via   make damaged shards again from the originals")
@click.argument("name")
@click.pass_context
def command(ctx: click.Context, name: str) -> None:
    """Make damaged shards again from the originals, byte for byte as they were; the rest is not touched."""
    from segdata.integrity import repair

    project = project_of(ctx)
    project.pipeline_path(name)
    done = repair(project, name)
    for damage in done.before.damages:
        click.echo(f"  {damage.line()}", err=True)
    mended = len(done.before.damaged_shards)
    if mended:
        click.echo(
            f"{name}: {mended} of {done.before.shards} shards made again, with {counted(done.read, 'photo')} read anew"
        )
    else:
        click.echo(f"{name}: every byte of the shards holds; nothing to repair")
