"""One small drawn set per format, shared by the tests of this folder, which must not change it."""

from __future__ import annotations

from pathlib import Path

import pytest

from segdata.sample_data import FORMATS, Scene, iter_truth, write_sample_set

NUM_SCENES = 8
SIZE_HW = (240, 320)
SEED = 7


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each format."""
    folder = tmp_path_factory.mktemp("sample_sets")
    for name in FORMATS:
        result = write_sample_set(name, folder / name, num_scenes=NUM_SCENES, size_hw=SIZE_HW, seed=SEED)
        assert result.outcome == "drawn"
    return {name: folder / name for name in FORMATS}


@pytest.fixture(scope="session")
def truths() -> dict[str, dict[str, Scene]]:
    """The scenes of each format by sample id, drawn a second time."""
    return {name: dict(iter_truth(name, NUM_SCENES, SIZE_HW, SEED)) for name in FORMATS}
