"""An empty project in which a test writes the pipelines that it needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from segdata.project import Project
from tests.report.fakes import Fake


@pytest.fixture
def fake(tmp_path: Path) -> Callable[..., Fake]:
    """Makes pipelines in one empty project."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "params.yaml").write_text("pipelines: {}\n")

    def make(name: str = "one", names: tuple[str, ...] = ("road", "car", "tree")) -> Fake:
        return Fake(Project(tmp_path), name, names)

    return make
