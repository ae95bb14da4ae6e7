"""LabelMe files that are damaged or hostile: each is named with its shape and what to do, and costs its photo alone."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from segdata.errors import DataError
from segdata.formats import survey_folder
from tests.formats.labelme_cases import (
    MASK,
    SQUARE,
    SQUARE_ROWS,
    labelme_reader,
    photo_text,
    road,
    write_labelme,
)
from tests.formats.listed_cases import labelme_file, outcomes_of, png_text
from tests.formats.test_via_fuzz import broken_bytes, mutated
from tests.formats.via_cases import drawn, write_photo


@pytest.mark.parametrize(
    ("points", "mask", "found"),
    [
        (((2, 1), (5, 2)), png_text(MASK), r"a mask of 2x3 .* in a rectangle of 2x4"),
        (((4, 2), (2, 1)), png_text(MASK), "a mask from 4, 2 to 2, 1"),
        (((2, 1),), png_text(MASK), "a mask with 1 point and image"),
        (((2, 1), (4, 2)), None, "a mask with 2 points and no image"),
        (((2, 1), (4, 2)), "no base 64!", "no base 64"),
        (((2, 1), (4, 2)), base64.b64encode(b"GIF89a").decode(), "no readable image"),
        (((2, 1), (4, 2)), png_text(MASK)[:60], "a damaged mask"),
        (((1e30, 1), (1e30, 2)), png_text(MASK), "a mask at"),
    ],
)
def test_broken_masks_are_named(tmp_path: Path, points: Any, mask: str | None, found: str) -> None:
    write_labelme(tmp_path, road(*points, shape_type="mask", mask=mask))
    with pytest.raises(DataError, match=rf"a.json: shape 1.*found .*{found}"):
        labelme_reader(tmp_path).read("a")


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        (road(*SQUARE, shape_type="cube"), "a shape of type 'cube'"),
        (road((1, 1), shape_type="circle"), "a circle of 1 point;"),
        (road((1, 1), (2, 2), (3, 3), shape_type="rectangle"), "a rectangle of 3 points"),
        (road((1, 1), (2, None), (3, 3)), "Expected `float`, got `null`"),
        (road((1, 1), (2,), (3, 3)), "length 2"),
        (road((1, 1), (2, "2"), (3, 3)), "Expected `float`, got `str`"),
        (road((-1e308, 0), (1e308, 0), shape_type="circle"), "without end"),
        ({"points": []}, "missing required field `label`"),
        (7, "Expected `object`, got `int`"),
    ],
)
def test_broken_shapes_are_named(tmp_path: Path, shape: Any, found: str) -> None:
    write_labelme(tmp_path, road(*SQUARE), shape)
    with pytest.raises(DataError, match=f"a.json: shape 2: found .*{found}"):
        labelme_reader(tmp_path).read("a")


def test_damage_sets_one_photo_aside(tmp_path: Path) -> None:
    """Even where photos without annotation are kept: this one was annotated, nobody knows how."""
    write_labelme(tmp_path, road(*SQUARE))
    whole = (tmp_path / "a.json").read_bytes()
    damaged = {
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "latin": whole.replace(b"road", b"stra\xdfe"),
        "list": b'["shapes"]',
        "path": b'{"shapes": [], "imagePath": 7}',
    }
    for name, text in damaged.items():
        write_photo(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.json").write_bytes(text)
    (tmp_path / "lost.json").write_bytes(whole[:40])
    (tmp_path / "settings.json").write_text('{"theme": "dark"}')
    reader = labelme_reader(tmp_path, unannotated="background")
    assert reader.ids() == ("a", *sorted(damaged))
    assert drawn(reader.read("a").mask) == SQUARE_ROWS
    for name in damaged:
        for verb in (reader.read, reader.fingerprint):
            with pytest.raises(DataError, match=rf"^{name}\.json: found"):
                verb(name)
    assert [(f.code, f.file, f.severity) for f in reader.findings] == [
        ("foreign-file", "settings.json", "note"),
        ("entry-unreadable", "lost.json", "error"),
    ]


@pytest.mark.parametrize("number", ["1e999", "-1e400"])
def test_numbers_beyond_all_bounds(tmp_path: Path, number: str) -> None:
    write_labelme(tmp_path, road(*SQUARE))
    text = (tmp_path / "a.json").read_text(encoding="utf-8").replace("[4, 3]", f"[4, {number}]")
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    (tmp_path / "b.json").write_text(text + " ", encoding="utf-8")
    reader = labelme_reader(tmp_path)
    for verb in (reader.read, reader.fingerprint):
        with pytest.raises(DataError, match="a.json: found Number out of range"):
            verb("a")
    assert survey_folder("labelme", tmp_path) is not None


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no JSON file with shapes and imagePath"):
        labelme_reader(tmp_path)
    with pytest.raises(DataError, match="inside the source's root"):
        labelme_reader(tmp_path, {"annotations": ".."})
    with pytest.raises(
        DataError, match="json: found nothing at this path; expected JSON files written by LabelMe"
    ):
        labelme_reader(tmp_path, {"annotations": "json"})


NUM_FILES = 300


def test_mutated_files_give_samples_or_our_errors(tmp_path: Path) -> None:
    chance = random.Random(2012)
    write_photo(tmp_path / "a.png")
    write_labelme(tmp_path / "other", road(*SQUARE))
    mask = road((2, 1), (4, 2), shape_type="mask", mask=png_text(MASK))
    shapes = [
        road(*SQUARE),
        mask,
        road((3, 2), (3, 4), shape_type="circle"),
        road((1, 1), (3, 3), shape_type="line"),
    ]
    whole_file = labelme_file("a.png", *shapes, data=photo_text(tmp_path / "a.png"))
    outcomes: Counter[str] = Counter()
    for number in range(NUM_FILES):
        text = json.dumps(mutated(copy.deepcopy(whole_file), chance)).encode()
        (tmp_path / "a.json").write_bytes(broken_bytes(text, chance) if number % 3 == 0 else text)
        outcomes += outcomes_of(lambda: labelme_reader(tmp_path), (6, 8), ("a.json", "a.png"))
    assert min(outcomes["sample"], outcomes["error"]) > NUM_FILES / 10


@pytest.mark.parametrize("text", ['{"shapes": [', '{"shapes": 1, "imagePath": "a.png"}'])
def test_broken_files_say_what_to_do(tmp_path: Path, text: str) -> None:
    write_photo(tmp_path / "a.png")
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError) as caught:
        labelme_reader(tmp_path).read("a")
    assert caught.value.fix.startswith("Save it again")
