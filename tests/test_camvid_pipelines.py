"""The pipeline files of benchmarks/camvid.py: what they state of CamVid, and networks that can be built."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="models need the extra 'train'")

from segdata.models import build_model  # noqa: E402
from segdata.models.layers import count_parameters  # noqa: E402
from segdata.pipeline import read_pipeline  # noqa: E402
from segdata.project import Project  # noqa: E402
from tests.projects import REPOSITORY  # noqa: E402

FILES = REPOSITORY / "benchmarks" / "camvid"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        # The reports' networks with eleven outputs instead of 6, 5, 20 and 21.
        ("camvid-mini-unet", 31_037_958 + 5 * 65),
        ("camvid-unet-mobilenetv2", 6_629_525 + 6 * (16 * 9 + 1)),
        ("camvid-denseaspp", 7_978_856 - 1000 * 1025 + 2_252_820 - 9 * (1024 + 5 * 64 + 1)),
        ("camvid-deeplabv3", 38_978_133 - 10 * 257),
    ],
)
def test_a_file_states_the_set_and_a_network_of_the_reports(name: str, parameters: int) -> None:
    pipeline = read_pipeline(FILES / f"{name}.yaml")
    ontology = pipeline.source.build_ontology()
    assert (len(ontology), ontology.names[3], pipeline.shards.size_hw) == (11, "road", (360, 480))
    assert pipeline.source.label_map is not None and pipeline.source.label_map[11] == "ignore"
    assert pipeline.source.expected_counts == {"train": 367, "val": 101, "test": 233}
    assert (pipeline.model.weights, pipeline.evaluate.split) == (None, "test")
    with torch.device("meta"):
        network = build_model(pipeline.model.name, 11, pipeline.model.options)
    assert count_parameters(network) == parameters


def test_every_file_is_tested_here() -> None:
    assert {path.stem for path in FILES.glob("*.yaml")} == {
        "camvid-mini-unet",
        "camvid-unet-mobilenetv2",
        "camvid-denseaspp",
        "camvid-deeplabv3",
    }


def test_the_script_makes_whole_pipelines_with_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    spec = importlib.util.spec_from_file_location("camvid", REPOSITORY / "benchmarks" / "camvid.py")
    assert spec is not None and spec.loader is not None
    script: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    changes = {"shards.size_hw": [60, 80], "train.epochs": 2, "train.augment.blur": 0.5}
    script.make_project(tmp_path, tmp_path, ["camvid-denseaspp"], changes, 1)
    pipeline = Project(tmp_path).pipeline("camvid-denseaspp")
    assert (pipeline.model.name, pipeline.shards.size_hw, pipeline.train.epochs) == ("denseaspp", (60, 80), 2)
    assert (pipeline.train.augment.blur, pipeline.train.augment.horizontal_flip) == (0.5, 0.5)
    score = {"value": 0.5, "interval": (0.4, 0.6)}
    run = {
        "pipeline": "camvid-denseaspp",
        "parameters": 9_194_571,
        "size_hw": [60, 80],
        "device": "cpu",
        "epochs": 2,
        "test": {"mean-iou": score, "void-as-error-miou": score},
        "seconds_per_epoch": 1.5,
        "processor_seconds_per_epoch": 1.25,
        "images_per_second": 244.67,
        "peak_mib": 1234,
        "gpu_peak_mib": None,
    }
    assert script.table([run])[2:] == [
        "| denseaspp | 9,194,571 | cpu | 60x80 | 2 | 0.5000 (0.4000-0.6000) | 0.5000 (0.4000-0.6000) | 1.5 | 1.25 | 244.67 | 1,234 |",
        "| ENet, published | - | - | 360x480 | - | 0.5130 | - | - | - | - | - |",
        "| ESPNet, published | - | - | 360x480 | - | - | 0.5564 | - | - | - | - |",
    ]
    assert script._what(run) != script._what({**run, "parameters": 1_942_747})  # a narrower one replaces none
