"""All generated pages and pieces of the site, and what the navigation needs to know of them."""

from __future__ import annotations

from collections.abc import Iterator

from segdata.formats import format_names
from segdata.project import Project

from generate import commands, formats, notebook, protocols, published, readme, reference, shards


def pages(project: Project) -> dict[str, str | bytes]:
    """Address → Markdown of a page, or bytes of a picture."""
    made: dict[str, str | bytes] = {}
    for one in (formats, protocols, published, reference, commands, notebook):
        made |= one.pages(project)
    return made | protocols.pictures()


def parts(project: Project) -> dict[str, str]:
    """Name → what replaces the line <!-- made: name --> in a page that people wrote."""
    return readme.parts(project) | shards.parts(project) | {"formats": formats.overview("formats/")}


def format_pages() -> Iterator[dict[str, str]]:
    """The navigation's entries below Formats."""
    for name in format_names():
        yield {name: f"formats/{name}.md"}
