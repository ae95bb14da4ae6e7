"""Convert, train, evaluate, by DVC or by hand: each step does what is left of it, and says so in a line."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import click

from segdata.conversion import Conversion, one_conversion
from segdata.evaluation import evaluate_pipeline
from segdata.evaluation.score import Scores
from segdata.pipeline import Published, Split
from segdata.project import Project
from segdata.reproduction.comparison import Comparison, compare
from segdata.reproduction.experiment import read_scores, run_experiment, why_not
from segdata.reproduction.needs import check_data, published_of
from segdata.shards.schema import MANIFEST
from segdata.training import train_pipeline


def walk(project: Project, name: str, *, device: str | None, dvc: bool) -> Comparison:
    """See segdata.reproduction.reproduce."""
    from segdata.training.start import find_weights

    pipeline, published = published_of(project, name)
    check_data(project, pipeline)
    if pipeline.model.weights is not None:
        find_weights(project, pipeline.model.weights, f"pipelines/{name}.yaml")
    scores: dict[Split, Scores] = {}
    reason = why_not(project, name) if dvc else "as asked"
    if reason is None:
        if name not in project.params().pipelines and _trained(project, name):
            click.echo(
                f"{name}: trained already, but not by DVC, which does it again; `{command_of(name, None, dvc=False)}` takes what "
                "is there"
            )
        run_experiment(project, name)
        own = pipeline.evaluate.split
        scores[own] = read_scores(project, name, own)
    else:
        click.echo(f"{name}: without DVC ({reason})")
        convert(project, name)
        _train(project, name, device, command_of(name, device, dvc=dvc))
    for split in _splits(published):
        if split not in scores:
            click.echo(f"{name}: scoring {split}")
            scores[split] = evaluate_pipeline(project, name, split=split, device=device)
    standard = None
    if published.at == "photo":
        from segdata.reproduction.own_size import score_at_own_size

        (standard,) = score_at_own_size(project, name, published.split, [published.standard], device)
    return compare(project, name, published, scores, standard)


def command_of(name: str, device: str | None, *, dvc: bool) -> str:
    """The command that goes on with what was stopped."""
    more = f" --device {device}" if device else "" if dvc else " --no-dvc"
    return f"segdata reproduce {name}{more}"


def _train(project: Project, name: str, device: str | None, again: str) -> None:
    if _trained(project, name):
        click.echo(f"{name}: trained already (segdata train {name} trains again)")
    else:
        train_pipeline(project, name, device=device, again=f"`{again}`")


def _trained(project: Project, name: str) -> bool:
    from segdata.training.finished import is_finished

    return (project.shards_dir(name) / MANIFEST).is_file() and is_finished(project, name)


def convert(project: Project, name: str) -> None:
    """The three verbs of a conversion, shards by several threads; what has not changed is kept."""
    workers = project.params().convert.workers or os.cpu_count() or 1
    with one_conversion(project, name):
        conversion = Conversion.open(project, name)
        plan = conversion.plan()
        with ThreadPoolExecutor(workers) as pool:
            results = list(pool.map(conversion.convert, plan.tasks))
        summary = conversion.finish(plan, results)
    click.echo(summary.counts_line())
    for line in summary.problem_lines():
        click.echo(f"  {line}", err=True)


def _splits(published: Published) -> tuple[Split, ...]:
    """Those that the report states figures for; its main one first."""
    return tuple(dict.fromkeys(figure.split for figure in published.figures))
