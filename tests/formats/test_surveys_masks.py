"""What `segdata inspect` sees in folders of photos and masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segdata.formats import open_reader, survey_folder
from segdata.survey import Survey
from tests.formats.via_cases import source

SHARED = Path(__file__).resolve().parents[3] / "shared/data"


def photo(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(path.name)).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(noise).save(path)


def mask(path: Path, values: Any = (0, 1, 1, 5)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    row = np.repeat(np.array(values, np.uint8), 16 // len(values))
    Image.fromarray(np.repeat(row[None], 16, axis=0)).save(path)
    return path


def seen(root: Path) -> Survey:
    survey = survey_folder("masks", root)
    assert survey is not None
    reader = open_reader("masks", source(root, dict(survey.options), label_map={0: "road"}))
    assert len(reader.ids()) == survey.annotated, "the reader understands the proposed options"
    return survey


def test_image_and_mask(tmp_path: Path) -> None:
    for id in "ab":
        photo(tmp_path / f"image/{id}.jpg")
    mask(tmp_path / "mask/a.png")
    survey = seen(tmp_path)
    assert (survey.certainty, survey.options) == ("likely", {})
    assert survey.evidence == "image + mask (photos and masks of the same names): 1 mask"
    assert survey.photos == ("image/a.jpg", "image/b.jpg")
    assert (survey.annotated, survey.looked_at, survey.splits) == (1, 1, {})
    assert (survey.labels, survey.ontology, survey.label_map) == ({0: 1, 1: 1, 5: 1}, None, None)


LAYOUTS: dict[str, tuple[list[tuple[str, str]], dict[str, object], dict[str, int]]] = {
    "images-labels": ([("images/a.jpg", "labels/a.png")], {"photos": "images", "masks": "labels"}, {}),
    "img-ann": ([("img/a.jpg", "ann/a.png")], {"photos": "img", "masks": "ann"}, {}),
    "png-photos": ([("x/a.png", "y/a.png")], {"photos": "x", "masks": "y"}, {}),
    "subfolders": (
        [("photos/roll 1/a.jpg", "masks/roll 1/a.png"), ("photos/roll 2/a.jpg", "masks/roll 2/a.png")],
        {"photos": "photos", "masks": "masks"},
        {},
    ),
    "split-folders": (
        [("train/image/a.jpg", "train/mask/a.png"), ("val/image/b.jpg", "val/mask/b.png")],
        {"split_folders": True},
        {"train": 1, "val": 1},
    ),
    "split-folders-of-other-names": (
        [("train/images/a.jpg", "train/masks/a.png"), ("test/images/b.jpg", "test/masks/b.png")],
        {"photos": "images", "masks": "masks", "split_folders": True},
        {"test": 1, "train": 1},
    ),
    "splits-inside": (
        [("images/training/a.jpg", "annotations/training/a.png"), ("images/validation/b.jpg", "annotations/validation/b.png")],
        {
            "photos": {"train": "images/training", "val": "images/validation"},
            "masks": {"train": "annotations/training", "val": "annotations/validation"},
        },
        {"train": 1, "val": 1},
    ),
    "segnet": (
        [("train/a.png", "trainannot/a.png"), ("val/b.png", "valannot/b.png")],
        {"photos": {"train": "train", "val": "val"}, "masks": {"train": "trainannot", "val": "valannot"}},
        {"train": 1, "val": 1},
    ),
    "one-folder": (
        [("a.jpg", "a_mask.png")],
        {"photos": ".", "masks": ".", "mask_suffix": "_mask"},
        {},
    ),
    "deepglobe": (
        [("train/1_sat.jpg", "train/1_mask.png")],
        {
            "photos": {"train": "train"},
            "masks": {"train": "train"},
            "photo_suffix": "_sat",
            "mask_suffix": "_mask",
        },
        {"train": 1},
    ),
    "camvid": (
        [("images/0001TP_1.png", "labels/0001TP_1_L.png")],
        {"photos": "images", "masks": "labels", "mask_suffix": "_L"},
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(tmp_path: Path, name: str) -> None:
    files, options, splits = LAYOUTS[name]
    for one, other in files:
        photo(tmp_path / one)
        mask(tmp_path / other)
    survey = seen(tmp_path)
    assert (survey.options, survey.splits) == (options, splits)
    assert survey.photos == tuple(sorted(one for one, _ in files))
    assert survey.annotated == len(files)
    assert survey.findings == ()


def test_masks_of_classes_before_those_of_instances(tmp_path: Path) -> None:
    photo(tmp_path / "JPEGImages/a.jpg")
    mask(tmp_path / "SegmentationClass/a.png")
    mask(tmp_path / "SegmentationObject/a.png")
    assert seen(tmp_path).options == {"photos": "JPEGImages", "masks": "SegmentationClass"}


@pytest.mark.parametrize("file", ["names.txt", "mask/classes.txt"])
def test_names_of_the_values(tmp_path: Path, file: str) -> None:
    photo(tmp_path / "image/a.jpg")
    mask(tmp_path / "mask/a.png", (0, 1, 2, 255))
    survey = seen(tmp_path)
    assert (survey.labels, survey.ontology) == ({0: 1, 1: 1, 2: 1, 255: 1}, None)
    assert survey.label_map == {0: "class 0", 1: "class 1", 2: "class 2", 255: "ignore"}
    assert [(finding.code, finding.action) for finding in survey.findings] == [
        ("void-value", "proposed as ignore")
    ]
    (tmp_path / file).write_text("road\ntree\ncar\n")
    survey = survey_folder("masks", tmp_path)
    assert survey is not None
    assert survey.options == {"names": file}
    assert survey.labels == {"road": 1, "tree": 1, "car": 1, 255: 1}
    assert survey.label_map == {"road": "road", "tree": "tree", "car": "car", 255: "ignore"}
    assert list(survey.ontology or ()) == ["road", "tree", "car"]
    (tmp_path / file).write_text("road\ntree\n")
    assert seen(tmp_path).options == {}
    mask(tmp_path / "mask/a.png", (0, 255))  # 255 is neither the second name nor surely ignore
    survey = seen(tmp_path)
    assert (survey.options, survey.labels, survey.label_map) == ({}, {0: 1, 255: 1}, None)


@pytest.mark.parametrize("place", [".", "labels"])
def test_names_beside_folders_of_splits(tmp_path: Path, place: str) -> None:
    for split in ("train", "val"):
        photo(tmp_path / f"images/{split}/a.jpg")
        mask(tmp_path / f"labels/{split}/a.png", (0, 1, 2, 2))
        photo(tmp_path / f"other/{split}/image/a.jpg")
        mask(tmp_path / f"other/{split}/mask/a.png", (0, 1, 2, 2))
    for folder in (tmp_path / place, tmp_path / "other"):
        (folder / "names.txt").write_text("road\ntree\nignore\n")
    for root, name in ((tmp_path, f"{place}/names.txt"), (tmp_path / "other", "names.txt")):
        survey = survey_folder("masks", root)
        assert survey is not None
        assert survey.options["names"] == name.removeprefix("./")
        assert list(survey.ontology or ()) == ["road", "tree"]
        assert survey.label_map == {"road": "road", "tree": "tree", "ignore": "ignore"}


def test_damaged_masks_are_findings(tmp_path: Path) -> None:
    for id in "abc":
        photo(tmp_path / f"image/{id}.jpg")
        mask(tmp_path / f"mask/{id}.png")
    (tmp_path / "mask/b.png").write_bytes(b"no picture")
    photo(tmp_path / "image/c.png")
    survey = survey_folder("masks", tmp_path)
    assert survey is not None
    assert (survey.looked_at, survey.labels) == (1, {0: 1, 1: 1, 5: 1})
    assert [(finding.code, finding.file) for finding in survey.findings] == [
        ("unreadable", "image/c.jpg and image/c.png"),
        ("unreadable", "mask/b.png"),
    ]


def test_folders_without_masks(tmp_path: Path) -> None:
    assert survey_folder("masks", tmp_path) is None
    photo(tmp_path / "photos/a.jpg")
    photo(tmp_path / "thumbnails/a.jpg")
    photo(tmp_path / "edited/a.png")
    assert survey_folder("masks", tmp_path) is None
    mask(tmp_path / "old/b.png")
    mask(tmp_path / "new/b.png")
    assert survey_folder("masks", tmp_path) is None
    (tmp_path / "edited/a.png").write_bytes(b"")
    assert survey_folder("masks", tmp_path) is None


def test_camvid() -> None:
    root = SHARED / "camvid"
    if not root.is_dir():
        pytest.skip(f"no {root}")
    survey = survey_folder("masks", root)
    assert survey is not None
    assert (survey.certainty, survey.options) == ("likely", {"split_folders": True})
    assert survey.splits == {"test": 233, "train": 367, "val": 101}
    assert (survey.annotated, survey.looked_at, list(survey.labels)) == (701, 200, list(range(12)))
