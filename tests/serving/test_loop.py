"""Predict, correct by hand, add, convert: the mask holds the correction. From segdata predict, and from the served page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result

pytest.importorskip("torch", reason="prediction needs the extra 'train'")

from segdata.cli import main
from segdata.project import Project
from segdata.shards import ShardSet
from tests.prediction.colours import noise
from tests.prediction.projects import CLASSES, make_project
from tests.projects import convert
from tests.serving.served import painted, png, scene

LABELS = {"wall": "wall", "Tür": "door", "ground": "floor", "roof": "roof"}
"""What the annotators of this set call the classes."""


def segdata(project: Project, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), *map(str, arguments)])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A model of random weights, and a set of one annotated photo, in words of its own."""
    project = make_project(tmp_path / "project")
    path = project.root / "pipelines/doors.yaml"
    pipeline = yaml.safe_load(path.read_text())
    pipeline["source"]["label_map"] = LABELS
    pipeline["source"]["options"] = {"class_attribute": "what"}
    pipeline["source"]["splits"] = {"method": "hash", "shares": {"train": 1.0}}
    pipeline["shards"] = {"size_hw": [60, 80], "photo": "nearest"}
    path.write_text(yaml.safe_dump(pipeline, allow_unicode=True, sort_keys=False))
    photos = project.root / "data/raw/doors/photos"
    photos.mkdir(parents=True)
    (photos / "old.png").write_bytes(png(noise(60, 80)))
    shape = {"name": "polygon", "all_points_x": [0, 79, 79, 0], "all_points_y": [0, 0, 59, 59]}
    region = {"shape_attributes": shape, "region_attributes": {"what": "wall"}}
    size = (photos / "old.png").stat().st_size
    entry = {"filename": "old.png", "size": size, "regions": [region], "file_attributes": {}}
    (photos.parent / "via_region_data.json").write_text(json.dumps({f"old.png{size}": entry}))
    return project


def corrected(via: Path) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Draw one region over the others, as a person would; returns its pixels."""
    project = json.loads(via.read_text())
    (entry,) = project["_via_img_metadata"].values()
    assert {tuple(region["region_attributes"]) for region in entry["regions"]} == {("what",)}
    assert {region["region_attributes"]["what"] for region in entry["regions"]} <= set(LABELS)
    shape = {"name": "polygon", "all_points_x": [20, 49, 49, 20], "all_points_y": [10, 10, 39, 39]}
    entry["regions"].append({"shape_attributes": shape, "region_attributes": {"what": "Tür"}})
    via.write_text(json.dumps(project))
    drawn = np.zeros((60, 80), np.bool_)
    drawn[10:40, 20:50] = True
    return drawn


def converted(project: Project, id: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The mask of a photo in the shards."""
    summary = convert(project, "doors", strict=True)
    assert summary.converted >= 1
    split = ShardSet.open(project.shards_dir("doors")).split("train")
    assert set(split.ids) == {"old", id}
    return split.mask_at(split.ids.index(id))


def check_correction(mask: Any, predicted: Any, drawn: Any) -> None:
    assert (mask[drawn] == CLASSES.index("door")).all(), "the correction is in the shards"
    assert (mask[~drawn] == predicted[~drawn]).mean() > 0.97, "and what was right stayed as predicted"
    assert 255 not in mask, "no gap"


def test_from_segdata_predict(project: Project, tmp_path: Path) -> None:
    roll = tmp_path / "roll"
    roll.mkdir()
    (roll / "new.png").write_bytes(png(painted(scene(60, 80))))
    out = tmp_path / "drafts"
    done = segdata(project, "predict", "doors", roll, "--to", "via", "--out", out)
    assert done.exit_code == 0, done.output
    drawn = corrected(out / "via/via_project.json")
    added = segdata(
        project, "add", "doors", out / "via/photos", "--annotations", out / "via/via_project.json"
    )
    assert added.exit_code == 0, added.output
    assert "doors: 1 photo, 1 annotation added" in added.output
    from tests.serving.served import mask_in

    predicted = mask_in((out / "predictions/new.png").read_bytes())
    assert predicted.shape == (60, 80) and len(np.unique(predicted)) > 1
    check_correction(converted(project, "new"), predicted, drawn)


def test_from_the_served_page(project: Project, tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="serving needs the extra 'serve'")
    from segdata.evaluation.run import load_run
    from segdata.serving.api import build_app
    from segdata.serving.known import about_of
    from segdata.serving.service import Service
    from segdata.serving.torch_engine import TorchEngine
    from tests.serving.served import asked, mask_in

    photo = tmp_path / "from the page.png"
    photo.write_bytes(png(painted(scene(60, 80))))
    service = Service(TorchEngine(load_run(project.run_dir("doors"))), about_of(project, "doors"))
    with asked(build_app(service, "127.0.0.1")) as client:
        files = {"file": (photo.name, photo.read_bytes())}
        (tmp_path / "draft.json").write_bytes(client.post("/predict?format=via", files=files).content)
        predicted = mask_in(client.post("/predict", files=files).content)
    drawn = corrected(tmp_path / "draft.json")
    added = segdata(project, "add", "doors", photo, "--annotations", tmp_path / "draft.json")
    assert added.exit_code == 0, added.output
    assert "doors: 1 photo, 1 annotation added" in added.output
    check_correction(converted(project, "from the page"), predicted, drawn)
