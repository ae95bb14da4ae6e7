"""`segdata report`: Scores to one page."""

from __future__ import annotations

import click

from segdata.commands._shared import needing, project_of


@click.command(
    "report", epilog="segdata report               one HTML page over all pipelines of params.yaml"
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Write data/report/index.html: tables, curves, confusion matrices, photos with truth and prediction."""
    project = project_of(ctx)

    def work() -> None:
        from segdata.report import build_report

        path = build_report(project, tuple(project.params().pipelines))
        click.echo(f"report: {path}")

    needing("train", "segdata report", work)
