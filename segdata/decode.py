"""Strict decoding of YAML into typed values, with errors that name file, key and the nearest valid key.

>>> class Train(msgspec.Struct, forbid_unknown_fields=True):
...     epochs: int
>>> strict({"epoch": 3}, Train, "pipelines/x.yaml", "train")
Traceback (most recent call last):
segdata.errors.ConfigError: pipelines/x.yaml: train: found unknown key 'epoch'; did you mean 'epochs'? Valid: epochs
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from segdata.errors import ConfigError, nearest

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
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigError(
            where, place=place, found=f"broken YAML ({problem})", expected="valid YAML"
        ) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # a list as a key, the 99th of a month
        raise ConfigError(where, found=str(error), expected="valid YAML") from error


CONFLICT = {
    "found": "git's conflict markers",
    "expected": "a file without them",
    "fix": "Finish the merge first: docs/how-to/team.md says how.",
}
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
        raise _translated(error, value, kind, where, section) from error


_AT = re.compile(r"^(?P<what>.*?)(?: - at (?:`key` in )?`(?P<path>[^`]*)`)?$", re.S)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>.*)`")
_CHOICE = re.compile(r"Invalid (?:enum )?value (?P<value>.*)", re.S)
_EXPECTED = re.compile(r"Expected (?P<kind>.*?)(?:, got `(?P<got>\w+)`)?", re.S)


def _translated(
    error: msgspec.ValidationError, value: object, kind: Any, where: str, section: str
) -> ConfigError:
    match = _AT.match(str(error))
    assert match is not None
    what, path = match["what"], (match["path"] or "$").removeprefix("$").removeprefix(".")
    place = ".".join(part for part in (section, path) if part)
    if unknown := _UNKNOWN.search(what):
        key = unknown["key"]
        valid = _fields_at(kind, path, value)
        return ConfigError(where, place=place, found=f"unknown key {key!r}", expected=nearest(key, valid))
    if missing := _MISSING.search(what):
        return ConfigError(
            where, place=place, found=f"no key {missing['key']!r}", expected="one: it has no default"
        )
    if expected := _EXPECTED.fullmatch(what):
        found, wanted = _found_at(value, path, expected["got"]), _in_words(expected["kind"])
        return ConfigError(where, place=place, found=found, expected=wanted)
    if chosen := _CHOICE.search(what):
        given, valid = chosen["value"].strip("'"), _choices_at(kind, path)
        return ConfigError(where, place=place, found=chosen["value"], expected=nearest(given, valid))
    return ConfigError(where, place=place, found=what[0].lower() + what[1:], expected="a valid value")


_KINDS = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
}


def _in_words(kind: str) -> str:
    """msgspec's words for kinds in those of a person: "int >= 1" -> "a whole number >= 1"."""
    return " | ".join(
        _KINDS.get(part.split(" ")[0], part.split(" ")[0]) + part[len(part.split(" ")[0]) :]
        for part in kind.replace("`", "").split(" | ")
    )


def _found_at(value: object, path: str, got: str | None) -> str:
    """The value at `path` as a person would write it; its kind alone where it is long or the path is vague."""
    value = _value_at(value, path)
    if value is _VAGUE:
        return got or "a value out of range"
    text = repr(value)
    if len(text) > 60 or value is None:
        return got or type(value).__name__
    return f"{text} ({got})" if got else text


_VAGUE = object()


def _value_at(value: object, path: str) -> object:
    """The value at msgspec's path; _VAGUE where that says "any key" ([...])."""
    try:
        for part in _parts(path):
            value = value[int(part)] if isinstance(value, list) else value[part]  # type: ignore[index]
    except (KeyError, IndexError, TypeError, ValueError):
        return _VAGUE
    return value


def _parts(path: str) -> list[str]:
    return [part.rstrip("]") for part in re.split(r"\.|\[", path) if part]


def _kinds_at(kind: Any, path: str) -> list[Any]:
    kinds = [kind]
    for part in _parts(path):
        inside: list[Any] = []
        for struct in _structs(kinds):
            hints = typing.get_type_hints(struct)
            names = dict(zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True))
            inside += [hints[name] for shown, name in names.items() if shown == part]
        kinds = inside or [argument for one in kinds for argument in typing.get_args(one)]
    return kinds


def _fields_at(kind: Any, path: str, value: object) -> list[str]:
    """Keys that are valid at `path`; of tagged structs, only those of the one that the value's tag names."""
    structs = list(_structs(_kinds_at(kind, path)))
    given = _value_at(value, path)
    tagged = [
        struct
        for struct in structs
        if isinstance(given, dict)
        and struct.__struct_config__.tag_field is not None
        and given.get(struct.__struct_config__.tag_field) == struct.__struct_config__.tag
    ]
    chosen = tagged or structs
    tags = {struct.__struct_config__.tag_field for struct in chosen} - {None}
    return sorted({field for struct in chosen for field in struct.__struct_encode_fields__} | tags)


def _choices_at(kind: Any, path: str) -> list[str]:
    """The values of a Literal at `path`, or the tags of structs where the path ends in their tag field."""
    *above, last = path.split(".")
    tags = [
        str(struct.__struct_config__.tag)
        for struct in _structs(_kinds_at(kind, ".".join(above)))
        if struct.__struct_config__.tag_field == last
    ]
    return tags or [str(choice) for choice in _literals(_kinds_at(kind, path))]


def _literals(kinds: list[Any]) -> Iterator[object]:
    for kind in kinds:
        if typing.get_origin(kind) is typing.Literal:
            yield from typing.get_args(kind)
        else:
            yield from _literals(list(typing.get_args(kind)))


def _structs(kinds: list[Any]) -> Iterator[Any]:
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            yield kind
        elif typing.get_origin(kind) in (typing.Union, types.UnionType, list, tuple, dict):
            yield from _structs(list(typing.get_args(kind)))
