"""A sheet, pixel by pixel: the photo is the photo, the mask its colours, the legend says what is there."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from segdata.ontology import ontology_of_names
from segdata.overlay import hatched, overlay
from segdata.photo import Resize, nearest_pixels, resize_image
from segdata.showing import Shown, draw_sheet
from segdata.showing.lettering import Lettering, _font
from segdata.showing.sheet import GAP, class_shares, flat, percent

CITY = ontology_of_names("city", ["road", "car", "sky", "pole"], [(9, 90, 200), (0, 100, 0), (250, 250, 0), (7, 7, 7)])  # fmt: skip


def shown(size_hw: tuple[int, int] = (400, 500), prediction: bool = False) -> Shown:
    """Three stripes: 60 % road, 30 % sky, 10 % ignore; the prediction calls it all road."""
    height, width = size_hw
    image = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    mask = np.zeros((height, width), np.uint8)
    mask[:, width * 6 // 10 :] = 2
    mask[:, width * 9 // 10 :] = 255
    predicted = np.zeros_like(mask) if prediction else None
    return Shown("train/IMG_1", "train", image, mask, predicted, CITY, ())


def panel(
    sheet: NDArray[np.uint8], number: int, size_hw: tuple[int, int], panels: int = 3
) -> NDArray[np.uint8]:
    height, width = size_hw
    top = GAP + 2 * Lettering.for_width(panels * width).line
    left = GAP + number * (width + GAP)
    return sheet[top : top + height, left : left + width]


def count(pixels: NDArray[np.uint8], color: tuple[int, int, int]) -> int:
    return int((pixels == np.array(color)).all(axis=-1).sum())


def test_panels_are_photo_mask_and_overlay() -> None:
    one = shown()
    sheet = draw_sheet(one, 800)
    assert sheet.dtype == np.uint8 and sheet.shape[1] == 3 * (500 + GAP) + GAP
    colors = CITY.color_table()
    assert np.array_equal(panel(sheet, 0, (400, 500)), one.image)
    assert np.array_equal(panel(sheet, 1, (400, 500)), flat(one.mask, colors))
    assert np.array_equal(panel(sheet, 2, (400, 500)), overlay(one.image, one.mask, colors))
    assert panel(sheet, 1, (400, 500))[7, [0, 299, 300, 449]].tolist() == [
        [9, 90, 200],
        [9, 90, 200],
        [250, 250, 0],
        [250, 250, 0],
    ]
    ignored = panel(sheet, 1, (400, 500))[:, 450:]
    assert sorted(np.unique(ignored)) == [112, 212]  # two greys: hatched


def test_the_legend_has_the_colours_of_what_is_there_and_only_these() -> None:
    sheet = draw_sheet(shown(), 800)
    line = Lettering.for_width(1500).line
    legend = sheet[GAP + 2 * line + 400 :]
    swatch = line * 3 // 4
    for color in ((9, 90, 200), (250, 250, 0)):
        assert (swatch - 2) ** 2 <= count(legend, color) <= swatch**2
    assert count(legend, (0, 100, 0)) == count(legend, (7, 7, 7)) == 0
    assert count(legend, (112, 112, 112)) + count(legend, (212, 212, 212)) >= (swatch - 2) ** 2
    title = sheet[: GAP + line]
    assert count(title, (24, 24, 24)) > 50


def test_shares_are_of_all_pixels_largest_first_ignore_last() -> None:
    assert class_shares(shown().mask, CITY) == [
        (0, "road", 0.6),
        (2, "sky", 0.3),
        (255, "ignore (not labelled)", 0.1),
    ]
    assert [percent(share) for share in (0.6, 0.00001, 0.001, 1.0)] == [
        "60.0 %",
        "< 0.1 %",
        "0.1 %",
        "100.0 %",
    ]


def test_large_photos_are_shrunk_small_ones_enlarged_by_a_whole_factor() -> None:
    large = shown((1000, 500))
    sheet = draw_sheet(large, 200)
    assert np.array_equal(panel(sheet, 0, (200, 100)), resize_image(large.image, Resize((200, 100))))
    small_mask = nearest_pixels(large.mask, (200, 100))
    assert np.array_equal(panel(sheet, 1, (200, 100)), flat(small_mask, CITY.color_table()))
    tiny = shown((30, 40))
    enlarged = panel(draw_sheet(tiny, 800), 0, (300, 400))
    assert np.array_equal(enlarged, tiny.image.repeat(10, 0).repeat(10, 1))
    bounded = panel(draw_sheet(tiny, 100), 0, (60, 80))
    assert np.array_equal(bounded, tiny.image.repeat(2, 0).repeat(2, 1))


def test_a_prediction_adds_its_overlay_and_where_it_is_wrong() -> None:
    one = shown(prediction=True)
    sheet = draw_sheet(one, 800)
    assert sheet.shape[1] == 5 * (500 + GAP) + GAP
    colors = CITY.color_table()
    assert one.prediction is not None
    predicted = panel(sheet, 3, (400, 500), panels=5)
    assert np.array_equal(predicted, overlay(one.image, one.prediction, colors))
    wrong = panel(sheet, 4, (400, 500), panels=5).astype(int)
    redness = wrong[..., 0] - wrong[..., 1]
    assert redness[:, 300:450].min() > 100 and redness[:, :300].max() == 0


def test_long_ids_many_classes_and_odd_names_find_room() -> None:
    names = [f"class number {number} of a long list ß 日本 \x1b" for number in range(250)]
    mask = np.arange(400, dtype=np.uint16).reshape(20, 20) % 250
    one = Shown(
        "x/" * 300,
        None,
        np.zeros((20, 20, 3), np.uint8),
        mask.astype(np.uint8),
        None,
        ontology_of_names("many", names),
        (),
    )
    sheet = draw_sheet(one, 400)
    assert sheet.shape[1] < 2000 and sheet.shape[0] < 8000


def test_text_is_cut_in_the_middle_and_keeps_to_its_room() -> None:
    lettering = Lettering(16)
    assert lettering.shortened("IMG_0001", 500) == "IMG_0001"
    short = lettering.shortened("a" * 100 + "_0001", 200)
    assert short.startswith("aaa") and short.endswith("0001") and "…" in short
    assert lettering.width(short) <= 200
    assert lettering.shortened("abc", 1) == "…"


@pytest.mark.parametrize("built_in", [False, True])
def test_what_a_font_lacks_is_written_as_an_escape(built_in: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import ImageFont

    from segdata.showing import lettering

    if built_in:
        monkeypatch.setattr(lettering, "_font", lambda size: ImageFont.load_default(size))
    lettering._has_glyph.cache_clear()
    text = Lettering(16)._drawable("road \x1b\uffff")
    assert text == "road \\x1b\\uffff"
    picture = Image.new("RGB", (300, 40))
    Lettering(16).write(ImageDraw.Draw(picture), (0, 0), "ß 日本", (255, 255, 255))
    assert np.asarray(picture).max() == 255
    lettering._has_glyph.cache_clear()
    assert _font(16).getlength("road") > 10


def test_the_hatch_never_is_one_colour() -> None:
    tile = hatched(np.zeros((8, 8, 3)), np.full((8, 8, 3), 160, np.uint8), np.ones((8, 8), np.bool_))
    assert sorted(np.unique(tile)) == [112, 212]
