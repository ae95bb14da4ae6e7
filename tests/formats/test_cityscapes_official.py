"""Cityscapes against cityscapesscripts itself: its label table on every id, its drawing on many outlines; and what
lies there besides label ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.helpers.labels import id2label, labels, name2label
from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
from cityscapesscripts.preparation.json2labelImg import createLabelImage
from PIL import Image

from segdata.errors import DataError
from segdata.formats import OpenSource, Reader, open_reader
from segdata.label_map import LabelMap
from segdata.ontology import load_ontology

ID = "aachen_000000_000019"
SIZE_HW = (40, 60)


def reader(root: Path, ontology: str = "cityscapes-19", **options: Any) -> Reader:
    classes = load_ontology(ontology)
    lookup = LabelMap.identity(classes)
    splits = {"splits": ["train"], **options}
    return open_reader("cityscapes", OpenSource("p.yaml", root, classes, lookup, None, 255, "skip", splits))


def photo(root: Path, size_hw: tuple[int, int] = SIZE_HW, split: str = "train", id: str = ID) -> None:
    path = root / "leftImg8bit" / split / "aachen" / f"{id}_leftImg8bit.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    (root / "gtFine").mkdir(exist_ok=True)
    Image.new("RGB", size_hw[::-1]).save(path)


def beside(root: Path, kind: str, split: str = "train", id: str = ID, annotation: str = "gtFine") -> Path:
    path = root / annotation / split / "aachen" / f"{id}_{annotation}_{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def outlines(seed: int) -> str:
    """Random outlines of all 35 labels, groups and deleted ones among them, partly outside the photo."""
    random = np.random.default_rng(seed)
    groups = [f"{label.name}group" for label in labels if label.hasInstances and label.id > 0]
    names = [label.name for label in labels] + groups
    objects = []
    for name in random.permutation(names).tolist():
        points = random.integers(2, 9)
        polygon = random.uniform((-20, -20), (80, 60), (points, 2))
        whole = random.random() < 0.5
        objects.append(
            {
                "label": name,
                "polygon": (polygon.astype(int) if whole else polygon).tolist(),
                "deleted": int(random.random() < 0.1),
            }
        )
    return json.dumps({"imgHeight": SIZE_HW[0], "imgWidth": SIZE_HW[1], "objects": objects})


def official(text: str, encoding: str) -> np.ndarray:
    annotation = Annotation()
    annotation.fromJsonText(text)
    return np.asarray(createLabelImage(annotation, encoding))


@pytest.mark.parametrize("void", [255, 19])
def test_random_label_ids_go_through_the_official_table(tmp_path: Path, void: int) -> None:
    assert len(labels) == 35
    values = np.random.default_rng(3).integers(0, 34, (31, 37)).astype(np.uint8)
    assert set(np.unique(values)) == {label.id for label in labels if label.id >= 0}
    photo(tmp_path, (31, 37))
    Image.fromarray(values).save(beside(tmp_path, "labelIds.png"))
    mask = reader(tmp_path, "cityscapes-19" if void == 255 else "cityscapes-20").read(ID).mask
    for row, column in np.ndindex(values.shape):
        train_id = id2label[int(values[row, column])].trainId
        assert mask[row, column] == (train_id if 0 <= train_id < 19 else void)


def test_license_plate_has_no_id_and_is_never_drawn(tmp_path: Path) -> None:
    assert (name2label["license plate"].id, name2label["license plate"].trainId) == (-1, -1)
    plate = {"label": "license plate", "polygon": [[0, 0], [59, 0], [59, 39], [0, 39]]}
    road = {"label": "road", "polygon": [[0, 20], [59, 20], [59, 39], [0, 39]]}
    text = json.dumps({"imgHeight": 40, "imgWidth": 60, "objects": [road, plate]})
    photo(tmp_path)
    beside(tmp_path, "polygons.json").write_text(text)
    mask = reader(tmp_path).read(ID).mask
    assert (mask[:20] == 255).all()
    assert (mask[20:] == 0).all()


@pytest.mark.parametrize("seed", range(12))
def test_random_outlines_equal_the_official_drawing(tmp_path: Path, seed: int) -> None:
    text = outlines(seed)
    photo(tmp_path)
    beside(tmp_path, "polygons.json").write_text(text)
    sample = reader(tmp_path).read(ID)
    label_ids, train_ids = official(text, "ids"), official(text, "trainIds")
    assert len(np.unique(label_ids)) > 6
    assert np.array_equal(sample.mask, train_ids)
    assert [finding.code for finding in sample.findings] == ["drawn-from-polygons"]
    Image.fromarray(label_ids).save(beside(tmp_path, "labelIds.png"))
    assert np.array_equal(reader(tmp_path).read(ID).mask, sample.mask)


@pytest.mark.parametrize("seed", range(3))
def test_instance_ids_are_label_ids(tmp_path: Path, seed: int) -> None:
    text = outlines(seed)
    annotation = Annotation()
    annotation.fromJsonText(text)
    instances = np.asarray(createInstanceImage(annotation, "ids"))
    photo(tmp_path)
    Image.fromarray(instances.astype(np.uint16)).save(beside(tmp_path, "instanceIds.png"))
    assert (instances > 1000).any()
    assert np.array_equal(reader(tmp_path).read(ID).mask, official(text, "trainIds"))


def test_coarse_outlines_of_the_extra_split(tmp_path: Path) -> None:
    text = outlines(1)
    photo(tmp_path, split="train_extra")
    beside(tmp_path, "polygons.json", "train_extra", annotation="gtCoarse").write_text(text)
    opened = reader(tmp_path, annotation="gtCoarse", splits=["train_extra"])
    assert opened.official_split(ID) == "train"
    assert np.array_equal(opened.read(ID).mask, official(text, "trainIds"))


@pytest.mark.parametrize(
    ("ontology", "values"),
    [("cityscapes-19", [255, 255]), ("cityscapes-20", [255, 19])],
)
def test_dummy_train_ids_of_the_test_split_are_refused(
    tmp_path: Path, ontology: str, values: list[int]
) -> None:
    photo(tmp_path, (1, 2), "test")
    path = beside(tmp_path, "labelTrainIds.png", "test")
    Image.fromarray(np.array([values], np.uint8)).save(path)
    opened = reader(tmp_path, ontology, truth="labelTrainIds", splits=["test"])
    with pytest.raises(DataError, match="test/aachen/.*labelTrainIds.png: found a dummy mask"):
        opened.read(ID)
    Image.fromarray(np.array([[255, 18]], np.uint8)).save(path)
    assert opened.read(ID).mask[0, 1] == 18


def test_dummy_outlines_of_the_test_split_are_refused(tmp_path: Path) -> None:
    ego = {"label": "ego vehicle", "polygon": [[0, 30], [59, 30], [59, 39]]}
    photo(tmp_path, split="test")
    text = json.dumps({"imgHeight": 40, "imgWidth": 60, "objects": [ego]})
    beside(tmp_path, "polygons.json", "test").write_text(text)
    with pytest.raises(DataError, match="polygons.json: found a dummy mask"):
        reader(tmp_path, splits=["test"]).read(ID)


def test_masks_of_the_other_encoding_are_told(tmp_path: Path) -> None:
    photo(tmp_path, (1, 2))
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(beside(tmp_path, "labelTrainIds.png"))
    opened = reader(tmp_path)
    assert opened.ids() == []
    (finding,) = opened.findings
    assert (finding.code, finding.message) == (
        "not-annotated",
        "photo without annotation (its labelTrainIds.png is read with source.options.truth: labelTrainIds)",
    )
    assert reader(tmp_path, truth="labelTrainIds").read(ID).mask.tolist() == [[0, 255]]


@pytest.mark.parametrize(
    "text",
    [
        '{"imgHeight": 40, "imgWidth": 60, "objects": [], "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"imgHeight": 40, "imgWidth": 60}',
        '{"imgHeight": 40, "imgWidth": 60, "objects": [{"label": "road", "polygon": [[1, 2, 3]]}]}',
        "",
        "[]",
    ],
    ids=["nested", "no-objects", "three-numbers", "empty", "list"],
)
def test_damaged_outlines_are_an_error_of_that_file(tmp_path: Path, text: str) -> None:
    photo(tmp_path)
    beside(tmp_path, "polygons.json").write_text(text)
    with pytest.raises(DataError, match=f"^gtFine/train/aachen/{ID}_gtFine_polygons.json: found"):
        reader(tmp_path).read(ID)
