"""What is told of unusual data, read from the code that tells it: every `Finding(code, file, place, message, action)`.

| code | severity | what was found | what was done |
|---|---|---|---|
| `points-clipped` | note | … of … points lie outside the photo | clipped |

"…" stands for what differs from finding to finding.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from generate.docstrings import cell, code, table

HEAD = ("code", "severity", "what was found", "what was done")
FIELDS = ("code", "file", "place", "message", "action", "severity")


class Told(NamedTuple):
    """One way in which something is told."""

    code: str
    severity: str
    message: str
    action: str


def findings_table(files: Sequence[Path]) -> str:
    """A row for each code and way of telling it, by code."""
    told = sorted({one for file in files for one in findings_in(file.read_text(encoding="utf-8"))})
    return table(
        HEAD, [(code(one.code), one.severity, _cell(one.message), _cell(one.action)) for one in told]
    )


def _cell(text: str) -> str:
    return cell(text) if text.strip("… ") else "*as it says*"


def findings_in(source: str) -> Iterator[Told]:
    """Every finding that this code makes, with the words that stand in it."""
    for scope in ast.walk(ast.parse(source)):
        if not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        assigned = _assigned(scope)
        for call in ast.walk(scope):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Finding":
                yield from _told(call, _last_before(call.lineno, assigned))


def _assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """Name → the values it is given in this function."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.arg) and isinstance(
            node.annotation, ast.Subscript
        ):  # code: Literal["a", "b"]
            found[node.arg] = [
                one for one in ast.walk(node.annotation.slice) if isinstance(one, ast.Constant)
            ]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            _assign_tuple(node.targets[0], node.value, found)
    return found


def _last_before(line: int, assigned: dict[str, list[ast.expr]]) -> dict[str, list[ast.expr]]:
    """Of each name, what it was given last before this line; both branches of a conditional expression."""
    found: dict[str, list[ast.expr]] = {}
    for name, values in assigned.items():
        before = [value for value in values if value.lineno <= line] or values
        last = max((value.lineno for value in before), default=0)
        found[name] = [value for value in before if value.lineno == last]
    return {name: values for name, values in found.items() if values}


def _assign_tuple(target: ast.Tuple, value: ast.expr, found: dict[str, list[ast.expr]]) -> None:
    values = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
    for one in values:
        if isinstance(one, ast.Tuple):
            for name, part in zip(target.elts, one.elts, strict=False):
                if isinstance(name, ast.Name):
                    found.setdefault(name.id, []).append(part)


def _told(call: ast.Call, assigned: dict[str, list[ast.expr]]) -> Iterator[Told]:
    given = dict(zip(FIELDS, call.args, strict=False)) | {
        keyword.arg: keyword.value for keyword in call.keywords if keyword.arg
    }
    said = {field: _texts(given[field], assigned) if field in given else ["note"] for field in FIELDS}
    messages = [one for one in said["message"] if one.strip("… ")] or ["…"]
    for name in said["code"]:
        if name.strip("… "):
            yield Told(name, " or ".join(said["severity"]), messages[0], " or ".join(said["action"]))


def _texts(value: ast.expr, assigned: dict[str, list[ast.expr]]) -> list[str]:
    """What an expression may say; "…" for what cannot be read from the code."""
    match value:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(part.value if isinstance(part, ast.Constant) else "…" for part in parts)]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [f"{_texts(left, assigned)[0]}{_texts(right, assigned)[0]}"]
        case ast.IfExp(body=body, orelse=orelse):
            return list(dict.fromkeys([*_texts(body, assigned), *_texts(orelse, assigned)]))
        case ast.Name(id=name) if name in assigned:
            others = {key: values for key, values in assigned.items() if key != name}
            return list(dict.fromkeys(text for one in assigned[name] for text in _texts(one, others)))
        case ast.Attribute(attr="unannotated_action"):
            return ["as source.unannotated says"]
        case _:
            return ["…"]
