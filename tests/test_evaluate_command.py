"""`segdata evaluate`: a model on its own and on another split, and anybody's predictions with nothing but files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result
from PIL import Image

from segdata.cli import main
from segdata.evaluation.protocols import protocol_names
from segdata.evaluation.truths import open_truth
from segdata.project import Project
from tests.projects import convert, sample_project


def segdata(project: Project | None, *arguments: object) -> Result:
    before = ["--project", str(project.root)] if project else []
    return CliRunner().invoke(main, [*before, *map(str, arguments)])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return sample_project(tmp_path / "project", "voc", num_scenes=6)


def perfect_predictions(project: Project, folder: Path, *, origin: str | None = None) -> list[str]:
    """The truth of the val split itself as grey PNGs, void as class 0; their ids."""
    truth = open_truth(project, "voc", split="val", origin=origin)
    folder.mkdir(exist_ok=True)
    for id in truth.ids():
        mask = truth.read(id)
        Image.fromarray(np.where(mask == 255, 0, mask).astype(np.uint8)).save(folder / f"{id}.png")
    return list(truth.ids())


def test_predictions_against_a_pipelines_photos_at_full_size(project: Project, tmp_path: Path) -> None:
    ids = perfect_predictions(project, tmp_path / "predicted")
    done = segdata(
        project,
        "evaluate",
        "--predictions",
        tmp_path / "predicted",
        "--truth",
        "voc",
        "--json",
        tmp_path / "s.json",
    )
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == f"{len(ids)} of {len(ids)} photos of split val scored"
    assert lines[1].startswith("  truth: data/raw/sample-voc (voc), each mask at its own size; ontology ")
    assert "encoding index (guessed: " in lines[2]
    assert lines[3].startswith("  their numbers are class ids: 0 sky, 1 ")
    table = {line.split()[0]: line.split()[1:] for line in lines[6 : 6 + len(protocol_names())]}
    assert tuple(table) == protocol_names()
    assert table["mean-iou"] == ["1.0000", "1.0000", "to", "1.0000"]
    assert table["boundary-iou"][0] == "1.0000"
    said = json.loads((tmp_path / "s.json").read_text())
    assert (said["format_version"], said["scored"], said["split"], said["missing"]) == (
        1,
        len(ids),
        "val",
        [],
    )
    assert said["protocols"][0] == {"protocol": "mean-iou", "value": 1.0, "interval": [1.0, 1.0]}
    ontology = project.pipeline("voc").source.build_ontology()
    assert tuple(one["class"] for one in said["classes"]) == ontology.names
    again = segdata(project, "evaluate", "voc", "--predictions", tmp_path / "predicted")
    assert again.output.splitlines()[4:] == [line for line in lines[4:] if not line.startswith("written")]


def test_a_truth_without_a_prediction_ends_with_1(project: Project, tmp_path: Path) -> None:
    ids = perfect_predictions(project, tmp_path / "predicted")
    (tmp_path / "predicted" / f"{ids[0]}.png").rename(tmp_path / "predicted" / "other.png")
    done = segdata(project, "evaluate", "--predictions", tmp_path / "predicted", "--truth", "voc")
    assert done.exit_code == 1
    assert done.output.startswith(f"{len(ids) - 1} of {len(ids)} photos of split val scored\n")
    assert f"1 photo without a prediction, not scored: {ids[0]}\n" in done.output
    assert "1 prediction of no photo, not looked at: " in done.output


def test_predictions_against_shards(project: Project, tmp_path: Path) -> None:
    convert(project, "voc")
    perfect_predictions(project, tmp_path / "predicted", origin="shards")
    command = ("evaluate", "--predictions", tmp_path / "predicted", "--truth", "voc")
    done = segdata(project, *command, "--from", "shards")
    assert done.exit_code == 0, done.output
    assert "  truth: the shards of voc, 24x32 (height x width); " in done.output
    full = segdata(project, *command)
    assert full.exit_code == 2
    assert "found 24x32 (height x width); expected 60x80 (height x width), the truth's size." in full.output
    resized = segdata(project, *command, "--resize-predictions", "nearest")
    assert resized.exit_code == 0
    assert "predictions of another size, resized to the truth's by nearest pixel" in resized.output
    absent = segdata(project, *command, "--split", "test")
    assert absent.exit_code == 2
    assert "found no photo in split 'test'" in absent.output


def test_two_folders_outside_any_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("truth", "predicted"):
        (tmp_path / folder).mkdir()
        Image.fromarray(np.array([[0, 1, 255]], np.uint8)).save(tmp_path / folder / "a.png")
    (tmp_path / "names.txt").write_text("road\ncar\n")
    command = ("evaluate", "--predictions", "predicted", "--truth", "truth")
    done = segdata(None, *command, "--names", "names.txt")
    assert done.exit_code == 0, done.output
    assert done.output.startswith(
        "1 of 1 photos scored\n  truth: truth, each mask at its own size; ontology names, 2"
    )
    done = segdata(None, *command)
    assert done.exit_code == 2
    assert "found folder truth without its classes; expected --ontology NAME or --names FILE" in done.output
    done = segdata(None, "evaluate", "sample-via")
    assert done.exit_code == 2
    assert "no params.yaml" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Say which pipeline: segdata evaluate NAME, or give --predictions DIR."),
        (("voc", "--truth", "voc"), "--truth goes with --predictions DIR."),
        (("voc", "--resize-predictions", "nearest"), "--resize-predictions goes with --predictions DIR."),
        (("--predictions", "."), "Say once what the predictions are held against: --truth NAME|DIR."),
        (("voc", "--predictions", ".", "--truth", "x"), "Say once what the predictions are held against"),
        (("voc", "--predictions", ".", "--device", "cpu"), "--device goes with a model"),
        (
            ("--predictions", ".", "--truth", "vok"),
            "found 'vok', neither a pipeline nor a folder; did you mean 'voc'?",
        ),
        (("voc", "--predictions", ".", "--ontology", "voc-21"), "expected classes for a folder only"),
    ],
)
def test_options_that_do_not_fit_together(project: Project, arguments: tuple[str, ...], message: str) -> None:
    done = segdata(project, "evaluate", *arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output


def test_cityscapes_ids_give_what_cityscapes_own_evaluator_gives(tmp_path: Path) -> None:
    from tests.evaluation.test_protocols_outside import cityscapes_evaluator

    project = sample_project(tmp_path / "project", "cityscapes", num_scenes=6)
    path = project.root / "pipelines/cityscapes.yaml"
    pipeline = yaml.safe_load(path.read_text())
    pipeline["source"]["ontology"] = "cityscapes-19"
    pipeline["source"].pop("label_map", None)
    path.write_text(yaml.safe_dump(pipeline))
    truths = sorted((project.root / "data/raw/sample-cityscapes/gtFine/val").rglob("*_gtFine_labelIds.png"))
    predictions = []
    random = np.random.default_rng(0)
    for truth in truths:
        mask = np.asarray(Image.open(truth))
        predicted = np.where(random.random(mask.shape) < 0.7, mask, random.integers(0, 34, mask.shape))
        predictions.append(tmp_path / "predicted" / truth.name.replace("_gtFine_labelIds", "_leftImg8bit"))
        predictions[-1].parent.mkdir(exist_ok=True)
        Image.fromarray(predicted.astype(np.uint8)).save(predictions[-1])
    expected = cityscapes_evaluator(truths, predictions)
    done = segdata(
        project,
        "evaluate",
        "--predictions",
        tmp_path / "predicted",
        "--truth",
        "cityscapes",
        "--json",
        tmp_path / "s",
    )
    assert done.exit_code == 0, done.output
    assert (
        "encoding cityscapes-ids (guessed: values up to 33 occur, and there are 19 classes; " in done.output
    )
    said = json.loads((tmp_path / "s").read_text())
    assert said["scored"] == len(truths) > 0
    assert said["protocols"][0]["value"] == round(expected["averageScoreClasses"], 6)  # type: ignore[call-overload]


def test_a_truth_that_cannot_be_read_is_told_and_ends_with_1(project: Project, tmp_path: Path) -> None:
    ids = perfect_predictions(project, tmp_path / "predicted")
    mask = project.root / "data/raw/sample-voc/SegmentationClass" / f"{ids[0]}.png"
    mask.write_bytes(mask.read_bytes()[:60])
    command = ("evaluate", "--predictions", tmp_path / "predicted", "--truth", "voc")
    done = segdata(project, *command)
    assert done.exit_code == 1
    assert done.output.startswith(f"{len(ids) - 1} of {len(ids)} photos of split val scored\n")
    assert f"error: SegmentationClass/{ids[0]}.png: found a" in done.output, done.output
    for id in ids[1:]:
        mask.with_stem(id).write_bytes(b"")
    done = segdata(project, *command)
    assert done.exit_code == 2
    assert "found no truth that can be read (error: SegmentationClass/" in done.output
