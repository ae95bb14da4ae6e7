"""Cityscapes: label ids through the official table, train ids as they lie, labels of one's own ontology."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import labels
from PIL import Image

from segdata.errors import ConfigError, DataError, UnmappedLabelError
from segdata.ontology import ontology_of_names
from tests.formats.cityscapes_cases import ID, SMALL, cityscapes_reader, write_mask, write_pair, write_photo


@pytest.mark.parametrize(("ontology", "void"), [("cityscapes-19", 255), ("cityscapes-20", 19)])
def test_every_label_id_goes_through_the_official_table(tmp_path: Path, ontology: str, void: int) -> None:
    write_pair(tmp_path)
    official = {label.id: label.trainId for label in labels}
    expected = [void if official[value] in (255, -1) else official[value] for value in range(34)]
    assert cityscapes_reader(tmp_path, ontology).read(ID).mask.ravel().tolist() == expected
    assert expected[7:9] == [0, 1]
    assert expected[33] == 18


def test_own_ontology_maps_by_name_and_ignores_what_the_benchmark_ignores(tmp_path: Path) -> None:
    write_pair(tmp_path, np.array([[7, 26, 0, 9, 30, 24]], np.uint8))
    label_map: dict[str | int, str] = {"road": "road", "car": "car", "person": "ignore", "parking": "road"}
    assert cityscapes_reader(tmp_path, SMALL, label_map).read(ID).mask.tolist() == [[0, 1, 255, 0, 255, 255]]
    by_value: dict[str | int, str] = {7: "car", 26: "road", 24: "ignore"}
    assert cityscapes_reader(tmp_path, SMALL, by_value).read(ID).mask.tolist() == [[1, 0, 255, 255, 255, 255]]


def test_evaluated_label_left_out_is_an_error_only_where_it_occurs(tmp_path: Path) -> None:
    write_pair(tmp_path, np.array([[7, 26], [7, 24]], np.uint8))
    with pytest.raises(UnmappedLabelError) as caught:
        cityscapes_reader(tmp_path, SMALL).read(ID)
    assert caught.value.where == f"gtFine/train/aachen/{ID}_gtFine_labelIds.png"
    assert caught.value.place == "row 1, column 1"
    assert "'person'" in caught.value.found
    write_mask(tmp_path, np.array([[7, 26], [7, 7]], np.uint8))
    assert cityscapes_reader(tmp_path, SMALL).read(ID).mask.tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize("value", [34, 200, 255])
def test_value_that_is_no_label_id_is_an_error(tmp_path: Path, value: int) -> None:
    write_pair(tmp_path, np.array([[7, 7, 7], [7, value, value]], np.uint8))
    with pytest.raises(UnmappedLabelError, match=f"value {value} \\(2 pixels") as caught:
        cityscapes_reader(tmp_path).read(ID)
    assert caught.value.place == "row 1, column 1"


def test_train_ids_are_read_as_they_lie(tmp_path: Path) -> None:
    values = np.array([[*range(19), 255]], np.uint8)
    write_pair(tmp_path, values, "labelTrainIds.png")
    options = {"truth": "labelTrainIds"}
    nineteen = cityscapes_reader(tmp_path, options=options)
    assert nineteen.read(ID).mask.tolist() == values.tolist()
    assert cityscapes_reader(tmp_path, "cityscapes-20", options=options).read(ID).mask.tolist() == [
        [*range(19), 19]
    ]
    write_mask(tmp_path, np.array([[0, 19]], np.uint8), "labelTrainIds.png")
    write_photo(tmp_path, size_hw=(1, 2))
    assert cityscapes_reader(tmp_path, "cityscapes-20", options=options).read(ID).mask.tolist() == [[0, 19]]
    with pytest.raises(UnmappedLabelError, match="value 19"):
        nineteen.read(ID)


def test_coloured_and_damaged_masks_are_refused(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    Image.new("RGB", (17, 2)).save(path)
    with pytest.raises(DataError, match="a coloured mask"):
        cityscapes_reader(tmp_path).read(ID)
    path.write_bytes(b"no picture")
    with pytest.raises(DataError, match="labelIds.png: found a file that is no readable image"):
        cityscapes_reader(tmp_path).read(ID)


def test_names_in_the_label_map_are_official_labels(tmp_path: Path) -> None:
    write_pair(tmp_path, np.array([[7, 9]], np.uint8))
    with pytest.raises(
        ConfigError, match="found the name 'parkng'; expected a label of Cityscapes; did you mean 'parking'"
    ):
        cityscapes_reader(tmp_path, SMALL, {"road": "road", "parkng": "car"})
    assert cityscapes_reader(tmp_path, SMALL, {"road": "road", "parking": "car"}).read(ID).mask.tolist() == [
        [0, 1]
    ]
    own = ontology_of_names("own", ["road", "carriage"])  # names of one's own need no label map
    assert cityscapes_reader(tmp_path, own).read(ID).mask.tolist() == [[0, 255]]
