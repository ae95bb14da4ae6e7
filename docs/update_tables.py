"""Write the README's tables of formats and of published results from the formats and pipeline files themselves.

python docs/update_tables.py
"""

from __future__ import annotations

import re
from pathlib import Path

from generate.formats import overview

from segdata.decode import read_yaml
from segdata.project import Project

FORMATS = ("<!-- formats: made by docs/update_tables.py from segdata/formats -->", "<!-- /formats -->")
PUBLISHED = ("<!-- published: made by docs/update_tables.py from pipelines -->", "<!-- /published -->")


def published(project: Project) -> str:
    """The table of published results in Markdown; of a file's variants, how many there are."""
    names = project.pipeline_names()
    bases = {name: read_yaml(project.pipeline_path(name), name).get("base") for name in names}
    variants = list(bases.values())
    lines = [
        "| pipeline | what | published | computed by | split | beside it |",
        "|---|---|---:|---|---|---|",
    ]
    for name in names:
        pipeline = project.pipeline(name)
        if pipeline.published is None or bases[name] is not None:
            continue
        figure, count = pipeline.published, variants.count(name)
        value = "curves alone" if figure.value is None else f"{figure.value:.4f} {figure.metric}"
        more = f"; {count} more rows of its report as variants" if count else ""
        lines.append(
            f"| `{name}` | {pipeline.title}{more} | {value} | `{figure.protocol}` | {figure.split} | `{figure.standard}` |"
        )
    return "\n".join(lines)


def updated(readme: str, project: Project) -> str:
    """The README's text with the tables in their places."""
    for (start, end), table in ((FORMATS, overview(None)), (PUBLISHED, published(project))):
        new = f"{start}\n{table}\n{end}"
        readme = re.sub(f"{re.escape(start)}.*?{re.escape(end)}", lambda _, new=new: new, readme, flags=re.S)
    return readme


if __name__ == "__main__":
    project = Project.find(Path(__file__).parent)
    path = project.root / "README.md"
    path.write_text(updated(path.read_text(encoding="utf-8"), project), encoding="utf-8")
