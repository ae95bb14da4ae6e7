"""Pieces that modules say of themselves in their first lines: addresses of a server, an example of a section."""

from __future__ import annotations

import re

import segdata.search_section as search_section
import segdata.serving as serving
from generate.docstrings import clean, fence


def parts() -> dict[str, str]:
    """Name of a piece → Markdown."""
    return {
        "serving-addresses": fence(_block(serving.__doc__, r" *(GET|POST) +/")),
        "search-example": fence(_block(search_section.__doc__, r"search:|  "), "yaml"),
    }


def _block(document: str | None, line: str) -> str:
    """The first lines in a row that begin so. Raises LookupError when there are none."""
    lines = clean(document).splitlines()
    first = next((number for number, text in enumerate(lines) if re.match(line, text)), None)
    if first is None:
        raise LookupError(f"no line of the docstring begins with {line!r}")
    last = next(
        (number for number in range(first, len(lines)) if not re.match(line, lines[number])), len(lines)
    )
    return "\n".join(text for text in lines[first:last])
