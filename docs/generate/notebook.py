"""The example notebook as a page: its text, its code, and the outputs that it was saved with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generate.docstrings import fence
from segdata.project import Project

NOTEBOOK = Path(__file__).parent.parent / "shards.ipynb"


def cells() -> list[dict[str, Any]]:
    """The notebook's cells, as nbformat 4 has them."""
    found: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return found


def pages(project: Project) -> dict[str, str]:
    """shards-notebook.md."""
    parts = [part for cell in cells() for part in _cell(cell)]
    note = f"This page is the notebook [`docs/{NOTEBOOK.name}`]({NOTEBOOK.name}), run over the sample data."
    return {"shards-notebook.md": "\n\n".join([parts[0], note, *parts[1:]]) + "\n"}


def _cell(cell: dict[str, Any]) -> Iterator[str]:
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield text
        return
    yield fence(text, "python")
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "image/png" in data:
            encoded = "".join(data["image/png"]).replace("\n", "")
            yield f'<img alt="What this cell shows" src="data:image/png;base64,{encoded}">'
        elif "text/html" in data:
            yield _table("".join(data["text/html"]))
        elif "text/plain" in data or "text" in output:
            yield fence("".join(data.get("text/plain", output.get("text", ""))), "text")


def _table(html: str) -> str:
    """A data frame's table, without the style sheet that it brings and without blank lines, which end HTML in Markdown."""
    bare = re.sub(r"<style.*?</style>", "", html, flags=re.S)
    return f'<div class="frame">{"".join(line.strip() for line in bare.splitlines())}</div>'
