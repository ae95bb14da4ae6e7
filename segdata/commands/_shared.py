"""What every command does before its own work: find the project, check names, name the extra that is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from segdata.errors import ConfigError, DataError, MissingExtraError
from segdata.project import Project

R = TypeVar("R")


def project_of(ctx: click.Context) -> Project:
    """The project of --project, or the one around the working folder."""
    folder: Path | None = ctx.find_root().obj
    return Project.find(folder)


def check_names(project: Project, name: str) -> None:
    """The pipeline file decodes, and the format, the model and the published protocol that it names exist."""
    from segdata.evaluation.protocols import check_protocol
    from segdata.formats import format_file
    from segdata.models import check_name

    pipeline = project.pipeline(name)
    where = f"pipelines/{name}.yaml"
    format_file(pipeline.source.format, where)
    check_name(pipeline.model.name, where)
    if pipeline.published is not None:
        check_protocol(pipeline.published.protocol, where)


def tell_if_made_otherwise(project: Project, name: str) -> None:
    """A warning where the shards were made when the pipeline file said something else. Raises ShardError."""
    from segdata.conversion.currency import made_otherwise
    from segdata.shards.manifest import read_manifest

    if otherwise := made_otherwise(project, name, read_manifest(project.shards_dir(name)).metadata):
        click.echo(f"{name}: {otherwise}", err=True)


def check_raw(project: Project, name: str) -> None:
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
        else f"Put them there, or set source.root in pipelines/{name}.yaml (README: Your own photos).",
    )


def listed_ids(option: str, path: Path) -> list[str]:
    """The ids in a text file, one per line, as segdata browse saves them. Raises ConfigError naming the option."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(option, found=f"{path}: {error}", expected="a text file of ids") from error
    return [line.strip() for line in lines if line.strip()]


def needing(extra: str, purpose: str, work: Callable[[], R]) -> R:
    """Run `work`; a package that is not installed becomes one line that names the extra."""
    try:
        return work()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("segdata"):
            raise
        raise MissingExtraError.of(error.name, extra, purpose) from error
