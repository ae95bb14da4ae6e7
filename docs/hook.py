"""What MkDocs calls while it builds the site: pages that the code writes, pieces of others, and a last look at all links.

mkdocs build        (make docs)
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import generate.links
import generate.site
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from segdata.project import Project

PART = re.compile(r"<!-- made: ([\w-]+) -->")
PROJECT = Project(Path(__file__).resolve().parent.parent)


def on_config(config: Any) -> Any:
    """Every format has its page in the navigation."""
    for entry in config.nav:
        if "Formats" in entry:
            entry["Formats"] = ["formats/index.md", *generate.site.format_pages()]
    return config


def on_files(files: Files, config: Any) -> Files:
    for address, content in generate.site.pages(PROJECT).items():
        files.append(File.generated(config, address, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    def part(match: re.Match[str]) -> str:
        parts = _parts()
        if match[1] not in parts:
            raise PluginError(f"no piece {match[1]!r}; there are: {', '.join(parts)}")
        return parts[match[1]]

    return PART.sub(part, markdown)


@lru_cache(maxsize=1)
def _parts() -> dict[str, str]:
    return generate.site.parts(PROJECT)


def on_post_build(config: Any) -> None:
    """Broken links end the build; links that lead out are listed in site/external-links.txt, and not followed."""
    found = generate.links.look_at(Path(config.site_dir))
    (Path(config.site_dir) / "external-links.txt").write_text(
        "\n".join([*found.external, ""]), encoding="utf-8"
    )
    if found.broken or found.fetched:
        raise PluginError("\n".join(["links of the built site:", *found.broken, *found.fetched]))
