"""A page per format, from its file in segdata/formats: what is read, the traps, the keys, and what is told."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from generate.docstrings import clean, fence, lead, markdown, rest, table
from generate.findings import findings_table
from generate.structs import section
from segdata.commands.export import FORMATS as EXPORTED
from segdata.formats import format_file, format_names, format_row
from segdata.project import Project

PACKAGE = "segdata.formats"
EXAMPLES = Path(__file__).parent / "sources"
"""<format>.yaml: a section `source`, for formats of which no sample pipeline is in the repository."""

EVERYWHERE = ("photo.py", "conversion", "integrity.py", "checking")
"""Code below segdata/ that tells things of every format's photos."""


def pages(project: Project) -> dict[str, str]:
    """formats/<name>.md of every format, and formats/index.md."""
    made = {f"formats/{name}.md": _page(project, name) for name in format_names()}
    return {"formats/index.md": _index(project), **made}


def code_files(name: str) -> list[Path]:
    """The format's file and every piece of _parts that it uses, directly or through others."""
    found: dict[str, Path] = {}
    pending = [format_file(name)]
    while pending:
        path = pending.pop()
        if path.stem in found:
            continue
        found[path.stem] = path
        imported = re.findall(
            rf"^from {re.escape(PACKAGE)}\._parts\.(\w+) import", path.read_text("utf-8"), re.M
        )
        pending += [
            path.parent.joinpath("_parts", f"{one}.py") for one in imported if path.parent.name == "formats"
        ]
        pending += [path.with_name(f"{one}.py") for one in imported if path.parent.name == "_parts"]
    return [found[stem] for stem in sorted(found)]


def overview(folder: str = "") -> str:
    """The table of formats; `folder` leads from the page it stands in to that of the formats."""
    rows = [(f"[`{name}`]({folder}{name}.md)", *format_row(name)) for name in format_names()]
    return table(("format", "reads", "class from", "official splits"), rows)


def _index(project: Project) -> str:
    code = project.root / "segdata"
    files = [
        path
        for one in EVERYWHERE
        for path in ([code / one] if (code / one).is_file() else code.rglob(f"{one}/*.py"))
    ]
    return "\n\n".join(
        [
            "# Formats",
            "A format is the way in which annotations are written down. `segdata inspect FOLDER` says which one lies "
            "in a folder and starts a pipeline file for it.",
            overview(),
            "In every format: the EXIF orientation is applied to photo and annotation alike, photos are area-averaged, "
            "masks are resampled to the nearest pixel, and what no region covers is `ignore` unless the pipeline file "
            "says otherwise. Nothing is dropped or guessed without a word: what was unusual is told by "
            "`segdata inspect`, `segdata check` and the conversion, and listed in `data/checks/NAME.json`.",
            "## What is told in every format",
            "Each page of a format has such a table of its own. An *error* sets the photo aside, a *warning* may harm "
            "the result, a *note* is told for completeness. “…” stands for what differs from case to case.",
            findings_table(files),
            "## A format that is not here",
            "One file and one golden case: see [Add a format](../how-to/add-a-format.md).",
        ]
    )


def _page(project: Project, name: str) -> str:
    module = importlib.import_module(f"{PACKAGE}.{name}")
    row = format_row(name)
    parts = [
        f"# {name}",
        markdown(lead(module.__doc__)),
        table(
            ("reads", "class from", "official splits"),
            [tuple(row)],
        ),
        "## What it reads",
        _body(rest(module.__doc__)),
        "## In a pipeline file",
        *_example(project, name),
        "## Options",
        section(module.Options, {}) if hasattr(module, "Options") else "This format has no options.",
    ]
    if name in EXPORTED:
        document = importlib.import_module(f"segdata.export.{name}").__doc__
        parts += [
            "## Written, too",
            fence(f"segdata export mine --to {name} --out data/exported/mine-{name}", "console"),
            markdown(document),
        ]
    parts += ["## What is told", findings_table(code_files(name))]
    details = list(_details(name))
    if details:
        parts += ["## In more detail", *details]
    return "\n\n".join(part for part in parts if part) + "\n"


def _body(document: str) -> str:
    """The specification, with its traps under a heading of their own."""
    before, found, traps = document.partition("\nTraps")
    if not found:
        return markdown(document)
    return f"{markdown(before)}\n\n## Traps\n\n{markdown(traps.lstrip(':').strip())}"


def _example(project: Project, name: str) -> Iterator[str]:
    for path in (EXAMPLES / f"{name}.yaml", project.root / "pipelines" / f"sample-{name}.yaml"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            source = re.search(r"^source:\n(?:[ #].*\n|\n)+", text, re.M)
            assert source is not None, path
            yield (
                "`segdata inspect` writes such a section from what it finds; every key is explained in the "
                "[reference](../reference/pipeline-file.md#source)."
            )
            yield fence(source[0].rstrip(), "yaml")
            return


def _details(name: str) -> Iterator[str]:
    """What the format's own pieces say of the files they read, folded up."""
    for path in code_files(name):
        document = clean(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))
        if path.parent.name == "_parts" and path.stem.startswith(f"{name}_") and "\n\n" in document:
            text = markdown(document)
            inside = "\n".join(f"    {line}" if line else "" for line in text.splitlines())
            yield f'??? note "{path.name}"\n\n{inside}'
