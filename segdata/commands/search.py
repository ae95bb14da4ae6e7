"""`segdata search`: Better parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from segdata.commands._shared import check_names, needing, project_of, tell_if_made_otherwise

if TYPE_CHECKING:
    from segdata.project import Project
    from segdata.search.outcome import Outcome


@click.command(
    "search",
    epilog="segdata search sample-via    try other parameters side by side; run again after Ctrl-C to go on",
)
@click.argument("name")
@click.option("--apply", is_flag=True, help="Put the best values into the pipeline file.")
@click.option("--fresh", is_flag=True, help="Train every trial again, also those that are finished.")
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="A Ray cluster that is up. Default: params.yaml, or this machine alone.",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Default: params.yaml.")
@click.pass_context
def command(
    ctx: click.Context, name: str, apply: bool, fresh: bool, address: str | None, device: str | None
) -> None:
    """Run the search that a pipeline file describes (section `search`), and say what its best values change.

    Writes data/search/NAME/: a page with a curve per trial, tables, best.yaml. Finished trials are never trained twice.
    """
    project = project_of(ctx)
    check_names(project, name)

    def work() -> Outcome:
        from segdata.search import search_pipeline

        tell_if_made_otherwise(project, name)
        return search_pipeline(project, name, device=device, address=address, fresh=fresh)

    _tell(project, needing("ray", "segdata search", work), apply)


def _tell(project: Project, outcome: Outcome, apply: bool) -> None:
    from segdata.search import patch
    from segdata.search.outcome import results_dir

    for line in outcome.failures():
        click.echo(line, err=True)
    click.echo(f"{outcome.line()}.")
    click.echo(f"page: {(results_dir(project, outcome.name) / 'index.html').relative_to(project.root)}")
    assert outcome.best is not None
    where, path = f"pipelines/{outcome.name}.yaml", project.pipeline_path(outcome.name)
    before, after = patch.patched(path, where, outcome.best.values)
    if before == after:
        click.echo(f"{where} has these values already.")
        return
    click.echo(patch.diff_of(before, after, where), nl=False)
    if lacking := outcome.not_compared():
        click.echo(f"not compared: {lacking}.")
    if apply:
        patch.apply(path, after)
        click.echo(f"applied to {where}")
        return
    click.echo(f"apply:  segdata search {outcome.name} --apply")
    if outcome.name in project.params().pipelines:
        click.echo(f"or try: {patch.experiment(project, outcome.name, outcome.best.values)}")
