"""Cityscapes: outlines drawn as cityscapesscripts draws them, which annotation wins, broken ones named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.helpers.labels import labels, name2label
from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
from cityscapesscripts.preparation.json2labelImg import createLabelImage

from segdata.errors import DataError, UnmappedLabelError
from tests.formats.cityscapes_cases import ID, annotation_path, cityscapes_reader, write_mask, write_photo

OBJECTS: list[dict[str, Any]] = [
    {"label": "sky", "polygon": [[0, 0], [59, 0], [59, 20], [0, 20]]},
    {"label": "road", "polygon": [[-5, 20], [70, 18], [64, 45], [0, 39]]},
    {"label": "cargroup", "polygon": [[3, 17], [30.4, 11.5], [41, 33.7], [8, 29]]},
    {"label": "polegroup", "polygon": [[50, 3], [53, 3], [52, 38]]},
    {"label": "license plate", "polygon": [[10, 20], [20, 20], [20, 25]]},
    {"label": "person", "polygon": [[40, 8], [48, 8], [48, 30]], "deleted": 1},
    {"label": "dynamic", "polygon": [[1, 1], [9, 6]]},
    {"label": "bicycle", "polygon": [[33, 22], [55, 37], [31, 35], [50, 24]], "deleted": 0, "user": "x"},
]


def write_polygons(root: Path, objects: list[dict[str, Any]], size_hw: tuple[int, int] = (40, 60)) -> str:
    text = json.dumps({"imgHeight": size_hw[0], "imgWidth": size_hw[1], "objects": objects})
    write_photo(root, size_hw=(40, 60))
    annotation_path(root, "polygons.json").write_text(text)
    return text


def drawn_officially(text: str, what: str) -> np.ndarray:
    annotation = Annotation()
    annotation.fromJsonText(text)
    drawn = (
        createInstanceImage(annotation, "ids") if what == "instances" else createLabelImage(annotation, what)
    )
    return np.asarray(drawn)


def test_label_ids_and_official_train_ids_agree(tmp_path: Path) -> None:
    text = write_polygons(tmp_path, OBJECTS)
    write_mask(tmp_path, drawn_officially(text, "ids"))
    write_mask(tmp_path, drawn_officially(text, "trainIds"), "labelTrainIds.png")
    by_label_ids = cityscapes_reader(tmp_path).read(ID).mask
    by_train_ids = cityscapes_reader(tmp_path, options={"truth": "labelTrainIds"}).read(ID).mask
    assert np.array_equal(by_label_ids, by_train_ids)
    assert set(np.unique(by_label_ids)) == {0, 10, 13, 18, 255}


def test_outlines_are_drawn_as_cityscapesscripts_draws_them(tmp_path: Path) -> None:
    official = drawn_officially(write_polygons(tmp_path, OBJECTS), "ids")
    sample = cityscapes_reader(tmp_path).read(ID)
    train_id = np.array([labels[value].trainId for value in range(34)], np.uint8)
    assert np.array_equal(sample.mask, train_id[official])
    assert {name2label[name].id for name in ("car", "polegroup", "dynamic")} <= set(
        np.unique(official).tolist()
    )
    (finding,) = sample.findings
    assert (finding.code, finding.file) == (
        "drawn-from-polygons",
        f"gtFine/train/aachen/{ID}_gtFine_polygons.json",
    )


def test_label_ids_win_over_instance_ids_over_polygons(tmp_path: Path) -> None:
    text = write_polygons(tmp_path, OBJECTS)
    drawn = cityscapes_reader(tmp_path).read(ID).mask
    instances = drawn_officially(text, "instances").astype(np.uint16)
    assert instances.max() > 1000
    write_mask(tmp_path, instances, "instanceIds.png")
    from_instances = cityscapes_reader(tmp_path).read(ID)
    assert np.array_equal(from_instances.mask, drawn)
    assert [finding.code for finding in from_instances.findings] == ["read-from-instance-ids"]
    write_mask(tmp_path, np.full((40, 60), 7, np.uint8))
    from_label_ids = cityscapes_reader(tmp_path).read(ID)
    assert from_label_ids.findings == ()
    assert from_label_ids.mask.max() == 0


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"label": "raod"}, UnmappedLabelError, ["object 1", "'raod'", "did you mean 'road'"]),
        ({"polygon": [[0, 0], [1, "x"]]}, DataError, ["$.objects[1].polygon[1][1]", "`str`"]),
        ({"polygon": [[0, 0], [1, 1e300], [2, 2]]}, DataError, ["object 1", "far away"]),
    ],
)
def test_wrong_outline_names_file_and_object(
    tmp_path: Path, change: dict[str, Any], kind: type[DataError], words: list[str]
) -> None:
    write_polygons(tmp_path, [OBJECTS[0], {**OBJECTS[1], **change}])
    with pytest.raises(kind) as caught:
        cityscapes_reader(tmp_path).read(ID)
    assert str(caught.value).startswith(f"gtFine/train/aachen/{ID}_gtFine_polygons.json")
    for word in words:
        assert word in str(caught.value)


def test_lone_point_is_ignored_and_told(tmp_path: Path) -> None:
    write_polygons(tmp_path, [OBJECTS[0], {"label": "car", "polygon": [[3, 3]]}])
    sample = cityscapes_reader(tmp_path).read(ID)
    assert [(finding.code, finding.place) for finding in sample.findings[1:]] == [
        ("too-few-points", "object 1")
    ]
    assert sample.mask[3, 3] == 10


def test_outlines_for_another_size_are_refused(tmp_path: Path) -> None:
    write_polygons(tmp_path, OBJECTS, size_hw=(60, 40))
    with pytest.raises(DataError, match="outlines for 60x40"):
        cityscapes_reader(tmp_path).read(ID)


def test_messages_say_what_to_do(tmp_path: Path) -> None:
    again = "Copy it again from the download, or save it again in the label tool."
    write_photo(tmp_path, size_hw=(2, 17))
    path = annotation_path(tmp_path, "polygons.json")
    for text, fix in (
        ("[", again),
        ('{"imgHeight": 2, "imgWidth": 17}', again),
        (
            '{"imgHeight": 4, "imgWidth": 34, "objects": []}',
            "Put the photo that was annotated beside it, or remove one of the two.",
        ),
        (
            '{"imgHeight": 2, "imgWidth": 17, "objects": [{"label": "road", "polygon": [[0, 0], [9e9, 0], [1, 1]]}]}',
            "Move the point back.",
        ),
    ):
        path.write_text(text)
        with pytest.raises(DataError) as caught:
            cityscapes_reader(tmp_path).read(ID)
        assert caught.value.fix == fix
