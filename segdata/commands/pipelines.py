"""`segdata pipelines`: What this project builds."""

from __future__ import annotations

import click

from segdata.commands._shared import check_names, check_raw, project_of


@click.command(
    "pipelines", epilog="segdata pipelines            what this project builds, and what is there already"
)
@click.option(
    "--check", is_flag=True, help="Say nothing unless something would stop `dvc repro`: a typo, no raw data."
)
@click.pass_context
def command(ctx: click.Context, check: bool) -> None:
    """List the pipelines with their format, model, and what is on disk."""
    project = project_of(ctx)
    built = project.params().pipelines
    for name in built:
        check_names(project, name)
        if check:
            check_raw(project, name)
    if check:
        return
    rows = [("pipeline", "format", "model", "raw data", "shards", "trained", "in params.yaml")]
    for name in project.pipeline_names():
        pipeline = project.pipeline(name)
        there = [
            (project.root / pipeline.source.root).is_dir(),
            (project.shards_dir(name) / "manifest.parquet").is_file(),
            (project.run_dir(name) / "model.safetensors").is_file(),
            name in built,
        ]
        marks = ["yes" if mark else "-" for mark in there]
        rows.append(
            (name, pipeline.source.format, pipeline.model.name, marks[0], marks[1], marks[2], marks[3])
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
