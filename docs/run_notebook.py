"""Run docs/shards.ipynb over the sample data that `make repro` left, and keep its outputs as the site shows them.

    pip install nbclient ipykernel      by hand: nothing else here needs them
    python docs/run_notebook.py

What changes from run to run (counters, timings, warnings, second forms of a picture) is not kept.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).with_name("shards.ipynb")
KEPT = ("image/png", "text/html", "text/plain")
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def main() -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"
    book = nbformat.read(NOTEBOOK, 4)
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(NOTEBOOK.parent.parent)}}).execute()
    for cell in book.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [kept(output) for output in cell.outputs if output.output_type == "execute_result"]
    book.metadata = KERNEL | {"language_info": {"name": "python"}}
    NOTEBOOK.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def kept(output: Any) -> Any:
    data = {kind: output.data[kind] for kind in KEPT if kind in output.data}
    if "image/png" in data:
        data.pop("text/plain")
    return {**output, "data": data, "execution_count": None}


if __name__ == "__main__":
    main()
