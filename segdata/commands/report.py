"""`segdata report`: Scores to one page."""

from __future__ import annotations

import click

from segdata.commands._shared import needing, project_of
from segdata.project import Project


@click.command(
    "report", epilog="segdata report               one HTML page over all pipelines of params.yaml"
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Write data/report/index.html: tables, curves, confusion matrices, photos with truth and prediction."""
    needing("train", "segdata report", lambda: report_and_tell(project_of(ctx)))


def report_and_tell(project: Project) -> None:
    """Write the page over the pipelines of params.yaml; say where it lies, and what was set aside."""
    from segdata.report import build_report
    from segdata.report.inputs import read_check

    path = build_report(project, tuple(project.params().pipelines))
    for name in project.params().pipelines:
        check = read_check(project.check_path(name))
        aside = sum(finding.action == "set aside" for finding in check.findings) if check else 0
        if aside:
            click.echo(f"WARNING: {name}: {aside} set aside, see data/checks/{name}.json", err=True)
    click.echo(f"report: {path}")
