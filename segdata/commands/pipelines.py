"""`segdata pipelines`: What this project builds."""

from __future__ import annotations

import click

from segdata.commands._shared import check_names, check_raw, project_of
from segdata.digest_cache import DigestCache
from segdata.digests import file_digest
from segdata.errors import ConfigError, ShardError
from segdata.pipeline import Pipeline, Published, read_values
from segdata.project import Project
from segdata.published_settings import changed_since, other_settings, trained_on, trained_settings
from segdata.reproduction.measured import measured
from segdata.reproduction.needs import missing_data
from segdata.shards.schema import MANIFEST
from segdata.weights_file import check_weights_file

HEADER = (
    "pipeline",
    "format",
    "model",
    "raw data",
    "shards",
    "trained",
    "in params.yaml",
    "published",
    "here",
    "as",
)
HERE = HEADER.index("here")
SHARDS, TRAINED = HEADER.index("shards"), HEADER.index("trained")


@click.command(
    "pipelines", epilog="segdata pipelines            what this project builds, and what is there already"
)
@click.option(
    "--check",
    is_flag=True,
    help="Say nothing unless something would stop `dvc repro`: a typo, no raw data, no weights.",
)
@click.option("--show", metavar="NAME", help="Print one pipeline in full: a variant with what its base says.")
@click.pass_context
def command(ctx: click.Context, check: bool, show: str | None) -> None:
    """List the pipelines with their format, model, and what is on disk.

    A pipeline with a published figure shows it, the same figure as measured here, and how both were computed; with other
    settings than published, it says so. --show prints in what it departs from the report, too.
    """
    project = project_of(ctx)
    if show is not None:
        click.echo(_in_full(project, show), nl=False)
        return
    for name in project.params().pipelines:
        check_names(project, name)
        if check:
            check_raw(project, name)
            check_weights_file(project, name)
            _check_whole(project, name)
    if check:
        return
    built = list(project.params().pipelines)
    others = [name for name in project.pipeline_names() if name not in built]
    # The weights of every published result are read once, not at every list.
    with DigestCache(project.root / ".segdata" / "digests-of-weights").in_use():
        rows = [HEADER, *(_row(project, name) for name in built + others)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if any("changed" in (row[SHARDS], row[TRAINED]) for row in rows):
        click.echo(
            "changed: made when the file said something else, or of other shards (segdata convert NAME, segdata train NAME)"
        )
    if any(row[HERE] == "stale" for row in rows):
        click.echo(
            "stale: scored with other shards or weights than lie here now (segdata evaluate NAME scores again)"
        )


def _row(project: Project, name: str) -> tuple[str, ...]:
    pipeline = project.pipeline(name)
    there = (
        not missing_data(project, pipeline),
        (project.shards_dir(name) / "manifest.parquet").is_file(),
        (project.run_dir(name) / "model.safetensors").is_file(),
        name in project.params().pipelines,
    )
    raw, shards, trained, built = ("yes" if mark else "-" for mark in there)
    if shards == "yes" and _made_otherwise(project, name):
        shards = "changed"
    if trained == "yes" and _trained_otherwise(project, name, pipeline):
        trained = "changed"
    published = pipeline.published
    figures = ("", "", "") if published is None else _figures(project, name, published)
    return (name, pipeline.source.format, pipeline.model.name, raw, shards, trained, built, *figures)


def _trained_otherwise(project: Project, name: str, pipeline: Pipeline) -> bool:
    """Whether the model was trained when the file said something else, or on other shards than lie here."""
    if changed_since(pipeline, trained_settings(project.run_dir(name))):
        return True
    manifest, of = project.shards_dir(name) / MANIFEST, trained_on(project.run_dir(name))
    return manifest.is_file() and of not in ("", file_digest(manifest))


def _made_otherwise(project: Project, name: str) -> bool:
    """Whether the shards were made when the file said something else; a damaged set is for others to tell."""
    from segdata.conversion.currency import made_otherwise  # the help of all commands is to come in a blink
    from segdata.shards.manifest import read_manifest

    try:
        return made_otherwise(project, name, read_manifest(project.shards_dir(name)).metadata) is not None
    except ShardError:
        return False


def _figures(project: Project, name: str, published: Published) -> tuple[str, str, str]:
    ours = measured(project, name, published)
    here = "-"
    if ours is not None:
        here = "stale" if ours.state == "stale" else _number(ours.value)
    trained = trained_settings(project.run_dir(name))
    changed = ", other settings" if other_settings(project.pipeline(name), trained) else ""
    return _number(published.value), here, f"{published.protocol}, {published.split}{changed}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _in_full(project: Project, name: str) -> str:
    import yaml

    values = read_values(project.pipeline_path(name), f"pipelines/{name}.yaml")
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)


def _check_whole(project: Project, name: str) -> None:
    """DVC watches sections of a file, and a variant's stand in another. Raises ConfigError."""
    from segdata.decode import read_yaml

    values = read_yaml(project.pipeline_path(name), f"pipelines/{name}.yaml")
    if isinstance(values, dict) and "base" in values:
        raise ConfigError(
            "params.yaml",
            place=f"pipelines.{name}",
            found=f"a variant of {values['base']!r}",
            expected="a whole pipeline, since DVC watches the sections of one file",
            fix=f"segdata pipelines --show {name} prints it in full: save that as the file.",
        )
