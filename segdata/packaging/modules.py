"""Which of segdata's modules a module needs, by what they import; and a copy of these alone.

>>> needed("segdata.palette")
['segdata', 'segdata.palette']

A package's `__init__` is copied as it is where it imports nothing of segdata, else its docstring alone: importing a
module of it must not import its neighbours.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import segdata

ROOT = Path(segdata.__file__).parent
TEMPLATES = "templates"


def needed(start: str) -> list[str]:
    """Dotted names of `start`, all that it imports, at the top or within functions, and their packages; sorted."""
    found: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        if "." in name:
            todo.append(name.rpartition(".")[0])
        path = _path(name)
        assert path is not None, name
        if path.name != "__init__.py" or name == start:
            todo += imports_of(path)
    return sorted(found)


def copy_modules(names: list[str], folder: Path) -> None:
    """Copy modules below `folder`, with the templates beside them."""
    for name in names:
        path = _path(name)
        assert path is not None, name
        target = folder / path.relative_to(ROOT.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8")
        if path.name == "__init__.py" and imports_of(path):
            text = f'"""{ast.get_docstring(ast.parse(text), clean=False)}"""\n'
        target.write_text(text, encoding="utf-8")
        templates = path.parent / TEMPLATES
        if path.name == "__init__.py" and templates.is_dir():
            shutil.copytree(templates, target.parent / TEMPLATES, dirs_exist_ok=True)


def imports_of(path: Path) -> list[str]:
    """The modules of segdata that a file imports, but for those that only type checkers read."""
    names: list[str] = []
    for node in _statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            inside = [name for name in submodules if _path(name)]
            names += inside or [node.module]
            if len(inside) < len(submodules):
                names.append(node.module)
    return sorted({name for name in names if _path(name)})


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from _statements(node)


def _path(name: str) -> Path | None:
    """The file of a module of segdata; None for anything else."""
    if name.partition(".")[0] != "segdata":
        return None
    base = ROOT.parent.joinpath(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)
