"""`segdata convert`: Source to shards."""

from __future__ import annotations

import os
from importlib import import_module

import click

from segdata.commands._shared import check_names, needing, project_of


@click.command("convert", epilog="segdata convert sample-via   read the source, write data/shards/sample-via")
@click.argument("name")
@click.option(
    "--strict",
    is_flag=True,
    help="An error where a photo cannot be used; the old set stays. What the pipeline file itself leaves out is none.",
)
@click.option("--verify", is_flag=True, help="Read every file again, whatever its size and times say.")
@click.pass_context
def command(ctx: click.Context, name: str, strict: bool, verify: bool) -> None:
    """Convert a pipeline's source into its shard set (a Prefect flow)."""
    project = project_of(ctx)
    check_names(project, name)
    os.environ.setdefault("PREFECT_HOME", str(project.scratch_dir("prefect")))
    flow = needing("flows", "segdata convert", lambda: import_module("flows.convert"))
    flow.convert_and_tell(project, name, strict=strict, verify=verify)
