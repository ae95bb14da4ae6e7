"""The `segdata` command: parse, call, print. Every command is a thin shell over a function of the same name.

Exit codes: 0 done · 1 done, with findings that matter · 2 cannot go on (the message says file, place and what to do)
· 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import click

import segdata
from segdata.errors import DataError, MissingExtraError, SegdataError
from segdata.project import Project

R = TypeVar("R")


class _Commands(click.Group):
    """Prints errors for the person who made the file, without a traceback; lists each command's example."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SegdataError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(2)
        except OSError as error:  # no permission, no space left, …: the message names the file
            click.echo(f"error: {error}", err=True)
            ctx.exit(2)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            ctx.exit(130)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of the road, not of the alphabet

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands, in the order of the road"):
            formatter.write_dl(
                [(name, command.get_short_help_str(90)) for name, command in self.commands.items()]
            )
        with formatter.section("Examples"):
            examples = [(command.epilog or "").split("  ", 1) for command in self.commands.values()]
            formatter.write_dl([(example[0], example[-1].strip()) for example in examples])


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(segdata.__version__, prog_name="segdata")
@click.option(
    "--project", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Project folder."
)
@click.pass_context
def main(ctx: click.Context, project: Path | None) -> None:
    """From annotated photos to a trustworthy segmentation score.

    `dvc repro` runs the whole road; these commands are its steps, one by one.
    """
    ctx.obj = project


def _project(ctx: click.Context) -> Project:
    folder: Path | None = ctx.find_root().obj
    return Project.find(folder)


def _check(project: Project, name: str) -> None:
    """The pipeline file decodes, and the format and the model that it names exist."""
    from segdata.formats import format_file
    from segdata.models import check_name

    pipeline = project.pipeline(name)
    where = f"pipelines/{name}.yaml"
    format_file(pipeline.source.format, where)
    check_name(pipeline.model.name, where)


def _check_raw(project: Project, name: str) -> None:
    """The raw folder is there, or drawn by the sample stage."""
    source = project.pipeline(name).source
    root = project.root / source.root
    if root.is_dir() or root.name in {
        f"sample-{format}" for format in ("via", "matlab", "cityscapes", "voc")
    }:
        return
    pulled = root.with_name(f"{root.name}.dvc").is_file()
    raise DataError(
        source.root,
        found="no such folder",
        expected=f"photos and annotations in {source.format} form",
        fix="Run dvc pull."
        if pulled
        else f"Put them there, or set source.root in pipelines/{name}.yaml (README: Add your own photos).",
    )


def _needing(extra: str, purpose: str, work: Callable[[], R]) -> R:
    """Run `work`; a package that is not installed becomes one line that names the extra."""
    try:
        return work()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("segdata"):
            raise
        raise MissingExtraError.of(error.name, extra, purpose) from error


def _figure(value: float | None) -> str:
    return "absent" if value is None else f"{value:.3f}"


@main.command(epilog="segdata sample via        draw the VIA sample set into data/raw/sample-via")
@click.argument("formats", nargs=-1, metavar="[via|matlab|cityscapes|voc]...")
@click.pass_context
def sample(ctx: click.Context, formats: tuple[str, ...]) -> None:
    """Draw the embedded sample data, in each format's native layout.

    A set that somebody has edited is kept as it is.
    """
    from segdata.sample_data import FORMATS, write_sample_set

    project = _project(ctx)
    params = project.params().sample
    for format in formats or FORMATS:
        root = project.root / "data" / "raw" / f"sample-{format}"
        result = write_sample_set(
            format, root, num_scenes=params.num_scenes, size_hw=params.size_hw, seed=params.seed
        )
        click.echo(result.message)


@main.command(epilog="segdata convert sample-via   read the source, write data/shards/sample-via")
@click.argument("name")
@click.option("--strict", is_flag=True, help="Stop when a sample had to be set aside; the old set stays.")
@click.pass_context
def convert(ctx: click.Context, name: str, strict: bool) -> None:
    """Convert a pipeline's source into its shard set (a Prefect flow)."""
    project = _project(ctx)
    _check(project, name)
    os.environ.setdefault("PREFECT_HOME", str(project.scratch_dir("prefect")))
    flow = _needing("flows", "segdata convert", lambda: import_module("flows.convert"))
    flow.convert_and_tell(project, name, strict=strict)


@main.command(epilog="segdata train sample-via     train on its shards; run again after Ctrl-C to go on")
@click.argument("name")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Default: params.yaml.")
@click.option("--fresh", is_flag=True, help="Start over, also when an unfinished run could go on.")
@click.pass_context
def train(ctx: click.Context, name: str, device: str | None, fresh: bool) -> None:
    """Train a pipeline's model on its shards. Needs neither dvc nor prefect."""
    project = _project(ctx)
    _check(project, name)

    def work() -> None:
        from segdata.training import train_pipeline

        train_pipeline(project, name, device=device, resume=not fresh)

    _needing("train", "segdata train", work)


@main.command(
    epilog="segdata evaluate sample-via  score the trained model, with two trivial baselines beside it"
)
@click.argument("name")
@click.option("--split", type=click.Choice(["train", "val", "test"]), help="Default: the pipeline file's.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Default: params.yaml.")
@click.pass_context
def evaluate(ctx: click.Context, name: str, split: str | None, device: str | None) -> None:
    """Score a trained model on a split of its shards."""
    project = _project(ctx)
    _check(project, name)

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

    _needing("train", "segdata evaluate", work)


@main.command(epilog="segdata report               one HTML page over all pipelines of params.yaml")
@click.pass_context
def report(ctx: click.Context) -> None:
    """Write data/report/index.html: tables, curves, confusion matrices, photos with truth and prediction."""
    project = _project(ctx)

    def work() -> None:
        from segdata.report import build_report

        path = build_report(project, tuple(project.params().pipelines))
        click.echo(f"report: {path}")

    _needing("train", "segdata report", work)


@main.command(epilog="segdata pipelines            what this project builds, and what is there already")
@click.option(
    "--check", is_flag=True, help="Say nothing unless something would stop `dvc repro`: a typo, no raw data."
)
@click.pass_context
def pipelines(ctx: click.Context, check: bool) -> None:
    """List the pipelines with their format, model, and what is on disk."""
    project = _project(ctx)
    built = project.params().pipelines
    for name in built:
        _check(project, name)
        if check:
            _check_raw(project, name)
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


@main.command(epilog="segdata doctor               versions, accelerator, and what is missing")
@click.option("--fast", is_flag=True, help="Do not import torch to look for an accelerator.")
@click.pass_context
def doctor(ctx: click.Context, fast: bool) -> None:
    """Say what is installed, which accelerator is seen, and what is missing for what."""
    from segdata.doctor import examine

    findings = examine(ctx.find_root().obj, look_for_accelerator=not fast)
    for line in findings.lines:
        click.echo(line)
    ctx.exit(1 if findings.missing else 0)


if __name__ == "__main__":
    sys.exit(main())
