"""The keys of a section of a pipeline file, from its Struct: type and default from the fields, meaning from the docstring.

| key | what is written there | default | meaning |
|---|---|---|---|
| `epochs` | whole number, 1 or more | | how often the training photos are gone through |
"""

from __future__ import annotations

import math
import re
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any

import msgspec

from generate.docstrings import cell, code, markdown, meanings, prose, table

WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", object: "anything"}
HEAD = ("key", "what is written there", "default", "meaning")

Links = Mapping[type, str]
"""Struct → address of the section that describes it."""


def keys_table(struct: type[msgspec.Struct], links: Links) -> str:
    """A row per key, in the order of the file; a tag (`method: hash`) first. Raises LookupError for one without a meaning."""
    explained, hints = meanings(struct.__doc__), typing.get_type_hints(struct, include_extras=True)
    rows = []
    if struct.__struct_config__.tag_field:
        rows.append(
            (code(struct.__struct_config__.tag_field), code(struct.__struct_config__.tag), "", "says which")
        )
    for key, field in zip(struct.__struct_encode_fields__, msgspec.structs.fields(struct), strict=True):
        if key not in explained:
            raise LookupError(
                f"{struct.__module__}.{struct.__name__}: its docstring does not say what {key!r} means"
            )
        meaning = re.sub(r"\bNone\b", "null", explained[key])  # as YAML writes it
        rows.append((code(key), in_words(hints[field.name], links), default_of(field), cell(meaning)))
    return table(HEAD, rows)


def section(struct: type[msgspec.Struct], links: Links) -> str:
    """What the docstring says but for its table, and the table of keys."""
    return f"{markdown(prose(struct.__doc__))}\n\n{keys_table(struct, links)}\n"


def default_of(field: msgspec.structs.FieldInfo) -> str:
    """The default as YAML would have it; "required" where there is none."""
    if field.default is not msgspec.NODEFAULT:
        value: Any = field.default
    elif field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    else:
        return "required"
    if isinstance(value, msgspec.Struct):
        return "its defaults"
    value = msgspec.to_builtins(value)
    if value == "":
        return "empty"
    return code(_yaml(value))


def _yaml(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_yaml(one) for one in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(one)}" for key, one in value.items()) + "}"
    return str(value)


def in_words(hint: Any, links: Links) -> str:
    """A type as a person would say it, in Markdown."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        bounds = next((one for one in arguments[1:] if isinstance(one, msgspec.Meta)), msgspec.Meta())
        return in_words(arguments[0], links) + _bounds(bounds)
    if origin is typing.Literal:
        return " \\| ".join(code(value) for value in arguments)
    if origin in (typing.Union, types.UnionType):
        some = [in_words(one, links) for one in arguments if one is not type(None)]
        return ", or ".join([*some, "`null`"] if type(None) in arguments else some)
    if origin is tuple and (len(arguments) != 2 or arguments[1] is not Ellipsis):
        kinds = [in_words(one, links) for one in arguments]
        return f"list of {len(kinds)}: {kinds[0]}" if len(set(kinds)) == 1 else f"list: {', '.join(kinds)}"
    if origin in (list, tuple):
        return f"list of: {in_words(arguments[0], links)}"
    if origin is dict:
        return f"mapping of {in_words(arguments[0], links)} to {in_words(arguments[1], links)}"
    if hint in WORDS:
        return WORDS[hint]
    if hint in links:
        return f"[{_name(hint)}]({links[hint]})"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        inner = typing.get_type_hints(hint, include_extras=True)
        return "mapping: " + ", ".join(f"{code(key)} {in_words(kind, links)}" for key, kind in inner.items())
    raise TypeError(f"no words for {hint}")


def _name(struct: Any) -> str:
    tag = struct.__struct_config__.tag
    return f"`{struct.__struct_config__.tag_field}: {tag}`" if tag else f"{struct.__name__}"


def _bounds(meta: msgspec.Meta) -> str:
    low, high = (meta.ge if meta.ge is not None else meta.gt), (meta.le if meta.le is not None else meta.lt)
    finite = high is not None and high not in (sys.float_info.max, math.inf)
    words = []
    if low is not None and finite:
        high_word = "" if meta.le is not None else "below "
        words.append(f"{'above ' if meta.ge is None else ''}{low:,} to {high_word}{high:,}")
    elif low is not None:
        words.append(f"above {low:,}" if meta.ge is None else f"{low:,} or more")
    elif finite:
        words.append(f"{'at most' if meta.le is not None else 'below'} {high:,}")
    if meta.min_length is not None:
        words.append(f"at least {meta.min_length}")
    if meta.max_length is not None:
        words.append(f"at most {meta.max_length}")
    if meta.pattern is not None:
        words.append(f"of the form {code(meta.pattern)}")
    return "".join(f", {word}" for word in words)
