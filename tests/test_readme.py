"""What the README says of the formats is what the formats say of themselves."""

from __future__ import annotations

import importlib.util
import re

from segdata.formats import format_names, format_row
from tests.projects import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_the_table_of_formats_is_made_from_the_formats() -> None:
    spec = importlib.util.spec_from_file_location("update_formats", REPOSITORY / "docs/update_formats.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.updated(README) == README, "run: python docs/update_formats.py"
    for name in format_names():
        assert f"| `{name}` | {format_row(name).reads} |" in README


def test_every_command_that_the_readme_names_exists() -> None:
    from segdata.cli import ROAD

    blocks = re.findall(r"^```\w+\n(.*?)^```", README, re.M | re.S)
    named = set(re.findall(r"^segdata ([a-z]+)\b", "\n".join(blocks), re.M))
    assert {"inspect", "check", "convert", "train"} <= named <= set(ROAD)
