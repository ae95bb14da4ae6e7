"""Real annotated sets, each through the convert flow, held to facts that were counted independently (their README).

The sets are not part of segdata (licences differ); they are read from ../shared/data beside the checkout.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from segdata.photo import nearest_pixels
from segdata.project import Project
from segdata.shards import ShardSet
from tests.flows.test_convert_flow import environment, stop_server
from tests.projects import SHARED, sample_pipeline, write_project

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real data at {SHARED}")

CAMVID = "sky building pole road sidewalk tree sign fence car pedestrian bicyclist".split()
BREADBOARD = (
    "breadboard wire push_button chip led resistor capacitor potentiometer buzzer transistor microphone ldr mosfet "
    "crystal_oscillator rotary_encoder toggle_switch"
).split()
COLORS = [[60 * (index % 5), 50 * (index % 6), 255 - 12 * index] for index in range(20)]


def colored(names: list[str]) -> dict[str, list[int]]:
    return {name: COLORS[index] for index, name in enumerate(names)}


def pipeline(source: dict[str, Any], size_hw: tuple[int, int]) -> dict[str, Any]:
    base = sample_pipeline("voc")
    defaults = {"splits": {"method": "hash", "shares": {"train": 0.8, "test": 0.2}}}
    return {**base, "source": {**defaults, **source}, "shards": {"size_hw": list(size_hw)}}


PIPELINES = {
    "via-buildings": pipeline(
        {
            "format": "via",
            "ontology": colored(["ground", "building"]),
            "unlabelled": "ground",
            "splits": {"method": "official"},
            "options": {
                "annotations": {split: f"{split}/via_region_data.json" for split in ("train", "val", "test")},
                "photos": ".",
                "implied_class": "building",
            },
        },
        (112, 93),
    ),
    "matlab-breadboard": pipeline({"format": "matlab", "ontology": colored(BREADBOARD)}, (120, 160)),
    "matlab-cracks": pipeline(
        {
            "format": "matlab",
            "ontology": colored(["crack"]),
            "options": {"labels": "GroundTruthProject/PixelLabelData"},
        },
        (96, 128),
    ),
    "matlab-video": pipeline({"format": "matlab", "ontology": colored(["car"])}, (96, 128)),
    "matlab-crackforest": pipeline(
        {
            "format": "matlab",
            "ontology": colored(["pavement", "crack", "faint"]),
            "label_map": {1: "pavement", 2: "crack", 3: "faint", 4: "ignore"},
            "options": {"photos": "image", "segmentations": "groundTruth"},
        },
        (320, 480),
    ),
    "voc-labelme": pipeline(
        {"format": "voc", "ontology": "voc-21"},
        (100, 150),
    ),
    "camvid": pipeline(
        {
            "format": "masks",
            "ontology": colored(CAMVID),
            "label_map": {**dict(enumerate(CAMVID)), 11: "ignore"},
            "splits": {"method": "official"},
            "expected_counts": {"train": 367, "val": 101, "test": 233},
            "options": {"split_folders": True},
        },
        (96, 128),
    ),
}
ROOTS = {"voc-labelme": "voc-labelme/voc"}

SCRIPT = """
import json, sys
from flows.convert import run
from segdata.errors import SegdataError
from segdata.project import Project
came = {}
for name in sys.argv[1:]:
    try:
        summary = run(Project.find(), name)
        came[name] = {"samples": summary.samples, "pixels": summary.pixels, "ignored": summary.ignored,
                      "findings": [[f.code, f.file, f.message, f.severity] for f in summary.findings]}
    except SegdataError as error:
        came[name] = {"error": str(error)}
print(json.dumps(came))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("real")
    (root / "data" / "raw").mkdir(parents=True)
    for name, value in PIPELINES.items():
        (root / "data" / "raw" / name).symlink_to((SHARED / ROOTS.get(name, name)).resolve())
        value["source"]["root"] = f"data/raw/{name}"
    camvid = PIPELINES["camvid"]
    camvid["train"] = {**camvid["train"], "epochs": 3}
    camvid["evaluate"] = {"split": "test"}
    return write_project(root, PIPELINES)


@pytest.fixture(scope="module")
def came(project: Project) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *PIPELINES],
        cwd=project.root,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    stop_server(project)
    assert done.returncode == 0, done.stderr
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def codes(came: dict[str, Any], name: str) -> dict[str, int]:
    counted: dict[str, int] = {}
    for code, *_ in came[name]["findings"]:
        counted[code] = counted.get(code, 0) + 1
    return counted


def test_via_buildings(project: Project, came: dict[str, Any]) -> None:
    assert came["via-buildings"]["samples"] == {"train": 17, "val": 4, "test": 4}  # 1 of 18 has no region
    assert codes(came, "via-buildings")["not-annotated"] == 1
    shards = ShardSet.open(project.shards_dir("via-buildings"))
    assert {(row.original_height, row.original_width) for row in shards.manifest.rows} == {(2464, 2048)}
    entries = json.loads((SHARED / "via-buildings/val/via_region_data.json").read_text())
    entry = next(entry for entry in entries.values() if entry["filename"] == "14053_79367_14_4.jpg")
    outline = np.zeros((2464, 2048), np.uint8)
    for region in entry["regions"]:
        shape = region["shape_attributes"]
        points = np.stack([shape["all_points_x"], shape["all_points_y"]], axis=1)
        cv2.fillPoly(outline, [points.astype(np.int32)], 1)
    val = shards.split("val")
    mask = val.mask_at(val.ids.index("val/14053_79367_14_4"))
    assert np.array_equal(mask, nearest_pixels(outline, (112, 93)))
    assert 0.1 < mask.mean() < 0.2


def test_matlab_breadboard(project: Project, came: dict[str, Any]) -> None:
    assert sum(came["matlab-breadboard"]["samples"].values()) == 20
    assert codes(came, "matlab-breadboard")["not-annotated"] == 45
    shards = ShardSet.open(project.shards_dir("matlab-breadboard"))
    for split in shards.splits:
        for index, id in enumerate(shards.split(split).ids):
            path = SHARED / f"matlab-breadboard/PixelLabelData/Label_{int(id)}.png"
            values = np.asarray(Image.open(path))
            expected = np.where(values == 0, 255, values - np.uint8(2))  # ids 2 … 17, 0 is unlabelled
            assert np.array_equal(shards.split(split).mask_at(index), nearest_pixels(expected, (120, 160))), (
                id
            )


def test_matlab_cracks_names_every_reason(came: dict[str, Any]) -> None:
    error = came["matlab-cracks"]["error"]
    assert "not one sample that can be used" in error
    for number in range(1, 13):
        assert f"wall_crack_{number}." in error, number


def test_matlab_video_says_what_it_is(came: dict[str, Any]) -> None:
    error = came["matlab-video"]["error"]
    assert "gTruth.mat" in error
    assert "video" in error.lower()
    assert "pixel label" in error.lower()


def test_matlab_crackforest(came: dict[str, Any]) -> None:
    assert sum(came["matlab-crackforest"]["samples"].values()) == 40
    totals = np.sum(
        [list(counts.values()) for counts in came["matlab-crackforest"]["pixels"].values()], axis=0
    )
    assert totals.tolist() == [6030590, 113405, 5]  # 320x480 is the photos' own size: to the pixel


def test_voc_labelme(project: Project, came: dict[str, Any]) -> None:
    shards = ShardSet.open(project.shards_dir("voc-labelme"))
    found = {
        id: shards.split(split).mask_at(index)
        for split in shards.splits
        for index, id in enumerate(shards.split(split).ids)
    }
    assert set(found) == {"2011_000003", "2011_000006", "2011_000025"}
    for id, mask in found.items():
        indices = np.asarray(Image.open(SHARED / f"voc-labelme/voc/SegmentationClass/{id}.png"))
        assert np.array_equal(mask, nearest_pixels(indices, (100, 150)))
    classes = {id: set(np.unique(mask).tolist()) - {255} for id, mask in found.items()}
    assert classes == {"2011_000003": {0, 5, 15}, "2011_000006": {0, 9, 15, 18}, "2011_000025": {0, 6, 7}}


def test_camvid_goes_all_the_way_to_a_score(project: Project, came: dict[str, Any]) -> None:
    assert came["camvid"]["samples"] == {"train": 367, "val": 101, "test": 233}
    for name in ("train", "evaluate"):
        done = subprocess.run(
            [sys.executable, "-m", "segdata.cli", name, "camvid"],
            cwd=project.root,
            env=environment(OMP_NUM_THREADS="2"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    metrics = json.loads((project.evaluation_dir("camvid") / "metrics.json").read_text())
    assert metrics["samples"] == 233
    best = max(metrics["baselines"].values(), key=lambda baseline: baseline["mean_iou"])
    assert metrics["pixel_accuracy"] > 0.70
    assert metrics["mean_iou"] > best["mean_iou"] + 0.05
    assert Path(project.run_dir("camvid") / "model.safetensors").stat().st_size > 100_000
