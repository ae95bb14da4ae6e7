"""Masks of numbers, and palettised ones, beside a table of colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.formats import open_reader, survey_folder
from segdata.inspection import describe, inspect_folder, propose
from segdata.survey import Survey
from tests.formats.test_surveys_masks import mask, photo
from tests.formats.via_cases import source

PARK = "name, r, g, b\nunlabeled, 0, 0, 0\nroad, 128, 64, 128\ntree, 107, 142, 35\ncar, 0, 0, 142\n"
ROAD, TREE, CAR = (128, 64, 128), (107, 142, 35), (0, 0, 142)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for id in "ab":
        photo(tmp_path / f"photos/{id}.jpg")
        mask(tmp_path / f"masks/{id}.png", (0, 1, 3, 1))
    return tmp_path


def seen(root: Path) -> Survey:
    survey = survey_folder("masks", root)
    assert survey is not None
    return survey


def test_the_order_of_the_rows_is_proposed_and_asked_about(folder: Path) -> None:
    (folder / "class_dict_seg.csv").write_text(PARK)
    survey = seen(folder)
    assert survey.evidence.endswith("2 masks, named by class_dict_seg.csv")
    assert (survey.labels, survey.findings) == ({0: 2, 1: 2, 3: 2}, ())
    assert survey.label_map == {0: "ignore", 1: "road", 2: "tree", 3: "car"}
    assert survey.ontology == {"road": ROAD, "tree": TREE, "car": CAR}
    assert survey.checks == (
        "class_dict_seg.csv names colours, and the masks hold numbers, which it names in the order of its rows "
        "(0 is 'unlabeled', 1 is 'road', …): is that so? 0 is mapped to ignore because of its name.",
    )
    found = inspect_folder(folder)
    assert describe(found, "x")[4:7] == ["    0  2  ignore", "    1  2  road", "    3  2  car"]
    proposal = propose(found, "mine", "data/raw/mine")
    assert proposal.problem == "" and survey.checks[0] in proposal.checks
    options = dict(survey.options)
    reader = open_reader("masks", source(folder, options, label_map={0: "ignore", 1: "road", 3: "car"}))
    assert set(np.unique(reader.read("a").mask)) == {0, 2, 255}


def test_a_column_that_numbers_the_rows_is_followed(folder: Path) -> None:
    (folder / "legend.csv").write_text(
        "pixel_value,label,r,g,b\n3,car,0,0,142\n0,sky,1,2,3\n1,road,128,64,128\n"
    )
    survey = seen(folder)
    assert survey.label_map == {0: "sky", 1: "road", 3: "car"}
    assert list(survey.ontology or ()) == ["sky", "road", "car"]
    assert "by the column that numbers its rows (0 is 'sky', 1 is 'road', …)" in survey.checks[0]
    (folder / "legend.csv").write_text(
        "pixel_value,label,r,g,b\n3,car,0,0,142\n0,sky,1,2,3\n7,road,128,64,128\n"
    )
    assert (seen(folder).label_map, seen(folder).checks) == (
        None,
        (),
    )  # nothing of 1, and no order to fall back on


def test_greys_are_their_colours(folder: Path) -> None:
    (folder / "class_dict.csv").write_text("name,r,g,b\nroad,255,255,255\nbackground,0,0,0\n")
    for id in "ab":
        mask(folder / f"masks/{id}.png", (0, 255))
    survey = seen(folder)
    assert survey.label_map == {0: "background", 255: "road"}
    assert survey.ontology == {"background": (0, 0, 0), "road": (255, 255, 255)}
    assert survey.findings == () and "by their greys" in survey.checks[0]


def test_255_beside_named_numbers_is_ignore_and_beyond_the_rows_nothing_is_named(folder: Path) -> None:
    (folder / "class_dict.csv").write_text(PARK)
    mask(folder / "masks/a.png", (0, 1, 2, 255))
    survey = seen(folder)
    assert survey.label_map == {0: "ignore", 1: "road", 2: "tree", 3: "car", 255: "ignore"}
    assert [one.code for one in survey.findings] == ["void-value"]
    mask(folder / "masks/a.png", (0, 4))
    assert (seen(folder).label_map, seen(folder).checks) == (None, ())
    for id in "ab":
        mask(folder / f"masks/{id}.png", (0, 255))  # black and white: which row is white?
    assert (seen(folder).label_map, seen(folder).checks) == (None, ())


def test_rows_do_not_count_where_one_is_wrong(folder: Path) -> None:
    (folder / "class_dict.csv").write_text(PARK.replace("107, 142, 35", "107, 142"))
    survey = seen(folder)
    assert (survey.label_map, survey.checks) == (None, ())
    assert [(one.code, one.file, one.place) for one in survey.findings] == [
        ("colour-row", "class_dict.csv", "line 4"),
        ("foreign-colours", "class_dict.csv", ""),
    ]
    assert survey.findings[1].message == "names 3 colours, but not the numbers that the masks hold: 0, 1, 3"
    assert survey.findings[1].action == "not taken"


def test_lines_of_more_than_names_are_no_list_of_names(folder: Path) -> None:
    (folder / "labels.txt").write_text("void 0 0 0\nroad 128 64 128\ntree 107 142 35\ncar 0 0 142\n")
    survey = seen(folder)
    assert survey.label_map == {0: "ignore", 1: "road", 2: "tree", 3: "car"}
    assert "names" not in survey.options


def test_palettised_masks_go_by_their_colours(folder: Path) -> None:
    palette = [0, 0, 0, *ROAD, *TREE, *CAR]
    for id in "ab":
        image = Image.open(folder / f"masks/{id}.png")
        image.putpalette(palette)
        image.save(folder / f"masks/{id}.png")
    (folder / "class_dict.csv").write_text("name,r,g,b\ncar,0,0,142\nroad,128,64,128\nvoid,0,0,0\n")
    survey = seen(folder)
    assert survey.evidence.endswith("2 masks in 3 colours (palettised), named by class_dict.csv")
    assert survey.label_map == {"0,0,142": "car", "128,64,128": "road", "0,0,0": "ignore"}
    named = {"0,0,142": "car", "128,64,128": "road", "0,0,0": "ignore"}
    reader = open_reader("masks", source(folder, dict(survey.options), label_map={**named}))
    assert reader.read("a").mask[0].tolist() == [255] * 4 + [0] * 4 + [2] * 4 + [0] * 4
    (folder / "class_dict.csv").write_text("name,r,g,b\na,9,9,9\nb,8,8,8\n")
    assert (seen(folder).labels, seen(folder).label_map) == ({0: 2, 1: 2, 3: 2}, None)
