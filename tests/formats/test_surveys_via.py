"""What a survey of a folder of VIA annotations sees, and what it proposes."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from segdata.formats import survey_folder
from segdata.inspection import describe, inspect_folder, propose
from segdata.sample_data import write_sample_set
from segdata.survey import Survey
from tests.formats.test_via_fuzz import broken_bytes, mutated, whole_files
from tests.formats.via_cases import (
    box,
    codes,
    entry,
    export,
    polygon,
    shape,
    via_reader,
    write_json,
    write_photo,
)
from tests.formats.via_flavour_cases import REGIONS_3, official, via_3


def survey(root: Path) -> Survey:
    found = survey_folder("via", root)
    assert found is not None
    return found


def photos(root: Path, *names: str) -> None:
    for name in names:
        write_photo(root / name)


def test_the_sample_set(tmp_path: Path) -> None:
    write_sample_set("via", tmp_path / "street", num_scenes=12, size_hw=(60, 80))
    found = survey(tmp_path / "street")
    assert (found.format, found.certainty, found.annotated, len(found.photos)) == ("via", "certain", 12, 12)
    assert found.evidence == "via_region_data.json (VIA 2 annotations): 12 photos annotated"
    assert found.options["class_attribute"] == "type"
    assert set(found.labels) >= {"road", "sky"}
    assert sum(found.labels.values()) == sum(found.shapes.values())
    assert (found.looked_at, found.ontology, found.label_map, found.findings) == (None, None, None, ())
    reader = via_reader(tmp_path / "street", dict(found.options), names=tuple(map(str, found.labels)))
    assert len(reader.ids()) == 12
    assert [reader.read(id).findings for id in reader.ids()] == [()] * 12


def test_shapes_labels_and_attributes_are_counted(tmp_path: Path) -> None:
    photos(tmp_path, "photos/a.png", "photos/b.png", "photos/c.png", "photos/d.png")
    first = [
        box(0, 0, 1, 1, type="road", quality={"blurred": True, "dark": True}, note="near the gate"),
        polygon((0, 0), (7, 5), (7, 0), shape="polyline", type="car", note="two of them"),
        shape("point", cx=1, cy=1),  # of type road: paints nothing
    ]
    second = [box(0, 0, 1, 1, type="road"), box(0, 0, 2, 2, note="what is this"), "nonsense"]
    write_json(
        tmp_path / "via_region_data.json",
        export(entry("a.png", *first), entry("b.png", *second), entry("c.png"), entry("e.png", *first[:1])),
    )
    found = survey(tmp_path)
    assert found.photos == ("photos/a.png", "photos/b.png", "photos/c.png", "photos/d.png")
    assert found.annotated == 2
    assert found.shapes == {"point": 1, "polygon": 4, "polyline": 1, "unreadable": 1}
    assert found.labels == {"": 2, "car": 1, "road": 3}
    assert found.options == {
        "annotations": "via_region_data.json",
        "photos": "photos",
        "class_attribute": "type",
    }
    assert found.choices == {"class_attribute": ["note", "quality"]}
    assert [(f.code, f.file, f.message) for f in found.findings] == [
        ("no-photo", "via_region_data.json", "no 'e.png' in photos"),
        ("not-annotated", "photos/c.png", "an entry without any region"),
        ("not-annotated", "photos/d.png", "no entry"),
    ]


def test_boxes_ticked_twice_are_told(tmp_path: Path) -> None:
    photos(tmp_path, "a.png")
    regions = [
        box(0, 0, 1, 1, kind={"road": True}),
        box(0, 0, 1, 1, kind={"road": True, "car": True}),
        box(0, 0, 1, 1, kind={}),
    ]
    write_json(tmp_path / "my.json", export(entry("a.png", *regions)))
    found = survey(tmp_path)
    assert found.labels == {"": 1, "road": 1}
    assert [(f.code, f.message) for f in found.findings] == [
        ("several-classes", "1 region carries several values of 'kind'")
    ]


def test_regions_without_attributes_are_of_one_implied_class(tmp_path: Path) -> None:
    photos(tmp_path, "a.png")
    bare = {**box(0, 0, 1, 1), "region_attributes": {}}
    write_json(
        tmp_path / "via.json", export(entry("a.png", bare, {**bare, "region_attributes": {"type": ""}}))
    )
    found = survey(tmp_path)
    assert found.options == {"annotations": "via.json", "photos": ".", "implied_class": "object"}
    assert (found.labels, found.choices) == ({"object": 2}, {})


@pytest.mark.parametrize(
    ("file", "folder", "names", "option"),
    [
        ("via.json", ".", ("a.png", "b.png"), "."),
        ("via.json", "images", ("a.png", "b.png"), "images"),
        ("via.json", "images", ("images/a.png", "./images/b.png"), "."),
        ("annotations/via.json", "images", ("a.png", "b.png"), "../images"),
        ("x/y/via.json", "x/y/z", ("a.png", "b.png"), "z"),
        ("via.json", "deep/down", ("https://example.org/q/a.png?w=1", "C:\\me\\b.png"), "deep/down"),
    ],
)
def test_where_the_photos_lie(
    tmp_path: Path, file: str, folder: str, names: tuple[str, ...], option: str
) -> None:
    photos(tmp_path, f"{folder}/a.png", f"{folder}/b.png", "elsewhere/q.png")
    write_json(tmp_path / file, export(*(entry(name, box(0, 0, 1, 1)) for name in names)))
    found = survey(tmp_path)
    assert (found.options["photos"], found.annotated) == (option, 2)
    reader = via_reader(tmp_path, dict(found.options))
    assert len(reader.ids()) == 2


def test_of_two_folders_with_these_photos_the_nearest_is_taken(tmp_path: Path) -> None:
    photos(tmp_path, "b/photos/a.png", "a/photos/a.png")
    write_json(tmp_path / "b/via.json", export(entry("a.png", box(0, 0, 1, 1))))
    found = survey(tmp_path)
    assert (found.photos, found.options["photos"]) == (("b/photos/a.png",), "photos")


def test_files_named_after_splits(tmp_path: Path) -> None:
    for split, count in (("train", 3), ("val", 2)):
        names = [f"{number}.png" for number in range(count)]
        photos(tmp_path / split, *names)
        write_json(tmp_path / split / "via.json", export(*(entry(name, box(0, 0, 1, 1)) for name in names)))
    found = survey(tmp_path)
    assert found.options["annotations"] == {"train": "train/via.json", "val": "val/via.json"}
    assert (found.splits, found.bare) == ({"train": 3, "val": 2}, {})
    photos(tmp_path / "val", "bare.png")
    assert (survey(tmp_path).splits, survey(tmp_path).bare) == ({"train": 3, "val": 3}, {"val": 1})
    (tmp_path / "val/bare.png").unlink()
    (tmp_path / "val").rename(tmp_path / "later")
    found = survey(tmp_path)
    assert found.options["annotations"] == ["later/via.json", "train/via.json"]
    assert (found.splits, found.annotated) == ({}, 5)


def test_the_same_in_other_flavours_is_a_choice(tmp_path: Path) -> None:
    photos(tmp_path, "a.png", "bare.png")
    whole = export(entry("a.png", box(0, 0, 1, 1)))
    write_json(tmp_path / "export.json", whole)
    write_json(tmp_path / "project.json", {"_via_settings": {}, "_via_img_metadata": whole})
    write_json(tmp_path / "three.json", via_3(*REGIONS_3))
    with (tmp_path / "via.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow("filename file_size region_count region_shape_attributes region_attributes".split())
        rows.writerow(["a.png", 1, 1, json.dumps(whole["a.png-1"]["regions"][0]["shape_attributes"]), "{}"])
    found = survey(tmp_path)
    assert found.options["annotations"] == "three.json"  # it says most: three regions with their classes
    assert found.choices["annotations"] == ["export.json", "project.json", "via.csv"]
    assert Counter(f.code for f in found.findings) == {"annotations-alike": 3, "not-annotated": 1}
    assert found.labels == {"car": 1, "road": 1, "tree": 1}


def test_every_entry_without_photo_is_a_finding(tmp_path: Path) -> None:
    photos(tmp_path, "a.png")
    gone = [entry(f"gone{number}.png", box(0, 0, 1, 1)) for number in range(30)]
    write_json(tmp_path / "via.json", export(entry("a.png", box(0, 0, 1, 1)), *gone))
    findings = survey(tmp_path).findings
    assert [found.message for found in findings] == [
        f"no 'gone{number}.png' in the root folder" for number in range(30)
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"images": [], "annotations": []}',
        b'{"shapes": [], "imagePath": "a.png"}',
        b"\xff",
    ],
)
def test_foreign_files_are_not_of_this_format(tmp_path: Path, content: bytes) -> None:
    photos(tmp_path, "a.png")
    (tmp_path / "a.json").write_bytes(content)
    (tmp_path / "a.csv").write_bytes(content)
    assert survey_folder("via", tmp_path) is None


def test_an_empty_folder_and_files_too_deep_are_none(tmp_path: Path) -> None:
    assert survey_folder("via", tmp_path) is None
    assert survey_folder("via", tmp_path / "gone") is None
    write_json(tmp_path / "a/b/c/via.json", export(entry("a.png", box(0, 0, 1, 1))))
    assert survey_folder("via", tmp_path) is None


def damaged() -> list[bytes]:
    whole = json.dumps(export(entry("a.png", box(0, 0, 1, 1)))).encode()
    return [whole[:-9], whole.replace(b"a.png", b"\xff"), b'"_via_settings"' + b"[" * 100_000]


@pytest.mark.parametrize("content", damaged())
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    photos(tmp_path, "a.png")
    (tmp_path / "via_region_data.json").write_bytes(content)
    found = survey(tmp_path)
    assert (found.certainty, found.annotated, found.photos) == ("possible", 0, ("a.png",))
    assert found.evidence == "via_region_data.json: looks like VIA, but cannot be read"
    assert [(f.code, f.file, f.severity) for f in found.findings] == [
        ("unreadable", "via_region_data.json", "error")
    ]
    write_json(tmp_path / "whole.json", export(entry("a.png", box(0, 0, 1, 1))))
    found = survey(tmp_path)
    assert (found.certainty, found.annotated, codes(found.findings)[0][0]) == ("certain", 1, "unreadable")


def test_broken_regions_and_entries_are_no_traceback(tmp_path: Path) -> None:
    photos(tmp_path, "a.png")
    strange: list[Any] = [None, 1, [], {}, {"shape_attributes": 3}, {"shape_attributes": {"name": 3}}]
    strange += [{"shape_attributes": {"name": "rect"}, "region_attributes": 5}]
    strange += [{"shape_attributes": {"name": "rect"}, "region_attributes": {"type": [1], "n": {"x": 1}}}]
    write_json(tmp_path / "via.json", export(entry("a.png", *strange)) | {"b": {"filename": "b.png"}, "c": 5})
    found = survey(tmp_path)
    assert found.shapes == {"rect": 2, "unreadable": 6}
    assert [f.code for f in found.findings] == ["entry-unreadable", "entry-unreadable", "attributes-unread"]


def test_mutated_files_are_no_traceback(tmp_path: Path) -> None:
    photos(tmp_path, "photos/a.png", "photos/bare.png")
    chance = random.Random(2013)
    outcomes: Counter[str] = Counter()
    for number in range(300):
        value = mutated(chance.choice(whole_files()), chance)
        text = json.dumps(value, ensure_ascii=number % 2 == 0).encode("utf-8", "surrogatepass")
        (tmp_path / "via.json").write_bytes(broken_bytes(text, chance) if number % 3 == 0 else text)
        found = survey_folder("via", tmp_path)
        outcomes[found.certainty if found else "none"] += 1
        if found is not None:
            assert set(found.photos) <= {"photos/a.png", "photos/bare.png"}
            msgspec.json.encode(found.findings)
    assert outcomes["certain"] > 150
    assert outcomes["possible"] > 10


def test_no_photo_is_opened(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(3000):
        (tmp_path / f"photos/{number}.jpg").write_bytes(b"")
    write_json(
        tmp_path / "via.json", export(*(entry(f"{number}.jpg", box(0, 0, 1, 1)) for number in range(3000)))
    )
    found = survey(tmp_path)
    assert (found.annotated, len(found.photos), found.findings) == (3000, 3000, ())


def test_real_files_of_vias_own_project(tmp_path: Path) -> None:
    found = survey(official("via2"))
    assert found.options == {"annotations": "annotations.json", "photos": ".", "class_attribute": "type"}
    assert found.choices["class_attribute"] == ["name", "image_quality"]
    assert found.labels == {"bird": 1, "cup": 1, "human": 2}
    assert found.shapes == {"ellipse": 1, "polygon": 1, "rect": 2}
    for name in ("project.json", "adutta_swan.jpg"):
        shutil.copy(official("via3") / name, tmp_path)
    found = survey(tmp_path)
    assert found.evidence == "project.json (VIA 3 project): 1 photo annotated"
    assert (found.labels, found.shapes) == ({"Plato": 1, "Socrates": 1, "Swan": 1}, {"rect": 3})


def test_real_buildings() -> None:
    root = official("via2").parents[1] / "via-buildings"
    if not root.is_dir():
        pytest.skip(f"no {root}")
    found = survey(root)
    assert (len(found.photos), found.annotated) == (26, 25)
    assert found.shapes == {"polygon": 71}
    assert found.splits == {"train": 18, "val": 4, "test": 4}
    assert found.bare == {"train": 1}
    told = inspect_folder(root)
    assert "  splits      train 18 (1 without annotation), val 4, test 4" in describe(told, "x")
    proposal = propose(told, "mine", "data/raw/mine")
    assert proposal.samples == {"train": 17, "val": 4, "test": 4}
    assert proposal.reasons["splits"] == (
        "The data bring their own: 17 train, 4 val, 4 test. Not counted, as unannotated says skip: 1 train."
    )
    assert found.options == {
        "annotations": {split: f"{split}/via_region_data.json" for split in ("test", "train", "val")},
        "photos": ".",
        "implied_class": "object",
    }
    assert [(f.code, f.file) for f in found.findings] == [("not-annotated", "train/14066_79380_21_2.jpg")]
