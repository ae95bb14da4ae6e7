"""Python that a page shows works as it stands: blocks, the notebook, and the format and model that readers are to write."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

import segdata.formats
import segdata.models
from segdata.conversion import plan
from segdata.formats import format_names
from segdata.inspection import inspect_folder
from segdata.models import build_model, model_names
from segdata.project import Project
from segdata.shards import ShardSet
from tests.docs.pages import blocks, with_blocks
from tests.projects import REPOSITORY, convert, sample_project, write_project

OF_THEIR_OWN = {"docs/how-to/add-a-format.md", "docs/how-to/add-a-model.md"}
PAGES = [page for page in with_blocks("python") if page not in OF_THEIR_OWN]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """sample-via, drawn small and converted."""
    made = sample_project(tmp_path_factory.mktemp("code") / "project", "via", num_scenes=12)
    (made.root / "pipelines/via.yaml").rename(made.root / "pipelines/sample-via.yaml")
    convert(made, "sample-via")
    return made


@pytest.mark.parametrize("page", PAGES)
def test_python_of_a_page_runs(page: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    namespace: dict[str, Any] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page, "exec"), namespace)
    assert len(namespace) > 1


def test_the_notebook_runs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    cells = json.loads((REPOSITORY / "docs/shards.ipynb").read_text(encoding="utf-8"))["cells"]
    namespace: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["execution_count"] is None, "run docs/run_notebook.py"
            exec(compile("".join(cell["source"]), "docs/shards.ipynb", "exec"), namespace)
    statistics = ShardSet.open(project.shards_dir("sample-via")).statistics(["train"])
    assert np.allclose(namespace["mean"], statistics.mean)
    assert np.allclose(namespace["std"], statistics.std)
    assert namespace["images"].shape == (len(namespace["ids"]), 24, 32, 3)
    assert namespace["pixels"].to_numpy().sum() + namespace["manifest"]["ignored"].sum() == 12 * 24 * 32


def test_outputs_of_the_notebook_are_kept_without_what_changes() -> None:
    cells = json.loads((REPOSITORY / "docs/shards.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert len(outputs) >= 8
    assert {output["output_type"] for output in outputs} == {"execute_result"}
    assert all(output["execution_count"] is None for output in outputs)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files count as formats and models of segdata."""
    for package in (segdata.formats, segdata.models):
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name in ("segdata.formats.boxes", "segdata.models.two_convolutions"):
            del sys.modules[name]


def test_the_format_of_the_page_reads_what_it_says(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _ = blocks("docs/how-to/add-a-format.md", "python")  # the other draws its golden folder
    path = written / "boxes.py"
    path.write_text(code, encoding="utf-8")
    assert "boxes" in format_names()
    monkeypatch.setattr(plan, "format_file", lambda name: path)  # whose code the samples depend on
    values = yaml.safe_load((REPOSITORY / "pipelines/sample-via.yaml").read_text())
    values["source"] = {
        "format": "boxes",
        "root": "data/raw/mine",
        "ontology": {"road": [1, 2, 3], "car": [0, 0, 142], "person": [220, 20, 60]},
        "label_map": {"car": "car", "person": "person"},
        "unlabelled": "road",
        "splits": {"method": "seeded", "recipe": "floor", "seed": 0, "test": 0.25, "val": 0.25},
    }
    values["shards"] = {"size_hw": [24, 48]}
    project = write_project(tmp_path / "project", {"mine": values})
    raw = project.root / "data/raw/mine"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(5)
    for number in range(5):
        pixels = rng.integers(0, 256, (24, 48, 3), np.uint8)
        Image.fromarray(pixels).save(raw / f"IMG_{number}.jpg", quality=95)
        (raw / f"IMG_{number}.boxes.txt").write_text("car 10 4 30 12\nperson 40 2 44 20\n")
    Image.fromarray(pixels[::-1]).save(raw / "IMG_9.jpg")
    (raw / "IMG_4.boxes.txt").write_text("car 10 4 30\n")

    found = inspect_folder(raw, "boxes").survey
    assert found is not None
    assert found.labels["person"] == 4
    summary = convert(project, "mine")
    told = [finding.line() for finding in summary.findings]
    assert any("IMG_9.jpg: no entry [not-annotated: set aside]" in line for line in told)
    assert any("IMG_4.boxes.txt (line 1): found 'car 10 4 30'" in line for line in told)
    shards = ShardSet.open(project.shards_dir("mine"))
    assert len(shards.manifest.rows) == 4
    mask = shards.split("train").mask_at(0)
    assert (mask[4:13, 10:31] == 1).all()
    assert (mask[2:21, 40:45] == 2).all()
    assert shards.manifest.rows[0].pixels == (24 * 48 - 9 * 21 - 19 * 5, 9 * 21, 19 * 5)


def test_the_model_of_the_page_is_built_from_its_options(written: Path) -> None:
    (code,) = blocks("docs/how-to/add-a-model.md", "python")
    (written / "two_convolutions.py").write_text(code, encoding="utf-8")
    assert "two_convolutions" in model_names()
    (section,) = blocks("docs/how-to/add-a-model.md", "yaml")
    model = yaml.safe_load(section)["model"]
    network = build_model(model["name"], 3, model["options"])
    assert sum(one.numel() for one in network.parameters()) == 3 * 25 * 32 + 32 + 32 * 3 + 3
    assert network(torch.zeros(2, 3, 5, 9)).shape == (2, 3, 5, 9)
