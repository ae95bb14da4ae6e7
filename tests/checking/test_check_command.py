"""`segdata check` over drawn photos, sound and with every kind of trouble: counts, pictures, exit codes, bytes."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from segdata.cli import main
from segdata.pipeline import HashSplits
from segdata.project import Project
from segdata.splits import hash_split
from tests.conversion.street import entries, raw, save_entries
from tests.projects import convert, folder_bytes, sample_pipeline, sample_project, write_project

NUM_SCENES = 10


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten drawn VIA scenes; tests must not change them."""
    return sample_project(tmp_path_factory.mktemp("drawn"), "via", num_scenes=NUM_SCENES).root


@pytest.fixture
def project(drawn: Path, tmp_path: Path) -> Project:
    shutil.copytree(drawn, tmp_path / "project")
    return Project((tmp_path / "project").resolve())


def check(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), "check", *(arguments or ("via",))])


def told(project: Project, name: str = "via") -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder(project, name) / "check.json").read_text())
    return loaded


def folder(project: Project, name: str = "via") -> Path:
    return project.root / "data" / "check-report" / name


def kinds(project: Project) -> dict[tuple[str, str], int]:
    return {(kind["code"], kind["action"]): len(kind["findings"]) for kind in told(project)["kinds"]}


def change(project: Project, section: str, **values: object) -> None:
    pipeline = sample_pipeline("via")
    pipeline["shards"]["size_hw"] = [24, 32]
    pipeline[section] |= values
    write_project(project.root, {"via": pipeline})


class Outside(HTMLParser):
    """Every address that the page names, and every tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")
        ]


def pictures(page: str) -> list[np.ndarray]:
    data = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in data]


def split_of(id: str) -> str:
    shares = sample_pipeline("via")["source"]["splits"]["shares"]
    return hash_split(id, HashSplits(shares=shares), "")


def name_in(split: str, stem: str) -> str:
    """A new photo's id that the hash puts into this split."""
    return next(f"{stem}_{n}" for n in range(500) if split_of(f"{stem}_{n}") == split)


def add_copy(project: Project, of: str, name: str, quality: int | None = None) -> None:
    """One more photo, a copy of another with its annotation; saved again when a quality is given."""
    photos = raw(project) / "photos"
    shutil.copy(photos / f"{of}.jpg", photos / f"{name}.jpg")
    if quality is not None:
        Image.open(photos / f"{of}.jpg").convert("RGB").save(photos / f"{name}.jpg", quality=quality)
    said = entries(project)
    entry = next(entry for entry in said.values() if entry["filename"] == f"{of}.jpg")
    save_entries(project, {**said, f"{name}.jpg-1": {**entry, "filename": f"{name}.jpg", "size": -1}})


def plain(project: Project) -> str:
    """A train photo that EXIF does not turn."""
    turned = {
        finding["file"]
        for kind in told(project)["kinds"]
        if kind["code"] == "exif-turned"
        for finding in kind["findings"]
    }
    ids = [
        path.stem
        for path in sorted((raw(project) / "photos").iterdir())
        if f"photos/{path.name}" not in turned
    ]
    return next(id for id in ids if split_of(id) == "train")


def test_sound_photos_give_counts_and_exit_0(project: Project) -> None:
    done = check(project)
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "report: data/check-report/via/index.html"
    value = told(project)
    assert (value["read"], value["set_aside"], value["counts"]["error"], value["counts"]["warning"]) == (
        NUM_SCENES,
        0,
        0,
        0,
    )
    assert sum(row["photos"] for row in value["splits"]) == NUM_SCENES
    for row in value["splits"]:
        assert row["pixels"] == row["photos"] * 24 * 32
        labelled = sum(one["pixels"][row["split"]] for one in value["classes"])
        assert labelled + row["ignored"] == row["pixels"]
    assert sum(row["photos"] for row in value["sizes"]) == NUM_SCENES
    assert {(row["height"], row["width"]) for row in value["sizes"]} <= {(60, 80), (80, 60)}
    turned = [kind for kind in value["kinds"] if kind["code"] == "exif-turned"]
    assert sum(value["exif_turns"].values()) == sum(len(kind["findings"]) for kind in turned)
    assert value["copies"] == []


def test_what_it_counts_is_what_the_conversion_counts(project: Project) -> None:
    summary = convert(project, "via")
    check(project)
    value = told(project)
    for split, pixels in summary.pixels.items():
        assert {row["name"]: row["pixels"][split] for row in value["classes"]} == pixels
    assert {row["split"]: row["photos"] for row in value["splits"] if row["photos"]} == summary.samples


def test_the_page_stands_alone_and_the_same_source_gives_the_same_bytes(project: Project) -> None:
    check(project, "via", "--jobs", "1")
    first = folder_bytes(folder(project))
    page = (folder(project) / "index.html").read_text()
    outside = Outside(page)
    assert all(one.startswith(("#", "data:")) for one in outside.addresses)
    assert not outside.tags & {"script", "iframe", "object", "embed", "form"}
    assert "@import" not in page
    assert "url(" not in page
    assert len(pictures(page)) >= 9
    assert all(picture.shape[1] > picture.shape[0] for picture in pictures(page))
    check(project, "via", "--jobs", "7")
    assert folder_bytes(folder(project)) == first
    assert not list((project.root / ".segdata").glob("check-*"))
    assert not (project.root / "data" / "shards").exists()


def test_copies_across_splits_are_errors_and_within_a_split_a_warning_and_a_note(project: Project) -> None:
    check(project)
    id = plain(project)
    test, near = name_in("test", "same"), name_in("val", "again")
    add_copy(project, id, test)
    done = check(project)
    assert done.exit_code == 1
    assert (
        f"error: {id} (train): the same photo as {test} (test) [exact-leak: conversion stops]" in done.stderr
    )
    add_copy(project, id, near, quality=50)
    assert check(project).exit_code == 1
    codes = {group["code"]: group["photos"] for group in told(project)["copies"]}
    assert {code: sorted(photos) for code, photos in codes.items()} == {
        "exact-leak": sorted([[id, "train"], [test, "test"]]),
        "near-leak": sorted([[id, "train"], [test, "test"], [near, "val"]]),
    }
    assert told(project)["counts"]["error"] == 2
    change(project, "source", accept_leaks=[test, near])
    accepted = check(project)
    assert accepted.exit_code == 1
    assert {group["severity"] for group in told(project)["copies"]} == {"warning"}
    assert kinds(project)["exact-leak", "accepted"] == kinds(project)["near-leak", "accepted"] == 1


def test_copies_within_a_split(project: Project) -> None:
    check(project)
    id = plain(project)
    twin, near = name_in("train", "twin"), name_in("train", "near")
    add_copy(project, id, near, quality=50)
    assert check(project).exit_code == 0
    assert kinds(project)["near-copy", "kept"] == 1
    add_copy(project, id, twin)
    assert check(project).exit_code == 1
    assert kinds(project)["exact-copy", "kept"] == 1
    assert told(project)["counts"]["error"] == 0


def test_trouble_is_listed_pictured_and_never_opened_outside(project: Project) -> None:
    check(project)
    id = plain(project)
    said = entries(project)
    names = [str(entry["filename"]) for entry in said.values() if entry["filename"] != f"{id}.jpg"]
    by_name: dict[str, Any] = {str(entry["filename"]): entry for entry in said.values()}
    for name, label in zip(names[:4], ("Car ", "CAR", "Car ", "lorry"), strict=True):
        by_name[name]["regions"][-1]["region_attributes"]["type"] = label
    truncated = raw(project) / "photos" / names[4]
    truncated.write_bytes(truncated.read_bytes()[:700])
    corner = {"name": "polygon", "all_points_x": [0, 400, 400, 0], "all_points_y": [0, 0, 400, 400]}
    by_name[f"{id}.jpg"]["regions"] = [{"shape_attributes": corner, "region_attributes": {"type": "road"}}]
    outside = project.root / "secret.jpg"
    shutil.copy(raw(project) / "photos" / f"{id}.jpg", outside)
    for name in ("../../../secret.jpg", "<script>alert(1)</script>.jpg", "\x1b[31mred.jpg"):
        said[f"{name}-1"] = {**by_name[f"{id}.jpg"], "filename": name, "size": -1}
    save_entries(project, said)
    done = check(project)
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert "\x1b" not in done.output
    assert "label 'Car ' (2), 'CAR' (1): not in source.label_map; did you mean 'car'?" in done.stderr
    assert "label 'lorry': not in source.label_map" in done.stderr
    assert "'../../../secret.jpg' leads out of the root folder" in done.stderr
    assert f"photos/{names[4]}: found a file that is no readable image" in done.stderr
    value = told(project)
    assert (value["read"], value["counts"]["error"]) == (NUM_SCENES - 5, 4 + 1 + 3)
    assert value["set_aside"] == 8
    assert value["one_class"] == {id: "road"}
    page = (folder(project) / "index.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    card = page.split('id="kind-0"')[1].split("</figure>")[0]
    (picture,) = pictures(card)  # of the photo whose label no map names, from the photo itself
    original = Image.open(raw(project) / "photos" / sorted(names[:3])[0]).convert("RGB")
    assert abs(float(picture.mean()) - float(np.asarray(original).mean())) < 6


def test_photos_without_a_labelled_pixel_and_classes_of_one_split(project: Project) -> None:
    check(project)
    id = plain(project)
    said = entries(project)
    for entry in said.values():
        if entry["filename"] == f"{id}.jpg":
            entry["regions"] = [
                {
                    "shape_attributes": {  # beyond the photo
                        "name": "polygon",
                        "all_points_x": [9000, 9009, 9009],
                        "all_points_y": [9000, 9000, 9009],
                    },
                    "region_attributes": {"type": "road"},
                }
            ]
    save_entries(project, said)
    pipeline = sample_pipeline("via")
    change(project, "source", ontology=pipeline["source"]["ontology"] | {"tram": [1, 2, 3]})
    done = check(project)
    assert done.exit_code == 1
    assert told(project)["nothing_labelled"] == [id]
    assert f"warning: {id}: not one pixel is labelled [nothing-labelled: kept]" in done.stderr
    assert "classes in no mask: tram [class-nowhere: left as it is]" in done.stderr
    assert '<span class="absent">occurs nowhere</span>' in (folder(project) / "index.html").read_text()


def test_a_scored_split_without_photos_and_wrong_counts(project: Project) -> None:
    change(
        project,
        "source",
        splits={"method": "hash", "shares": {"train": 1.0}},
        expected_counts={"train": 11},
    )
    done = check(project)
    assert done.exit_code == 1
    assert "pipelines/via.yaml (source.splits): no photo in test [split-empty: left as it is]" in done.stderr
    assert (
        "error: pipelines/via.yaml (source.expected_counts): found 10 train; expected 11 train" in done.stderr
    )


def test_what_cannot_be_read_at_all_exits_2(project: Project) -> None:
    for photo in (raw(project) / "photos").iterdir():
        photo.write_bytes(f"not a photo: {photo.name}".encode())
    nothing = check(project)
    assert nothing.exit_code == 2
    assert "10 set aside" in nothing.stdout
    assert told(project)["counts"]["error"] == 10
    (raw(project) / "via_region_data.json").write_text("{")
    broken = check(project)
    assert (broken.exit_code, broken.stdout) == (2, "")
    assert broken.stderr.startswith("error: via_region_data.json: ")
    shutil.rmtree(raw(project))
    assert "found no such folder" in check(project).stderr
    unknown = check(project, "vai")
    assert (unknown.exit_code, "did you mean 'via'?" in unknown.stderr) == (2, True)


def test_an_extra_that_is_missing_is_named_before_anything_is_read(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = check(project)
    assert done.exit_code == 2
    assert "expected the extra 'train'" in done.stderr
    assert not folder(project).exists()


def test_stopping_leaves_no_report_and_no_pictures(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def stop(*arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr("segdata.checking.reading.save_picture", stop)
    done = check(project, "via", "--jobs", "2")
    assert (done.exit_code, done.stderr.strip()) == (130, "stopped")
    assert not folder(project).exists()
    assert not list((project.root / ".segdata").glob("check-*"))


def test_pictures_are_bounded_and_the_rest_is_listed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segdata.checking.page.MOST_PICTURES", 5)
    monkeypatch.setattr("segdata.checking.page.MOST_LISTED", 2)
    for photo in sorted((raw(project) / "photos").iterdir()):
        photo.rename(photo.with_name(f"other_{photo.name}"))
    done = check(project)
    assert done.exit_code == 2
    page = (folder(project) / "index.html").read_text()
    assert len(pictures(page)) == 5
    assert "are the most this page holds" in page
    files = {finding["file"] for kind in told(project)["kinds"] for finding in kind["findings"]}
    assert len([file for file in files if file in page]) < len(files)


def test_a_wrong_option_of_the_model_is_found_before_anything_is_read(project: Project) -> None:
    change(project, "model", options={"kanals": [8]})
    done = check(project)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: pipelines/via.yaml: model.options: ")
    assert "kanals" in done.stderr
    assert not folder(project).exists()
