"""Masks in colours through a label map of colours, and label maps that such masks cannot go through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError
from segdata.formats import open_reader
from tests.formats.test_surveys_colors import BLACK, GREEN, RED, mask
from tests.formats.test_surveys_masks import photo
from tests.formats.via_cases import source


def test_masks_in_colours_are_read_by_them(tmp_path: Path) -> None:
    photo(tmp_path / "image/a.png")
    mask(tmp_path / "mask/a.png", [BLACK, RED, GREEN, (224, 224, 192)], "RGBA")
    mapped: dict[str | int, str] = {"0,0,0": "ignore", "255, 0, 0": "road", "0,255,0": "car"}
    border: dict[str | int, str] = {"224,224,192": "ignore"}
    reader = open_reader("masks", source(tmp_path, {}, label_map={**mapped, **border}))
    assert reader.read("a").mask[3].tolist() == [255] * 4 + [0] * 4 + [2] * 4 + [255] * 4
    reader = open_reader("masks", source(tmp_path, {}, label_map=mapped))
    with pytest.raises(DataError, match=r"row 0, column 12: found colour \(224, 224, 192\)"):
        reader.read("a")  # VOC's border, too, is ignored by those alone who say so
    mask(tmp_path / "mask/a.png", [BLACK, (255, 0, 1)])
    with pytest.raises(DataError, match=r"row 0, column 8: found colour \(255, 0, 1\).*source\.label_map\."):
        reader.read("a")


@pytest.mark.parametrize(
    ("label_map", "message"),
    [
        ({"1,2,3": "road", "tree": "car"}, "source.label_map: found 'tree'; expected colours throughout"),
        ({"1,2,3": "road", "1,2,256": "car"}, "found '1,2,256'; expected colours throughout"),
        ({"1,2,3": "road", "1, 2, 3": "car"}, "found '1, 2, 3' beside '1,2,3', the same colour"),
        (
            {"255,0,0": "road", "1,2,3": "car", 0: "ignore", 1: "tree"},
            "source.label_map: found the numbers 0, 1 beside the colour '255,0,0'; expected colours throughout, each of red, "
            'green and blue: "128,64,128". Write the colour for which each number stands, such as "0,0,0" for black; where '
            "the masks hold numbers, write numbers alone.",
        ),
        ({0: "ignore", "255,0,0": "road"}, "found the number 0 beside the colour '255,0,0'"),
    ],
)
def test_label_maps_of_colours_that_are_wrong(
    tmp_path: Path, label_map: dict[str | int, str], message: str
) -> None:
    photo(tmp_path / "image/a.png")
    mask(tmp_path / "mask/a.png", [RED])
    with pytest.raises(ConfigError) as refused:
        open_reader("masks", source(tmp_path, {}, label_map=label_map))
    assert message in str(refused.value)


@pytest.mark.parametrize("bits", ["L", "I;16"])
def test_masks_of_numbers_are_not_read_by_the_order_of_the_colours(tmp_path: Path, bits: str) -> None:
    photo(tmp_path / "image/a.png")
    (tmp_path / "mask").mkdir()
    Image.fromarray(np.ones((16, 16), np.uint8 if bits == "L" else np.uint16)).save(tmp_path / "mask/a.png")
    reader = open_reader("masks", source(tmp_path, {}, label_map={"255,0,0": "road", "0,255,0": "car"}))
    with pytest.raises(DataError) as refused:
        reader.read("a")
    assert str(refused.value) == (
        "mask/a.png: found a mask of one channel: numbers, no colours; expected a mask in the colours of "
        "source.label_map. Save it in colours (RGB or palettised), as the label map has them."
    )


def test_classes_that_are_called_as_their_colours_need_no_label_map(tmp_path: Path) -> None:
    photo(tmp_path / "image/a.png")
    mask(tmp_path / "mask/a.png", [GREEN, RED])
    reader = open_reader("masks", source(tmp_path, {}, names=("255,0,0", "0,255,0")))
    assert reader.read("a").mask[3].tolist() == [1] * 8 + [0] * 8


@pytest.mark.parametrize(
    ("format", "option"), [("masks", {"names": "names.txt"}), ("voc", {"labels": "names.txt"})]
)
def test_a_number_that_contradicts_its_name_is_an_error(
    tmp_path: Path, format: str, option: dict[str, object]
) -> None:
    for folder in ("image", "mask", "JPEGImages", "SegmentationClass"):
        (tmp_path / folder).mkdir()
    (tmp_path / "names.txt").write_text("wood\nlane\n")
    for agreeing in ({"wood": "tree", 0: "tree", 7: "ignore"}, {"wood": "tree", 1: "road"}):
        open_reader(format, source(tmp_path, option, label_map=agreeing))
    with pytest.raises(ConfigError) as refused:
        open_reader(
            format, source(tmp_path, option, label_map={"wood": "tree", "lane": "road", 0: "car", 1: "road"})
        )
    assert "source.label_map: found 0 mapped to 'car', and 'wood', which is 0 in names.txt, to 'tree'" in str(
        refused.value
    )
    assert str(refused.value).endswith("expected one class for each value. Leave one of the two out.")
