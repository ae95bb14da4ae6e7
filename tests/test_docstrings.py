"""Examples in docstrings are true: those that need nothing but the module are run, whatever module they stand in.

An example that opens a file, or uses a name that nothing before it defines, is for reading.
"""

from __future__ import annotations

import ast
import builtins
import doctest
import importlib
import re

import pytest

from tests.projects import REPOSITORY

FILES = re.compile(r"\bPath\(|\bopen\(|\bProject\b|://")
MODULES = sorted(
    path.relative_to(REPOSITORY).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    for path in (REPOSITORY / "segdata").rglob("*.py")
    if re.search(r"^\s*>>> ", path.read_text(encoding="utf-8"), re.M)
)


def runnable(test: doctest.DocTest) -> bool:
    """Whether all names are the module's, Python's, or defined by the lines before."""
    known = {*test.globs, *vars(builtins)}
    for example in test.examples:
        tree = ast.parse(example.source)
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        bound |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
        if FILES.search(example.source) or not {node.id for node in names} <= known | bound:
            return False
        known |= bound
    return bool(test.examples)


def examples_of(name: str) -> list[doctest.DocTest]:
    found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name), name)
    return [test for test in found if runnable(test)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_are_true(name: str) -> None:
    for test in examples_of(name):
        said: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        assert runner.run(test, out=said.append).failed == 0, "".join(said)


def test_which_examples_are_run() -> None:
    assert "segdata.errors" in MODULES
    assert [test.name for test in examples_of("segdata.errors")] == [
        "segdata.errors",
        "segdata.errors.nearest",
    ]
    assert examples_of("segdata.shards") == []  # they open data/shards
