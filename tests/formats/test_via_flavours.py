"""VIA 1, 2, 3, project and CSV say the same in other words; and the real files of VIA's own project."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segdata.errors import DataError
from segdata.formats import Reader
from tests.formats.via_cases import (
    box,
    drawn,
    entry,
    export,
    polygon,
    shape,
    via_reader,
    write_json,
    write_photo,
)

SHARED = Path(__file__).resolve().parents[3] / "shared/data"

REGIONS = [
    box(0, 0, 7, 5),
    polygon((1, 1), (3, 1), (3, 3), (1, 3), shape="polyline", type="tree"),
    {**shape("rect", x=5, y=1, width=2, height=1), "region_attributes": {"type": {"car": True}}},
]
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


def via_3(*metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "project": {"data_format_version": "3.1.1", "vid_list": ["1", "2"]},
        "config": {},
        "attribute": {
            "1": {"aname": "type", "type": 4, "options": {"0": "road", "1": "tree", "2": "car"}},
            "2": {"aname": "boxes", "type": 2, "options": {"0": "road", "1": "tree", "2": "car"}},
            "3": {"aname": "text", "type": 1, "options": {}},
        },
        "file": {
            "1": {"fid": 1, "fname": "a.png", "type": 2, "loc": 1, "src": "a.png"},
            "2": {"fid": 2, "fname": "bare.png", "type": 2, "loc": 1, "src": "bare.png"},
            "3": {"fid": 3, "fname": "film.mp4", "type": 4, "loc": 1, "src": "film.mp4"},
        },
        "view": {"1": {"fid_list": [1]}, "2": {"fid_list": [2]}, "3": {"fid_list": [3]}},
        "metadata": {f"1_{number}": one for number, one in enumerate(metadata)},
    }


def metadata_3(number: int, *xy: float, vid: str = "1") -> dict[str, Any]:
    name = ["road", "tree", "car"][number]
    values = {"1": str(number), "2": str(number), "3": name}
    return {"vid": vid, "flg": 0, "z": [], "xy": list(xy), "av": values}


REGIONS_3 = (
    metadata_3(0, 7, 0, 0, 7, 0, 7, 5, 0, 5),
    metadata_3(1, 6, 1, 1, 3, 1, 3, 3, 1, 3),
    metadata_3(2, 2, 5, 1, 2, 1),
    metadata_3(0),  # words about the whole photo
)


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


def official(name: str) -> Path:
    folder = SHARED / "via-official" / name
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    return folder


def test_real_via_2_flavours_agree() -> None:
    root = official("via2")
    kinds = {"names": ("bird", "human", "cup"), "label_map": None}
    masks = {}
    for flavour in ("annotations.json", "project.json"):
        reader = via_reader(root, {"annotations": flavour, "photos": "."}, **kinds)
        assert reader.ids() == ("adutta_swan", "wikimedia_death_of_socrates")
        assert reader.findings == ()
        masks[flavour] = [reader.read(id).mask for id in reader.ids()]
    for export_mask, project_mask in zip(*masks.values(), strict=True):
        assert (export_mask == project_mask).all()
    swan, socrates = masks["annotations.json"]
    plato = np.full(socrates.shape, False)
    plato[139 : 139 + 228, 174 : 174 + 109] = plato[114 : 114 + 210, 347 : 347 + 92] = True
    assert (socrates == 1).sum() == plato.sum() - (plato & (socrates == 2)).sum()
    assert set(np.unique(swan)) == {0, 255}
    # the CSV of the demo was exported without attributes
    reader = via_reader(
        root, {"annotations": "annotations.csv", "photos": ".", "implied_class": "bird"}, **kinds
    )
    for id, mask in zip(reader.ids(), (swan, socrates), strict=True):
        assert ((reader.read(id).mask == 0) == (mask != 255)).all()


def test_real_via_1(tmp_path: Path) -> None:
    root = official("via1")
    names = {"test_pattern_qbist": 1, "sinus_test_pattern": 2, "a_swan_swimming_in_geneve_lake": 3}
    for name, number in names.items():
        shutil.copy(root / f"unit_test_img{number}.jpg", tmp_path / f"{name}.jpg")
    masks = []
    for file in ("unit_test_annotation2.json", "unit_test_annotation1.csv"):
        shutil.copy(root / file, tmp_path)
        reader = via_reader(tmp_path, {"annotations": file, "photos": ".", "implied_class": "road"})
        assert list(reader.ids()) == sorted(names)
        assert [finding.code for finding in reader.findings] == ["attributes-unread"]
        samples = [reader.read(id) for id in reader.ids()]
        masks.append([sample.mask for sample in samples])
        found = Counter(finding.code for sample in samples for finding in sample.findings)
        assert found["point-ignored"] == 5
        assert found["file-size-suffix"] == 0  # 129,855 bytes and so on
    assert all((one == other).all() for one, other in zip(*masks, strict=True))
    # the files under their own names are said to be missing
    reader = via_reader(
        root, {"annotations": "unit_test_annotation2.json", "photos": ".", "implied_class": "road"}
    )
    assert Counter(finding.code for finding in reader.findings) == {"no-photo": 3, "not-annotated": 3}


def test_real_via_3(tmp_path: Path) -> None:
    root = official("via3")
    shutil.copy(root / "project.json", tmp_path)
    shutil.copy(root / "adutta_swan.jpg", tmp_path)
    url_name = "640px-David_-_The_Death_of_Socrates.jpg"
    shutil.copy(root / "wikimedia_death_of_socrates.jpg", tmp_path / url_name)
    options: dict[str, object] = {"annotations": "project.json", "photos": ".", "class_attribute": "Name"}
    reader = via_reader(tmp_path, options, names=("Swan", "Socrates", "Plato"))
    assert [(f.code, f.action) for f in reader.findings] == [("photo-by-name", f"took {url_name}")]
    socrates, swan = (reader.read(id).mask for id in reader.ids())
    assert (swan == 0).sum() == (swan[125 : 125 + 147, 101 : 101 + 287] == 0).sum() == 147 * 287
    # 378.921 … 463.912 by 121.113 … 355.548, and 198.314 … 307.386 by 150.152 … 388.836
    assert (socrates == 1).sum() == (464 - 379 + 1) * (356 - 121 + 1)
    assert (socrates == 2).sum() == (307 - 198 + 1) * (389 - 150 + 1)


def test_real_buildings() -> None:
    root = SHARED / "via-buildings"
    if not root.is_dir():
        pytest.skip(f"no {root}")
    splits = ("train", "val", "test")
    options: dict[str, object] = {
        "annotations": {split: f"{split}/via_region_data.json" for split in splits},
        "photos": ".",
        "implied_class": "building",
    }
    reader = via_reader(root, options, names=("building",))
    assert [finding.line() for finding in reader.findings] == [
        "warning: train/14066_79380_21_2.jpg: an entry without any region [not-annotated: set aside]"
    ]
    ids = {split: [id for id in reader.ids() if reader.official_split(id) == split] for split in splits}
    assert {split: len(members) for split, members in ids.items()} == {"train": 17, "val": 4, "test": 4}
    sample = reader.read("val/14067_79381_9_1")
    assert sample.mask.shape == (2464, 2048)
    assert [(f.code, f.place) for f in sample.findings] == [("points-clipped", "region 2")]
    assert drawn(sample.mask[:1])[0].strip(".")  # cut off at the upper edge, not drawn elsewhere
    outside = {
        split: [(id, f.place) for id in ids[split] for f in reader.read(id, None).findings]
        for split in splits
    }
    assert outside == {  # in five of them a point at x = 2048, one pixel past the last
        "train": [
            ("train/14058_79372_8_4", "region 2"),
            ("train/14065_79379_17_3", "region 2"),
            ("train/14066_79380_9_1", "region 1"),
        ],
        "val": [("val/14058_79372_11_4", "region 2"), ("val/14067_79381_9_1", "region 2")],
        "test": [
            ("test/16872_82133_54_1", "region 1"),
            ("test/16872_82133_54_1", "region 2"),
            ("test/16872_82133_8_1", "region 2"),
        ],
    }
