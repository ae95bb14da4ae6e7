"""Where DVC does not watch: a set that was made when its pipeline file said something else is told, in what it differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from segdata.cli import main
from segdata.conversion.currency import otherwise
from segdata.project import Project
from segdata.shards import ShardSet
from segdata.shards.manifest import read_manifest
from tests.projects import convert, sample_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = sample_project(tmp_path, "via")
    convert(project, "via")
    return project


def edit(project: Project, path: str, value: object) -> None:
    values = yaml.safe_load(project.pipeline_path("via").read_text())
    inner: Any = values
    *outer, last = path.split(".")
    for key in outer:
        inner = inner.setdefault(key, {})
    inner[last] = value
    project.pipeline_path("via").write_text(yaml.safe_dump(values, sort_keys=False))


def told(project: Project) -> str | None:
    return otherwise(project, "via", read_manifest(project.shards_dir("via")).metadata)


def test_a_set_as_its_file_says_is_not_spoken_of(project: Project) -> None:
    assert told(project) is None
    for path, value in (("title", "Another"), ("train.lr", 0.5), ("source.expected_counts", {})):
        edit(project, path, value)
        assert told(project) is None


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("shards.size_hw", [48, 64], "size_hw {0}, the file says 48x64"),
        ("shards.photo", "nearest", "photo resampling {1}, the file says nearest"),
        ("shards.compression", "zstd", "compression none, the file says zstd"),
        ("shards.exact", True, "source or shards"),
        ("source.splits.shares", {"train": 0.6, "val": 0.2, "test": 0.2}, "source or shards"),
        ("source.exif", "as-stored", "source or shards"),
    ],
)
def test_what_differs_is_named(project: Project, path: str, value: object, said: str) -> None:
    made = read_manifest(project.shards_dir("via")).metadata
    edit(project, path, value)
    assert told(project) == said.format("x".join(map(str, made.size_hw)), made.photo_resampling)
    if (
        said == "source or shards"
    ):  # which the plan knows: a machine that was given the shards alone says nothing
        project.plan_path("via").unlink()
        assert told(project) is None
    else:
        convert(project, "via")
        assert told(project) is None


def test_another_format_is_named(project: Project) -> None:
    edit(project, "source.format", "coco")
    assert told(project) == "source format via, the file says coco"
    project.plan_path("via").unlink()  # the set itself tells it
    assert told(project) == "source format via, the file says coco"


def test_classes_are_named(project: Project) -> None:
    colors = {
        label.name: list(label.color) for label in project.pipeline("via").source.build_ontology().labels
    }
    first, *rest = colors
    edit(project, "source.ontology", {name: colors[name] for name in [*rest, first]})
    assert told(project) == "classes in another order"
    edit(project, "source.ontology", colors | {"wire": [1, 2, 3]})
    assert told(project) == "classes without wire"
    edit(project, "source.ontology", colors | {first: [1, 2, 3]})
    assert told(project) == "source or shards", (
        "of which masks of colours are read; no figure follows from them"
    )


@pytest.mark.parametrize("command", ["train", "evaluate", "search"])
def test_who_reads_the_shards_says_so_first(project: Project, command: str) -> None:
    edit(project, "shards.size_hw", [48, 64])
    done = CliRunner().invoke(main, ["--project", str(project.root), command, "via"])
    assert (
        "via: WARNING: its shards were made when pipelines/via.yaml said something else (size_hw "
        in done.stderr
    )
    assert "segdata convert via makes them as the file says now." in done.stderr
    listed = CliRunner().invoke(main, ["--project", str(project.root), "pipelines"]).output
    assert next(line for line in listed.splitlines() if line.startswith("via")).split()[4] == "changed"
    assert listed.splitlines()[-1].startswith("changed: made when the file said something else")


def test_a_model_of_other_shards_is_said_to_be_one(project: Project) -> None:
    def trained() -> str:
        listed = CliRunner().invoke(main, ["--project", str(project.root), "pipelines"]).output
        return next(line for line in listed.splitlines() if line.startswith("via")).split()[5]

    run = project.run_dir("via")
    run.mkdir(parents=True)
    (run / "model.safetensors").write_bytes(b"")
    assert trained() == "yes", "nobody knows of what"
    for digest, said in (
        (ShardSet.open(project.shards_dir("via")).digest, "yes"),
        ("0" * 64, "changed"),
    ):
        (run / "model.json").write_text(json.dumps({"shards": digest}))
        assert trained() == said
