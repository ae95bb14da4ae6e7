"""Which photo an entry of an annotation file is about, whatever the format, and how ids of photos begin."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Any

import msgspec
import pytest

from segdata.errors import DataError
from segdata.formats._parts.entries import Entry, locate, packed, wanted_paths
from segdata.formats._parts.listed import Folders, files_of

PHOTOS = ("train/1.jpg", "train/b/1.jpg", "val/1.jpg", "val/2.jpg", "val/c/3.jpg", "val/d/3.jpg")
FILES = {name: Path(name) for name in PHOTOS}
LAST_NAMES: dict[str, list[str]] = {}
for _name in PHOTOS:
    LAST_NAMES.setdefault(posixpath.basename(_name), []).append(_name)


def entry(filename: str, *folders: str, **more: Any) -> Entry:
    wanted = wanted_paths(filename, *folders)
    plain = {"file": "a.json", "place": "entry 7", "packed": packed(b"[]"), "bare": ""}
    return Entry(**(plain | more), filename=filename, folders=folders, wanted=wanted)


@pytest.mark.parametrize(
    ("filename", "folders", "photo"),
    [
        ("1.jpg", ("val",), "val/1.jpg"),
        ("./1.jpg", ("val", "train"), "val/1.jpg"),
        ("b\\1.jpg", ("val", "train"), "train/b/1.jpg"),
        ("../val/2.jpg", ("train",), "val/2.jpg"),
    ],
)
def test_a_relative_name_is_sought_in_its_folders(
    filename: str, folders: tuple[str, ...], photo: str
) -> None:
    assert locate(entry(filename, *folders), FILES, LAST_NAMES, {}) == (photo, [])


@pytest.mark.parametrize(
    ("filename", "folders", "photo"),
    [
        ("https://example.org/x/1.jpg?w=640", ("val",), "val/1.jpg"),
        ("https://example.org/b/1.jpg", ("train",), "train/b/1.jpg"),
        ("C:\\me\\train\\1.jpg", (".",), "train/1.jpg"),
        ("/home/me/2.jpg", (".",), "val/2.jpg"),
    ],
)
def test_a_url_or_an_absolute_path_is_about_the_photo_that_ends_like_it(
    filename: str, folders: tuple[str, ...], photo: str
) -> None:
    found, doubts = locate(entry(filename, *folders), FILES, LAST_NAMES, {})
    assert found == photo
    assert [(one.code, one.message, one.action) for one in doubts] == [
        ("photo-by-name", f"the entry names {filename!r}", f"took {photo}")
    ]


def test_one_that_may_be_about_several_is_about_none_of_them() -> None:
    unsure: dict[str, DataError] = {}
    found, doubts = locate(entry("https://example.org/3.jpg", "val"), FILES, LAST_NAMES, unsure)
    assert (found, [one.code for one in doubts]) == (None, ["no-photo"])
    assert doubts[0].message.endswith("which may be val/c/3.jpg or val/d/3.jpg")
    assert list(unsure) == ["val/c/3.jpg", "val/d/3.jpg"]
    assert unsure["val/c/3.jpg"].found == "entry 7 of a.json, which names 'https://example.org/3.jpg'"


@pytest.mark.parametrize(
    ("one", "code", "message"),
    [
        (entry("2.jpg", "train"), "no-photo", "no '2.jpg' in train, but val/2.jpg"),
        (entry("9.jpg", "train", "."), "no-photo", "no '9.jpg' in train or the root folder"),
        (entry("https://example.org/9.jpg", "val"), "no-photo", "no 'https://example.org/9.jpg' in val"),
        (entry("../../9.jpg", "val"), "outside-root", "'../../9.jpg' leads out of the root folder"),
        (
            entry("9.jpg", "val", problem=DataError("a.json", found="x", expected="y")),
            "entry-unreadable",
            "found x; expected y",
        ),
    ],
)
def test_what_has_no_photo_says_why(one: Entry, code: str, message: str) -> None:
    found, (doubt,) = locate(one, FILES, LAST_NAMES, {})
    assert (found, doubt.code, doubt.message, doubt.severity) == (None, code, message, "error")


def test_ids_begin_with_the_folder_where_there_are_several() -> None:
    one = Folders()
    assert one.add("./images", "train") == "images"
    assert (one.splits, one.start_of("images")) == ({"images": "train"}, "")
    one.add("more", "val")
    assert one.start_of("images") == "images/"
    one.add("images", "val")
    assert one.splits == {"images": None, "more": "val"}
    via = Folders()
    via.add("train/photos", None, ids_start="train")
    assert via.start_of("train/photos") == "train/"


def test_annotation_files_and_their_splits() -> None:
    assert files_of("a.json") == {"a.json": None}
    assert files_of(["b.json", "a.json"]) == {"b.json": None, "a.json": None}
    assert files_of({"val": "a.json"}) == {"a.json": "val"}
    for none in ("", [], {}):
        with pytest.raises(ValueError, match="names no file"):
            files_of(none)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one file for two splits"):
        files_of({"train": "a.json", "val": "a.json"})


@pytest.mark.parametrize("points", [1, 1000])
def test_a_long_annotation_is_compressed_and_says_the_same(points: int) -> None:
    said = [{"x": list(range(points)), "label": "x"}]
    kept = entry("1.jpg", "val", packed=packed(msgspec.json.encode(said)))
    assert kept.said == said
    assert len(kept.packed) < 2048
