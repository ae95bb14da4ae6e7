"""Prefect's web page for this project: watch conversions, read what each came to, start one with a click.

    python -m flows.ui                prints the address; Ctrl-C ends it
    python -m flows.ui --open         opens the browser too

The project's own server is used, which a `dvc repro` beside it then shares; with PREFECT_API_URL set, that one. A flow's
file offers what may be started as `deployments(project)`; runs that were started so are children of this process.

Prefect's first web page is shown: it asks this server alone. Its second one ("Switch to V2 UI") also asks amplitude.com
for settings, whatever PREFECT_SERVER_ANALYTICS_ENABLED says (seen with 3.8.8).
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import webbrowser
from collections.abc import Iterator

import click
from prefect import serve
from prefect.deployments.runner import RunnerDeployment
from prefect.settings import PREFECT_API_URL, temporary_settings

import flows
from flows.local_server import server, stop
from segdata.errors import SegdataError
from segdata.project import Project


def offered(project: Project) -> Iterator[RunnerDeployment]:
    """What can be started from the page, from every file of flows/ that offers something."""
    for found in pkgutil.iter_modules(flows.__path__):
        module = importlib.import_module(f"flows.{found.name}")
        if hasattr(module, "deployments"):
            yield from module.deployments(project)


def page_of(api_url: str) -> str:
    """The web page of the server that answers at this API address."""
    return api_url.rstrip("/").removesuffix("/api")


def _said(page: str) -> str:
    return "\n".join(
        [
            f"Prefect: {page}",
            f"  Runs         {page}/runs         each conversion, its tasks and its artifact",
            f"  Deployments  {page}/deployments  Run > Quick run converts a pipeline",
            f"  Artifacts    {page}/artifacts    what the last conversion of each pipeline came to",
            "A dvc repro in another terminal is shown too. Ctrl-C ends this.",
        ]
    )


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def main(opens: bool) -> None:
    """Start the project's Prefect server, print the address of its web page, and serve the flows until Ctrl-C."""
    try:
        project = Project.find()
        project.params()  # a typo is told before a server starts
        click.echo("Starting Prefect's server …", err=True)
        with server(project) as url, temporary_settings({PREFECT_API_URL: url}):
            click.echo(_said(page_of(url)))
            if opens:
                webbrowser.open(page_of(url))
            serve(*offered(project), print_starting_message=False, limit=1)
    except KeyboardInterrupt:
        pass  # while the server came up; serve() ends at the first by itself
    except (SegdataError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    stop(project, if_unused=True)
    click.echo("stopped", err=True)
    sys.exit(130)


if __name__ == "__main__":
    main()
