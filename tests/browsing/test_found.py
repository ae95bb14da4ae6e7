"""Whose finding it is: from the conversion's records, from masks, and from what segdata check wrote about files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segdata.browsing.found import gather, read_check_report
from segdata.conversion.plan import SampleRecord
from segdata.errors import DataError
from segdata.findings import Finding
from tests.browsing.test_index import manifest

CLIPPED = Finding("points-clipped", "photos/c.jpg", "region 2", "1 of 4 points lies outside", "clipped")
GONE = Finding("unreadable", "photos/z.jpg", "", "found a damaged photo", "set aside", "error")
RECORDS = {
    "c": SampleRecord("c", "k", "i", "m", (CLIPPED,), "", "photos/c.jpg", 1),
    "a": SampleRecord("a", "k", "i", "m", (), "", "photos/a.jpeg", 6),
    "test/b": SampleRecord("test/b", "k", "i", "m", (), "", "photos/b_rgb.png", 1),
}


def check(folder: Path, findings: list[dict[str, str]], copies: list[dict[str, object]]) -> Path:
    path = folder / "check.json"
    kinds = [{"code": one["code"], "says": "…", "findings": [one]} for one in findings]
    splits = [{"split": "train", "photos": 3, "pixels": 1}, {"split": "val", "photos": 0, "pixels": 0}]
    path.write_text(json.dumps({"pipeline": "mine", "kinds": kinds, "copies": copies, "splits": splits}))
    return path


def finding(code: str, file: str, message: str = "x") -> dict[str, str]:
    return {"code": code, "file": file, "place": "", "message": message, "action": "kept", "severity": "note"}


def test_masks_and_records_tell_of_themselves() -> None:
    found = gather(manifest(), RECORDS, (CLIPPED, GONE), None)
    assert {id: [one.code for one in its] for id, its in found.by_id.items()} == {
        "c": ["points-clipped"],
        "a": ["one-class"],
        "D": ["one-class"],
        "e": ["nothing-labelled"],
    }
    assert found.by_id["a"][0].message == "every labelled pixel is 'road'"
    assert found.aside == (GONE,)


def test_a_check_names_files_and_each_belongs_to_its_sample(tmp_path: Path) -> None:
    report = read_check_report(
        check(
            tmp_path,
            [
                finding("exif-turned", "photos/a.jpeg"),
                finding("odd-size", "photos/b_rgb.png"),  # known by the plan alone: the id says otherwise
                finding("far", "labels/e.json"),
                finding("class-nowhere", "pipelines/mine.yaml"),
                finding("nothing-labelled", "e"),
                finding("near-copy", "c", "looks like D"),
            ],
            [
                {
                    "code": "near-copy",
                    "severity": "note",
                    "action": "kept",
                    "photos": [["c", "train"], ["D", "train"]],
                    "masks_agree": False,
                }
            ],
        )
    )
    assert report is not None
    assert report.counts() == {"train": 3}
    found = gather(manifest(), RECORDS, (), report)
    codes = {id: [one.code for one in its] for id, its in found.by_id.items()}
    assert codes["a"] == ["one-class", "exif-turned"]
    assert codes["test/b"] == ["odd-size"]
    assert codes["e"] == ["nothing-labelled", "far"]
    assert codes["c"] == ["points-clipped", "near-copy"]
    assert found.by_id["D"][-1].message == "a copy of c (train); their annotations differ"
    assert sum(map(len, codes.values())) == 9


def test_without_a_plan_the_conversion_tells_by_file() -> None:
    found = gather(manifest(), {}, (CLIPPED, GONE), None)
    assert [one.code for one in found.by_id["c"]] == ["points-clipped"]


def test_a_finding_of_both_is_told_once(tmp_path: Path) -> None:
    one = {
        "code": CLIPPED.code,
        "file": CLIPPED.file,
        "place": CLIPPED.place,
        "message": CLIPPED.message,
        "action": CLIPPED.action,
        "severity": CLIPPED.severity,
    }
    found = gather(manifest(), RECORDS, (), read_check_report(check(tmp_path, [one], [])))
    assert found.by_id["c"] == (CLIPPED,)


def test_a_name_of_two_photos_is_nobodys(tmp_path: Path) -> None:
    records = {
        "c": SampleRecord("c", "k", "i", "m", (), "", "one/IMG_1.jpg", 1),
        "D": SampleRecord("D", "k", "i", "m", (), "", "two/IMG_1.jpg", 1),
    }
    report = read_check_report(
        check(tmp_path, [finding("odd", "IMG_1.xml"), finding("far", "two/IMG_1.xml")], [])
    )
    found = gather(manifest(), records, (), report)
    assert [one.code for one in found.by_id["D"]] == ["one-class", "far"]
    assert "c" not in found.by_id


def test_no_check_and_a_foreign_file(tmp_path: Path) -> None:
    assert read_check_report(tmp_path / "check.json") is None
    (tmp_path / "check.json").write_text("[1]")
    with pytest.raises(DataError, match="expected what segdata check writes"):
        read_check_report(tmp_path / "check.json")
