"""A small converted set of drawn street scenes, with raw photos, and a model that always gives the same logits."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from segdata.project import Project
from tests.browsing.sets import street


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return street(tmp_path_factory.mktemp("drawn"))


@pytest.fixture
def project(drawn: Project, tmp_path: Path) -> Project:
    """A copy to be changed."""
    shutil.copytree(drawn.root, tmp_path / "project")
    return Project(tmp_path / "project")
