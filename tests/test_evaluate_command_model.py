"""`segdata evaluate NAME`: every protocol with its interval, the published figure beside it, and other splits elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from segdata.evaluation.protocols import protocol_names
from segdata.project import Project
from tests.projects import sample_pipeline, write_project
from tests.test_evaluate_command import segdata

PUBLISHED = {
    "metric": "pixel accuracy",
    "protocol": "onehot-accuracy",
    "split": "test",
    "value": 0.8687,
    "where": "report 000, table 2",
    "tolerance": 0.02,
}


def test_a_published_protocol_must_be_one(tmp_path: Path) -> None:
    pipeline: dict[str, Any] = sample_pipeline("via") | {
        "published": PUBLISHED | {"protocol": "one-hot-accuracy"}
    }
    project = write_project(tmp_path, {"via": pipeline})
    done = segdata(project, "evaluate", "via")
    assert done.exit_code == 2
    assert (
        "pipelines/via.yaml: published.protocol: found 'one-hot-accuracy'; did you mean 'onehot-accuracy'?"
        in done.output
    )


def test_a_model_is_scored_by_every_protocol_and_beside_what_was_published(
    tmp_path: Path,
) -> None:
    pytest.importorskip("torch")
    from tests.evaluation import test_score

    project: Project = test_score.make_project(tmp_path)
    path = project.root / "pipelines/doors.yaml"
    path.write_text(yaml.safe_dump(msgspec.json.decode(path.read_bytes()) | {"published": PUBLISHED}))
    done = segdata(project, "evaluate", "doors")
    assert done.exit_code == 0, done.output
    # Truth: wall 2, door 7, floor 2, void 4; the network says door everywhere.
    assert "doors: 3 test photos: mean IoU 0.212 (95 % interval " in done.output
    assert (
        "  published pixel accuracy: 0.8687 (report 000, table 2); by its protocol, onehot-accuracy: 0.389 (95 %"
        in done.output
    )
    metrics = json.loads((project.evaluation_dir("doors") / "metrics.json").read_text())
    values = {one["protocol"]: one["value"] for one in metrics["protocols"]}
    assert tuple(values) == protocol_names()
    assert values["mean-iou"] == metrics["mean_iou"] == round(7 / 33, 6)
    assert values["onehot-accuracy"] == round(7 / 18, 6)
    assert metrics["protocols"][0]["interval"] == metrics["mean_iou_interval"]


def test_another_split_leaves_the_stage_s_scores_alone(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from tests.evaluation import test_score

    project: Project = test_score.make_project(tmp_path)
    assert segdata(project, "evaluate", "doors").exit_code == 0
    before = (project.evaluation_dir("doors") / "metrics.json").read_bytes()
    done = segdata(project, "evaluate", "doors", "--split", "train")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == "  written: data/scored/doors-train"
    assert (project.evaluation_dir("doors") / "metrics.json").read_bytes() == before
    other = json.loads((project.root / "data/scored/doors-train/metrics.json").read_text())
    assert (other["split"], other["samples"]) == ("train", 2)
    assert segdata(project, "evaluate", "doors", "--split", "test").exit_code == 0
    assert [path.name for path in (project.root / "data/scored").iterdir()] == ["doors-train"]


def test_the_model_s_own_predictions_score_as_it_did(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from tests.evaluation import test_score

    project: Project = test_score.make_project(tmp_path)
    assert segdata(project, "evaluate", "doors").exit_code == 0
    folder = project.evaluation_dir("doors")
    done = segdata(
        project,
        "evaluate",
        "--predictions",
        folder / "predictions",
        "--truth",
        "doors",
        "--json",
        tmp_path / "s",
    )
    assert done.exit_code == 0, done.output
    assert "encoding palette (guessed: " in done.output
    metrics, said = (json.loads(path.read_text()) for path in (folder / "metrics.json", tmp_path / "s"))
    assert said["protocols"] == metrics["protocols"]
    assert (said["scored"], said["classes"][1]["iou"]) == (3, round(7 / 11, 6))
