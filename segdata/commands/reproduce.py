"""`segdata reproduce`: A published figure, and ours."""

from __future__ import annotations

import click

from segdata.commands._shared import check_names, needing, project_of
from segdata.commands.report import report_and_tell

_OUTSIDE = 1
_INTERRUPTED = 130


@click.command(
    "reproduce",
    epilog="segdata reproduce unh-mininet   convert, train, evaluate; the published figure beside ours",
)
@click.argument("name")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    help="There, without DVC. Default: params.yaml.",
)
@click.option("--no-dvc", is_flag=True, help="Convert, train and score without DVC.")
@click.pass_context
def command(ctx: click.Context, name: str, device: str | None, no_dvc: bool) -> None:
    """Do the whole road of a published result; say what data to put where when it is not there.

    It is a `dvc exp run` where DVC can do it. Ends with 1 when the report states a value for the first figure of the table and
    ours lies outside its tolerance, or was computed with other settings than published. Run it again after Ctrl-C to go on.
    """
    project = project_of(ctx)
    check_names(project, name)

    def work() -> bool | None:
        from segdata.reproduction import reproduce

        comparison = reproduce(project, name, device=device, dvc=not no_dvc)
        click.echo("")
        for line in comparison.lines():
            click.echo(line)
        click.echo("")
        report_and_tell(project, (name,))
        return comparison.agrees

    try:
        agrees = needing("train", "segdata reproduce", work)
    except KeyboardInterrupt:
        from segdata.reproduction.road import command_of

        again = command_of(name, device, dvc=not no_dvc)
        click.echo(f"\n{name}: stopped; `{again}` goes on where it was.", err=True)
        ctx.exit(_INTERRUPTED)
    if agrees is False:
        ctx.exit(_OUTSIDE)
