"""Docstrings as Markdown. segdata's are plain text that people read in an editor; four shapes in them mean something:

    One sentence, then prose.

        what stands indented              an example, kept as it is

    - a point,                            a list
      and how it goes on

    key, other  what it means             a table, two blanks between the columns,
                and how it goes on        the rest of a meaning below its beginning

and >>> lines are Python.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator, Sequence

ROW = re.compile(r"^(\S(?:.*?\S)?) {2,}(\S.*)$")
NAME = re.compile(r"^[\w`: ,./*-]+$")
EXAMPLE = re.compile(r"""^([{\["'</…]|\w+: [{\[])""")
EMPHASIS = re.compile(r"(?<![\w*])\*(\w[^*\n]*)\*(?![\w*])")
URL = re.compile(r"(?<![<`\w])https?://[^\s<>)`]*[^\s<>)`.,:;]")


def clean(document: str | None) -> str:
    return inspect.cleandoc(document or "")


def lead(document: str | None) -> str:
    """The first paragraph, as one line of plain text."""
    return " ".join(clean(document).split("\n\n", 1)[0].split())


def rest(document: str | None) -> str:
    """What follows the first paragraph."""
    return clean(document).partition("\n\n")[2]


def escape(text: str) -> str:
    """Prose that means the same in Markdown; what stands between backticks is code already."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") and len(part) > 1 else _escape(part) for part in parts)


def _escape(text: str) -> str:
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(f"<{match[0]}>")
        return f"\0{len(kept) - 1}\0"

    text = URL.sub(keep, text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = EMPHASIS.sub("\1\\1\1", text)
    text = re.sub(r"([\\*_\[\]])", r"\\\1", text).replace("\1", "*")
    return re.sub("\0(\\d+)\0", lambda match: kept[int(match[1])], text)


def cell(text: str) -> str:
    """Prose for one cell of a table."""
    return escape(" ".join(text.split())).replace("|", "\\|")


def code(text: object) -> str:
    """Code for one cell of a table."""
    return f"`{str(text)}`".replace("|", "\\|") if str(text) else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; cells are Markdown already. Nothing for no rows."""
    if not rows:
        return ""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def fence(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def meanings(document: str | None) -> dict[str, str]:
    """Key → what it means, from all tables of a docstring; keys that share a line share the meaning."""
    found: dict[str, str] = {}
    for block in _blocks(clean(document).splitlines()):
        if rows := _rows(block):
            for keys, meaning in rows:
                found |= {key.strip(): meaning for key in keys.split(",")}
    return found


def prose(document: str | None) -> str:
    """A docstring without its tables of keys, as plain text."""
    blocks = [block for block in _blocks(clean(document).splitlines()) if not _rows(block)]
    return "\n\n".join("\n".join(block) for block in blocks)


def markdown(document: str | None) -> str:
    """The whole docstring as Markdown."""
    return "\n\n".join(_shown(block) for block in _blocks(clean(document).splitlines()))


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Paragraphs, lists, tables; what is indented hangs together over blank lines."""
    block: list[str] = []
    for line in [*lines, ""]:
        indented = line.startswith("    ")
        was_code = bool(block) and block[0].startswith("    ")
        if not line.strip():
            if was_code:
                block.append("")
                continue
            if block:
                yield block
            block = []
            continue
        ends_code = was_code and not indented
        begins_code = not block and indented
        begins_list = bool(block) and line.startswith("- ") and not block[0].startswith("- ")
        begins_table = len(block) > 0 and not was_code and ROW.match(line) and _is_text(block)
        if ends_code or begins_list or begins_table:
            yield _stripped(block)
            block = []
        if begins_code or not line.strip():
            block = []
        block.append(line)
    if block := _stripped(block):
        yield block


def _is_text(block: list[str]) -> bool:
    return not _rows(block) and block[-1].rstrip().endswith((":", "."))


def _stripped(block: list[str]) -> list[str]:
    while block and not block[-1].strip():
        block.pop()
    return block


def _rows(block: Sequence[str]) -> list[tuple[str, str]]:
    """Key and meaning of each row, where the block is a table; else nothing."""
    rows: list[tuple[str, str]] = []
    for line in block:
        if line.startswith("  ") and rows:
            key, meaning = rows[-1]
            rows[-1] = (key, f"{meaning} {line.strip()}")
        elif (match := ROW.match(line)) and not line.startswith(("- ", ">>> ", " ")):
            rows.append((match[1], match[2]))
        else:
            return []
    return rows


def _shown(block: list[str]) -> str:
    text = textwrap.dedent("\n".join(block))
    if block[0].startswith(">>> "):
        return fence(text, "pycon")
    if block[0].startswith("    ") or EXAMPLE.match(block[0]):
        return fence(text, _language(text))
    if rows := _rows(block):
        if not all(NAME.match(key) for key, _ in rows):
            return fence(text)
        return table(("", ""), [(code(key.replace("`", "")), cell(meaning)) for key, meaning in rows])
    if block[0].startswith("| "):
        return text
    return "\n".join(line[: len(line) - len(line.lstrip())] + escape(line.lstrip()) for line in block)


def _language(text: str) -> str:
    if text.startswith((">>> ", "from ", "import ")):
        return "pycon" if text.startswith(">>>") else "python"
    if text.startswith("<"):
        return "xml"
    return "yaml" if re.match(r"^[a-z_]+:( |\n)", text) else "text"
