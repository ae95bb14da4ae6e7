"""`segdata evaluate`: Weights to scores; or anybody's predicted masks to scores."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from segdata.commands._shared import check_names, needing, project_of, tell_if_made_otherwise
from segdata.errors import ConfigError
from segdata.project import Project
from segdata.published_settings import changed_since, other_settings, trained_settings, with_keys
from segdata.wording import size_text

if TYPE_CHECKING:
    from segdata.evaluation.encodings import Encoding
    from segdata.evaluation.truths import Truth

_OF_PREDICTIONS = {
    "truth": "--truth",
    "encoding": "--encoding",
    "resize": "--resize-predictions",
    "origin": "--from",
    "ontology": "--ontology",
    "names": "--names",
    "json_file": "--json",
}


@click.command(
    "evaluate",
    epilog="segdata evaluate sample-via  score the trained model, with two trivial baselines beside it",
)
@click.argument("name", required=False)
@click.option("--split", type=click.Choice(["train", "val", "test"]), help="Default: the pipeline file's.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Default: params.yaml.")
@click.option(
    "--predictions",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Score the masks in this folder instead of a model.",
)
@click.option("--truth", metavar="NAME|DIR", help="What they are held against: a pipeline, or a mask folder.")
@click.option(
    "--encoding",
    type=click.Choice(["index", "palette", "colors", "cityscapes-ids"]),
    help="What the predicted files hold. Default: guessed, and told.",
)
@click.option(
    "--resize-predictions",
    "resize",
    type=click.Choice(["nearest"]),
    help="Bring predictions of another size to the truth's. Default: they are an error.",
)
@click.option(
    "--from",
    "origin",
    type=click.Choice(["raw", "shards"]),
    help="A pipeline's masks at full size, or its shards'. Default: raw where it is there.",
)
@click.option("--ontology", metavar="ONTOLOGY", help="Classes of a mask folder: cityscapes-19, voc-21, …")
@click.option(
    "--names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Classes of a mask folder: one name per line, or YAML {name: [red, green, blue]}.",
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the scores there too."
)
@click.pass_context
def command(
    ctx: click.Context,
    name: str | None,
    split: str | None,
    device: str | None,
    predictions: Path | None,
    truth: str | None,
    encoding: Encoding | None,
    resize: str | None,
    origin: str | None,
    ontology: str | None,
    names: Path | None,
    json_file: Path | None,
) -> None:
    """Score a trained model on a split of its shards, or anybody's predicted masks by every protocol.

    segdata evaluate --predictions masks/ --truth sample-voc

    Predictions are paired with the truth by name. Exit code 1: some photos have no prediction, and were not scored.
    """
    if predictions is None:
        given = [option for key, option in _OF_PREDICTIONS.items() if ctx.params[key] is not None]
        if given:
            raise click.UsageError(f"{given[0]} goes with --predictions DIR.")
        if name is None:
            raise click.UsageError("Say which pipeline: segdata evaluate NAME, or give --predictions DIR.")
        _score_model(project_of(ctx), name, split, device)
        return
    if device is not None:
        raise click.UsageError("--device goes with a model, not with --predictions.")
    against = truth or name
    if against is None or (name is not None and against != name):
        raise click.UsageError("Say once what the predictions are held against: --truth NAME|DIR.")

    def work() -> int:
        from segdata.evaluation.truths import open_truth, read_classes

        classes = read_classes(ontology, names)
        opened = open_truth(_project_or_none(ctx), against, split=split, origin=origin, classes=classes)
        return _score_predictions(predictions, opened, encoding, resize is not None, json_file)

    ctx.exit(needing("core", "segdata evaluate --predictions", work))


def _project_or_none(ctx: click.Context) -> Project | None:
    """Two folders of masks can be compared outside any project."""
    try:
        return project_of(ctx)
    except ConfigError:
        if ctx.find_root().obj is not None:
            raise
        return None


def _score_predictions(
    predictions: Path, truth: Truth, encoding: Encoding | None, resize: bool, json_file: Path | None
) -> int:
    import msgspec
    from tqdm import tqdm

    from segdata.atomic import replace_file
    from segdata.evaluation.folder import score_folder
    from segdata.evaluation.folder_text import problem_lines, result_lines

    def shown(ids: Iterable[str]) -> Iterable[str]:
        bar: Iterable[str] = tqdm(ids, unit="photo", desc="score", disable=None)
        return bar

    result = score_folder(predictions, truth, encoding=encoding, resize=resize, shown=shown)
    for line in result_lines(result):
        click.echo(line)
    for line in problem_lines(result):
        click.echo(line, err=True)
    if json_file is not None:
        with replace_file(json_file) as temporary:
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
        click.echo(f"written: {json_file}")
    return 0 if result.complete else 1


def _score_model(project: Project, name: str, split: str | None, device: str | None) -> None:
    check_names(project, name)
    pipeline = project.pipeline(name)

    def work() -> None:
        from segdata.evaluation import evaluate_pipeline

        tell_if_made_otherwise(project, name)
        trained = trained_settings(project.run_dir(name))
        if changed := changed_since(pipeline, trained):
            click.echo(
                f"{name}: the model was trained when pipelines/{name}.yaml said something else in "
                f"{' and '.join(with_keys(pipeline, trained, changed))}: it is "
                f"scored as it is; segdata train {name} trains it as the file says now.",
                err=True,
            )
        scores = evaluate_pipeline(project, name, split=split, device=device)
        accuracy = scores.by("pixel-accuracy")
        click.echo(
            f"{name}: {scores.samples} {scores.split} photos: mean IoU {_figure(scores.mean_iou)} "
            f"{_interval(scores.mean_iou_interval)}, pixel accuracy {_figure(scores.pixel_accuracy)} "
            f"{_interval(accuracy.interval)}"
        )
        if pipeline.evaluate.size_hw is not None and scores.split == pipeline.evaluate.split:
            click.echo(
                f"  scored at {size_text(scores.size_hw)}, as evaluate.size_hw says; predictions are kept at the shards' size"
            )
        for baseline, figures in scores.baselines.items():
            click.echo(
                f"  baseline {baseline.replace('_', ' ')}: mean IoU {_figure(figures.mean_iou)}, "
                f"pixel accuracy {_figure(figures.pixel_accuracy)}"
            )
        published = pipeline.published
        if published is not None and published.split == scores.split:
            found = scores.by(published.protocol)
            click.echo(
                f"  published {published.metric}: {published.value} ({published.where}); by its protocol, "
                f"{published.protocol}: {_figure(found.value)} {_interval(found.interval)}"
            )
            if other := other_settings(pipeline, trained):
                click.echo(
                    f"  other settings than published, in pipelines/{name}.yaml or when it was trained: {', '.join(with_keys(pipeline, trained, other))}"
                )
        if scores.split != pipeline.evaluate.split:
            click.echo(f"  written: data/scored/{name}-{scores.split}")

    needing("train", "segdata evaluate", work)


def _figure(value: float | None) -> str:
    return "absent" if value is None else f"{value:.3f}"


def _interval(interval: tuple[float | None, float | None]) -> str:
    return f"(95 % interval {_figure(interval[0])} to {_figure(interval[1])})"
