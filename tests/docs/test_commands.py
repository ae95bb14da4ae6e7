"""Every command that a page shows is one; those marked `sh` are run, over a small project."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path

import click
import msgspec
import pytest
import yaml
from click.testing import CliRunner

from segdata.cli import main
from segdata.conversion.sources import open_source
from segdata.decode import read_yaml
from segdata.errors import DataError
from segdata.formats import open_reader
from segdata.pipeline import Model, Pipeline, Search, Source, Splits
from segdata.project import Project
from segdata.training import train_pipeline
from tests.docs.pages import PAGES, blocks, with_blocks
from tests.projects import REPOSITORY, convert, sample_pipeline, sample_project

PIPELINE = "sample-via"
MAY_FIND = 1
"""The exit code of a command that is done and has something to tell."""


def commands(page: str, *languages: str) -> list[list[str]]:
    """Each `segdata …` line as words."""
    lines = [line for block in blocks(page, *languages) for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("segdata ")]


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page, "sh", "console")])
def test_every_command_exists_with_its_options(page: str) -> None:
    for _, name, *arguments in commands(page, "sh", "console"):
        command = main.commands[name]
        with contextlib.suppress(click.BadParameter):  # a file or folder that is not here
            command.make_context(name, list(arguments))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """sample-via, drawn small, converted, and trained for one epoch."""
    made = sample_project(tmp_path_factory.mktemp("pages") / "project", "via", num_scenes=12)
    pipeline = made.pipeline_path("via")
    values = yaml.safe_load(pipeline.read_text())
    values["train"]["epochs"] = 1
    (made.root / f"pipelines/{PIPELINE}.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    pipeline.unlink()
    convert(made, PIPELINE)
    train_pipeline(made, PIPELINE, device="cpu")
    return made


@pytest.mark.parametrize("page", [page for page in with_blocks("sh") if page.startswith("docs/")])
def test_commands_of_a_page_run(page: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    ran = commands(page, "sh")
    assert ran, f"{page} has blocks of sh without a segdata command"
    for _, *arguments in ran:
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code in (0, MAY_FIND), (arguments, done.output, done.exception)
        assert done.output


SECTIONS = {"splits": Splits, "source": Source, "model": Model, "search": Search}


@pytest.mark.parametrize("page", with_blocks("yaml"))
def test_yaml_of_a_page_is_what_a_pipeline_file_may_hold(page: str, tmp_path: Path) -> None:
    for block in blocks(page, "yaml"):
        path = tmp_path / "block.yaml"
        path.write_text(block, encoding="utf-8")
        values = read_yaml(path, page)
        assert isinstance(values, dict)
        if "title" in values:
            msgspec.convert(values, Pipeline)
        elif "accept_leaks" in values:
            msgspec.convert(sample_pipeline("via")["source"] | values, Source)
        elif (key := next(iter(values))) in SECTIONS:
            msgspec.convert(values[key], SECTIONS[key])
        else:
            assert key == "mine", block
            assert set(values[key]) == {"raw", "format", "model"}


@pytest.mark.parametrize(
    "path", sorted((REPOSITORY / "docs/generate/sources").glob("*.yaml")), ids=lambda path: path.stem
)
def test_examples_of_formats_are_what_the_format_reads(path: Path, tmp_path: Path) -> None:
    """Up to the first thing that needs the data to be there."""
    values = read_yaml(path, path.name)
    assert isinstance(values, dict)
    source = msgspec.convert(values["source"], Source)
    assert source.format == path.stem
    with pytest.raises(DataError, match="found no"):
        open_reader(source.format, open_source(source, tmp_path, path.name)).ids()
