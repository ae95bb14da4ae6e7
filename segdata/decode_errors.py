"""What is wrong with a value that could not be decoded, in the words of its file: key, value, and what is valid there."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator
from typing import Any

import msgspec

from segdata.errors import ConfigError, nearest

_AT = re.compile(r"^(?P<what>.*?)(?: - at (?P<key>`key` in )?`(?P<path>[^`]*)`)?$", re.S)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>.*)`")
_CHOICE = re.compile(r"Invalid (?:enum )?value (?P<value>.*)", re.S)
_EXPECTED = re.compile(r"Expected (?P<kind>.*?)(?:, got `(?P<got>\w+)`)?", re.S)


def translated(
    error: msgspec.ValidationError, value: object, kind: Any, where: str, section: str
) -> ConfigError:
    """What msgspec says of a value that is no `kind`, as a ConfigError that names file, key, value and what is valid there."""
    match = _AT.match(str(error))
    assert match is not None
    what, path = match["what"], (match["path"] or "$").removeprefix("$").removeprefix(".")
    steps = _steps(value, kind, path)
    place = ".".join(part for part in (section, _shown(path, steps)) if part)
    if unknown := _UNKNOWN.search(what):
        key = unknown["key"]
        valid = _fields_at(kind, steps, value)
        return ConfigError(where, place=place, found=f"unknown key {key!r}", expected=nearest(key, valid))
    if missing := _MISSING.search(what):
        return ConfigError(
            where, place=place, found=f"no key {missing['key']!r}", expected="one: it has no default"
        )
    mapping = _value_at(value, steps)
    odd = [key for key in mapping if not isinstance(key, str)] if isinstance(mapping, dict) else []
    if match["key"] and odd:
        return ConfigError(
            where,
            place=place,
            found=f"the key {odd[0]!r}",
            expected="a text as key",
            fix="Write it in quotes, if it is meant.",
        )
    if expected := _EXPECTED.fullmatch(what):
        found, wanted = _found_at(value, steps, expected["got"]), _in_words(expected["kind"])
        choices = _choices_at(kind, steps)
        return ConfigError(
            where,
            place=place,
            found=found,
            expected=f"one of: {', '.join(choices)}" if choices and wanted == _KINDS["str"] else wanted,
        )
    if chosen := _CHOICE.search(what):
        given, valid = chosen["value"].strip("'"), _choices_at(kind, steps)
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


def _found_at(value: object, steps: list[Any], got: str | None) -> str:
    """The value there as a person would write it; its kind alone where it is long or the place is vague."""
    value = _value_at(value, steps)
    if value is _VAGUE:
        return got or "a value out of range"
    text = repr(value)
    if len(text) > 60 or value is None:
        return got or type(value).__name__
    return f"{text} ({got})" if got else text


_VAGUE = object()


def _value_at(value: object, steps: list[Any]) -> object:
    """The value there; _VAGUE where msgspec says "any key" ([...]), and no key could be found."""
    try:
        for part in steps:
            value = value[int(part)] if isinstance(value, list) else value[part]  # type: ignore[index]
    except (KeyError, IndexError, TypeError, ValueError):
        return _VAGUE
    return value


_ANY_KEY = "..."
_PART = re.compile(r"\[([^]]*)\]|([^.\[]+)")


def _parts(path: str) -> list[str]:
    return [index or name for index, name in _PART.findall(path)]


def _steps(value: object, kind: Any, path: str) -> list[Any]:
    """msgspec's path, part by part; where it says "any key" ([...]), the first key whose value is not as it should be."""
    steps: list[Any] = []
    for part in _parts(path):
        wrong = _wrong_key(_value_at(value, steps), _kinds_at(kind, steps)) if part == _ANY_KEY else part
        steps.append(wrong)
    return steps


def _wrong_key(mapping: object, kinds: list[Any]) -> object:
    for one in kinds:
        for key, item in mapping.items() if isinstance(mapping, dict) else ():
            try:
                for inner in _items(one):
                    msgspec.convert(item, inner)
            except msgspec.ValidationError:
                return key
    return _ANY_KEY


def _shown(path: str, steps: list[Any]) -> str:
    for key in [step for step, part in zip(steps, _parts(path), strict=True) if part == _ANY_KEY != step]:
        path = path.replace("[...]", f".{key}", 1)
    return path


def _kinds_at(kind: Any, steps: list[Any]) -> list[Any]:
    kinds = [kind]
    for part in steps:
        inside: list[Any] = []
        for struct in _structs(kinds):
            hints = typing.get_type_hints(struct, include_extras=True)
            names = dict(zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True))
            inside += [hints[name] for shown, name in names.items() if shown == part]
        kinds = inside or [inner for one in kinds for inner in _items(one)]
    return kinds


def _items(kind: Any) -> list[Any]:
    """What a list or a mapping holds."""
    arguments = list(typing.get_args(kind))
    if typing.get_origin(kind) in (typing.Union, types.UnionType, typing.Annotated):
        return [inner for one in arguments for inner in _items(one)]
    return arguments[1:] if typing.get_origin(kind) is dict else arguments


def _fields_at(kind: Any, steps: list[Any], value: object) -> list[str]:
    """Keys that are valid there; of tagged structs, only those of the one that the value's tag names."""
    structs = list(_structs(_kinds_at(kind, steps)))
    given = _value_at(value, steps)
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


def _choices_at(kind: Any, steps: list[Any]) -> list[str]:
    """The values of a Literal there, or the tags of structs where the way ends in their tag field."""
    *above, last = steps or [""]
    tags = [
        str(struct.__struct_config__.tag)
        for struct in _structs(_kinds_at(kind, above))
        if struct.__struct_config__.tag_field == last
    ]
    return tags or [str(choice) for choice in _literals(_kinds_at(kind, steps))]


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
        elif typing.get_origin(kind) in (typing.Union, types.UnionType, typing.Annotated, list, tuple, dict):
            yield from _structs(list(typing.get_args(kind)))
