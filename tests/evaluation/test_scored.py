"""A split scored at another size than its shards': every figure is that of photo and mask read again, step by step."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch", reason="evaluation needs the extra 'train'")

from PIL import Image  # noqa: E402

from segdata.conversion import Conversion  # noqa: E402
from segdata.errors import ConfigError, DataError  # noqa: E402
from segdata.evaluation import evaluate_pipeline  # noqa: E402
from segdata.evaluation.predict import load_run, predict  # noqa: E402
from segdata.evaluation.run import Normalisation, RunRecord, ValFigures  # noqa: E402
from segdata.evaluation.scored import scored_photos  # noqa: E402
from segdata.models import build_model  # noqa: E402
from segdata.models.weights import save_weights  # noqa: E402
from segdata.photo import resize_mask  # noqa: E402
from segdata.pipeline import read_pipeline  # noqa: E402
from segdata.project import Project  # noqa: E402
from segdata.resample import Resize, resize_image  # noqa: E402
from segdata.shards import ShardSet  # noqa: E402
from tests.projects import convert, sample_project  # noqa: E402
from tests.test_evaluate_command import segdata  # noqa: E402

SHARDS_HW, SCORED_HW = (24, 32), (36, 40)
OPTIONS: dict[str, object] = {"channels": [4, 4]}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Converted, and with a network of random weights, which says different things at different sizes."""
    project = sample_project(tmp_path_factory.mktemp("scored"), "matlab", size_hw=SHARDS_HW)
    path = project.pipeline_path("matlab")
    values = yaml.safe_load(path.read_text())
    values["shards"]["photo"] = "nearest"
    values["model"] = {"name": "mini_unet", "options": OPTIONS}
    values["evaluate"] = {"split": "test", "size_hw": list(SCORED_HW), "batch_size": 2}
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    convert(project, "matlab")
    shards = ShardSet.open(project.shards_dir("matlab"))
    torch.manual_seed(3)
    network = build_model("mini_unet", len(shards.ontology), OPTIONS)
    record = RunRecord(
        model="mini_unet",
        options=OPTIONS,
        classes=tuple((label.name, label.color) for label in shards.ontology.labels),
        size_hw=SHARDS_HW,
        normalisation=Normalisation((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
        seed=0,
        epochs=1,
        best_epoch=1,
        select="loss",
        val=ValFigures(None, None, None),
        shards=shards.digest,
    )
    folder = project.run_dir("matlab")
    folder.mkdir(parents=True)
    save_weights(folder / "model.safetensors", network, {})
    (folder / "model.json").write_bytes(record.encoded())
    return project


def test_photo_and_truth_are_resized_from_the_source_and_scored_as_they_are(finished: Project) -> None:
    scores = evaluate_pipeline(finished, "matlab", device="cpu")
    folder = finished.evaluation_dir("matlab")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["size_hw"] == list(scores.size_hw) == list(SCORED_HW)
    run = load_run(finished.run_dir("matlab"))
    reader = Conversion.open(finished, "matlab").reader
    right = labelled = 0
    for id in ShardSet.open(finished.shards_dir("matlab")).split("test").ids:
        whole = reader.read(id)
        assert whole.mask.shape == (60, 80)
        truth = resize_mask(whole.mask, SCORED_HW)
        (predicted,) = predict(run, resize_image(whole.image, Resize(SCORED_HW, "nearest"))[None])
        right += int((truth == predicted).sum())
        labelled += int((truth != 255).sum())
        with Image.open(folder / "predictions" / f"{id}.png") as picture:
            assert np.array_equal(np.asarray(picture), resize_mask(predicted, SHARDS_HW))
    assert scores.by("pixel-accuracy").value == scores.pixel_accuracy == round(right / labelled, 6)
    for split, is_said in (("test", True), ("train", False)):
        done = segdata(finished, "evaluate", "matlab", "--split", split, "--device", "cpu")
        assert done.exit_code == 0, done.output
        assert ("\n  scored at 36x40 (height x width), as evaluate.size_hw says; " in done.output) is is_said


def test_kept_masks_that_are_scored_again_say_at_which_size_segdata_scored_them(
    finished: Project, tmp_path: Path
) -> None:
    evaluate_pipeline(finished, "matlab", device="cpu")
    kept = finished.evaluation_dir("matlab") / "predictions"
    again = (
        "evaluate",
        "--truth",
        "matlab",
        "--from",
        "shards",
        "--json",
        tmp_path / "s.json",
        "--predictions",
    )
    done = segdata(finished, *again, kept)
    assert done.exit_code == 0, done.output
    assert (
        "\n  note: segdata scored these at 36x40 (height x width), as evaluate.size_hw said, and kept them at the shards' size, by "
        "nearest pixel: the figures below are not those of its own evaluation\n"
    ) in done.output
    said = json.loads((tmp_path / "s.json").read_text())
    assert said["scored_hw"] == list(SCORED_HW)
    metrics = json.loads((kept.parent / "metrics.json").read_text())
    assert said["protocols"][0]["protocol"] == "mean-iou"
    assert said["protocols"][0]["value"] != metrics["mean_iou"]
    evaluate_pipeline(finished, "matlab", split="train", device="cpu")  # at the shards' size
    at_shards = finished.scored_dir("matlab", "train")
    done = segdata(finished, *again, at_shards / "predictions", "--split", "train")
    assert "note:" not in done.output
    said = json.loads((tmp_path / "s.json").read_text())
    assert said["scored_hw"] is None
    metrics = json.loads((at_shards / "metrics.json").read_text())
    assert said["protocols"][0]["value"] == metrics["mean_iou"]
    (tmp_path / "metrics.json").write_text('{"size_hw": [5, 7]}')  # somebody's, of something else
    shutil.copytree(at_shards / "predictions", tmp_path / "masks")
    assert "note:" not in segdata(finished, *again, tmp_path / "masks", "--split", "train").output


def test_another_split_and_the_shards_own_size_come_from_the_shards(
    finished: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = ShardSet.open(finished.shards_dir("matlab"))
    for split, size_hw in (("test", SCORED_HW), ("train", SHARDS_HW)):
        photos = scored_photos(finished, "matlab", shards, split)
        images, masks = photos.read([0])
        assert (photos.size_hw, photos.shards_hw) == (size_hw, SHARDS_HW)
        assert (images.shape, masks.shape) == ((1, *size_hw, 3), (1, *size_hw))
        assert photos.ids == shards.split(split).ids
    assert np.array_equal(masks[0], shards.split("train").mask_at(0))
    monkeypatch.setattr("segdata.evaluation.scored.open_source", None)
    path = finished.pipeline_path("matlab")
    text = path.read_text()
    path.write_text(text.replace("- 36\n  - 40\n", "- 24\n  - 32\n"))
    try:
        assert scored_photos(finished, "matlab", shards, "test").size_hw == SHARDS_HW
    finally:
        path.write_text(text)


def test_a_source_that_is_not_there_or_has_changed_is_named(finished: Project) -> None:
    shards = ShardSet.open(finished.shards_dir("matlab"))
    id = shards.split("test").ids[0]
    root = finished.root / finished.pipeline("matlab").source.root
    aside = root.with_name("aside")
    root.rename(aside)
    try:
        with pytest.raises(DataError) as caught:
            scored_photos(finished, "matlab", shards, "test")
    finally:
        aside.rename(root)
    assert str(caught.value) == (
        "data/raw/sample-matlab: found no such folder; expected the photos, to score them at 36x40 (height x width) as "
        "pipelines/matlab.yaml says (evaluate.size_hw). Put them there, or take the key out of the file: then the "
        "shards are scored, at their own size."
    )
    (photo,) = root.rglob(f"{id}.jpg")
    content = photo.read_bytes()
    photo.write_bytes(content + b"\0")
    try:
        with pytest.raises(DataError, match=f"^{id}: found another photo than the shard was made from"):
            scored_photos(finished, "matlab", shards, "test")
    finally:
        photo.write_bytes(content)


def test_nothing_is_read_outside_the_project(finished: Project) -> None:
    path = finished.pipeline_path("matlab")
    text = path.read_text()
    path.write_text(text.replace("root: data/raw/sample-matlab", "root: ../elsewhere"))
    try:
        with pytest.raises(
            ConfigError, match=r"source\.root: found \.\./elsewhere; expected a folder inside the project"
        ):
            scored_photos(finished, "matlab", ShardSet.open(finished.shards_dir("matlab")), "test")
    finally:
        path.write_text(text)


@pytest.mark.parametrize(
    ("evaluate", "at", "words"),
    [
        ([0, 8], "shards", "pipelines/x.yaml: evaluate: found size_hw must lie between 1 and 16384 pixels"),
        ([8, 16385], "shards", "size_hw must lie between 1 and 16384 pixels"),
        ([8, 8], "photo", "pipelines/x.yaml: evaluate.size_hw: found a size beside published.at photo"),
    ],
)
def test_sizes_that_cannot_be_are_refused_when_the_file_is_read(
    tmp_path: Path, evaluate: list[int], at: str, words: str
) -> None:
    project = sample_project(tmp_path, "via", num_scenes=4)
    values = yaml.safe_load(project.pipeline_path("via").read_text())
    values["evaluate"]["size_hw"] = evaluate
    values["published"] = {
        "metric": "mean IoU", "protocol": "mean-iou", "split": "test", "value": 0.5, "where": "x", "tolerance": 0.1, "at": at,
    }  # fmt: skip
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(ConfigError) as caught:
        read_pipeline(path, "pipelines/x.yaml")
    assert words in str(caught.value)
