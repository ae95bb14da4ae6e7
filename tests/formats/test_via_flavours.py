"""VIA 1, 2, 3, project and CSV say the same in other words, and what is none of them says so."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from segdata.errors import DataError
from segdata.formats import Reader
from tests.formats.via_cases import drawn, entry, export, via_reader, write_json, write_photo
from tests.formats.via_flavour_cases import REGIONS, REGIONS_3, metadata_3, via_3

ROWS = ["00000000", "01110222", "01110222", "01110000", "00000000", "00000000"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a.png", "bare.png"):
        write_photo(tmp_path / "photos" / name)
    return tmp_path


def check(reader: Reader) -> None:
    assert list(reader.ids()) == ["a"]
    assert drawn(reader.read("a").mask) == ROWS
    assert [(f.code, f.file, f.message) for f in reader.findings] == [
        ("not-annotated", "photos/bare.png", "an entry without any region")
    ]


def test_via_2_export(root: Path) -> None:
    write_json(root / "via_region_data.json", export(entry("a.png", *REGIONS), entry("bare.png")))
    check(via_reader(root))


def test_via_2_project(root: Path) -> None:
    project = {
        "_via_settings": {"core": {}},
        "_via_img_metadata": export(entry("a.png", *REGIONS), entry("bare.png")),
        "_via_attributes": {"region": {"type": {"type": "dropdown"}}},
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": ["a.png-1", "bare.png-1"],
    }
    write_json(root / "via_region_data.json", project)
    check(via_reader(root))


def test_via_1(root: Path) -> None:
    entries = export(entry("a.png", *REGIONS), entry("bare.png"))
    for one in entries.values():
        one["regions"] = {str(number): region for number, region in enumerate(one["regions"])}
        one |= {"fileref": "", "base64_img_data": ""}
    write_json(root / "via_region_data.json", entries)
    check(via_reader(root))


def test_a_byte_order_mark(root: Path) -> None:
    text = json.dumps(export(entry("a.png", *REGIONS), entry("bare.png")))
    (root / "via_region_data.json").write_text(text, encoding="utf-8-sig")
    check(via_reader(root))


@pytest.mark.parametrize("hash_sign", ["", "#"])
def test_csv(root: Path, hash_sign: str) -> None:
    columns = (
        "filename file_size file_attributes region_count region_id region_shape_attributes region_attributes"
    )
    with (root / "via.csv").open("w", newline="", encoding="utf-8-sig") as file:
        rows = csv.writer(file)
        rows.writerow((hash_sign + columns).split())
        for number, region in enumerate(REGIONS):
            parts = [json.dumps(region[part]) for part in ("shape_attributes", "region_attributes")]
            rows.writerow(["a.png", 300, "{}", 3, number, *parts])
        rows.writerow(["bare.png", 300, "{}", 0, 0, "{}", "{}"])
    check(via_reader(root, {"annotations": "via.csv"}))


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        (["5", "5"], "2 regions where region_count says 5"),  # the file was cut off at the end of a line
        (["1", "1"], "2 regions where region_count says 1"),
        (["0", "3"], "2 regions where region_count says 0 and 3"),
        (["2", "9" * 5000], "2 regions where region_count says 99999999999999999999"),
        (["2", "02"], None),
        (["", "two"], None),  # some other program's
    ],
)
def test_csv_rows_that_are_missing_cost_their_photo(root: Path, counts: list[str], found: str | None) -> None:
    with (root / "via.csv").open("wb") as file:
        file.write(HEADER)
        for count in counts:
            file.write(b'a.png,300,%s,"{""name"":""rect"",' % count.encode())
            file.write(b'""x"":1,""y"":1,""width"":2,""height"":1}","{""type"":""road""}"\n')
        file.write(b'bare.png,300,1,"{""name"":""rect"",""x"":0,""y"":0,""width"":7,""height"":5}",')
        file.write(b'"{""type"":""car""}"\n')
    reader = via_reader(root, {"annotations": "via.csv"}, unannotated="background")
    assert drawn(reader.read("bare").mask) == ["22222222"] * 6
    if found is None:
        assert drawn(reader.read("a").mask)[0:3] == ["........", ".000....", ".000...."]
        return
    with pytest.raises(DataError) as caught:
        reader.read("a")
    assert str(caught.value) == (
        f"via.csv: entry 'a.png300': found {found}; expected all regions of a.png. "
        "Export it again from VIA: the file was cut off or edited."
    )


def test_an_entry_of_json_may_have_any_further_member(root: Path) -> None:
    more = entry("a.png", *REGIONS) | {"region_count": 7}
    write_json(root / "via_region_data.json", export(more, entry("bare.png")))
    check(via_reader(root))


@pytest.mark.parametrize("attribute", ["type", "boxes", "text"])
def test_via_3(root: Path, attribute: str) -> None:
    write_json(root / "via_region_data.json", via_3(*REGIONS_3))
    check(via_reader(root, {"class_attribute": attribute}))


def test_via_3_curves(root: Path) -> None:
    curves = metadata_3(0, 3, 4, 3, 2), metadata_3(2, 4, 4, 3, 1, 0), metadata_3(1, 1, 4, 3)
    write_json(root / "via_region_data.json", via_3(*curves))
    sample = via_reader(root).read("a")
    found = [(finding.code, finding.place) for finding in sample.findings]
    assert found == [("point-ignored", "region 3"), ("zero-area", "region 2")]  # the ellipse is 3 x 1 pixels
    assert drawn(sample.mask)[3] == "..02220."


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (
            metadata_3(0, 8, 1, 1, 2, 2, 3, 3, 4, 4),
            "region 1: found Invalid value 'VIA 3 shape 8 with 8 numbers'",
        ),
        (
            metadata_3(0, 9, 1, 1, 2, 2, 3, 3),
            "entry '1': region 1: found Invalid value 'VIA 3 shape 9 with 6 numbers'",
        ),
        (metadata_3(0, True, 1, 1), "region 1: found Invalid value 'VIA 3 shape True'"),  # not a point
        (metadata_3(0, 2.0, 0, 0, 7, 5), "region 1: found Invalid value 'VIA 3 shape 2.0'"),
        (metadata_3(0, 0, 0, 0, 7, 5), "region 1: found Invalid value 'VIA 3 shape 0 with 4 numbers'"),
        (metadata_3(0, 2, 5, 1, 2), "region 1: found Invalid value 'VIA 3 shape 2 with 3 numbers'"),
        (metadata_3(0, 7, 0, 0, 7), "region 1: found Invalid value 'VIA 3 shape 7 with 3 numbers'"),
    ],
)
def test_via_3_shapes_that_are_no_outline(root: Path, metadata: dict[str, Any], message: str) -> None:
    write_json(root / "via_region_data.json", via_3(metadata))
    with pytest.raises(DataError, match=message):
        via_reader(root).read("a")


def test_via_3_line_of_two_points_and_an_option_that_is_gone(root: Path) -> None:
    project = via_3(metadata_3(0, 5, 1, 1, 6, 1))
    write_json(root / "via_region_data.json", project)
    closed = via_reader(root).read("a")
    assert [(f.code, f.place) for f in closed.findings] == [
        ("too-few-points", "region 1"),
        ("not-annotated", ""),
    ]
    stroke = via_reader(root, {"polyline": {"stroke": 1}}).read("a")
    assert drawn(stroke.mask)[:3] == ["........", ".000000.", "........"]
    project["metadata"]["1_0"]["av"]["1"] = "7"
    write_json(root / "via_region_data.json", project)
    with pytest.raises(DataError, match="region 1, attribute 'type': found label '7'"):
        via_reader(root, {"polyline": {"stroke": 1}}).read("a")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "via_region_data.json: found no JSON"),
        (b"[" * 100_000, "via_region_data.json: found no JSON"),
        (b'{"a": "\xff"}', "found no JSON"),
        (b"[]", "found a JSON list"),
        (b'"x"', "found a JSON str"),
        (b'{"images": [], "annotations": []}', "entry 'images': found no entry of a VIA file"),
        (b'{"_via_img_metadata": []}', "_via_img_metadata: found no object"),
        (b'{"_via_settings": {}}', "found no entry of a VIA file .*`filename`"),
        (json.dumps(via_3(metadata_3(0, 2, 5, 1, 2, 1, vid="3"))).encode(), "metadata '1_0': .*view '3'"),
        (json.dumps(via_3() | {"view": {"1": {"fid_list": [9]}}}).encode(), r"view 1: found files \['9'\]"),
        (json.dumps(via_3() | {"metadata": []}).encode(), "metadata: found Expected `object`, got `array`"),
    ],
)
def test_what_is_no_via_file_says_so(root: Path, content: bytes, message: str) -> None:
    (root / "via_region_data.json").write_bytes(content)
    with pytest.raises(DataError, match=message):
        via_reader(root)


HEADER = b"filename,file_size,region_count,region_shape_attributes,region_attributes\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"via.csv: line 1: found columns \[\]"),
        (b"a,b\n1,2\n", r"via.csv: line 1: found columns \['a', 'b'\]"),
        (HEADER + b"a.png,3\n", "via.csv: line 2: found too few columns"),
        (HEADER + b"a.png,3,1,{,{}\n", "via.csv: line 2: found no JSON in a region"),
        (HEADER + b'a.png,3,1,"{}', "via.csv: found no CSV"),
        (HEADER + b"\xff\n", "via.csv: found no CSV"),
    ],
)
def test_what_is_no_via_csv_says_so(root: Path, content: bytes, message: str) -> None:
    (root / "via.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        via_reader(root, {"annotations": "via.csv"})


def test_an_unreadable_entry_costs_itself_alone(root: Path) -> None:
    whole = export(entry("a.png", *REGIONS)) | {"b.png-1": {"filename": "b.png"}}
    write_json(root / "via_region_data.json", whole)
    reader = via_reader(root)
    assert reader.ids() == ("a",)
    assert [(f.code, f.place, f.severity) for f in reader.findings] == [
        ("entry-unreadable", "entry 'b.png-1'", "error"),
        ("not-annotated", "", "warning"),
    ]
