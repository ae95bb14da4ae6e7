"""Every format's drawn golden case: recognised, proposed, and read back to the pixel through the proposed file."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from segdata.conversion.sources import open_source
from segdata.formats import format_names, open_reader
from segdata.inspection import inspect_folder, propose, render
from segdata.ontology import IGNORE_INDEX
from segdata.pipeline import read_pipeline
from tests.golden.cases import CASES, NUM_SCENES, SIZE_HW


def has_survey(name: str) -> bool:
    return hasattr(importlib.import_module(f"segdata.formats.{name}"), "survey")


@pytest.fixture(params=format_names())
def format(request: pytest.FixtureRequest) -> str:
    if not has_survey(request.param):
        pytest.skip(f"the format {request.param} offers no survey yet")
    return str(request.param)


def test_the_proposed_file_reads_every_sample_as_drawn(format: str, tmp_path: Path) -> None:
    """Masks are compared by class name, where the annotation has names; mask formats of numbers by number."""
    case = CASES[format]
    root = tmp_path / "data" / "raw" / "drawn"
    case.draw(root)
    found = inspect_folder(root, format)
    assert found.survey is not None
    assert found.headers.sizes == {SIZE_HW: NUM_SCENES}
    proposal = propose(found, "drawn", "data/raw/drawn")
    assert proposal.problem == ""
    assert sum(proposal.samples.values()) == NUM_SCENES
    path = tmp_path / "drawn.yaml"
    path.write_text(render(proposal), encoding="utf-8")
    pipeline = read_pipeline(path)
    assert (pipeline.source.format, pipeline.shards.size_hw) == (format, (96, 128))
    source = open_source(pipeline.source, root, "drawn.yaml")
    reader = open_reader(format, source)
    truth = case.truth()
    assert list(reader.ids()) == sorted(truth)
    names = {number: f"class {number}" for number in range(256)} | dict(enumerate(case.classes))
    for id in list(reader.ids())[:5]:
        mask = reader.read(id).mask
        for value in np.unique(mask[mask != IGNORE_INDEX]):
            drawn = np.unique(truth[id].mask[mask == value])
            assert len(drawn) == 1, (id, value)
            name = source.ontology.names[value].strip("_")  # VOC tools write _background_
            assert name in (names[int(drawn[0])], f"class {drawn[0]}")
        assert np.array_equal(mask == IGNORE_INDEX, _ignored(truth[id].mask, mask)), id


def _ignored(truth: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Where the drawn scene is 255, and where a whole class was proposed as ignore."""
    void = [value for value in np.unique(truth) if (mask[truth == value] == IGNORE_INDEX).all()]
    assert IGNORE_INDEX not in truth or IGNORE_INDEX in void
    return np.isin(truth, void)


@pytest.mark.parametrize("name", format_names())
def test_every_format_recognises_its_own_and_no_other_is_as_sure(name: str, tmp_path: Path) -> None:
    missing = [one for one in format_names() if not has_survey(one)]
    if missing:
        pytest.skip(f"the formats {', '.join(missing)} offer no survey yet")
    CASES[name].draw(tmp_path)
    found = inspect_folder(tmp_path)
    assert found.survey is not None
    assert found.survey.format == name
    assert found.failed == {}
