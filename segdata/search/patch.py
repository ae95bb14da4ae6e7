"""The best values as a change of the pipeline file: shown as a diff, put in with nothing else touched, or given to DVC.

-  lr: 0.006
+  lr: 0.003
dvc exp run -S 'pipelines/sample-via.yaml:train.lr=0.003'
"""

from __future__ import annotations

import difflib
import shlex
from pathlib import Path

from segdata.atomic import replace_file, temporary_file
from segdata.decode import read_yaml
from segdata.errors import ConfigError
from segdata.inspection.yaml_text import flow
from segdata.project import Project
from segdata.search.draws import Values
from segdata.search.yaml_splice import put
from segdata.search_section import value_at, with_values

_BOM = "\ufeff"


def patched(path: Path, where: str, values: Values) -> tuple[str, str]:
    """The text of a pipeline file, and the same with these values in it.

    Raises ConfigError when they cannot be put in without a loss: then they are for a person to put in.
    """
    before = path.read_bytes().decode("utf-8")
    own = read_yaml(path, where)
    assert isinstance(own, dict)
    values = {key: value for key, value in values.items() if value_at(own, key) != value}
    try:
        after = _BOM * before.startswith(_BOM) + put(before.removeprefix(_BOM), values)
        with temporary_file(path.parent) as temporary:  # beside the base of a variant
            temporary.write_bytes(after.encode())
            if read_yaml(temporary, where) != with_values(own, values):
                raise ValueError("something else would change")
    except (ValueError, ConfigError) as error:
        raise ConfigError(
            where,
            found=f"text that the best values do not fit into ({error})",
            expected="plain keys and values",
            fix="Put them in by hand, from best.yaml.",
        ) from error
    return before, after


def diff_of(before: str, after: str, where: str) -> str:
    """A unified diff as `git diff` writes it; empty where nothing changes."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{where}", f"b/{where}"
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def apply(path: Path, after: str) -> None:
    """Give the file its new text, whole or not at all."""
    with replace_file(path) as temporary:
        temporary.write_bytes(after.encode())


def experiment(project: Project, name: str, values: Values) -> str:
    """The `dvc exp run` that tries these values; `+` where the file does not state the key yet."""
    own = read_yaml(project.pipeline_path(name), f"pipelines/{name}.yaml")
    arguments = []
    for path, value in values.items():
        sign = "+" if value_at(own, path) is None else ""
        arguments.append(f"-S {shlex.quote(f'pipelines/{name}.yaml:{sign}{path}={flow(value)}')}")
    return f"dvc exp run {' '.join(arguments)}"
