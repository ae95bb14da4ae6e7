"""Values as YAML text that reads back as the same values, and comments that break no line.

>>> scalar("traffic sign"), scalar("Tree "), scalar("yes"), scalar("1"), scalar(1), scalar("1e3")
('traffic sign', '"Tree "', '"yes"', '"1"', '1', '"1e3"')
>>> flow({"shares": {"train": 0.7}, "classes": ["a", "no"]})
'{shares: {train: 0.7}, classes: [a, "no"]}'
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence

import yaml

_PLAIN = re.compile(r"[A-Za-z_/](?:[\w ./-]*[\w./-])?", re.ASCII)
_WORDS = frozenset("yes no on off true false null y n".split())


def scalar(value: object) -> str:
    """One value: text is plain where it cannot be mistaken for anything else, else double-quoted."""
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        text: str = yaml.safe_dump(value, default_style='"', allow_unicode=True, width=10**9)
        return text.rstrip("\n")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else repr(value)


def flow(value: object) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def printable(text: str) -> str:
    r"""The text with everything that is no printable character as an escape: names come from strangers' files.

    >>> printable("a\nb")
    'a\\nb'
    """
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def comment(text: str, indent: int = 0, width: int = 108) -> list[str]:
    """Comment lines of at most `width` characters; a word longer than that keeps its own line."""
    return textwrap.wrap(
        printable(text),
        width,
        initial_indent=" " * indent + "# ",
        subsequent_indent=" " * indent + "# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
