"""LabelMe: which photo a file is about, stale paths, photos inside the file, turned photos, and what a change rebuilds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from segdata.errors import DataError
from tests.formats.labelme_cases import (
    SQUARE,
    SQUARE_ROWS,
    labelme_reader,
    photo_text,
    road,
    rows,
    write_labelme,
)
from tests.formats.listed_cases import labelme_file
from tests.formats.via_cases import codes, drawn, write_json, write_photo


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


def test_byte_order_mark_and_other_letters(tmp_path: Path) -> None:
    write_photo(tmp_path / "Stra\u00dfe.png")
    said = json.dumps(labelme_file("Strasse.png".replace("ss", "\u00df"), road(*SQUARE)), ensure_ascii=False)
    (tmp_path / "x.json").write_text("\ufeff" + said, encoding="utf-8")
    assert labelme_reader(tmp_path).ids() == ("Stra\u00dfe",)


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
