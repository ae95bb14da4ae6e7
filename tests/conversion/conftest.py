"""A drawn VIA project of ten photos, of which every test gets a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from segdata.project import Project
from tests.projects import sample_project


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drawn")
    sample_project(root, "via")
    return root


@pytest.fixture
def project(drawn: Path, tmp_path: Path) -> Project:
    shutil.copytree(drawn, tmp_path / "project")
    return Project(tmp_path / "project")
