"""COCO instances as pycocotools reads them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from segdata.export.coco_pieces import pieces, run_lengths
from segdata.sample import Mask
from tests.export.round_trip import export, item, noise, shapes

# pycocotools' decode hands numpy an object of its own with the __array__ of numpy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_the_file_reads_as_coco_says(tmp_path: Path) -> None:
    exported = export(
        tmp_path / "out", "coco", item("x/a", [[0, 0, 255], [1, 0, 3]]), item("b", [[2]], "val")
    )
    train = json.loads((tmp_path / "out/annotations/instances_train.json").read_text())
    assert train["images"] == [{"id": 1, "height": 2, "width": 3, "file_name": "x/a.png"}]
    assert train["categories"][:2] == [
        {"id": 1, "name": "road", "supercategory": "", "color": [128, 0, 0]},
        {"id": 2, "name": "car", "supercategory": "", "color": [0, 128, 0]},
    ]
    road, car, pole = train["annotations"]
    assert {key: road[key] for key in ("id", "image_id", "category_id", "iscrowd", "area", "bbox")} == {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "iscrowd": 0,
        "area": 3,
        "bbox": [0, 0, 2, 2],
    }
    assert coco_mask.decode(road["segmentation"]).tolist() == [[1, 1, 0], [0, 1, 0]]
    assert (car["category_id"], car["bbox"]) == (2, [0, 1, 1, 1])
    assert (pole["category_id"], pole["bbox"]) == (4, [2, 1, 1, 1])
    val = json.loads((tmp_path / "out/annotations/instances_val.json").read_text())
    assert (val["images"][0]["id"], val["annotations"][0]["id"]) == (2, 4)
    assert exported.notes == ["4 annotations: connected pieces of a class, not objects."]


@pytest.mark.parametrize(
    ("rows", "at_xy", "size_hw", "counts"),
    [
        ([[1]], (0, 0), (1, 1), [0, 1]),
        ([[1]], (2, 1), (3, 4), [7, 1, 4]),
        ([[1, 1], [1, 1]], (0, 0), (2, 3), [0, 4, 2]),  # a run over two whole columns
        ([[1, 1], [1, 1]], (1, 0), (3, 3), [3, 2, 1, 2, 1]),
        ([[1, 0], [0, 1]], (0, 0), (2, 2), [0, 1, 2, 1]),
        ([[0, 1], [1, 0]], (0, 0), (2, 2), [1, 2, 1]),  # down one column, on at the top of the next
    ],
)
def test_run_lengths(
    rows: list[list[int]], at_xy: tuple[int, int], size_hw: tuple[int, int], counts: list[int]
) -> None:
    assert run_lengths(np.array(rows, bool), at_xy, size_hw) == counts


@settings(max_examples=150, deadline=None)
@given(st.one_of(noise(), shapes()))
def test_pieces_are_what_pycocotools_would_encode(mask: Mask) -> None:
    total = np.zeros(mask.shape, np.int64)
    for class_id, piece in pieces(mask):
        decoded = coco_mask.decode(piece["segmentation"])
        again = coco_mask.encode(np.asfortranarray(decoded))
        assert again["counts"].decode() == piece["segmentation"]["counts"]
        assert piece["area"] == int(coco_mask.area(piece["segmentation"]))
        assert piece["bbox"] == coco_mask.toBbox(piece["segmentation"]).tolist()
        assert set(mask[decoded == 1].tolist()) == {class_id}
        total += decoded
    assert np.array_equal(total, mask != 255)


@settings(max_examples=30, deadline=None)
@given(st.one_of(noise(), shapes()))
def test_pycocotools_own_reader_makes_the_mask(mask: Mask) -> None:
    with tempfile.TemporaryDirectory() as folder:
        export(Path(folder) / "out", "coco", item("a", mask))
        coco = COCO(Path(folder) / "out/annotations/instances_train.json")
    again = np.full(mask.shape, 255, np.uint8)
    for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[1])):
        again[coco.annToMask(annotation) == 1] = annotation["category_id"] - 1
    assert np.array_equal(again, mask)
