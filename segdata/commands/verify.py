"""`segdata verify`: Is every byte of a shard set as it was written?"""

from __future__ import annotations

import click

from segdata.commands._shared import project_of
from segdata.wording import counted


@click.command("verify", epilog="segdata verify sample-via   read every byte of data/shards/sample-via")
@click.argument("name")
@click.pass_context
def command(ctx: click.Context, name: str) -> None:
    """Check every byte of the shards, and every row of the manifest, against each other; damage names shard, sample and column."""
    from segdata.integrity import verify

    project = project_of(ctx)
    project.pipeline_path(name)
    verdict = verify(project.shards_dir(name))
    for damage in verdict.damages:
        click.echo(f"  {damage.line()}", err=True)
    size = f"{counted(verdict.samples, 'sample')} in {counted(verdict.shards, 'shard')}, {verdict.bytes / 2**20:.1f} MiB"
    if verdict.damages:
        damaged = len(verdict.damaged_shards)
        click.echo(
            f"{name}: {damaged} of {counted(verdict.shards, 'shard')} {'is' if damaged == 1 else 'are'} damaged ({size})"
        )
        click.echo(f"Mend them: segdata repair {name}, or dvc checkout --force data/shards/{name}", err=True)
        ctx.exit(1)
    click.echo(f"{name}: every byte of the shards holds ({size})")
