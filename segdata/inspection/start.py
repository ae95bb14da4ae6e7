"""Where a new pipeline file goes and what it is called; a file that is there is never overwritten.

data/raw/My Street/  →  pipelines/my-street.yaml
"""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from pathlib import Path

from segdata.atomic import temporary_file
from segdata.errors import ConfigError, DataError
from segdata.pipeline import read_pipeline
from segdata.project import Project

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
RAW = "data/raw/"


def place_in(project: Project, path: Path) -> str:
    """The folder's path relative to the project, as source.root says it; links on the way are kept as they are.

    Raises DataError for a folder outside the project: pipelines name nothing that another clone would not have.
    """
    path = Path(os.path.abspath(path))
    for folder in (path, *path.parents):
        if folder.resolve() == project.root:
            relative = path.relative_to(folder).as_posix()
            break
    else:
        goal = f"{RAW}{name_of(path.name)}"
        quoted = shlex.quote(str(path))
        raise DataError(
            str(path),
            found=f"a folder outside the project {project.root}",
            expected="one inside it: a pipeline file names its folder relative to the project",
            fix=f"Copy it there (cp -r {quoted} {goal}; DVC keeps no linked folder), then: segdata inspect {goal}. --no-write looks without writing.",
        )
    if relative in (".", "data", "data/raw"):
        raise DataError(
            str(path), found=f"the project's {relative}", expected=f"the folder of one set, such as {RAW}mine"
        )
    return relative


def raw_folder(root: str) -> str | None:
    """What params.yaml calls `raw`: the folder below data/raw/; None for one that lies elsewhere."""
    return root.removeprefix(RAW) if root.startswith(RAW) else None


def name_of(root: str) -> str:
    """A pipeline's name from its folder, in kebab-case.

    >>> name_of("data/raw/My Street/train"), name_of("data/raw/Müller_2")
    ('my-street-train', 'muller-2')
    """
    plain = (
        unicodedata.normalize("NFKD", root.removeprefix(RAW)).casefold().encode("ascii", "ignore").decode()
    )
    return "-".join(re.findall(r"[a-z0-9]+", plain))[:100].strip("-") or "photos"


def new_path(project: Project, name: str) -> Path:
    """Where the new file goes. Raises ConfigError for a name that no file may have, or that one has already."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            "--name", found=repr(name), expected="letters, digits, - and _, the first a letter or digit"
        )
    path = project.root / "pipelines" / f"{name}.yaml"
    if path.exists():
        raise ConfigError(
            f"pipelines/{name}.yaml",
            found="a file of this name",
            expected="a new one: nothing is overwritten",
            fix="Give another name: --name NAME. --no-write looks without writing.",
        )
    return path


def write_new(project: Project, name: str, text: str) -> None:
    """Write pipelines/<name>.yaml. What is written decodes; raises ConfigError for one that would not."""
    path = new_path(project, name)
    with temporary_file(project.scratch_dir("inspect")) as draft:
        draft.write_text(text, encoding="utf-8")
        read_pipeline(draft, f"pipelines/{name}.yaml")
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
