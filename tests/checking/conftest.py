"""A drawn VIA project of ten photos, of which every test gets a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from segdata.project import Project
from tests.checking.checked import NUM_SCENES
from tests.projects import sample_project


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten drawn VIA scenes; tests must not change them."""
    return sample_project(tmp_path_factory.mktemp("drawn"), "via", num_scenes=NUM_SCENES).root


@pytest.fixture
def project(drawn: Path, tmp_path: Path) -> Project:
    shutil.copytree(drawn, tmp_path / "project")
    return Project((tmp_path / "project").resolve())
