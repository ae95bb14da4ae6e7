"""Values put into the text of a pipeline file, so that every comment, every order and every other character stays.

>>> put("train: {lr: 0.1}  # tried\\n", {"train.lr": 0.01, "train.momentum": 0.9})
'train: {lr: 0.01, momentum: 0.9}  # tried\\n'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from segdata.inspection.yaml_text import flow, scalar


def put(text: str, values: Mapping[str, Any]) -> str:
    """The text with values at these paths; a key that is absent is put behind the last one of its mapping.

    Raises ValueError for text that is no mapping, or a value whose present text holds comments or cannot be told apart.
    """
    for path, value in values.items():
        text = _put_one(text, path.split("."), value)
    return text


def _put_one(text: str, path: list[str], value: Any) -> str:
    node = yaml.compose(text, yaml.SafeLoader)
    for depth, part in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            raise ValueError(f"{'.'.join(path[:depth]) or 'the file'} is no mapping")
        found = [inner for key, inner in node.value if isinstance(key, yaml.ScalarNode) and key.value == part]
        if not found:
            return _insert(text, node, path[depth:], value)
        node = found[-1]
    start, end = node.start_mark.index, _end(node)
    old = text[start:end]
    if "#" in old and not isinstance(node, yaml.ScalarNode):
        raise ValueError(f"{'.'.join(path)} holds a comment, or something like one")
    return text[:start] + " " * (not old) + flow(value) + text[end:]


def _insert(text: str, mapping: yaml.MappingNode, path: list[str], value: Any) -> str:
    first, *rest = path
    for part in reversed(rest):
        value = {part: value}
    entry = f"{scalar(first)}: {flow(value)}"
    if not mapping.value:
        start, end = mapping.start_mark.index, mapping.end_mark.index
        return text[:start] + "{" + entry + "}" + text[end:]
    last = _end(mapping.value[-1][1])
    if mapping.flow_style:
        return f"{text[:last]}, {entry}{text[last:]}"
    line_end = text.find("\n", last)  # behind a comment that stands on the line
    line_end = len(text) if line_end < 0 else line_end
    indent = " " * mapping.value[0][0].start_mark.column
    return f"{text[:line_end]}\n{indent}{entry}{text[line_end:]}"


def _end(node: yaml.Node) -> int:
    """Where a value's own text ends; a block's mark stands behind the empty lines and comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    index: int = node.end_mark.index
    return index
