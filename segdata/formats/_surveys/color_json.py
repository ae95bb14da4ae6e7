"""Names of colours in JSON, whatever the tool that wrote it calls them.

{"road": [128, 64, 128], "car": "#00008e"}
{"0": {"name": "road", "color": [128, 64, 128]}}
{"classes": [{"title": "road", "shape": "bitmap", "color": "#804080"}]}      Supervisely
{"labels": [{"color": [128, 64, 128], "name": "construction--flat--road"}]}  Mapillary
{"classes": ["road", "car"], "colors": [[128, 64, 128], [0, 0, 142]]}
{"128,64,128": "road"}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from segdata.formats._parts.label_file import Color

MOST_ROWS = 4096
DEEPEST = 6
"""So far down a table may lie."""

_NAMES = ("name", "title", "label", "class_name", "class", "category")
_COLOR_KEY = re.compile(r"colou?r|rgb|hex", re.I)
_HEX = re.compile(r"#?([0-9a-fA-F]{6})(?:[fF]{2})?")
_TRIPLE = re.compile(r"\W*([0-9]{1,3})[\s,;]+([0-9]{1,3})[\s,;]+([0-9]{1,3})\W*")


class Row(NamedTuple):
    """One row of a table of colours.

    text    the row as it stands there
    name    "" where there is none
    color   None where there is none
    number  what numbers it; None where nothing does
    """

    place: str
    text: str
    name: str
    color: Color | None
    number: int | None = None


def rows_of_json(text: str) -> Iterator[Row]:
    """Every named colour; nothing of a text that is no JSON."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    for number, row in enumerate(_rows(document, "$", DEEPEST)):
        if number == MOST_ROWS:
            return
        yield row


def _rows(node: object, place: str, deep: int) -> Iterator[Row]:
    if deep == 0:
        return
    if isinstance(node, list):
        for number, one in enumerate(node):
            yield from _rows(one, f"{place}[{number}]", deep - 1)
    if not isinstance(node, dict):
        return
    told = _color_told(node)
    name = next((node[key] for key in _NAMES if isinstance(node.get(key), str)), None)
    is_row = told is not None and name is not None
    if is_row:
        yield _row(place, str(name), told)
    yield from _side_by_side(node, place)
    names_colors = not is_row and 2 * sum(map(_like_a_color, node.values())) >= len(node)
    for key, value in node.items():
        here = f"{place}.{key}"
        inner = _color_told(value) if isinstance(value, dict) else None
        if _like_a_color(value):
            if names_colors:
                yield _row(here, key, value)
        elif isinstance(value, str) and _TRIPLE.fullmatch(key):
            yield _row(here, value, key)
        elif inner is not None and not any(isinstance(value.get(one), str) for one in _NAMES):
            yield _row(here, key, inner)
        else:
            yield from _rows(value, here, deep - 1)


def _side_by_side(node: Mapping[str, object], place: str) -> Iterator[Row]:
    """A list of names beside a list of as many colours: the first of each. Boxes of four numbers look like colours, and
    a file may hold one list of them for every photo, so that each list is looked at once."""
    lists = [(key, value) for key, value in node.items() if isinstance(value, list) and value]
    names_of: dict[int, list[str]] = {}
    for _, names in lists:
        if all(isinstance(one, str) and not _HEX.fullmatch(one) for one in names):
            names_of.setdefault(len(names), names)
    for key, colors in lists:
        if len(colors) in names_of and all(map(_like_a_color, colors)):
            for number, (name, color) in enumerate(zip(names_of[len(colors)], colors, strict=True)):
                yield _row(f"{place}.{key}[{number}]", name, color)
            return


def _color_told(node: Mapping[str, object]) -> object:
    """What an object says of its colour; None where it says nothing of it."""
    for channels in (("r", "g", "b"), ("red", "green", "blue"), ("R", "G", "B")):
        if all(channel in node for channel in channels):
            return [node[channel] for channel in channels]
    return next(
        (value for key, value in node.items() if _COLOR_KEY.search(key) and not isinstance(value, dict)), None
    )


def _like_a_color(value: object) -> bool:
    """Whether it is written as colours are, with three whole numbers or six digits after #."""
    if isinstance(value, list):
        return len(value) in (3, 4) and all(type(one) is int for one in value)
    return isinstance(value, str) and (
        value.startswith("#") and bool(_HEX.fullmatch(value)) or bool(_TRIPLE.fullmatch(value))
    )


def _row(place: str, name: str, color: object) -> Row:
    return Row(place, json.dumps({name: color}, ensure_ascii=False), name.strip(), _color(color))


def _color(value: object) -> Color | None:
    """A colour as it is written; with a fourth part, only where that is full opacity."""
    parts: Sequence[object] = value if isinstance(value, list) else ()
    if isinstance(value, str):
        if match := _HEX.fullmatch(value.strip()):
            parts = list(bytes.fromhex(match[1]))
        elif match := _TRIPLE.fullmatch(value):
            parts = [int(one) for one in match.groups()]
    if len(parts) == 4 and parts[3] == 255:
        parts = parts[:3]
    numbers = [one for one in parts if type(one) is int and 0 <= one <= 255]
    if len(numbers) != 3 or len(parts) != 3:
        return None
    red, green, blue = numbers
    return red, green, blue
