"""`segdata report`: Scores to one page."""

from __future__ import annotations

import click

from segdata.commands._shared import check_names, needing, project_of
from segdata.project import Project


@click.command(
    "report",
    epilog="segdata report               one HTML page over all pipelines of params.yaml",
)
@click.argument("names", nargs=-1)
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Write one page: tables, curves, confusion matrices, photos with truth and prediction.

    Of the pipelines of params.yaml, to data/report/index.html. Of those that you name, in params.yaml or not, to
    data/reports/NAME/index.html (of several, data/reports/NAME+NAME/index.html).
    """
    project = project_of(ctx)
    names = tuple(dict.fromkeys(names))
    for name in names:
        check_names(project, name)
    needing("train", "segdata report", lambda: report_and_tell(project, names))


def report_and_tell(project: Project, names: tuple[str, ...] = ()) -> None:
    """Write the page over some pipelines, else those of params.yaml; say where it lies, and what was set aside."""
    from segdata.report import build_report
    from segdata.report.inputs import read_check

    told = names or tuple(project.params().pipelines)
    path = build_report(project, told, project.report_dir(*names))
    for name in told:
        check = read_check(project.check_path(name))
        aside = sum(finding.action == "set aside" for finding in check.findings) if check else 0
        if aside:
            click.echo(f"WARNING: {name}: {aside} set aside, see data/checks/{name}.json", err=True)
    click.echo(f"report: {path}")
