"""What the README says of the formats is what the formats say of themselves."""

from __future__ import annotations

import importlib.util
import re

from segdata.formats import format_names, format_row
from segdata.project import Project
from tests.projects import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_the_tables_are_made_from_the_formats_and_pipeline_files() -> None:
    spec = importlib.util.spec_from_file_location("update_tables", REPOSITORY / "docs/update_tables.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    project = Project(REPOSITORY)
    assert script.updated(README, project) == README, "run: python docs/update_tables.py"
    for name in format_names():
        assert f"| `{name}` | {format_row(name).reads} |" in README
    for name in project.pipeline_names():
        published = project.pipeline(name).published
        if (
            published is not None
            and published.value is not None
            and "base:" not in project.pipeline_path(name).read_text()
        ):
            assert re.search(
                rf"^\| `{name}` \| .* \| {published.value:.4f} .* \| `{published.protocol}` \|", README, re.M
            )


def test_every_command_that_the_readme_names_exists() -> None:
    from segdata.cli import ROAD

    blocks = re.findall(r"^```\w+\n(.*?)^```", README, re.M | re.S)
    named = set(re.findall(r"^segdata ([a-z]+)\b", "\n".join(blocks), re.M))
    assert {"inspect", "check", "convert", "train"} <= named <= set(ROAD)
