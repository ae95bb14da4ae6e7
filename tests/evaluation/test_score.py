"""Scores of a network that always says "door", on masks small enough to count by eye."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="evaluation needs the extra 'train'")

from PIL import Image  # noqa: E402

from segdata.errors import DataError, ShardError, TrainingError  # noqa: E402
from segdata.evaluation import evaluate_pipeline  # noqa: E402
from segdata.evaluation.predict import load_run, predict, predict_logits  # noqa: E402
from segdata.evaluation.run import Normalisation, RunRecord, ValFigures  # noqa: E402
from segdata.evaluation.tables import PhotoScore, check_prediction_names, choose_shown  # noqa: E402
from segdata.models import build_model  # noqa: E402
from segdata.models.weights import save_weights  # noqa: E402
from segdata.ontology import ontology_of_names  # noqa: E402
from segdata.project import Project  # noqa: E402
from segdata.shards import ShardSet  # noqa: E402
from segdata.shards.manifest import Manifest, write_manifest  # noqa: E402
from segdata.shards.schema import SetMetadata  # noqa: E402
from segdata.shards.writer import ShardWriter  # noqa: E402

CLASSES = ("wall", "door", "floor", "roof")
OPTIONS: dict[str, object] = {"channels": [2, 2]}
MASKS = {
    "train": {"t/1": [[0, 0, 1], [2, 2, 2]], "t/2": [[0, 0, 1], [2, 2, 255]]},
    "test": {"berlin/a": [[1, 1, 1], [1, 1, 0]], "berlin/b": [[0, 1, 1], [2, 2, 255]], "c": [[255] * 3] * 2},
}
PIPELINE = {
    "title": "doors",
    "source": {
        "format": "via",
        "root": "data/raw/x",
        "ontology": {name: [index, 0, 9] for index, name in enumerate(CLASSES)},
        "splits": {"method": "official"},
    },
    "shards": {"size_hw": [2, 3]},
    "model": {"name": "mini_unet", "options": OPTIONS},
    "train": {"epochs": 1, "batch_size": 1, "optimizer": "sgd", "lr": 0.1},
    "evaluate": {"split": "test", "batch_size": 2, "shown": 6},
}


def write_run(folder: Path, classes: tuple[str, ...] = CLASSES) -> None:
    network = build_model("mini_unet", len(classes), OPTIONS)
    with torch.no_grad():
        network.get_parameter("head.weight").zero_()
        network.get_parameter("head.bias").copy_(torch.tensor([0.0, 1.5, 0.0, -1.0][: len(classes)]))
    record = RunRecord(
        model="mini_unet",
        options=OPTIONS,
        classes=tuple((name, (index, 0, 9)) for index, name in enumerate(classes)),
        size_hw=(2, 3),
        normalisation=Normalisation((0.5, 0.25, 0.0), (0.5, 0.5, 1.0)),
        seed=0,
        epochs=1,
        best_epoch=1,
        select="mean_iou",
        val=ValFigures(None, 0.5, 0.5),
        shards="0" * 64,
    )
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(folder / "model.safetensors", network, {})
    (folder / "model.json").write_bytes(record.encoded())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


def make_project(tmp_path: Path) -> Project:
    (tmp_path / "pipelines").mkdir(parents=True)
    (tmp_path / "params.yaml").write_text("pipelines: {}\ndevice: {device: cpu, threads: 1}\n")
    (tmp_path / "pipelines/doors.yaml").write_bytes(msgspec.json.encode(PIPELINE))
    project = Project(tmp_path)
    folder = project.shards_dir("doors")
    folder.mkdir(parents=True)
    ontology = ontology_of_names("own", CLASSES, [(index, 0, 9) for index in range(4)])
    metadata = SetMetadata.of(ontology, (2, 3), "area", "via")
    entries, rows = [], []
    for split, masks in MASKS.items():
        writer = ShardWriter(folder, split, metadata, len(masks))
        for id, mask in masks.items():
            image = np.full((2, 3, 3), 100, np.uint8)
            writer.append(id, image, np.array(mask, np.uint8), ("p", "a"), (2, 3))
        written = writer.finish()
        assert written is not None
        entries.append(written[0])
        rows += written[1]
    write_manifest(folder, Manifest(msgspec.structs.replace(metadata, shards=tuple(entries)), tuple(rows)))
    write_run(project.run_dir("doors"))
    return project


def table(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_the_figures_are_those_counted_by_hand(project: Project) -> None:
    # Test truth: wall 2, door 7, floor 2; the network says door 11 times.
    scores = evaluate_pipeline(project, "doors")
    assert (scores.split, scores.samples) == ("test", 3)
    assert scores.pixel_accuracy == round(7 / 11, 6)
    assert scores.mean_iou == round((0 + 7 / 11 + 0) / 3, 6)
    assert scores.mean_class_accuracy == round(1 / 3, 6)
    assert scores.frequency_weighted_iou == round(7 / 11 * 7 / 11, 6)
    assert scores.absent_classes == ("roof",)
    # Majority of train: floor (5 of 11); right twice. By position: 0 0 1 / 2 2 2, right at a: 1, b: 0, 1, 2, 2.
    majority, prior = scores.baselines["majority_class"], scores.baselines["position_prior"]
    assert (majority.pixel_accuracy, majority.mean_iou) == (round(2 / 11, 6), round(2 / 11 / 3, 6))
    assert prior.pixel_accuracy == round(5 / 11, 6)
    assert prior.mean_iou == round((1 / 5 + 2 / 7 + 2 / 5) / 3, 6)
    assert scores.mean_iou_above_best_baseline == round(7 / 33 - (1 / 5 + 2 / 7 + 2 / 5) / 3, 6)
    low, high = scores.mean_iou_interval
    assert low is not None
    assert high is not None
    assert low <= 7 / 33 <= high


def test_the_files_say_the_same(project: Project) -> None:
    scores = evaluate_pipeline(project, "doors")
    folder = project.evaluation_dir("doors")
    assert msgspec.json.decode((folder / "metrics.json").read_bytes(), type=type(scores)) == scores
    assert json.loads((folder / "metrics.json").read_text())["absent_classes"] == ["roof"]
    assert table(folder / "per_class.csv") == [
        ["class", "truth_pixels", "predicted_pixels", "iou", "accuracy"],
        ["wall", "2", "0", "0.0", "0.0"],
        ["door", "7", "11", "0.636364", "1.0"],
        ["floor", "2", "0", "0.0", "0.0"],
        ["roof", "0", "0", "", ""],
    ]
    confusion = table(folder / "confusion.csv")
    assert len(confusion) == 1 + 16
    assert [row for row in confusion[1:] if row[2] != "0"] == [
        ["wall", "door", "2"],
        ["door", "door", "7"],
        ["floor", "door", "2"],
    ]
    assert table(folder / "per_photo.csv") == [
        ["id", "pixel_accuracy", "mean_iou", "classes"],
        ["berlin/a", "0.833333", "0.416667", "2"],
        ["berlin/b", "0.4", "0.133333", "3"],
        ["c", "", "", "0"],
    ]
    assert table(folder / "shown.csv")[1:] == [["berlin/a", "1", "best"], ["berlin/b", "2", "worst"]]


def test_predictions_are_palettised_pictures(project: Project) -> None:
    evaluate_pipeline(project, "doors")
    folder = project.evaluation_dir("doors") / "predictions"
    assert sorted(path.name for path in folder.iterdir()) == ["berlin__a.png", "berlin__b.png", "c.png"]
    with Image.open(folder / "berlin__a.png") as picture:
        assert (picture.mode, picture.size) == ("P", (3, 2))
        assert np.asarray(picture).tolist() == [[1, 1, 1], [1, 1, 1]]
        assert picture.convert("RGB").getpixel((0, 0)) == (1, 0, 9)


def test_the_same_bytes_each_time_and_nothing_left_over(project: Project) -> None:
    folder = project.evaluation_dir("doors")
    contents = []
    for _ in range(2):
        evaluate_pipeline(project, "doors")
        contents.append({path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()})
        (folder / "from an older version.csv").write_text("x")
    assert contents[0] == contents[1]
    assert [path.name for path in folder.parent.iterdir()] == ["doors"]


def test_a_model_of_other_shards_is_told(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    told = "doors: this model was trained on other shards than those that lie here now."
    assert evaluate_pipeline(project, "doors").shards_of_training == "other"
    assert told in capsys.readouterr().err
    record = project.run_dir("doors") / "model.json"
    digest = ShardSet.open(project.shards_dir("doors")).digest
    record.write_text(record.read_text().replace("0" * 64, digest))
    assert evaluate_pipeline(project, "doors").shards_of_training == "same"
    assert capsys.readouterr().err == ""
    metrics = json.loads((project.evaluation_dir("doors") / "metrics.json").read_text())
    assert metrics["shards_of_training"] == "same"


def test_predictions_that_would_take_one_name_are_found_before_predicting(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError) as caught:
        check_prediction_names(["a/b", "c", "a__b"])
    assert str(caught.value).startswith(
        "a__b: found another sample, 'a/b', whose prediction is called a__b.png too; expected ids that differ"
    )
    check_prediction_names(["a/b", "a_b", "b"])

    def clash(ids: object) -> None:
        raise DataError("a__b")

    def never(*_: object) -> None:
        raise AssertionError("predicted all the same")

    monkeypatch.setattr("segdata.evaluation.score.check_prediction_names", clash)
    monkeypatch.setattr("segdata.evaluation.score.predict", never)
    with pytest.raises(DataError, match="^a__b$"):
        evaluate_pipeline(project, "doors")


def test_another_split_can_be_scored(project: Project) -> None:
    scores = evaluate_pipeline(project, "doors", split="train")
    assert (scores.split, scores.samples, scores.pixel_accuracy) == ("train", 2, round(2 / 11, 6))
    with pytest.raises(ShardError, match="no samples in split 'val'"):
        evaluate_pipeline(project, "doors", split="val")


def test_a_failure_leaves_the_older_scores(project: Project) -> None:
    evaluate_pipeline(project, "doors")
    before = (project.evaluation_dir("doors") / "metrics.json").read_bytes()
    write_run(project.run_dir("doors"), CLASSES[:3])
    with pytest.raises(TrainingError, match="a model of 3 classes .* expected the 4 classes of the shards"):
        evaluate_pipeline(project, "doors")
    assert (project.evaluation_dir("doors") / "metrics.json").read_bytes() == before


def test_a_run_that_is_absent_damaged_or_of_other_weights_is_named(project: Project) -> None:
    run_dir = project.run_dir("doors")
    text = (run_dir / "model.json").read_text()
    (run_dir / "model.json").write_text(text.replace('"channels"', '"chanels"'))
    with pytest.raises(TrainingError, match="unknown key 'chanels'"):
        load_run(run_dir)
    (run_dir / "model.json").write_text(text.replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(TrainingError, match="found format version 2; expected version 1"):
        load_run(run_dir)
    (run_dir / "model.json").write_text(
        text.replace("[\n      2,\n      2\n    ]", "[\n      4,\n      2\n    ]")
    )
    with pytest.raises(TrainingError, match="shape"):
        load_run(run_dir)
    (run_dir / "model.json").write_text(text[:-30])
    with pytest.raises(TrainingError, match="a damaged record"):
        load_run(run_dir)
    (run_dir / "model.json").unlink()
    with pytest.raises(TrainingError, match="segdata train"):
        load_run(run_dir)


def test_prediction_normalises_as_training_did(project: Project) -> None:
    run = load_run(project.run_dir("doors"))
    photos = np.random.default_rng(0).integers(0, 256, (3, 5, 7, 3), dtype=np.uint8)
    assert predict(run, photos).tolist() == np.ones((3, 5, 7)).tolist()
    assert predict_logits(run, photos)[2, :, 4, 6].tolist() == [0.0, 1.5, 0.0, -1.0]
    normalised = run.record.normalisation.apply(torch.tensor([[[[255]], [[0]], [[51]]]], dtype=torch.uint8))
    assert normalised.flatten().tolist() == pytest.approx([1.0, -0.5, 0.2])


def test_shown_photos_reach_from_best_to_worst() -> None:
    photos = [
        PhotoScore(f"p{index}", accuracy, 0.0) for index, accuracy in enumerate([0.5, 0.9, 0.7, 0.7, 0.1])
    ]
    photos.append(PhotoScore("void", float("nan"), float("nan")))
    shown = choose_shown(photos, 3)
    # p2 and p3 are equal, so p2 has rank 2 and p3 rank 3
    assert [(one.id, one.rank, one.why) for one in shown] == [
        ("p1", 1, "best"),
        ("p3", 3, "median"),
        ("p4", 5, "worst"),
    ]
    assert [one.id for one in choose_shown(photos, 9)] == ["p1", "p2", "p3", "p0", "p4"]
    assert choose_shown(photos, 0) == []
