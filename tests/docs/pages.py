"""The pages that people wrote, and their blocks of code."""

from __future__ import annotations

import re

from tests.projects import REPOSITORY

PAGES = {
    path.relative_to(REPOSITORY).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted([REPOSITORY / "README.md", *REPOSITORY.glob("docs/**/*.md")])
}
BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w+)\n(?P<code>.*?)^(?P=indent)```$", re.M | re.S)


def blocks(page: str, *languages: str) -> list[str]:
    """The blocks of a page in these languages, in their order."""
    return [match["code"] for match in BLOCK.finditer(PAGES[page]) if match["language"] in languages]


def with_blocks(*languages: str) -> list[str]:
    """The pages that have a block in one of these languages."""
    return [page for page in PAGES if blocks(page, *languages)]
