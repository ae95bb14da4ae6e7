"""Feature similarity against its definition, cell by cell, on small networks."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch.nn import functional

from segdata.analysis import similarity as similarity_module
from segdata.analysis.similarity import Sums, measure
from segdata.analysis.subject import Subject
from segdata.cli import main
from segdata.project import Project
from tests.analysis.projects import CLASSES, MINI_UNET, MININET, NAME, make_project
from tests.projects import folder_bytes


def subject_of(project: Project) -> Subject:
    return Subject.open(project, NAME, None, "cpu", None)


def features_by_hand(network: Any, model: str, image: torch.Tensor) -> np.ndarray[Any, Any]:
    """What enters the head: (D, h, w), from the network's own parts in the order of its forward."""
    with torch.inference_mode():
        if model == "mini_unet":  # 16×24 needs no padding
            head, network.head = network.head, torch.nn.Identity()
            maps = network(image)
            network.head = head
        else:
            maps = network.stem(image)
            maps = torch.cat([maps, network.dense(maps)], dim=1)
            small = network.transition(maps)
            maps = network.norm(functional.interpolate(small, size=(8, 12), mode="bilinear"))
            maps = torch.cat([maps, network.aspp_3(maps)], dim=1)
            maps = torch.cat([maps, network.aspp_6(maps)], dim=1)
    found: np.ndarray[Any, Any] = maps[0].double().numpy()
    return found


def cosine(one: Any, other: Any) -> float:
    product = math.sqrt(float(one @ one)) * math.sqrt(float(other @ other))
    return float(one @ other) / product if product else 0.0


@pytest.mark.parametrize("model", [MININET, MINI_UNET], ids=["mininet", "mini_unet"])
def test_every_figure_is_what_its_definition_says(
    tmp_path: Path, model: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similarity_module, "_BAND", 500)  # several bands to a map
    subject = subject_of(make_project(tmp_path, model))
    found = measure(subject)
    cells: dict[int, list[Any]] = {label: [] for label in range(len(CLASSES))}
    for index in range(len(subject.split)):
        maps = features_by_hand(subject.run.network, model[0], subject.normalised(index))
        height, width = maps.shape[1:]
        truth = subject.split.mask_at(index)
        for row in range(height):
            for column in range(width):
                label = int(truth[int((row + 0.5) * 16 / height), int((column + 0.5) * 24 / width)])
                if label != 255:
                    cells[label].append(maps[:, row, column])
    means = {label: np.mean(vectors, axis=0) for label, vectors in cells.items() if vectors}
    sums = found.sums["head"]
    assert sums.cells.tolist() == [len(cells[label]) for label in range(len(CLASSES))]
    assert sums.cells.tolist()[3] == 0 and min(sums.cells.tolist()[:3]) > 0
    between, towards = sums.between_means(), sums.cells_to_means()
    for one in range(len(CLASSES)):
        for other in range(len(CLASSES)):
            if 3 in (one, other):
                assert math.isnan(between[one, other]) and math.isnan(towards[one, other])
                continue
            assert between[one, other] == pytest.approx(cosine(means[one], means[other]), abs=1e-5)
            expected = np.mean([cosine(vector, means[other]) for vector in cells[one]])
            assert towards[one, other] == pytest.approx(expected, abs=1e-5)
    assert set(found.sums) == ({"head", "backbone"} if model is MININET else {"head"})
    maps = features_by_hand(subject.run.network, model[0], subject.normalised(1))
    heat = sums.heat_maps(maps.astype(np.float32))
    assert heat.shape == (4, *maps.shape[1:])
    assert heat[2, 3, 5] == pytest.approx(cosine(maps[:, 3, 5], means[2]), abs=1e-5)
    assert not heat[3].any()


def test_a_feature_of_zeros_is_like_nothing_and_sums_are_exact() -> None:
    sums = Sums.empty(2, 2, (1, 3))
    sums.add(np.array([[[3, 0, 4]], [[4, 0, 3]]], np.float32), np.array([[0, 0, 1]], np.uint8))
    assert (sums.features.tolist(), sums.cells.tolist()) == ([[3, 4], [4, 3]], [2, 1])
    assert sums.between_means()[0, 1] == pytest.approx(24 / 25)
    assert sums.cells_to_means()[0].tolist() == pytest.approx([0.5, 0.48])
    assert sums.heat_maps(np.array([[[0, 1]], [[0, 0]]], np.float32))[0].ravel().tolist() == [0, 0.6]


def test_the_command_writes_a_page_and_tables_that_repeat(tmp_path: Path) -> None:
    project = make_project(tmp_path, MININET)
    arguments = ["--project", str(project.root), "analyse", "similarity", NAME, "--photos", "2"]
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, done.output) == (0, f"page: data/analysis/{NAME}/similarity/index.html\n"), (
        done.output
    )
    folder = project.root / "data/analysis" / NAME / "similarity"
    first = folder_bytes(folder)
    assert set(first) == {"index.html", "similarity.json", "similarity.csv", "labels.csv"}
    numbers = json.loads((folder / "similarity.json").read_text())
    head, backbone = numbers["features"]
    assert (head["name"], head["channels"], head["grid_hw"]) == ("head", 64, [8, 12])
    assert (backbone["name"], backbone["channels"]) == ("backbone", 54)
    assert head["means"][3] == [None] * 4 and head["means"][0][0] == 1
    with (folder / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["label"], row["own"] == "") for row in rows[:4]] == [
        ("wall", False),
        ("door", False),
        ("floor", False),
        ("roof", True),
    ]
    html = (folder / "index.html").read_text()
    assert html.count("Absent from test: roof.") == 2
    assert html.count("data:image/jpeg") == 2 * 2 * (2 + 3)  # places × photos × (photo, truth, three labels)
    assert not re.search(r'(src|href)="(?!#|data:)', html) and "<script" not in html
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert folder_bytes(folder) == first


def test_photos_are_shown_that_show_all_labels(tmp_path: Path) -> None:
    subject = subject_of(make_project(tmp_path, MINI_UNET, test=6))
    shown = subject.shown(2)
    assert len(shown) == 2 and shown == sorted(shown)
    labels = {
        label for index in shown for label, count in enumerate(subject.split.rows[index].pixels) if count
    }
    assert labels == {0, 1, 2}
    assert subject.shown(0) == [] and subject.shown(99) == list(range(6))


def test_a_pipeline_that_is_not_trained_says_so(tmp_path: Path) -> None:
    project = make_project(tmp_path, MINI_UNET)
    (project.run_dir(NAME) / "model.json").unlink()
    done = CliRunner().invoke(main, ["--project", str(project.root), "analyse", "similarity", NAME])
    assert done.exit_code == 2
    assert "no model.json" in done.output and "segdata train" in done.output
