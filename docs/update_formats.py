"""Write the README's table of formats from the formats themselves.

python docs/update_formats.py
"""

from __future__ import annotations

import re
from pathlib import Path

from generate.formats import overview

START, END = "<!-- formats: made by docs/update_formats.py from segdata/formats -->", "<!-- /formats -->"


def updated(readme: str) -> str:
    """The README's text with the table in its place."""
    between = f"{re.escape(START)}.*?{re.escape(END)}"
    return re.sub(between, lambda _: f"{START}\n{overview(None)}\n{END}", readme, flags=re.S)


if __name__ == "__main__":
    path = Path(__file__).parent.parent / "README.md"
    path.write_text(updated(path.read_text(encoding="utf-8")), encoding="utf-8")
