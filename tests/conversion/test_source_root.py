"""A source lies inside the project."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from segdata.conversion.sources import root_of
from segdata.errors import ConfigError
from segdata.pipeline import Source
from tests.projects import sample_project


@pytest.mark.parametrize("root", ["../elsewhere", "data/../../elsewhere", "/elsewhere"])
def test_a_path_does_not_lead_out_of_the_project(tmp_path: Path, root: str) -> None:
    project = sample_project(tmp_path, "via")
    source: Source = project.pipeline("via").source
    assert root_of(project.root, source, "pipelines/via.yaml") == project.root / source.root
    with pytest.raises(
        ConfigError, match="source.root: found .*elsewhere; expected a folder inside the project"
    ):
        root_of(project.root, msgspec.structs.replace(source, root=root), "pipelines/via.yaml")
