"""What `segdata inspect` sees in VOC trees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.errors import DataError
from segdata.formats import survey_folder
from segdata.ontology import voc_palette
from segdata.sample_data import write_sample_set
from segdata.survey import Survey

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "voc-labelme" / "voc"
PALETTE = [part for color in voc_palette() for part in color]


def pair(
    root: Path, id: str, values: list[int], photos: str = "JPEGImages", palette: list[int] | None = None
) -> Path:
    for folder in (photos, "SegmentationClass"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (len(values), 1)).save(root / photos / f"{id}.jpg")
    picture = Image.frombytes("L", (len(values), 1), bytes(values))
    if palette != []:
        picture.putpalette(palette or PALETTE)
    picture.save(root / "SegmentationClass" / f"{id}.png")
    return root / "SegmentationClass" / f"{id}.png"


def lists(root: Path, **ids: str) -> None:
    folder = root / "ImageSets/Segmentation"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ids.items():
        (folder / f"{name}.txt").write_text("".join(f"{id}\n" for id in text.split()))


def seen(root: Path) -> Survey:
    survey = survey_folder("voc", root)
    assert survey is not None
    return survey


def test_official_tree_speaks_vocs_names(tmp_path: Path) -> None:
    pair(tmp_path, "a", [0, 15, 255])
    pair(tmp_path, "b", [0, 20, 20])
    pair(tmp_path, "c", [0, 0, 7])
    lists(tmp_path, train="a", val="b", trainval="a b")
    survey = seen(tmp_path)
    assert survey.certainty == "certain"
    assert survey.evidence == (
        "JPEGImages + SegmentationClass (PASCAL VOC): 2 masks, lists train 1, val 1, palette of VOC"
    )
    assert survey.photos == ("JPEGImages/a.jpg", "JPEGImages/b.jpg")
    assert survey.labels == {"background": 2, "person": 1, "tvmonitor": 1}
    assert (survey.ontology, survey.label_map, survey.options) == ("voc-21", None, {})
    assert (survey.annotated, survey.looked_at, survey.splits) == (2, 2, {"train": 1, "val": 1})
    assert [finding.code for finding in survey.findings] == ["not-listed"]


def test_indices_of_another_palette_stay_numbers(tmp_path: Path) -> None:
    pair(tmp_path, "a", [0, 3, 255], palette=[1, 2, 3] * 256)
    survey = seen(tmp_path)
    assert (survey.ontology, survey.labels, survey.certainty) == (None, {0: 1, 3: 1}, "likely")
    pair(tmp_path, "a", [0, 3, 255], palette=[])
    assert (seen(tmp_path).ontology, seen(tmp_path).labels) == (None, {0: 1, 3: 1})
    pair(tmp_path, "a", [0, 21, 255])
    assert (seen(tmp_path).ontology, seen(tmp_path).labels) == (None, {0: 1, 21: 1})


def test_label_files_name_the_indices(tmp_path: Path) -> None:
    pair(tmp_path, "a", [0, 2, 2])
    (tmp_path / "labelmap.txt").write_text(
        "background:0,0,0::\ncar:128,0,0::\nroad:0,128,0::\nignore:9,9,9::\n"
    )
    survey = seen(tmp_path)
    assert survey.options == {"labels": "labelmap.txt"}
    assert survey.labels == {"background": 1, "road": 1}
    assert survey.ontology == {"background": (0, 0, 0), "car": (128, 0, 0), "road": (0, 128, 0)}
    assert survey.label_map == {"background": "background", "car": "car", "road": "road", "ignore": "ignore"}


def test_sample_set(tmp_path: Path) -> None:
    write_sample_set("voc", tmp_path, num_scenes=8, size_hw=(60, 80), seed=7)
    survey = seen(tmp_path)
    assert survey.options == {"labels": "class_names.txt"}
    assert {"sky": 8, "road": 8}.items() <= survey.labels.items()
    assert survey.splits == {"train": 6, "val": 2}


def test_trainaug_is_offered_or_proposed(tmp_path: Path) -> None:
    pair(tmp_path, "a", [0, 15])
    pair(tmp_path, "b", [0, 15])
    (tmp_path / "SegmentationClassAug").mkdir()
    lists(tmp_path, train="a", val="b", trainaug="a")
    splits = {"train": "trainaug", "val": "val"}
    survey = seen(tmp_path)
    assert survey.options == {}
    assert survey.choices == {"more_masks": ["SegmentationClassAug"], "splits": [splits]}
    (tmp_path / "ImageSets/Segmentation/train.txt").unlink()
    survey = seen(tmp_path)
    assert survey.options == {"splits": splits, "more_masks": "SegmentationClassAug"}
    assert survey.splits == {"train": 1, "val": 1}


def test_sbds_own_folder(tmp_path: Path) -> None:
    scipy_io = pytest.importorskip("scipy.io")
    for folder in ("img", "cls"):
        (tmp_path / folder).mkdir()
    Image.new("RGB", (2, 1)).save(tmp_path / "img/x.jpg")
    scipy_io.savemat(tmp_path / "cls/x.mat", {"GTcls": {"Segmentation": np.array([[0, 15]], np.uint8)}})
    (tmp_path / "train.txt").write_text("x\n")
    survey = seen(tmp_path)
    assert survey.options == {"photos": "img", "masks": "cls", "lists": "."}
    assert (survey.ontology, survey.labels) == ("voc-21", {"background": 1, "person": 1})
    assert survey.splits == {"train": 1}


def test_photos_beside_cvats_masks(tmp_path: Path) -> None:
    pair(tmp_path, "a", [0, 1], photos="images")
    lists(tmp_path, default="a")
    survey = seen(tmp_path)
    assert survey.options == {"photos": "images"}
    assert survey.photos == ("images/a.jpg",)


def test_damage_is_told(tmp_path: Path) -> None:
    pair(tmp_path, "a", [0, 1])
    pair(tmp_path, "b", [0, 1]).write_bytes(b"\x89PNG no picture")
    pair(tmp_path, "c", [0, 1])
    Image.new("RGB", (2, 1), (1, 1, 1)).save(tmp_path / "SegmentationClass/c.png")
    (tmp_path / "labelmap.txt").write_bytes(b"\xff\xfe")
    survey = seen(tmp_path)
    assert [(finding.code, finding.file) for finding in survey.findings] == [
        ("unreadable", "labelmap.txt"),
        ("unreadable", "SegmentationClass/b.png"),
        ("unreadable", "SegmentationClass/c.png"),
    ]
    assert survey.looked_at == 1
    lists(tmp_path, train="a", val="a")
    assert "which train.txt lists too" in seen(tmp_path).findings[1].message


def test_boxes_and_foreign_folders(tmp_path: Path) -> None:
    assert survey_folder("voc", tmp_path) is None
    (tmp_path / "JPEGImages").mkdir()
    Image.new("RGB", (2, 1)).save(tmp_path / "JPEGImages/a.jpg")
    assert survey_folder("voc", tmp_path) is None
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations/a.xml").write_text("<annotation/>")
    with pytest.raises(DataError, match="Boxes are no masks"):
        survey_folder("voc", tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/voc-labelme")
def test_real_tree() -> None:
    survey = seen(REAL)
    assert (survey.options, survey.annotated) == ({"labels": "class_names.txt"}, 3)
    assert survey.labels == {
        "_background_": 3, "bottle": 1, "bus": 1, "car": 1, "chair": 1, "person": 2, "sofa": 1,
    }  # fmt: skip
