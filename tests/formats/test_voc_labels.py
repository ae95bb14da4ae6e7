"""VOC: label files of other tools, their names and colours, and what a label map says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError, UnmappedLabelError
from segdata.formats.voc import LabelFile
from segdata.ontology import load_ontology
from tests.formats.voc_cases import REAL, THREE, voc_reader, with_palette, write_mask, write_pair, write_photo


def test_names_in_the_label_map_stand_in_the_label_file(tmp_path: Path) -> None:
    write_pair(tmp_path, indices=np.array([[0, 1]], np.uint8))
    (tmp_path / "class_names.txt").write_text("floor\nroad\n")
    options = {"labels": "class_names.txt"}
    with pytest.raises(
        ConfigError, match="found the name 'raod'; expected a name of class_names.txt; did you mean 'road'"
    ):
        voc_reader(tmp_path, THREE, {"floor": "ground", "raod": "road"}, options=options)
    reader = voc_reader(tmp_path, THREE, {"floor": "ground", "road": "road"}, options=options)
    assert reader.read("a").mask.tolist() == [[0, 1]]


def test_class_names_let_the_label_map_speak_names(tmp_path: Path) -> None:
    write_pair(tmp_path, indices=np.array([[0, 1, 2, 255]], np.uint8))
    (tmp_path / "class_names.txt").write_text("_background_\nvehicle\nstreet\n")
    label_map: dict[str | int, str] = {"_background_": "ground", "vehicle": "car", "street": "road"}
    options = {"labels": "class_names.txt"}
    assert voc_reader(tmp_path, THREE, label_map, options=options).read("a").mask.tolist() == [[0, 2, 1, 255]]
    with pytest.raises(
        ConfigError, match="source.label_map: found the name '_background_'.*source.options.labels"
    ):
        voc_reader(tmp_path, THREE, label_map)
    del label_map["street"]
    with pytest.raises(UnmappedLabelError, match="row 0, column 2: found label 'street', value 2"):
        voc_reader(tmp_path, THREE, label_map, options=options).read("a")


def test_names_of_the_label_file_win_over_their_position(tmp_path: Path) -> None:
    write_pair(tmp_path, indices=np.array([[0, 1, 2, 255]], np.uint8))
    (tmp_path / "class_names.txt").write_text("car\nground\nroad\n")
    reader = voc_reader(tmp_path, THREE, options={"labels": "class_names.txt"})
    assert reader.read("a").mask.tolist() == [[2, 0, 1, 255]]


LABELMAP = "# label:color_rgb:parts:actions\nground:0,0,0::\ncar:250,50,83::\nroad:61,61,245:left,right:\n"


@pytest.mark.parametrize("palettised", [False, True])
def test_colours_of_a_labelmap_say_the_class(tmp_path: Path, palettised: bool) -> None:
    colors = np.array([[[250, 50, 83], [61, 61, 245], [0, 0, 0], [224, 224, 192]]], np.uint8)
    picture = Image.fromarray(colors)
    if palettised:
        indices = np.array([[9, 0, 4, 200]], np.uint8)
        palette = [(7, 7, 7)] * 256
        for index, color in zip(indices[0], colors[0], strict=True):
            palette[index] = (int(color[0]), int(color[1]), int(color[2]))
        picture = with_palette(indices, palette)
    (tmp_path / "labelmap.txt").write_text(LABELMAP)
    write_photo(tmp_path, "a", (1, 4))
    write_mask(tmp_path, "a", picture)
    assert voc_reader(tmp_path, THREE, options={"labels": "labelmap.txt"}).read("a").mask.tolist() == [
        [2, 1, 0, 255]
    ]


def test_label_file_is_parsed_strictly(tmp_path: Path) -> None:
    path = tmp_path / "labelmap.txt"
    path.write_text(LABELMAP)
    assert LabelFile.read(path, "labelmap.txt") == LabelFile(
        "labelmap.txt", ("ground", "car", "road"), ((0, 0, 0), (250, 50, 83), (61, 61, 245))
    )
    for text, words in {
        "a:0,0,0::\na:1,1,1::": "line 2: found 'a' again",
        "a:0,0,0::\nb:0,0,0::": "line 2: found colour (0, 0, 0) again",
        "a:0,0,256::": "line 1: found '0,0,256'",
        f"a:0,0,{'9' * 5000}::": "line 1: found '0,0,999",
        "a:0,0,0::\nb\n": "found 2 names, 1 of them with a colour",
        "\n# nothing\n": "found 0 names",
    }.items():
        path.write_text(text)
        with pytest.raises(DataError) as caught:
            LabelFile.read(path, "labelmap.txt")
        assert words in str(caught.value)


@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/voc-labelme")
def test_real_label_names_are_understood() -> None:
    names = (REAL / "class_names.txt").read_text().split("\n")[:21]
    voc = load_ontology("voc-21")
    label_map: dict[str | int, str] = dict(zip(names, voc.names, strict=True))
    reader = voc_reader(REAL, voc, label_map, options={"labels": "class_names.txt"})
    for id in reader.ids():
        assert np.array_equal(
            reader.read(id).mask, np.load(REAL / "SegmentationClassNpy" / f"{id}.npy").astype(np.uint8)
        )


@pytest.mark.parametrize(
    ("text", "place", "fix"),
    [
        (b"a\na\n", "line 2", "Remove or rename one: every line names a number of its own."),
        (b"a:1,2,3::\nb:1,2,3::\n", "line 2", "Give every label a colour of its own, as its masks have it."),
        (b"a:1,2::\n", "line 1", "Write a line as road:128,64,128::"),
        (b"a:1,2,3::\nb\n", "", "Write a name per line, or name:red,green,blue:: per line throughout."),
        (b"\xff\n", "", "Save it again as UTF-8."),
        (b" " * (1 << 24), "", "Name the list of names or ids, not another file."),
    ],
)
def test_broken_label_files_say_what_to_do(tmp_path: Path, text: bytes, place: str, fix: str) -> None:
    (tmp_path / "labelmap.txt").write_bytes(text)
    with pytest.raises(DataError) as caught:
        LabelFile.read(tmp_path / "labelmap.txt", "labelmap.txt")
    assert (caught.value.where, caught.value.place, caught.value.fix) == ("labelmap.txt", place, fix)
