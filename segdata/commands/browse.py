"""`segdata browse`: The photos of a set with their masks, as a local web page."""

from __future__ import annotations

import click

from segdata.commands._shared import check_names, needing, project_of
from segdata.project import Project


@click.command(
    "browse", epilog="segdata browse mine          look at photos, labels and errors in the browser"
)
@click.argument("name")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=7861, show_default=True, help="0: any free one."
)
@click.option("--open/--no-open", "show", default=True, help="Open the browser.  [default: open]")
@click.option(
    "--disagreement",
    is_flag=True,
    help="Let the trained model look at every photo first (the page offers it too).",
)
@click.pass_context
def command(ctx: click.Context, name: str, host: str, port: int, show: bool, disagreement: bool) -> None:
    """Show the shards of pipeline NAME: filter, sort, look closely, and take a selection along as a list.

    Runs until Ctrl-C. Nothing in the project is changed but caches below .segdata.
    """
    project = project_of(ctx)
    check_names(project, name)
    needing("serve", "segdata browse", lambda: _browse(project, name, host, port, show, disagreement))


def _browse(project: Project, name: str, host: str, port: int, show: bool, disagreement: bool) -> None:
    from segdata.browsing.app import browse_app
    from segdata.web import is_loopback, listen, open_browser, run

    app = browse_app(project, name, host)
    opened = app.state.watch.now()  # a set that cannot be opened is told before a page is
    if disagreement:
        _compute(project, name)
    click.echo(f"{name}: {len(opened.index):,} photos")
    if not is_loopback(host):
        click.echo(f"WARNING: everybody who reaches {host} can look at these photos", err=True)
    listening = listen(host, port)

    def ready(url: str) -> None:
        click.echo(f"look at them: {url}   (Ctrl-C ends it)")
        if show:
            open_browser(url)

    try:
        run(app, listening, ready)
    finally:
        app.state.job.stop()


def _compute(project: Project, name: str) -> None:
    from tqdm import tqdm

    from segdata.browsing.compute import compute, why_not
    from segdata.browsing.opened import Watch
    from segdata.errors import ConfigError

    reason = why_not(project, name)
    if reason:
        raise ConfigError("--disagreement", found="no model to ask", fix=reason)
    opened = Watch(project, name).now()
    total = sum(entry.rows for entry in opened.kept.missing())
    with tqdm(total=total, unit="photo", desc=f"look at {name}", disable=None) as progress:
        compute(project, name, opened.shards, opened.kept, progress.update)
