"""No code that shapes a pixel may be missing from a sample's key, nor from what DVC watches."""

from __future__ import annotations

import ast
from pathlib import Path

import yaml

from segdata.conversion.plan import CODE
from tests.projects import REPOSITORY

SHAPES_NO_PIXEL = {
    *("atomic.py", "digest_cache.py", "digests.py"),  # how files are written, and whether they changed
    *("errors.py", "findings.py", "wording.py", "survey.py"),  # what is said
    # what a pipeline file may say: its values are in the key themselves
    *("pipeline.py", "published.py", "recipe.py", "search_section.py", "sections.py", "variants.py"),
}


def imported(path: Path, package: Path) -> set[Path]:
    """Files of the package that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("segdata"):
            module = package.parent.joinpath(*node.module.split("."))
            found |= {module.with_suffix(".py"), *(module / f"{one.name}.py" for one in node.names)}
    return {one for one in found if one.is_file()}


def test_all_that_formats_import_is_in_the_key_and_among_the_deps() -> None:
    package = REPOSITORY / "segdata"
    formats = {*(package / "formats").glob("*.py"), *(package / "formats/_parts").glob("*.py")}
    waiting, seen = {*formats, *(package / name for name in CODE)}, set[Path]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        waiting |= {one for one in imported(path, package) if "_surveys" not in one.parts} - seen
    others = {str(path.relative_to(package)) for path in seen - formats}
    assert others - SHAPES_NO_PIXEL == {name for name in CODE if not name.startswith("formats/")}
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    watched = set(stages["convert"]["do"]["deps"])
    assert {f"segdata/{name}" for name in CODE} <= watched
