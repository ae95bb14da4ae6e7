"""What a survey of a folder of COCO files sees, and what it proposes."""

from __future__ import annotations

from pathlib import Path

from segdata.formats import survey_folder
from tests.formats.coco_cases import CATEGORIES, MASK, SQUARE, coco_reader, image, polygons, rle
from tests.formats.listed_cases import coco_annotation, coco_file, plain_counts
from tests.formats.via_cases import write_json, write_photo


def test_survey(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_photo(tmp_path / f"{split}2017/a.png", (4, 6))
        write_photo(tmp_path / f"{split}2017/bare.png", (4, 6))
        annotations = [polygons(SQUARE), rle(plain_counts(MASK), id=2), coco_annotation(3, 1, 3, [])]
        said = coco_file([image(), image(2, "bare.png")], annotations, CATEGORIES)
        write_json(tmp_path / f"annotations/instances_{split}2017.json", said)
    (tmp_path / "notes.json").write_text("[1]")
    survey = survey_folder("coco", tmp_path)
    assert survey is not None
    assert survey.options == {
        "annotations": {
            "train": "annotations/instances_train2017.json",
            "val": "annotations/instances_val2017.json",
        },
        "photos": {"train": "train2017", "val": "val2017"},
    }
    assert survey.photos == ("train2017/a.png", "train2017/bare.png", "val2017/a.png", "val2017/bare.png")
    assert survey.annotated == 2
    assert survey.shapes == {"no segmentation": 2, "polygon": 2, "rle": 2}
    assert survey.labels == {"car": 4, "road": 2}
    assert survey.splits == {"train": 2, "val": 2}
    assert survey.ontology is None
    reader = coco_reader(tmp_path, dict(survey.options))
    assert reader.ids() == ("train2017/a", "val2017/a")


def test_survey_of_cocos_own_layout(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_photo(tmp_path / f"{split}2017/{split}.png", (4, 6))
        said = coco_file([image(name=f"{split}.png")], [polygons(SQUARE, keypoints=[1, 1, 2])], CATEGORIES)
        for kind in ("instances", "person_keypoints"):
            write_json(tmp_path / f"annotations/{kind}_{split}2017.json", said)
        said["annotations"][0]["segments_info"] = []
        write_json(tmp_path / f"annotations/panoptic_{split}2017.json", said)
    survey = survey_folder("coco", tmp_path)
    assert survey is not None
    both = ("train", "val")
    assert survey.options == {
        "annotations": {split: f"annotations/instances_{split}2017.json" for split in both},
        "photos": {split: f"{split}2017" for split in both},
    }
    assert survey.splits == {"train": 1, "val": 1}
    assert survey.photos == ("train2017/train.png", "val2017/val.png")
    assert survey.choices["annotations"] == [
        {split: f"annotations/person_keypoints_{split}2017.json" for split in both}
    ]
    assert [found.line() for found in survey.findings] == [
        "warning: annotations/person_keypoints_train2017.json: 2 more COCO files: "
        "annotations/person_keypoints_train2017.json, annotations/person_keypoints_val2017.json "
        "[other-annotations: left out]"
    ]


def test_survey_of_two_files_without_splits(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b"), start=1):
        write_photo(tmp_path / f"images/{name}.png", (4, 6))
        write_json(tmp_path / f"{name}.json", coco_file([image(number, f"{name}.png")], [], CATEGORIES))
    survey = survey_folder("coco", tmp_path)
    assert survey is not None
    assert survey.options == {"annotations": "a.json", "photos": "images"}
    assert survey.choices["annotations"] == ["b.json"]
    assert [(found.code, found.file, found.message) for found in survey.findings] == [
        ("other-annotations", "b.json", "1 more COCO file: b.json"),
        ("not-annotated", "images/a.png", "an image without any annotation"),
        ("not-annotated", "images/b.png", "no entry"),
    ]


def test_survey_of_other_folders(tmp_path: Path) -> None:
    assert survey_folder("coco", tmp_path) is None
    (tmp_path / "a.json").write_text('{"images": 1, "annotations": 2, "categories": 3}')
    assert survey_folder("coco", tmp_path) is None
    said = coco_file([image(1, "a.png")], [polygons(SQUARE)], CATEGORIES)
    colors = [
        {"id": 7, "name": "road", "color": [128, 64, 128]},
        {"id": 3, "name": "car", "color": [0, 0, 142]},
    ]
    write_json(tmp_path / "_annotations.coco.json", said | {"categories": colors})
    (tmp_path / "a.json").unlink()
    write_photo(tmp_path / "a.png", (4, 6))
    survey = survey_folder("coco", tmp_path)
    assert survey is not None
    assert survey.options == {"annotations": "_annotations.coco.json", "photos": "."}
    assert survey.ontology == {"road": (128, 64, 128), "car": (0, 0, 142)}
