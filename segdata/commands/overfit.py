"""`segdata overfit`: One photo by heart."""

from __future__ import annotations

import click

from segdata.commands._shared import check_names, needing, project_of

_NOT_REACHED = 1


@click.command(
    "overfit",
    epilog="segdata overfit sample-via   can the model learn one photo by heart? The first sanity check",
)
@click.argument("name")
@click.option(
    "--photo",
    metavar="ID",
    help="Which photo of the training split. Default: the first that shows more than one class.",
)
@click.option("--steps", type=click.IntRange(min=1), default=400, show_default=True, help="At most so many.")
@click.option(
    "--lr", type=click.FloatRange(min=0, min_open=True), default=1e-3, show_default=True, help="Of Adam."
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Default: params.yaml.")
@click.pass_context
def command(
    ctx: click.Context, name: str, photo: str | None, steps: int, lr: float, device: str | None
) -> None:
    """Train a pipeline's model on one photo until more than 97 % of its pixels are right. Keeps nothing."""
    project = project_of(ctx)
    check_names(project, name)

    def work() -> bool:
        from segdata.evaluation.device import quiet_threads

        quiet_threads()
        from segdata.training.overfit import overfit

        done = overfit(project, name, id=photo, steps=steps, lr=lr, device=device)
        what = f"pixel accuracy {done.accuracy:.4f} after {done.steps} steps, loss {done.loss:.4f}"
        what += f" (with its commonest class alone: {done.commonest:.4f})"
        click.echo(f"{name}: {done.id}: {what}")
        if not done.reached:
            click.echo(
                f"{name}: more than 0.97 was to be reached. Try another --lr or more --steps; if none helps, look at the "
                "labels (segdata show), and at the model.",
                err=True,
            )
        return done.reached

    if not needing("train", "segdata overfit", work):
        ctx.exit(_NOT_REACHED)
