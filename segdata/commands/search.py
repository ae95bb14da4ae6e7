"""`segdata search`: Better parameters."""

from __future__ import annotations

import click

from segdata.commands._shared import check_names, needing, project_of


@click.command("search", epilog="segdata search mine          try other parameters, side by side; run again after Ctrl-C to go on")
@click.argument("name")
@click.option("--address")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Default: params.yaml.")
@click.option("--fresh", is_flag=True, help="Train every trial again, also those that are finished.")
@click.pass_context
def command(ctx: click.Context, name: str, address: str | None, device: str | None, fresh: bool) -> None:
    """x"""
    project = project_of(ctx)
    check_names(project, name)

    def work() -> None:
        from segdata.search import search_pipeline

        o = search_pipeline(project, name, device=device, address=address, fresh=fresh)
        click.echo(o.line())

    needing("ray", "segdata search", work)
