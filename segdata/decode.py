"""Strict decoding of YAML into typed values, with errors that name file, key and the nearest valid key.

>>> class Train(msgspec.Struct, forbid_unknown_fields=True):
...     epochs: int
>>> strict({"epoch": 3}, Train, "pipelines/x.yaml", "train")
Traceback (most recent call last):
segdata.errors.ConfigError: pipelines/x.yaml: train: found unknown key 'epoch'; did you mean 'epochs'? Valid: epochs
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from segdata.decode_errors import translated
from segdata.errors import ConfigError

T = TypeVar("T")

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_LOADER):  # type: ignore[misc]
    """YAML 1.2 where it matters to people: 1e-3 is a number, and a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+0123456789."),
)


def read_yaml(path: Path, where: str) -> object:
    """Parse a YAML file with safe types only. Raises ConfigError with line and column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(where, found="no such file", expected=f"a YAML file at {path}") from error
    except OSError as error:
        raise ConfigError(
            where, found=error.strerror or str(error), expected="a file that can be read"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(where, found="bytes that are not UTF-8", expected="UTF-8 text") from error
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        if line := conflict_line(text):
            raise ConfigError(where, place=f"line {line}", **CONFLICT) from error
        mark: Any = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        has_tab = mark is not None and any(map(_TAB.match, text.splitlines()[mark.line : mark.line + 1]))
        raise ConfigError(
            where,
            place=place,
            found=f"broken YAML ({problem})",
            expected="valid YAML",
            fix=f"Line {mark.line + 1} has a tab where YAML wants blanks." if has_tab else "",
        ) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # a list as a key, the 99th of a month
        raise ConfigError(where, found=str(error), expected="valid YAML") from error


CONFLICT = {
    "found": "git's conflict markers",
    "expected": "a file without them",
    "fix": "Finish the merge first: docs/how-to/team.md says how.",
}
_TAB = re.compile(r" *(?:- *)?\t")
_CONFLICT_BEGINS = re.compile(r"^<{7}(?: |$)", re.M)


def conflict_line(text: str) -> int | None:
    """The line at which git left the first conflict of a merge; None without one."""
    begins = _CONFLICT_BEGINS.search(text)
    return text.count("\n", 0, begins.start()) + 1 if begins else None


def strict(value: object, kind: type[T], where: str, section: str = "") -> T:
    """Decode plain values into `kind`; unknown keys and wrong types raise ConfigError naming the key."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise translated(error, value, kind, where, section) from error
