"""CVAT for images: z_order decides what covers what, masks are runs by row, and XML attacks are refused."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segdata.errors import ConfigError, DataError, UnmappedLabelError
from segdata.formats import Reader, open_reader, survey_folder
from segdata.rasterize import blank_mask, fill
from tests.formats.listed_cases import cvat_file, cvat_image, cvat_shape, outcomes_of
from tests.formats.test_via_fuzz import broken_bytes
from tests.formats.via_cases import codes, drawn, source, write_photo

SQUARE = "1.00,1.00;4.00,1.00;4.00,3.00;1.00,3.00"
SQUARE_ROWS = ["........", ".0000...", ".0000...", ".0000...", "........", "........"]
NOTHING = ["........"] * 6
FILE = "annotations.xml"


def write_xml(root: Path, *images: str, **more: Any) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / FILE).write_text(cvat_file(*images, **more), encoding="utf-8")
    return root


def write_cvat(root: Path, *shapes: str, **image: Any) -> Path:
    """A source of photo a.png, 6 rows of 8, with these shapes."""
    write_photo(root / "images/a.png")
    return write_xml(root, cvat_image("a.png", *shapes, **image))


def polygon(points: str = SQUARE, label: str = "road", **more: Any) -> str:
    return cvat_shape("polygon", label, points=points, **more)


def box(xtl: float, ytl: float, xbr: float, ybr: float, label: str = "road", **more: Any) -> str:
    return cvat_shape("box", label, xtl=xtl, ytl=ytl, xbr=xbr, ybr=ybr, **more)


def mask(rle: str = "1, 2, 2, 1", left: Any = 2, top: Any = 1, width: Any = 3, height: Any = 2) -> str:
    """Row by row: .## over ..#"""
    return cvat_shape("mask", "road", rle=rle, left=left, top=top, width=width, height=height)


def cvat_reader(root: Path, options: dict[str, object] | None = None, **settings: Any) -> Reader:
    return open_reader("cvat", source(root, options, **settings))


def rows(root: Path, options: dict[str, object] | None = None, **settings: Any) -> list[str]:
    return drawn(cvat_reader(root, options, **settings).read("a").mask)


def test_polygon(tmp_path: Path) -> None:
    write_cvat(tmp_path, polygon(inner='\n<attribute name="wet">true</attribute>\n', group_id=4, z_order=0))
    reader = cvat_reader(tmp_path)
    assert reader.ids() == ("a",)
    assert drawn(reader.read("a").mask) == SQUARE_ROWS
    assert (reader.findings, reader.read("a").findings) == ((), ())


@settings(max_examples=100, deadline=None)
@given(points=st.lists(st.tuples(st.floats(-3, 12), st.floats(-3, 9)), min_size=3, max_size=9))
def test_outlines_run_through_the_pixels_their_points_lie_in(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[float, float]]
) -> None:
    root = write_cvat(tmp_path_factory.mktemp("one"), polygon(";".join(f"{x!r},{y!r}" for x, y in points)))
    expected = blank_mask((6, 8))
    fill(expected, np.floor(points), 0)
    assert np.array_equal(cvat_reader(root).read("a").mask, expected)


def test_z_order_then_order_of_the_file(tmp_path: Path) -> None:
    all_of_it = "0,0;7,0;7,5;0,5"
    shapes = [
        box(1, 1, 4, 3, "car", z_order=2),
        polygon(all_of_it, "tree", z_order=1),
        box(0, 0, 7, 0, "car", z_order=-1),
        polygon("0,2;7,2;7,5;0,5", "road", z_order=1),
    ]
    write_cvat(tmp_path, *shapes)
    assert rows(tmp_path) == ["11111111", "12222111", "02222000", "02222000", "00000000", "00000000"]
    assert rows(tmp_path, {"order": "area"})[:4] == ["22222222", "12222111", "02222000", "02222000"]


def test_without_z_order_the_file_decides(tmp_path: Path) -> None:
    write_cvat(tmp_path, box(1, 1, 4, 3, "car"), box(1, 1, 4, 2, "tree"))
    assert rows(tmp_path)[1:4] == [".1111...", ".1111...", ".2222..."]


def test_box(tmp_path: Path) -> None:
    assert rows(write_cvat(tmp_path, box(1, 1, 4, 3))) == SQUARE_ROWS
    assert rows(write_cvat(tmp_path, box(4, 3, 1, 1))) == SQUARE_ROWS


def test_turned_box(tmp_path: Path) -> None:
    """A quarter turn about (3, 2): what was 5 wide and 3 high is 3 wide and 5 high."""
    upright = ["........", ".00000..", ".00000..", ".00000..", "........", "........"]
    turned = ["..000...", "..000...", "..000...", "..000...", "..000...", "........"]
    assert rows(write_cvat(tmp_path, box(1, 1, 5, 3))) == upright
    assert rows(write_cvat(tmp_path, box(1, 1, 5, 3, rotation="90.00"))) == turned
    assert rows(write_cvat(tmp_path, box(1, 1, 5, 3, rotation="180.00"))) == upright
    assert rows(write_cvat(tmp_path, box(1, 1, 5, 3, rotation="270.00"))) == turned


def test_boxes_turn_clockwise(tmp_path: Path) -> None:
    """A flat box turned by 45 degrees falls from the top left to the bottom right."""
    write_cvat(tmp_path, box(0, 3.5, 7, 3.5, rotation="45.00"))
    assert rows(tmp_path) == [
        "........",
        ".0......",
        "..0.....",
        "...0....",
        "....0...",
        ".....0..",
    ]


def test_ellipse(tmp_path: Path) -> None:
    upright = rows(write_cvat(tmp_path, cvat_shape("ellipse", "road", cx=3.5, cy=2.5, rx=3, ry=1)))
    assert upright == [
        "........",
        ".00000..",
        "0000000.",
        ".00000..",
        "........",
        "........",
    ]
    turned = rows(
        write_cvat(tmp_path, cvat_shape("ellipse", "road", cx=2.5, cy=3.5, rx=3, ry=1, rotation=90))
    )
    assert [row[:4] for row in turned] == ["..0.", ".000", ".000", ".000", ".000", ".000"]


def test_mask(tmp_path: Path) -> None:
    expected = ["........", "...00...", "....0...", *["........"] * 3]
    assert rows(write_cvat(tmp_path, mask())) == expected
    assert rows(write_cvat(tmp_path, mask("0, 2, 1", left=6, top=5, width=3, height=1))) == [
        *NOTHING[:5],
        "......00",
    ]


def test_mask_beyond_the_edge_is_clipped_and_told(tmp_path: Path) -> None:
    write_cvat(tmp_path, mask("0, 6", left=-1, top=5), mask("0, 6", left=-100000000000000000000, top=2))
    sample = cvat_reader(tmp_path).read("a")
    assert drawn(sample.mask) == [*NOTHING[:5], "00......"]
    assert [(f.code, f.place, f.message) for f in sample.findings] == [
        ("points-clipped", "shape 1", "4 of 6 pixels outside the photo of 6x8 (height x width)"),
        ("points-clipped", "shape 2", "6 of 6 pixels outside the photo of 6x8 (height x width)"),
    ]


@settings(max_examples=100, deadline=None)
@given(size_hw=st.tuples(st.integers(1, 6), st.integers(1, 8)), bits=st.integers(0, 2**48 - 1))
def test_masks_are_runs_row_by_row(
    tmp_path_factory: pytest.TempPathFactory, size_hw: tuple[int, int], bits: int
) -> None:
    height, width = size_hw
    inside = [bits >> number & 1 for number in range(height * width)]
    runs, last = [0], 0
    for value in inside:
        if value != last:
            runs.append(0)
        runs[-1] += 1
        last = value
    text = ", ".join(map(str, runs))
    root = write_cvat(tmp_path_factory.mktemp("one"), mask(text, left=0, top=0, width=width, height=height))
    expected = np.full((6, 8), 255, np.uint8)
    expected[:height, :width][np.reshape(inside, size_hw) == 1] = 0
    assert np.array_equal(cvat_reader(root).read("a").mask, expected)


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


def test_polylines_are_ignored_unless_told(tmp_path: Path) -> None:
    write_cvat(tmp_path, cvat_shape("polyline", "road", points=SQUARE))
    sample = cvat_reader(tmp_path).read("a")
    assert drawn(sample.mask) == NOTHING
    assert [(f.code, f.place, f.severity) for f in sample.findings] == [
        ("line-ignored", "shape 1", "warning"),
        ("not-annotated", "", "warning"),
    ]
    assert rows(tmp_path, unannotated="background", unlabelled_id=1) == ["11111111"] * 6
    assert rows(tmp_path, {"lines": "closed"}) == SQUARE_ROWS
    assert rows(tmp_path, {"lines": {"stroke": 1}})[1:4] == [".0000...", "....0...", ".0000..."]
    with pytest.raises(ConfigError, match="stroke"):
        cvat_reader(tmp_path, {"lines": {"stroke": 0}})


def test_what_covers_no_area_is_told(tmp_path: Path) -> None:
    write_cvat(
        tmp_path,
        cvat_shape("points", "nose", points="1,1;2,2"),
        cvat_shape("skeleton", "body", inner=cvat_shape("points", "hand", points="1,1", outside=0)),
        cvat_shape("cuboid", "van", xtl1=1, ytl1=1),
        cvat_shape("tag", "good_frame"),
        polygon("1,1;2,2"),
    )
    sample = cvat_reader(tmp_path).read("a")
    assert drawn(sample.mask) == NOTHING
    assert codes(sample.findings) == [
        ("point-ignored", "shape 1"),
        ("point-ignored", "shape 2"),
        ("cuboid-ignored", "shape 3"),
        ("tag-ignored", "shape 4"),
        ("too-few-points", "shape 5"),
        ("not-annotated", ""),
    ]


def test_images_of_points_alone_are_not_annotated(tmp_path: Path) -> None:
    write_cvat(tmp_path, cvat_shape("points", "nose", points="1,1;2,2"), cvat_shape("cuboid", "van", xtl1=1))
    reader = cvat_reader(tmp_path)
    assert reader.ids() == ()
    assert [finding.code for finding in reader.findings] == ["not-annotated"]


def test_what_is_doubtful_about_an_outline_is_told(tmp_path: Path) -> None:
    thin = cvat_shape("ellipse", "road", cx=4, cy=3, rx=4, ry=0.3, rotation=30)
    write_cvat(tmp_path, polygon("0,0;7,5;7,0;0,5"), polygon("1,1;2,2;4,4"), thin)
    sample = cvat_reader(tmp_path).read("a")
    assert [(f.code, f.place, f.message) for f in sample.findings if f.code != "points-clipped"] == [
        ("self-crossing", "shape 1", "the outline crosses itself at x 3.5, y 2.5"),
        ("zero-area", "shape 2", "all 3 points lie on one line"),
    ]


def test_images_with_tags_alone_are_not_annotated(tmp_path: Path) -> None:
    write_cvat(tmp_path, cvat_shape("tag", "good_frame"))
    reader = cvat_reader(tmp_path)
    assert reader.ids() == ()
    assert [(f.code, f.message) for f in reader.findings] == [
        ("not-annotated", "nothing that covers an area (tag)")
    ]
    assert rows(tmp_path, unannotated="background", unlabelled_id=1) == ["11111111"] * 6


def test_labels(tmp_path: Path) -> None:
    write_cvat(tmp_path, polygon(label="B&amp;W <road>".replace("&amp;", "&")))
    assert rows(tmp_path, label_map={"B&W <road>": "road"}) == SQUARE_ROWS
    with pytest.raises(UnmappedLabelError, match="image 0 'a.png': shape 1: found label 'B&W <road>'"):
        rows(tmp_path)


def test_points_outside_are_clipped_and_told(tmp_path: Path) -> None:
    write_cvat(tmp_path, box(6, -3, 12, 0))
    sample = cvat_reader(tmp_path).read("a")
    assert drawn(sample.mask) == ["......00", *NOTHING[1:]]
    assert [(f.code, f.message) for f in sample.findings] == [
        ("points-clipped", "3 of 4 points outside the photo of 6x8 (height x width)")
    ]


def test_photos_and_images_that_miss_each_other(tmp_path: Path) -> None:
    for name in ("a.png", "roll 1/b.png", "left.png", "frame_000003.PNG"):
        write_photo(tmp_path / "images" / name)
    names = ("a.png", "roll 1/b.png", "none.png", "../../c.png", "frame_000003")
    write_xml(tmp_path, *(cvat_image(name, polygon(), id=number) for number, name in enumerate(names)))
    reader = cvat_reader(tmp_path)
    assert reader.ids() == ("a", "frame_000003", "roll 1/b")
    assert [(f.code, f.place or f.file, f.severity) for f in reader.findings] == [
        ("no-photo", "image 2 'none.png'", "error"),
        ("outside-root", "image 3 '../../c.png'", "error"),
        ("not-annotated", "images/left.png", "warning"),
    ]
    assert cvat_reader(tmp_path, unannotated="ignore").ids() == ("a", "frame_000003", "left", "roll 1/b")


def test_subsets_are_official_splits(tmp_path: Path) -> None:
    images = []
    for name, subset, folder in (
        ("a.png", "Train", "images/Train"),
        ("b.png", "Validation", "images/Validation"),
        ("c.png", "test", "images"),
        ("d.png", "night", "images/night"),
        ("e.png", "../..", "images"),
        ("f.png", None, "images"),
    ):
        write_photo(tmp_path / folder / name)
        images.append(cvat_image(name, polygon(), **({"subset": subset} if subset else {})))
    reader = cvat_reader(write_xml(tmp_path, *images))
    assert {id: reader.official_split(id) for id in reader.ids()} == {
        "Train/a": "train",
        "Validation/b": "val",
        "c": "test",
        "night/d": None,
        "e": None,
        "f": None,
    }
    assert [(f.code, f.message) for f in reader.findings] == [
        ("unknown-subset", "subsets '../..', 'night' are none of train, validation, test")
    ]


def test_several_files_and_a_file_for_each_split(tmp_path: Path) -> None:
    for task in ("task 1", "task 2"):
        write_cvat(tmp_path / task, polygon())
    several = cvat_reader(tmp_path, {"annotations": ["task 1/annotations.xml", "task 2/annotations.xml"]})
    assert several.ids() == ("task 1/images/a", "task 2/images/a")
    splits: dict[str, object] = {"train": "task 1/annotations.xml", "test": "task 2/annotations.xml"}
    by_split = cvat_reader(tmp_path, {"annotations": splits})
    assert [by_split.official_split(id) for id in by_split.ids()] == ["train", "test"]
    with pytest.raises(ConfigError, match="one file for two splits"):
        cvat_reader(tmp_path, {"annotations": {"train": "a.xml", "val": "a.xml"}})
    with pytest.raises(ConfigError, match="names no file"):
        cvat_reader(tmp_path, {"annotations": []})


def test_two_images_of_one_name(tmp_path: Path) -> None:
    write_cvat(tmp_path)
    write_xml(tmp_path, cvat_image("a.png", polygon()), cvat_image("a.png", id=1))
    assert codes(cvat_reader(tmp_path).read("a").findings) == [("duplicate-entry", "")]
    write_xml(tmp_path, cvat_image("a.png", polygon()), cvat_image("a.png", polygon("1,1;2,2;3,3"), id=1))
    with pytest.raises(DataError, match="images/a.png: found entries that contradict each other"):
        cvat_reader(tmp_path).read("a")


def test_exif_turned_photos(tmp_path: Path) -> None:
    """Orientation 6: stored 6 rows of 8, shown 8 rows of 6, its left edge at the top."""
    write_cvat(tmp_path, box(0, 0, 1, 5))
    write_photo(tmp_path / "images/a.png", (6, 8), orientation=6)
    with pytest.raises(
        DataError, match=r"upright: 8x6 .*The photo is turned .* set source.exif to as-stored"
    ):
        rows(tmp_path)
    assert rows(tmp_path, exif="as-stored") == ["000000", "000000", *["......"] * 6]
    write_cvat(tmp_path, box(0, 0, 1, 5), size_hw=(8, 6))
    write_photo(tmp_path / "images/a.png", (6, 8), orientation=6)
    assert rows(tmp_path) == ["00...."] * 6 + ["......"] * 2


@pytest.mark.parametrize(("size_hw", "found"), [((5, 8), "drawn on 5x8"), (("x", 8), "height: found 'x'")])
def test_size_that_is_not_the_photos(tmp_path: Path, size_hw: Any, found: str) -> None:
    write_cvat(tmp_path, polygon(), size_hw=size_hw)
    with pytest.raises(DataError, match=found):
        rows(tmp_path)


def test_a_change_of_one_image_changes_one_fingerprint(tmp_path: Path) -> None:
    """Attributes, and whether a thing is occluded, draw nothing."""
    for name in "ab":
        write_photo(tmp_path / f"images/{name}.png")
    write_xml(tmp_path, cvat_image("a.png", polygon()), cvat_image("b.png", polygon(), id=1))
    old = {id: cvat_reader(tmp_path).fingerprint(id) for id in "ab"}
    seen = polygon(inner='<attribute name="wet">true</attribute>').replace('occluded="0"', 'occluded="1"')
    write_xml(tmp_path, cvat_image("a.png", seen), cvat_image("b.png", polygon(z_order=1), id=1))
    new = {id: cvat_reader(tmp_path).fingerprint(id) for id in "ab"}
    assert new["a"] == old["a"]
    assert (new["b"].photo, new["b"].annotation == old["b"].annotation) == (old["b"].photo, False)


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


def test_other_letters(tmp_path: Path) -> None:
    write_photo(tmp_path / "images/Stra\u00dfe \u96ea.png")
    write_xml(tmp_path, cvat_image("Stra\u00dfe \u96ea.png", polygon()))
    assert cvat_reader(tmp_path).ids() == ("Stra\u00dfe \u96ea",)
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    (tmp_path / FILE).write_text(text, encoding="utf-8-sig")
    assert cvat_reader(tmp_path).ids() == ("Stra\u00dfe \u96ea",)


def test_survey(tmp_path: Path) -> None:
    for name in ("Train/a.png", "Validation/b.png", "Train/c.png"):
        write_photo(tmp_path / "export/images" / name)
    write_xml(
        tmp_path / "export",
        cvat_image("a.png", polygon(), mask(), cvat_shape("tag", "good"), subset="Train"),
        cvat_image("b.png", box(1, 1, 2, 2, "car"), subset="Validation"),
        labels={"road": "#804080", "car": "#00008e"},
    )
    (tmp_path / "other.xml").write_text("<annotation/>")
    survey = survey_folder("cvat", tmp_path)
    assert survey is not None
    assert survey.options == {"annotations": "export/annotations.xml", "photos": "images"}
    assert survey.photos == tuple(
        f"export/images/{name}.png" for name in ("Train/a", "Train/c", "Validation/b")
    )
    assert survey.annotated == 2
    assert survey.shapes == {"box": 1, "mask": 1, "polygon": 1, "tag": 1}
    assert survey.labels == {"car": 1, "road": 2}
    assert survey.splits == {"train": 1, "val": 1}
    assert survey.ontology == {"road": (128, 64, 128), "car": (0, 0, 142)}
    assert cvat_reader(tmp_path, dict(survey.options)).ids() == ("Train/a", "Validation/b")
    assert survey_folder("cvat", tmp_path / "export/images") is None


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
