"""`segdata reproduce`: A published figure, and ours."""

from __future__ import annotations

import click

from segdata.commands._shared import check_names, needing, project_of

_OUTSIDE = 1


@click.command(
    "reproduce",
    epilog="segdata reproduce unh-mininet   convert, train, evaluate; the published figure beside ours",
)
@click.argument("name")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Default: params.yaml.")
@click.pass_context
def command(ctx: click.Context, name: str, device: str | None) -> None:
    """Do the whole road of a published result; say what data to put where when it is not there.

    Ends with 1 when our figure lies outside the tolerance. Run it again after Ctrl-C to go on.
    """
    project = project_of(ctx)
    check_names(project, name)

    def work() -> bool | None:
        from segdata.reproduction import reproduce

        comparison = reproduce(project, name, device=device)
        click.echo("")
        for line in comparison.lines():
            click.echo(line)
        return comparison.rows[0].within

    if needing("train", "segdata reproduce", work) is False:
        ctx.exit(_OUTSIDE)
