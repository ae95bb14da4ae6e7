"""What `segdata inspect` sees in Cityscapes trees."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from segdata.formats import survey_folder
from segdata.sample_data import write_sample_set
from segdata.survey import Survey


def photo(root: Path, id: str, split: str = "train") -> None:
    path = root / "leftImg8bit" / split / "aachen" / f"{id}_leftImg8bit.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 1)).save(path)


def mask(
    root: Path, id: str, values: list[int], split: str = "train", kind: str = "labelIds", tree: str = "gtFine"
) -> Path:
    path = root / tree / split / "aachen" / f"{id}_{tree}_{kind}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array([values], np.uint16 if kind == "instanceIds" else np.uint8)).save(path)
    return path


def seen(root: Path) -> Survey:
    survey = survey_folder("cityscapes", root)
    assert survey is not None
    assert survey.certainty == "certain"
    return survey


def test_sample_set(tmp_path: Path) -> None:
    write_sample_set("cityscapes", tmp_path, num_scenes=8, size_hw=(60, 80), seed=7)
    survey = seen(tmp_path)
    assert survey.evidence == (
        "leftImg8bit + gtFine (Cityscapes): 8 labelIds.png, 8 instanceIds.png, 8 polygons.json"
    )
    assert (len(survey.photos), survey.annotated, survey.looked_at) == (8, 8, 8)
    assert survey.splits == {"train": 6, "val": 2}
    assert {"road": 8, "sky": 8}.items() <= survey.labels.items()
    assert (survey.ontology, survey.label_map, survey.options) == ("cityscapes-19", None, {})


def test_labels_by_name_and_what_reads_them(tmp_path: Path) -> None:
    for id in "ab":
        photo(tmp_path, id)
    photo(tmp_path, "c", "val")
    mask(tmp_path, "a", [7, 7, 26, 0])
    mask(tmp_path, "b", [7, 34, 26_003, 0], kind="instanceIds")
    polygons = {"imgHeight": 1, "imgWidth": 4, "objects": [
        {"label": "cargroup", "polygon": [[0, 0], [1, 0], [1, 1]]},
        {"label": "person", "polygon": [[0, 0], [1, 0], [1, 1]], "deleted": 1},
    ]}  # fmt: skip
    mask(tmp_path, "c", [0], "val").unlink()
    (tmp_path / "gtFine/val/aachen/c_gtFine_polygons.json").write_text(json.dumps(polygons))
    survey = seen(tmp_path)
    assert survey.labels == {34: 1, "car": 3, "road": 2, "unlabeled": 2}
    assert (survey.annotated, survey.looked_at, survey.splits) == (3, 3, {"train": 2, "val": 1})


def test_train_ids_alone_and_the_twentieth_class(tmp_path: Path) -> None:
    photo(tmp_path, "a")
    photo(tmp_path, "b")
    mask(tmp_path, "a", [0, 13, 255, 255], kind="labelTrainIds")
    survey = seen(tmp_path)
    assert survey.options == {"truth": "labelTrainIds", "splits": ["train"]}
    assert survey.labels == {"car": 1, "road": 1}
    assert (survey.ontology, survey.annotated, len(survey.photos)) == ("cityscapes-19", 1, 2)
    mask(tmp_path, "b", [0, 19, 19, 19], kind="labelTrainIds")
    assert seen(tmp_path).ontology == "cityscapes-20"


def test_dummy_test_split_is_left_out_and_told(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        photo(tmp_path, split, split)
        mask(tmp_path, split, [3, 1, 0, 0] if split == "test" else [7, 7, 7, 7], split)
    survey = seen(tmp_path)
    assert survey.options == {}
    assert survey.splits == {"train": 1, "val": 1}
    (finding,) = survey.findings
    assert (finding.code, finding.file, finding.action) == ("dummy-masks", "gtFine/test", "left out")
    mask(tmp_path, "test", [3, 7, 0, 0], "test")
    assert seen(tmp_path).options == {"splits": ["train", "val", "test"]}


def test_coarse_annotations(tmp_path: Path) -> None:
    photo(tmp_path, "a", "train_extra")
    mask(tmp_path, "a", [7, 0, 0, 0], "train_extra", tree="gtCoarse")
    survey = seen(tmp_path)
    assert survey.options == {"annotation": "gtCoarse", "splits": ["train_extra"]}
    assert survey.splits == {"train": 1}
    photo(tmp_path, "b")
    mask(tmp_path, "b", [7, 0, 0, 0])
    both = seen(tmp_path)
    assert (both.options, both.choices) == ({"splits": ["train"]}, {"annotation": ["gtCoarse"]})


def test_damaged_masks_are_findings(tmp_path: Path) -> None:
    for id in "abc":
        photo(tmp_path, id)
        mask(tmp_path, id, [7, 7, 7, 7]).write_bytes(b"no picture" if id == "a" else b"")
    mask(tmp_path, "c", [26, 26, 26, 26])
    survey = seen(tmp_path)
    assert (survey.labels, survey.looked_at) == ({"car": 1}, 1)
    assert [(finding.code, finding.file) for finding in survey.findings] == [
        ("unreadable", f"gtFine/train/aachen/{id}_gtFine_labelIds.png") for id in "ab"
    ]


def test_id_in_two_splits_is_a_finding(tmp_path: Path) -> None:
    for split in ("train", "val"):
        photo(tmp_path, "a", split)
        mask(tmp_path, "a", [7, 7, 7, 7], split)
    survey = seen(tmp_path)
    (finding,) = survey.findings
    assert (finding.code, finding.severity) == ("unreadable", "error")
    assert "a second time" in finding.message
    assert len(survey.photos) == 2


def test_foreign_folders(tmp_path: Path) -> None:
    assert survey_folder("cityscapes", tmp_path) is None
    photo(tmp_path, "a")
    assert survey_folder("cityscapes", tmp_path) is None
    (tmp_path / "gtFine").mkdir()
    (tmp_path / "gtFine" / "notes.txt").write_text("")
    assert survey_folder("cityscapes", tmp_path) is None
