"""`segdata doctor`: What is installed."""

from __future__ import annotations

import click


@click.command("doctor", epilog="segdata doctor               versions, accelerator, and what is missing")
@click.option("--fast", is_flag=True, help="Do not import torch to look for an accelerator.")
@click.pass_context
def command(ctx: click.Context, fast: bool) -> None:
    """Say what is installed, which accelerator is seen, and what is missing for what."""
    from segdata.doctor import examine

    findings = examine(ctx.find_root().obj, look_for_accelerator=not fast)
    for line in findings.lines:
        click.echo(line)
    ctx.exit(1 if findings.missing else 0)
