"""Who knows a folder, how sure, and what the photo headers in it say."""

from __future__ import annotations

from pathlib import Path

import pytest

from segdata.errors import ConfigError, DataError
from segdata.findings import Finding
from segdata.inspection import describe, formats_of_subfolders, inspect_folder, nothing_found
from segdata.inspection.recognise import read_headers
from tests.inspection.folders import fake_surveys, survey, write_photo


def test_the_surest_format_is_taken_then_the_one_that_sees_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {
        "masks": survey("masks", certainty="possible", annotated=90),
        "cityscapes": survey("cityscapes", certainty="likely", annotated=2),
        "voc": survey("voc", certainty="likely", annotated=3),
        "via": survey("via", certainty="certain", annotated=1),
    }
    fake_surveys(monkeypatch, seen)
    found = inspect_folder(tmp_path)
    assert found.survey is seen["via"]
    assert [other.format for other in found.others] == ["voc", "cityscapes", "masks"]
    assert inspect_folder(tmp_path, "masks").survey is seen["masks"]
    assert inspect_folder(tmp_path, "matlab").survey is None
    with pytest.raises(ConfigError, match="--format: found 'vai'; did you mean 'via'"):
        inspect_folder(tmp_path, "vai")


def test_a_format_that_cannot_look_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = DataError("via_region_data.json", found="broken JSON", expected="JSON")
    missing = ModuleNotFoundError("No module named 'scipy'", name="scipy")
    fake_surveys(monkeypatch, {"via": broken, "matlab": missing, "voc": survey("voc")})
    found = inspect_folder(tmp_path)
    assert found.survey is not None and found.survey.format == "voc"
    assert found.failed["via"] == "via_region_data.json: found broken JSON; expected JSON"
    assert "pip install 'segdata[matlab]'" in found.failed["matlab"]
    assert "could not look: via: via_region_data.json: found broken JSON; expected JSON" in describe(
        found, "data/raw/x"
    )


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(DataError, match="found a file; expected the folder that holds photos"):
        inspect_folder(tmp_path / "a.json")
    with pytest.raises(DataError, match="found no such folder"):
        inspect_folder(tmp_path / "absent")


def test_headers_give_upright_sizes_and_turns(tmp_path: Path) -> None:
    for name, size_hw, orientation in (
        ("a.jpg", (48, 64), 1),
        ("b.jpg", (48, 64), 3),
        ("c.jpg", (48, 64), 6),
        ("d.jpg", (64, 48), 8),
        ("e.jpg", (48, 64), 6),
        ("f.jpg", (48, 64), 1),
    ):
        write_photo(tmp_path / name, size_hw, orientation)
    (tmp_path / "g.jpg").write_bytes(b"not a photo")
    headers = read_headers(tmp_path, ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg", "g.jpg", "h.jpg"])
    assert headers.sizes == {(48, 64): 4, (64, 48): 2}
    assert list(headers.sizes) == [(48, 64), (64, 48)]
    assert headers.turns == {3: 1, 6: 2, 8: 1}
    assert [(one.file, one.code, one.severity) for one in headers.findings] == [
        ("g.jpg", "unreadable", "error"),
        ("h.jpg", "unreadable", "error"),
    ]


def test_of_many_photos_so_many_headers_are_read_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segdata.inspection.recognise.MOST_HEADERS", 3)
    names = tuple(f"{number}.png" for number in range(9))
    for name in names:
        write_photo(tmp_path / name, (10, 20))
    fake_surveys(monkeypatch, {"via": survey(photos=names, annotated=9)})
    found = inspect_folder(tmp_path)
    assert (found.headers.looked_at, dict(found.headers.sizes)) == (3, {(10, 20): 3})
    assert "  sizes       3 × 10x20 (height x width, upright; of 3 photos looked at)" in describe(found, "x")


def test_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_photo(tmp_path / "a.jpg", (48, 64))
    write_photo(tmp_path / "b.jpg", (48, 64), orientation=6)
    write_photo(tmp_path / "c.jpg", (48, 64))
    finding = Finding("no-photo", "d.jpg", "entry 4", "no such photo\x1b[2J", "set aside", "error")
    labels = {"road": 3, "Tree ": 2, "1": 1, "": 1}
    taken = survey(
        labels=labels, shapes={"rect": 1, "polygon": 6}, splits={"val": 1, "train": 2}, findings=(finding,)
    )
    fake_surveys(monkeypatch, {"via": taken, "voc": survey("voc", certainty="possible", evidence="3 masks")})
    assert describe(inspect_folder(tmp_path), "data/raw/mine") == [
        "data/raw/mine: via (certain)",
        "  a file of via: 3 entries",
        "  photos      3, 3 of them annotated",
        "  shapes      polygon 6, rect 1",
        "  classes     4 (regions)",
        "    road     3",
        '    "Tree "  2',
        '    ""       1',
        '    "1"      1',
        "  sizes       2 × 48x64, 1 × 64x48 (height x width, upright)",
        "  EXIF turns  1 of orientation 6",
        "  splits      train 2, val 1",
        "  findings    1",
        "    error: d.jpg (entry 4): no such photo\\x1b[2J [no-photo: set aside]",
        "also voc (possible): 3 masks; --format voc takes that instead",
    ]


def test_of_many_classes_the_most_frequent_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = {f"c{number}": number for number in range(1, 41)}
    fake_surveys(monkeypatch, {"via": survey(labels=labels, photos=())})
    lines = describe(inspect_folder(tmp_path), "x")
    assert "    c40  40" in lines and "    c11  11" in lines and "    c10  10" not in lines
    assert "    … and 10 more" in lines


def test_masks_say_how_many_were_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_surveys(monkeypatch, {"masks": survey("masks", shapes={}, labels={0: 200, 7: 12}, looked_at=200)})
    lines = describe(inspect_folder(tmp_path), "x")
    assert "  classes     2 (masks that hold it, of 200 looked at)" in lines
    assert "    0  200" in lines and "    7   12" in lines


def test_a_folder_nobody_knows_says_what_each_format_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_surveys(monkeypatch, {})
    lines = nothing_found(inspect_folder(tmp_path))
    assert "  masks       Plain mask folders: a photo and a mask of the same name" in "\n".join(lines)
    assert [line.split()[0] for line in lines[:3]] == ["cityscapes", "coco", "cvat"]


def test_a_subfolder_that_a_format_knows_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", ".hidden"):
        (tmp_path / name).mkdir()

    def survey_folder(name: str, root: Path) -> object:
        return survey("voc") if (name, root.name) == ("voc", "b") else None

    monkeypatch.setattr("segdata.inspection.recognise.survey_folder", survey_folder)
    assert formats_of_subfolders(tmp_path) == {"b": "voc"}
    assert formats_of_subfolders(tmp_path, "via") == {}
    (tmp_path / "a/c").mkdir()
    (tmp_path / "b").rename(tmp_path / "a/b")
    assert formats_of_subfolders(tmp_path) == {"a/b": "voc"}
