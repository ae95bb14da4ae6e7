"""`segdata train`: Shards to weights."""

from __future__ import annotations

import click

from segdata.commands._shared import check_names, needing, project_of, tell_if_made_otherwise


@click.command(
    "train", epilog="segdata train sample-via     train on its shards; run again after Ctrl-C to go on"
)
@click.argument("name")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Default: params.yaml.")
@click.option("--fresh", is_flag=True, help="Start over, also when an unfinished run could go on.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="One per GPU; they share each batch.",
)
@click.option(
    "--session", type=click.IntRange(min=1), metavar="EPOCHS", help="Stop after so many; run again to go on."
)
@click.pass_context
def command(
    ctx: click.Context, name: str, device: str | None, fresh: bool, processes: int, session: int | None
) -> None:
    """Train a pipeline's model on its shards. Needs neither dvc nor prefect."""
    project = project_of(ctx)
    check_names(project, name)

    def work() -> None:
        from segdata.training import train_pipeline

        tell_if_made_otherwise(project, name)
        train_pipeline(project, name, device=device, resume=not fresh, processes=processes, session=session)

    needing("train", "segdata train", work)
