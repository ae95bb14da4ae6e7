"""Pieces of the README and of data/README.md, so that a sentence stands in one place only."""

from __future__ import annotations

import re

from segdata.project import Project


def parts(project: Project) -> dict[str, str]:
    """Name of a piece → Markdown."""
    readme = (project.root / "README.md").read_text(encoding="utf-8")
    folders = (project.root / "data" / "README.md").read_text(encoding="utf-8")
    return {
        "readme-intro": _in_docs(readme.split("\n## ", 1)[0].partition("\n")[2]),
        "readme-two-commands": _in_docs(section(readme, "Two commands")),
        "data-folders": folders.partition("\n")[2].strip(),
    }


def section(text: str, heading: str) -> str:
    """A section of a Markdown file with its heading. Raises LookupError when there is none."""
    found = re.search(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", text, re.M | re.S)
    if found is None:
        raise LookupError(f"README.md has no section {heading!r}")
    return found[0].strip()


def _in_docs(text: str) -> str:
    """Addresses as seen from docs/."""
    return text.strip().replace("](docs/", "](")
