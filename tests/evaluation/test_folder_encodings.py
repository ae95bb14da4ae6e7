"""What predicted files may hold: numbers, palettes, colours, Cityscapes ids; what is guessed, and what is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError
from segdata.evaluation.encodings import guess_encoding, read_class_ids
from segdata.mask_file import mask_png
from segdata.ontology import load_ontology, ontology_of_names
from tests.evaluation.test_folder import THREE, write_colored, write_grey, write_palettised


def test_a_palette_in_another_order_counts_by_its_colours(tmp_path: Path) -> None:
    shuffled = [THREE.palette[2], THREE.palette[0], (0, 0, 0), THREE.palette[1]]
    write_palettised(tmp_path / "a.png", [[0, 1], [2, 3]], shuffled)
    assert guess_encoding([(tmp_path / "a.png", "a.png")], THREE)[0] == "colors"
    assert read_class_ids(tmp_path / "a.png", "a.png", "colors", THREE).tolist() == [[2, 0], [255, 1]]
    assert guess_encoding([(tmp_path / "a.png", "a.png")], THREE, colors_known=False)[0] == "palette"


def test_a_palette_that_is_half_the_ontologys_is_not_guessed(tmp_path: Path) -> None:
    write_palettised(tmp_path / "a.png", [[0, 1], [1, 0]], [(9, 9, 9), THREE.palette[2]])
    with pytest.raises(
        DataError, match="found index 1 in the colour of class 2, car, and other indices in colours"
    ):
        guess_encoding([(tmp_path / "a.png", "a.png")], THREE)


def test_a_palette_of_an_ontology_with_two_classes_of_one_colour_counts_by_its_indices(
    tmp_path: Path,
) -> None:
    twins = ontology_of_names("twins", ["road", "path", "car"], [(1, 2, 3), (1, 2, 3), (9, 9, 9)])
    (tmp_path / "a.png").write_bytes(mask_png(np.array([[0, 1], [2, 255]], np.uint8), twins))
    assert guess_encoding([(tmp_path / "a.png", "a.png")], twins)[0] == "palette"
    assert read_class_ids(tmp_path / "a.png", "a.png", "palette", twins).tolist() == [[0, 1], [2, 255]]
    with pytest.raises(ConfigError, match="found two classes of one colour"):
        read_class_ids(tmp_path / "a.png", "a.png", "colors", twins)


def test_a_palette_of_other_colours_counts_by_its_indices(tmp_path: Path) -> None:
    write_palettised(tmp_path / "a.png", [[0, 2], [1, 0]], [(9, 9, 9), (8, 8, 8), (7, 7, 7)])
    assert guess_encoding([(tmp_path / "a.png", "a.png")], THREE)[0] == "palette"


def test_colours_that_are_no_class(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.array([[[70, 130, 180], [224, 224, 192], [0, 0, 0], [71, 130, 180]]], np.uint8)).save(
        path
    )
    with pytest.raises(
        DataError, match=r"a\.png: row 0, column 3: found colour \[?\(71, 130, 180\)\]? \(1 such pixel\)"
    ):
        read_class_ids(path, "a.png", "colors", THREE)
    Image.fromarray(np.array([[[70, 130, 180], [224, 224, 192], [0, 0, 0]]], np.uint8)).save(path)
    assert read_class_ids(path, "a.png", "colors", THREE).tolist() == [[0, 255, 255]]
    voc = load_ontology("voc-21")
    Image.fromarray(np.array([[[0, 0, 0], [128, 0, 0], [224, 224, 192]]], np.uint8)).save(path)
    assert read_class_ids(path, "a.png", "colors", voc).tolist() == [[0, 1, 255]]


def test_files_of_another_kind_than_said(tmp_path: Path) -> None:
    write_grey(tmp_path / "grey.png", [[0]])
    write_colored(tmp_path / "rgb.png", [[0]], THREE)
    for encoding, name in (
        ("palette", "grey"),
        ("colors", "grey"),
        ("index", "rgb"),
        ("cityscapes-ids", "rgb"),
    ):
        with pytest.raises(DataError, match=f"{name}: found (grey numbers|colours)"):
            read_class_ids(tmp_path / f"{name}.png", name, encoding, THREE)  # type: ignore[arg-type]
    with pytest.raises(
        ConfigError, match=r"found grey\.png \(index\) and rgb\.png \(colors\); expected one kind"
    ):
        guess_encoding([(tmp_path / f"{one}.png", f"{one}.png") for one in ("grey", "rgb")], THREE)


def test_lossy_damaged_and_16_bit_files(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.jpg")
    with pytest.raises(DataError, match=r"a\.jpg: found a mask in a lossy format"):
        read_class_ids(tmp_path / "a.jpg", "a.jpg", "index", THREE)
    write_grey(tmp_path / "b.png", [[0, 2, 255]], np.uint16)
    assert read_class_ids(tmp_path / "b.png", "b.png", "index", THREE).tolist() == [[0, 2, 255]]
    write_grey(tmp_path / "b.png", [[0, 2, 256]], np.uint16)
    with pytest.raises(DataError, match=r"b\.png: row 0, column 2: found value 256"):
        read_class_ids(tmp_path / "b.png", "b.png", "index", THREE)
    (tmp_path / "c.png").write_bytes((tmp_path / "b.png").read_bytes()[:45])
    with pytest.raises(DataError, match=r"c\.png: found a"):
        read_class_ids(tmp_path / "c.png", "c.png", "index", THREE)


CITY = load_ontology("cityscapes-19")


def test_cityscapes_ids(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_grey(path, [[0, 7, 8, 11, 33, 4, 255]])
    # unlabelled · road · sidewalk · building · bicycle · static · none
    assert read_class_ids(path, "a.png", "cityscapes-ids", CITY).tolist() == [[255, 0, 1, 2, 18, 255, 255]]
    write_grey(path, [[7, 34]])
    with pytest.raises(DataError, match="row 0, column 1: found value 34"):
        read_class_ids(path, "a.png", "cityscapes-ids", CITY)
    write_grey(path, [[7, 11]])
    with pytest.raises(
        DataError, match=r"row 0, column 1: found value 11 .* whose class is in ontology three"
    ):
        read_class_ids(path, "a.png", "cityscapes-ids", THREE)


@pytest.mark.parametrize(
    ("name", "values", "encoding"),
    [
        ("a.png", [7, 26], "cityscapes-ids"),  # 26 is more than 18
        ("a.png", [0, 1, 18], "index"),  # nobody predicts the car's own hood
        ("a_labelTrainIds.png", [7, 8], "index"),
        ("a_gtFine_labelIds.png", [7, 8], "cityscapes-ids"),
    ],
)
def test_train_ids_and_label_ids_are_told_apart(
    tmp_path: Path, name: str, values: list[int], encoding: str
) -> None:
    write_grey(tmp_path / name, [values])
    assert guess_encoding([(tmp_path / name, name)], CITY)[0] == encoding


def test_numbers_that_may_be_either_are_not_guessed(tmp_path: Path) -> None:
    write_grey(tmp_path / "a.png", [[7, 8, 11, 255]])
    with pytest.raises(ConfigError) as caught:
        guess_encoding([(tmp_path / "a.png", "a.png")], CITY)
    assert str(caught.value).startswith(
        "--encoding: found values [7, 8, 11] in a.png and others, which could be class ids and Cityscapes ids"
    )
