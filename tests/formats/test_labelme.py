"""LabelMe: one JSON file per photo, its shapes painted in file order, stale paths and damage told."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from segdata.errors import DataError, UnmappedLabelError
from segdata.formats import Reader, open_reader, survey_folder
from segdata.ontology import VOC_CLASSES
from segdata.photo import read_mask_values
from segdata.rasterize import blank_mask, fill
from tests.formats.listed_cases import labelme_file, labelme_shape, outcomes_of, png_text
from tests.formats.test_via_fuzz import broken_bytes, mutated
from tests.formats.via_cases import codes, drawn, source, write_json, write_photo

SQUARE = ((1, 1), (4, 1), (4, 3), (1, 3))
SQUARE_ROWS = ["........", ".0000...", ".0000...", ".0000...", "........", "........"]
NOTHING = ["........"] * 6


def write_labelme(root: Path, *shapes: Any, **more: Any) -> Path:
    """A source of photo a.png, 6 rows of 8, with these shapes."""
    write_photo(root / "a.png")
    write_json(root / "a.json", labelme_file("a.png", *shapes, **more))
    return root


def road(*points: Any, **more: Any) -> dict[str, Any]:
    return labelme_shape("road", *points, **more)


def labelme_reader(root: Path, options: dict[str, object] | None = None, **settings: Any) -> Reader:
    return open_reader("labelme", source(root, options, **settings))


def rows(root: Path, options: dict[str, object] | None = None, **settings: Any) -> list[str]:
    return drawn(labelme_reader(root, options, **settings).read("a").mask)


def photo_text(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


@pytest.mark.parametrize("kind", ["polygon", None, "oriented_rectangle"])
def test_polygon(tmp_path: Path, kind: str | None) -> None:
    write_labelme(tmp_path, road(*SQUARE, shape_type=kind))
    reader = labelme_reader(tmp_path)
    assert reader.ids() == ("a",)
    assert reader.official_split("a") is None
    assert drawn(reader.read("a").mask) == SQUARE_ROWS
    assert (reader.findings, reader.read("a").findings) == ((), ())


def test_files_of_labelme_2_have_no_shape_type(tmp_path: Path) -> None:
    old = {
        "label": "road",
        "points": [list(point) for point in SQUARE],
        "fill_color": None,
        "line_color": None,
    }
    write_labelme(tmp_path)
    write_json(
        tmp_path / "a.json",
        {"flags": {}, "shapes": [old], "imagePath": "a.png", "lineColor": [0, 255, 0, 128]},
    )
    assert rows(tmp_path) == SQUARE_ROWS


@settings(max_examples=100, deadline=None)
@given(points=st.lists(st.tuples(st.floats(-3, 12), st.floats(-3, 9)), min_size=3, max_size=9))
def test_outlines_run_through_the_pixels_their_points_lie_in(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[float, float]]
) -> None:
    root = write_labelme(tmp_path_factory.mktemp("one"), road(*points))
    expected = blank_mask((6, 8))
    fill(expected, np.floor(points), 0)
    assert np.array_equal(labelme_reader(root).read("a").mask, expected)


@pytest.mark.parametrize("corners", [((1, 1), (4, 3)), ((4, 3), (1, 1)), ((4, 1), (1, 3)), SQUARE])
def test_rectangle_by_any_two_corners_or_all(tmp_path: Path, corners: Any) -> None:
    assert rows(write_labelme(tmp_path, road(*corners, shape_type="rectangle"))) == SQUARE_ROWS


def test_circle_is_its_middle_and_a_point_on_its_rim(tmp_path: Path) -> None:
    write_labelme(tmp_path, road((3.5, 2.5), (3.5, 4.5), shape_type="circle"))
    assert rows(tmp_path) == ["..000...", ".00000..", ".00000..", ".00000..", "..000...", "........"]


@pytest.mark.parametrize(
    ("kind", "points"), [("line", ((1, 1), (6, 1))), ("linestrip", ((1, 1), (4, 1), (6, 1)))]
)
def test_lines_are_ignored_unless_told(tmp_path: Path, kind: str, points: Any) -> None:
    write_labelme(tmp_path, road(*points, shape_type=kind))
    sample = labelme_reader(tmp_path).read("a")
    assert drawn(sample.mask) == NOTHING
    assert [(f.code, f.place, f.severity) for f in sample.findings] == [
        ("line-ignored", "shape 1", "warning"),
        ("not-annotated", "", "warning"),
    ]
    line = [".000000." if row == 1 else "........" for row in range(6)]
    assert rows(tmp_path, {"lines": {"stroke": 1}}) == line
    assert rows(tmp_path, {"lines": {"stroke": 3}})[:3] == ["00000000"] * 3


def test_closed_lines_are_filled(tmp_path: Path) -> None:
    line = road((1, 1), (6, 1), shape_type="line")
    write_labelme(tmp_path, road(*SQUARE, shape_type="linestrip"), line)
    sample = labelme_reader(tmp_path, {"lines": "closed"}).read("a")
    assert drawn(sample.mask) == SQUARE_ROWS
    assert codes(sample.findings) == [("too-few-points", "shape 2")]


def test_points_are_ignored_and_need_no_class(tmp_path: Path) -> None:
    write_labelme(
        tmp_path,
        labelme_shape("nose", (1, 1), shape_type="point"),
        labelme_shape("ears", (1, 1), (2, 2), shape_type="points"),
        road((1, 1), (2, 2)),
    )
    sample = labelme_reader(tmp_path).read("a")
    assert drawn(sample.mask) == NOTHING
    assert codes(sample.findings) == [
        ("point-ignored", "shape 1"),
        ("point-ignored", "shape 2"),
        ("too-few-points", "shape 3"),
        ("not-annotated", ""),
    ]


def test_a_photo_of_points_alone_is_not_annotated(tmp_path: Path) -> None:
    write_labelme(tmp_path, labelme_shape("nose", (1, 1), shape_type="point"))
    reader = labelme_reader(tmp_path)
    assert reader.ids() == ()
    assert [finding.code for finding in reader.findings] == ["not-annotated"]
    taken = labelme_reader(tmp_path, unannotated="background", unlabelled_id=1).read("a")
    assert drawn(taken.mask) == ["11111111"] * 6
    ignored = labelme_reader(tmp_path, unannotated="ignore", unlabelled_id=1).read("a")
    assert drawn(ignored.mask) == NOTHING


def test_what_is_doubtful_about_an_outline_is_told(tmp_path: Path) -> None:
    bow_tie = road((0, 0), (7, 5), (7, 0), (0, 5))
    circle = road((3.5, 2.5), (3.6, 2.5), shape_type="circle")
    write_labelme(tmp_path, bow_tie, road((1, 1), (2, 2), (4, 4)), circle)
    sample = labelme_reader(tmp_path).read("a")
    assert [(f.code, f.place, f.message) for f in sample.findings] == [
        ("self-crossing", "shape 1", "the outline crosses itself at x 3.5, y 2.5"),
        ("zero-area", "shape 2", "all 3 points lie on one line"),
        ("zero-area", "shape 3", "all 16 points lie on one line"),
    ]
    assert drawn(sample.mask)[2] == "00000000"
    assert drawn(sample.mask)[5] == "0......0"


MASK = np.array([[0, 1, 1], [1, 1, 0]])


def test_mask(tmp_path: Path) -> None:
    """Both points of its rectangle are inside."""
    write_labelme(tmp_path, road((2, 1), (4, 2), shape_type="mask", mask=png_text(MASK)))
    assert rows(tmp_path) == ["........", "...00...", "..00....", *["........"] * 3]


def test_mask_beyond_the_edge_is_clipped_and_told(tmp_path: Path) -> None:
    write_labelme(tmp_path, road((6, -1), (8, 0), shape_type="mask", mask=png_text(MASK)))
    sample = labelme_reader(tmp_path).read("a")
    assert drawn(sample.mask) == ["......00", *["........"] * 5]
    assert [(f.code, f.message) for f in sample.findings] == [
        ("points-clipped", "2 of 4 pixels outside the photo of 6x8 (height x width)")
    ]


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


def test_order_of_the_file_and_by_area(tmp_path: Path) -> None:
    small, large = labelme_shape("car", *SQUARE), labelme_shape("tree", (0, 0), (7, 0), (7, 5), (0, 5))
    by_area = ["11111111", "12222111", "12222111", "12222111", "11111111", "11111111"]
    assert rows(write_labelme(tmp_path, small, large)) == ["11111111"] * 6
    assert rows(tmp_path, {"order": "area"}) == by_area
    assert rows(write_labelme(tmp_path, large, small)) == by_area


def test_labels(tmp_path: Path) -> None:
    write_labelme(tmp_path, labelme_shape("Road ", *SQUARE, group_id=4, flags={"wet": True}))
    assert rows(tmp_path, label_map={"Road ": "road"}) == SQUARE_ROWS
    assert rows(tmp_path, label_map={"Road ": "ignore"}) == NOTHING
    with pytest.raises(UnmappedLabelError, match="a.json: shape 1: found label 'Road '"):
        rows(tmp_path)


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("..\\images\\roll 1\\a.png", None),
        ("../images/roll 1/a.png", None),
        ("a.png", "images/a.png"),
        ("roll 1/a.png", None),
        ("C:\\Users\\Zo\u00eb\\a.png", "images/a.png"),
        ("/home/zoe/a.png", "images/a.png"),
        ("../../../../home/zoe/a.png", "images/a.png"),
        ("../gone/a.png", "images/a.png"),
    ],
)
def test_image_paths(tmp_path: Path, path: str, taken: str | None) -> None:
    write_photo(tmp_path / "images/a.png")
    write_photo(tmp_path / "images/roll 1/a.png")
    write_json(tmp_path / "json/a.json", labelme_file(path, road(*SQUARE)))
    reader = labelme_reader(tmp_path, {"annotations": "json", "photos": "images"})
    found = [f.action for f in reader.findings if f.code == "photo-by-name"]
    assert found == ([f"took {taken}"] if taken and path != "a.png" else [])
    assert reader.ids() == (("a",) if taken else ("roll 1/a",))
    assert drawn(reader.read(reader.ids()[0]).mask) == SQUARE_ROWS


def test_absent_photos(tmp_path: Path) -> None:
    write_labelme(tmp_path, road(*SQUARE))
    write_json(tmp_path / "b.json", labelme_file("b.png", road(*SQUARE)))
    write_json(tmp_path / "c.json", labelme_file("../../etc/c.png", road(*SQUARE)))
    reader = labelme_reader(tmp_path)
    assert reader.ids() == ("a",)
    assert [(f.code, f.file, f.severity) for f in reader.findings] == [
        ("no-photo", "b.json", "error"),
        ("outside-root", "c.json", "error"),
    ]


def test_photo_inside_the_annotation_file(tmp_path: Path) -> None:
    """The file is preferred; where there is none, the copy is read and told."""
    write_labelme(tmp_path, road(*SQUARE))
    data = photo_text(tmp_path / "a.png")
    write_json(tmp_path / "a.json", labelme_file("a.png", road(*SQUARE), data="damaged"))
    assert rows(tmp_path) == SQUARE_ROWS
    (tmp_path / "a.png").unlink()
    write_json(tmp_path / "a.json", labelme_file("a.png", road(*SQUARE), data=data))
    reader = labelme_reader(tmp_path)
    sample = reader.read("a")
    assert drawn(sample.mask) == SQUARE_ROWS
    assert sample.image.shape == (6, 8, 3) and (sample.image == 128).all()
    assert [(f.code, f.file, f.severity) for f in sample.findings] == [
        ("photo-embedded", "a.json", "warning")
    ]
    assert reader.findings == ()
    prints = reader.fingerprint("a")
    write_json(tmp_path / "a.json", labelme_file("a.png", road(*SQUARE[:3]), data=data))
    assert labelme_reader(tmp_path).fingerprint("a").photo == prints.photo
    assert labelme_reader(tmp_path).fingerprint("a").annotation != prints.annotation
    for broken in ("damaged", data[:80]):
        write_json(tmp_path / "a.json", labelme_file("a.png", road(*SQUARE), data=broken))
        with pytest.raises(DataError, match="a.json: "):
            labelme_reader(tmp_path).read("a")


def test_embedded_photo_that_nobody_annotated(tmp_path: Path) -> None:
    write_labelme(tmp_path)
    write_json(tmp_path / "a.json", labelme_file("a.png", data=photo_text(tmp_path / "a.png")))
    (tmp_path / "a.png").unlink()
    assert labelme_reader(tmp_path).ids() == ()
    assert rows(tmp_path, unannotated="background", unlabelled_id=1) == ["11111111"] * 6


def test_photos_that_nobody_annotated(tmp_path: Path) -> None:
    write_labelme(tmp_path)
    write_photo(tmp_path / "b.png")
    reader = labelme_reader(tmp_path)
    assert reader.ids() == ()
    assert [(f.code, f.file, f.message) for f in reader.findings] == [
        ("not-annotated", "a.png", "a file without any shape"),
        ("not-annotated", "b.png", "no entry"),
    ]
    kept = labelme_reader(tmp_path, unannotated="background", unlabelled_id=2)
    assert kept.ids() == ("a", "b")
    assert drawn(kept.read("b").mask) == ["22222222"] * 6


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


def test_two_files_about_one_photo(tmp_path: Path) -> None:
    write_labelme(tmp_path, road(*SQUARE))
    write_json(tmp_path / "a copy.json", labelme_file("a.png", road(*SQUARE)))
    (finding,) = labelme_reader(tmp_path).read("a").findings
    assert (finding.code, finding.action) == ("duplicate-entry", "took a copy.json")
    write_json(tmp_path / "a copy.json", labelme_file("a.png", road(*SQUARE[:3])))
    with pytest.raises(
        DataError, match="a.png: found entries that contradict each other: a copy.json, a.json"
    ):
        labelme_reader(tmp_path).read("a")


def test_exif_turned_photos(tmp_path: Path) -> None:
    """Orientation 6: stored 6 rows of 8, shown 8 rows of 6, its left edge at the top."""
    left = road((0, 0), (0, 5), (1, 5), (1, 0))
    write_labelme(tmp_path, left)
    write_photo(tmp_path / "a.png", (6, 8), orientation=6)
    with pytest.raises(
        DataError, match=r"upright: 8x6 .*The photo is turned .* set source.exif to as-stored"
    ):
        rows(tmp_path)
    assert rows(tmp_path, exif="as-stored") == ["000000", "000000", *["......"] * 6]
    write_json(tmp_path / "a.json", labelme_file("a.png", left, size_hw=(8, 6)))
    assert rows(tmp_path) == ["00...."] * 6 + ["......"] * 2
    write_json(tmp_path / "a.json", labelme_file("a.png", left, size_hw=(None, None)))
    assert rows(tmp_path) == ["00...."] * 6 + ["......"] * 2


def test_size_that_is_not_the_photos(tmp_path: Path) -> None:
    write_labelme(tmp_path, road(*SQUARE), size_hw=(60, 80))
    with pytest.raises(DataError, match="a.png: found a.json drawn on 60x80"):
        rows(tmp_path)


def test_turned_outlines_are_told(tmp_path: Path) -> None:
    write_labelme(tmp_path, road((0, 0), (5, 0), (5, 7.5), (0, 7.5)), size_hw=(None, None))
    assert codes(labelme_reader(tmp_path).read("a").findings) == [
        ("points-clipped", "shape 1"),
        ("turned-annotation", ""),
    ]


def test_a_change_of_one_file_changes_one_fingerprint(tmp_path: Path) -> None:
    for name in "ab":
        write_photo(tmp_path / f"{name}.png")
        write_json(tmp_path / f"{name}.json", labelme_file(f"{name}.png", road(*SQUARE)))
    old = {id: labelme_reader(tmp_path).fingerprint(id) for id in "ab"}
    said = labelme_file("a.png", road(*SQUARE), data=photo_text(tmp_path / "a.png"), version="6.0")
    (tmp_path / "a.json").write_text(json.dumps(said, indent=2), encoding="utf-8")
    write_json(tmp_path / "b.json", labelme_file("b.png", road(*SQUARE[:3])))
    new = {id: labelme_reader(tmp_path).fingerprint(id) for id in "ab"}
    assert new["a"] == old["a"]
    assert (new["b"].photo, new["b"].annotation == old["b"].annotation) == (old["b"].photo, False)


def test_what_draws_nothing_changes_no_fingerprint(tmp_path: Path) -> None:
    def annotation(**more: Any) -> str:
        write_labelme(tmp_path, road(*SQUARE) | more)
        return labelme_reader(tmp_path).fingerprint("a").annotation

    plain = annotation()
    assert annotation(flags={"ok": True}, group_id=3, description="wet") == plain
    assert annotation(label="car") != plain
    assert annotation(shape_type="linestrip") != plain
    assert annotation(points=SQUARE[:3]) != plain


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no JSON file with shapes and imagePath"):
        labelme_reader(tmp_path)
    with pytest.raises(DataError, match="inside the source's root"):
        labelme_reader(tmp_path, {"annotations": ".."})
    with pytest.raises(
        DataError, match="json: found nothing at this path; expected JSON files written by LabelMe"
    ):
        labelme_reader(tmp_path, {"annotations": "json"})


def test_byte_order_mark_and_other_letters(tmp_path: Path) -> None:
    write_photo(tmp_path / "Stra\u00dfe.png")
    said = json.dumps(labelme_file("Strasse.png".replace("ss", "\u00df"), road(*SQUARE)), ensure_ascii=False)
    (tmp_path / "x.json").write_text("\ufeff" + said, encoding="utf-8")
    assert labelme_reader(tmp_path).ids() == ("Stra\u00dfe",)


def test_survey(tmp_path: Path) -> None:
    write_photo(tmp_path / "images/a.png")
    write_photo(tmp_path / "images/b.png")
    shapes = [
        road(*SQUARE),
        labelme_shape("nose", (1, 1), shape_type="point"),
        road((1, 1), (4, 3), shape_type="rectangle"),
    ]
    write_json(tmp_path / "json/a.json", labelme_file("..\\images\\a.png", *shapes))
    survey = survey_folder("labelme", tmp_path)
    assert survey is not None
    assert survey.options == {"annotations": "json", "photos": "images"}
    assert (survey.photos, survey.annotated) == (("images/a.png", "images/b.png"), 1)
    assert survey.shapes == {"point": 1, "polygon": 1, "rectangle": 1}
    assert survey.labels == {"road": 2}
    assert labelme_reader(tmp_path, dict(survey.options)).ids() == ("a",)
    assert survey_folder("labelme", tmp_path / "images") is None


def test_survey_of_files_side_by_side(tmp_path: Path) -> None:
    write_labelme(tmp_path / "photos", road(*SQUARE))
    survey = survey_folder("labelme", tmp_path)
    assert survey is not None
    assert survey.options == {"annotations": "photos", "photos": "photos"}
    assert survey.photos == ("photos/a.png",)


SHARED = Path(__file__).resolve().parents[3] / "shared/data"


def test_against_masks_that_labelme_made() -> None:
    """Pillow draws LabelMe's own: borders may be a pixel off."""
    root = SHARED / "voc-labelme"
    if not root.is_dir():
        pytest.skip(f"no {root}")
    labels: dict[str | int, str] = {name: name for name in VOC_CLASSES} | {"__ignore__": "ignore"}
    options: dict[str, object] = {"annotations": "labelme", "photos": "labelme"}
    reader = labelme_reader(root, options, names=tuple(VOC_CLASSES), label_map=labels, unlabelled_id=0)
    assert reader.ids() == ("2011_000003", "2011_000006", "2011_000025")
    off = []
    for id in reader.ids():
        truth = read_mask_values(root / f"voc/SegmentationClass/{id}.png", id)
        mask = reader.read(id).mask
        assert mask.shape == truth.shape
        off.append(int((mask != truth).sum()))
    assert off == [229, 485, 373]  # of 169,000, 187,500 and 187,500 pixels


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


def test_photo_whose_copy_is_turned(tmp_path: Path) -> None:
    """An orientation inside the copy counts as one of a file would."""
    write_labelme(tmp_path, road((0, 0), (0, 7), (1, 7), (1, 0)), size_hw=(8, 6))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(np.full((6, 8, 3), 128, np.uint8)).save(tmp_path / "turned.jpg", exif=exif)
    data = photo_text(tmp_path / "turned.jpg")
    write_json(
        tmp_path / "a.json",
        labelme_file("gone.jpg", road((0, 0), (0, 7), (1, 7), (1, 0)), size_hw=(8, 6), data=data),
    )
    (tmp_path / "a.png").unlink()
    (tmp_path / "turned.jpg").unlink()
    assert rows(tmp_path) == ["00...."] * 8


@pytest.mark.parametrize("text", ['{"shapes": [', '{"shapes": 1, "imagePath": "a.png"}'])
def test_broken_files_say_what_to_do(tmp_path: Path, text: str) -> None:
    write_photo(tmp_path / "a.png")
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError) as caught:
        labelme_reader(tmp_path).read("a")
    assert caught.value.fix.startswith("Save it again")
