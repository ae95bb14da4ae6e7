"""CVAT files that are broken or hostile: XML attacks are refused, a broken shape is named with its place."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from segdata.errors import DataError
from tests.formats.cvat_cases import FILE, SQUARE, box, cvat_reader, mask, polygon, write_cvat
from tests.formats.listed_cases import cvat_shape, outcomes_of
from tests.formats.test_via_fuzz import broken_bytes


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        (mask("1, 2, 2"), "run lengths that do not add up to 3 x 2"),
        (mask("1, 2, 2, 100000000000"), "run lengths that do not add up"),
        (mask("7, -1"), "run lengths that do not add up"),
        (mask("1, x"), "damaged run lengths"),
        (mask("9" * 5000), "damaged run lengths"),
        (mask(""), "run lengths that do not add up"),
        (mask(width=100000, height=100000), "a mask of 100000x100000"),
        (mask(width=0), "a mask of 2x0"),
        (mask(left="x"), "Expected `int`"),
        (cvat_shape("mask", "road", rle="6", left=0, top=0, width=3), "missing required field `height`"),
        (polygon("1,2;3"), "points '1,2;3'"),
        (polygon("1,2;3,4,5;6,7"), "points '1,2;3,4,5;6,7'"),
        (polygon("a,b;c,d;e,f"), "points 'a,b;c,d;e,f'"),
        (polygon("1,2;3,4;5,nan"), "numbers without end"),
        (polygon("1,2;3,4;5,1e999"), "numbers without end"),
        (box(1e308, 0, 1e308, 1e308, rotation=3), "numbers without end"),
        (box(0, 0, 5, 5, rotation=float("inf")), "numbers without end"),
        (cvat_shape("ellipse", "road", cx=1, cy=1, rx="inf", ry=1), "numbers without end"),
        (cvat_shape("box", "road", xtl=1, ytl=1, xbr="", ybr=3), "Expected `float`"),
        (cvat_shape("blob", "road"), "Invalid value 'blob'"),
        (f'<polygon points="{SQUARE}"></polygon>', "missing required field `label`"),
        (polygon(z_order="top"), "Expected `int`"),
    ],
)
def test_broken_shapes_are_named(tmp_path: Path, shape: str, found: str) -> None:
    write_cvat(tmp_path, polygon(), shape)
    with pytest.raises(DataError, match=rf"annotations.xml: image 0 'a.png': shape 2: found .*{found}"):
        cvat_reader(tmp_path).read("a")


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{BOMB}<annotations>&c;</annotations>", "line 1: found a document type declaration"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotations/>', "found a document type declaration"),
        ("<annotations>&c;</annotations>", "no whole XML .*undefined entity"),
        ("<annotations><image", "no whole XML"),
        ("", "no whole XML"),
        ("{}", "no whole XML"),
        ("<annotation><object/></annotation>", "line 1: found the root element 'annotation'"),
        ('<annotations>\n<track id="0"/></annotations>', "line 2: found a track .*export the task once more"),
        ("<annotations>" + "<a>" * 100, "elements 51 deep"),
        ('<annotations>\n<image id="1"></image></annotations>', "line 2: found an image without name"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    write_cvat(tmp_path)
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=rf"annotations.xml: .*{message}"):
        cvat_reader(tmp_path)


def test_declarations_in_other_encodings_are_refused(tmp_path: Path) -> None:
    write_cvat(tmp_path)
    (tmp_path / FILE).write_bytes(f"{BOMB}<annotations>&c;</annotations>".encode("utf-16"))
    with pytest.raises(DataError, match="a document type declaration"):
        cvat_reader(tmp_path)
    (tmp_path / FILE).write_bytes(b'<?xml version="1.0" encoding="nonsense"?><annotations/>')
    with pytest.raises(DataError, match="no whole XML"):
        cvat_reader(tmp_path)


NUM_FILES = 300


def test_mutated_files_give_samples_or_our_errors(tmp_path: Path) -> None:
    chance = random.Random(2012)
    shapes = [
        polygon(),
        mask(),
        box(1, 1, 4, 3, "car", rotation=30),
        cvat_shape("ellipse", "tree", cx=3, cy=2, rx=2, ry=1),
    ]
    write_cvat(tmp_path, *shapes)
    whole_file = (tmp_path / FILE).read_text(encoding="utf-8")
    junk = ("", "-1", "1e308", "nan", "inf", "9" * 400, "../../x", "\u00e9", "1,2;3", "0, 6", "a" * 5000)
    outcomes: Counter[str] = Counter()
    for number in range(NUM_FILES):
        parts = whole_file.split('"')
        for _ in range(chance.randint(1, 2)):
            parts[chance.randrange(1, len(parts), 2)] = chance.choice(junk)
        text = '"'.join(parts).encode()
        (tmp_path / FILE).write_bytes(broken_bytes(text, chance) if number % 3 == 0 else text)
        outcomes += outcomes_of(lambda: cvat_reader(tmp_path), (6, 8), ("annotations.xml", "images/"))
    assert min(outcomes["sample"], outcomes["error"]) > NUM_FILES / 10


def test_a_size_that_is_no_number_says_what_to_do(tmp_path: Path) -> None:
    reader = cvat_reader(write_cvat(tmp_path, polygon(), size_hw=("six", 8)))
    with pytest.raises(DataError, match="height: found 'six'; expected a number of pixels") as caught:
        reader.read("a")
    assert caught.value.fix == "Export 'CVAT for images 1.1' again."
