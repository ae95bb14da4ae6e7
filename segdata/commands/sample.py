"""`segdata sample`: Draw the sample data."""

from __future__ import annotations

import click

from segdata.commands._shared import project_of


@click.command("sample", epilog="segdata sample via        draw the VIA sample set into data/raw/sample-via")
@click.argument("formats", nargs=-1, metavar="[via|matlab|cityscapes|voc]...")
@click.pass_context
def command(ctx: click.Context, formats: tuple[str, ...]) -> None:
    """Draw the embedded sample data, in each format's native layout.

    A set that somebody has edited is kept as it is.
    """
    from segdata.sample_data import FORMATS, write_sample_set

    project = project_of(ctx)
    params = project.params().sample
    for format in formats or FORMATS:
        root = project.root / "data" / "raw" / f"sample-{format}"
        result = write_sample_set(
            format, root, num_scenes=params.num_scenes, size_hw=params.size_hw, seed=params.seed
        )
        click.echo(result.message)
