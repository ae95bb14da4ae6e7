"""`segdata check` over drawn photos with every kind of trouble: copies, labels, damage, empty classes and splits."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
from PIL import Image

from segdata.project import Project
from tests.checking.checked import (
    NUM_SCENES,
    add_copy,
    change,
    check,
    folder,
    kinds,
    name_in,
    pictures,
    plain,
    told,
)
from tests.conversion.street import entries, raw, save_entries
from tests.projects import sample_pipeline


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
    colours = pipeline["source"]["ontology"]
    change(project, "source", ontology=colours | {"tram": [1, 2, 3], "pole": colours["car"]})
    done = check(project)
    assert done.exit_code == 1
    assert told(project)["nothing_labelled"] == [id]
    assert f"warning: {id}: not one pixel is labelled [nothing-labelled: kept]" in done.stderr
    assert (
        "warning: pipelines/via.yaml (source.ontology): car, pole have one colour, [0, 0, 142]: nobody"
        in done.stderr
    )
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
    assert "pipelines/via.yaml (source.splits): no photo in val [split-empty: left as it is]" in done.stderr
    assert (
        "error: pipelines/via.yaml (source.expected_counts): found 10 train; expected 11 train" in done.stderr
    )
