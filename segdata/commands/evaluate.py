"""`segdata evaluate`: Weights to scores."""

from __future__ import annotations

import click

from segdata.commands._shared import check_names, needing, project_of


def _figure(value: float | None) -> str:
    return "absent" if value is None else f"{value:.3f}"


@click.command(
    "evaluate",
    epilog="segdata evaluate sample-via  score the trained model, with two trivial baselines beside it",
)
@click.argument("name")
@click.option("--split", type=click.Choice(["train", "val", "test"]), help="Default: the pipeline file's.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Default: params.yaml.")
@click.pass_context
def command(ctx: click.Context, name: str, split: str | None, device: str | None) -> None:
    """Score a trained model on a split of its shards."""
    project = project_of(ctx)
    check_names(project, name)

    def work() -> None:
        from segdata.evaluation import evaluate_pipeline

        scores = evaluate_pipeline(project, name, split=split, device=device)
        low, high = scores.mean_iou_interval
        click.echo(
            f"{name}: {scores.samples} {scores.split} photos: mean IoU {_figure(scores.mean_iou)} (95 % interval "
            f"{_figure(low)} to {_figure(high)}), pixel accuracy {_figure(scores.pixel_accuracy)}"
        )
        for baseline, figures in scores.baselines.items():
            click.echo(
                f"  baseline {baseline.replace('_', ' ')}: mean IoU {_figure(figures.mean_iou)}, "
                f"pixel accuracy {_figure(figures.pixel_accuracy)}"
            )

    needing("train", "segdata evaluate", work)
