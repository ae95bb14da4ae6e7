"""Shards hold the truth of every pixel, a change costs its own photos alone, and bad samples are set aside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from msgspec.structs import replace
from PIL import Image, ImageOps

from segdata.conversion import Conversion, plan
from segdata.conversion.plan import _version, settings_digest
from segdata.errors import DataError
from segdata.photo import nearest_pixels
from segdata.project import Project
from segdata.sample_data import iter_truth
from segdata.shards import ShardSet
from tests.conversion.street import add_photo, entries, raw, rebuilt, save_entries
from tests.projects import convert, folder_bytes, sample_pipeline, sample_project, write_project

SCENES = {"num_scenes": 10, "size_hw": (60, 80), "seed": 2012}


@pytest.mark.parametrize("format", ["via", "matlab", "cityscapes", "voc"])
def test_every_pixel_of_every_mask_is_the_truth(tmp_path: Path, format: str) -> None:
    project = sample_project(tmp_path, format)
    summary = convert(project, format)
    assert sum(summary.samples.values()) == 10
    assert summary.set_aside == 0
    shards = ShardSet.open(project.shards_dir(format))
    found = {
        id: shards.split(split).mask_at(index)
        for split in shards.splits
        for index, id in enumerate(shards.split(split).ids)
    }
    for id, scene in iter_truth(format, **SCENES):
        truth = nearest_pixels(scene.mask, (24, 32))
        if (
            format == "voc"
        ):  # indices: 0 background, which the pipeline maps to ignore, then the classes, 255 border
            truth = np.where((truth == 0) | (truth == 255), 255, truth - 1)
        assert np.array_equal(found[id], truth), id


def test_photos_are_upright_area_averages(project: Project) -> None:
    convert(project, "via")
    shards = ShardSet.open(project.shards_dir("via"))
    for split in shards.splits:
        for index, id in enumerate(shards.split(split).ids):
            upright = ImageOps.exif_transpose(Image.open(raw(project) / f"photos/{id}.jpg"))
            means = (
                np.asarray(upright).reshape(12, 5, 16, 5, 3).mean((1, 3))
            )  # 5x5 of the photo are 2x2 of the shard
            got = shards.split(split).image_at(index).reshape(12, 2, 16, 2, 3).mean((1, 3))
            assert np.abs(got - means).mean() < 0.3, id  # bilinear is off by more than 1


def test_a_second_conversion_writes_no_shard_and_changes_no_byte(project: Project) -> None:
    convert(project, "via")
    folder = project.shards_dir("via")
    before, inodes = folder_bytes(folder), {path.name: path.stat().st_ino for path in folder.glob("*.arrow")}
    plan_before = project.plan_path("via").read_bytes()
    summary = convert(project, "via")
    assert (summary.converted, summary.reused) == (0, 10)
    assert folder_bytes(folder) == before
    assert {path.name: path.stat().st_ino for path in folder.glob("*.arrow")} == inodes
    assert project.plan_path("via").read_bytes() == plan_before


def test_an_empty_label_map_is_not_an_absent_one(project: Project) -> None:
    """None is the identity, {} maps nothing: a set made with one must not stand for the other."""
    pipeline = project.pipeline("via")
    keys = {
        settings_digest(replace(pipeline, source=replace(pipeline.source, label_map=label_map)))
        for label_map in (None, {}, {"1": "road"}, {1: "road"})
    }
    assert len(keys) == 4


@pytest.mark.parametrize("library", ["h5py", "mat-io", "opencv-contrib-python-headless", "pillow"])
def test_another_decoder_is_another_key(
    project: Project, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    before = settings_digest(project.pipeline("via"))
    versions = {library: "999"}
    monkeypatch.setattr(plan, "_version", lambda name: versions.get(name, _version(name)))
    assert settings_digest(project.pipeline("via")) != before


def test_add_edit_delete_rename_cost_only_themselves_and_leave_no_history(
    project: Project, tmp_path: Path
) -> None:
    convert(project, "via")
    folder = project.shards_dir("via")

    add_photo(project, "IMG_0100.jpg", seed=5)
    assert convert(project, "via").converted == 1
    assert folder_bytes(folder) == rebuilt(project, tmp_path / "scratch")

    loaded = entries(project)
    key = next(key for key in loaded if key.startswith("IMG_0003"))
    regions = loaded[key]["regions"]
    assert isinstance(regions, list)
    regions[0]["region_attributes"]["type"] = "building"
    save_entries(project, loaded)
    assert convert(project, "via").converted == 1
    assert folder_bytes(folder) == rebuilt(project, tmp_path / "scratch")

    loaded = entries(project)
    del loaded[next(key for key in loaded if key.startswith("IMG_0005"))]
    (raw(project) / "photos" / "IMG_0005.jpg").unlink()
    save_entries(project, loaded)
    summary = convert(project, "via")
    assert summary.converted == 0
    assert sum(summary.samples.values()) == 10
    assert folder_bytes(folder) == rebuilt(project, tmp_path / "scratch")

    loaded = entries(project)
    entry = loaded.pop(next(key for key in loaded if key.startswith("IMG_0002")))
    entry["filename"] = "street.jpg"
    loaded[f"street.jpg{entry['size']}"] = entry
    (raw(project) / "photos" / "IMG_0002.jpg").rename(raw(project) / "photos" / "street.jpg")
    save_entries(project, loaded)
    assert convert(project, "via").converted == 1
    assert folder_bytes(folder) == rebuilt(project, tmp_path / "scratch")
    manifest = ShardSet.open(folder).manifest
    assert {path.name for path in folder.iterdir()} == {
        "manifest.parquet",
        *(e.name for e in manifest.metadata.shards),
    }


def test_bad_samples_are_set_aside_with_file_and_reason(project: Project) -> None:
    photo = raw(project) / "photos" / "IMG_0001.jpg"
    photo.write_bytes(photo.read_bytes()[:2000])
    loaded = entries(project)
    regions = loaded[next(key for key in loaded if key.startswith("IMG_0002"))]["regions"]
    assert isinstance(regions, list)
    regions[1]["region_attributes"]["type"] = "zebra"
    save_entries(project, loaded)
    summary = convert(project, "via")
    assert sum(summary.samples.values()) == 8
    assert summary.set_aside == 2
    report = json.loads(project.check_path("via").read_text())
    errors = [finding for finding in report["findings"] if finding["severity"] == "error"]
    assert {finding["file"].split("/")[-1] for finding in errors} >= {"IMG_0001.jpg"}
    assert any("truncated" in finding["message"] for finding in errors)
    assert any("'zebra'" in finding["message"] for finding in errors)


@pytest.mark.parametrize(
    ("shares", "empty"),
    [({"test": 1.0}, ["train", "val"]), ({"train": 1.0}, ["val"]), ({"train": 0.7, "val": 0.3}, [])],
)
def test_no_split_to_train_on_is_told(project: Project, shares: dict[str, float], empty: list[str]) -> None:
    edit_source(project, splits={"method": "hash", "shares": shares})
    summary = convert(project, "via")
    assert summary.problem_lines() == [
        f"warning: pipelines/via.yaml (source.splits): no photo in {split} [split-empty: left as it is]"
        for split in empty
    ]


def test_two_classes_of_one_colour_are_told(project: Project) -> None:
    ontology = sample_pipeline("via")["source"]["ontology"]
    edit_source(project, ontology=ontology | {"car": ontology["road"], "pole": ontology["road"]})
    assert convert(project, "via").problem_lines() == [
        "warning: pipelines/via.yaml (source.ontology): road, car, pole have one colour, [128, 64, 128]: nobody can "
        "tell them apart on pages and in coloured masks [same-colour: left as it is]"
    ]


def edit_source(project: Project, **changed: Any) -> None:
    path = project.pipeline_path("via")
    values = yaml.safe_load(path.read_text())
    values["source"] |= changed
    path.write_text(yaml.safe_dump(values, sort_keys=False))


def test_strict_stops_and_keeps_the_old_set(project: Project) -> None:
    convert(project, "via")
    before, check = folder_bytes(project.shards_dir("via")), project.check_path("via").read_bytes()
    photo = raw(project) / "photos" / "IMG_0001.jpg"
    photo.write_bytes(photo.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"(?s)set samples aside: 1.*IMG_0001\.jpg.*truncated"):
        convert(project, "via", strict=True)
    assert folder_bytes(project.shards_dir("via")) == before
    assert project.check_path("via").read_bytes() == check


def test_expected_counts_stop_with_both_numbers(drawn: Path, tmp_path: Path) -> None:
    shutil.copytree(drawn / "data", tmp_path / "data")
    pipeline = sample_pipeline("via")
    pipeline["source"]["expected_counts"] = {"train": 2975, "val": 500}
    project = write_project(tmp_path, {"via": pipeline})
    with pytest.raises(
        DataError, match=r"(?s)found \{'train': \d+, 'val': \d+\}.*expected \{'train': 2975, 'val': 500\}"
    ):
        convert(project, "via")
    assert not (project.shards_dir("via") / "manifest.parquet").exists()


def test_a_missing_raw_folder_names_folder_content_and_remedy(tmp_path: Path) -> None:
    project = write_project(tmp_path, {"via": sample_pipeline("via")})
    with pytest.raises(
        DataError,
        match=r"data/raw/sample-via: found no such folder; expected photos and annotations in via form.*README",
    ):
        Conversion.open(project, "via")


def test_the_plan_names_each_photo_and_how_it_was_turned(project: Project) -> None:
    summary = convert(project, "via")
    records = plan.read_records(project.plan_path("via"))
    turned: dict[int, int] = {}
    for id, record in records.items():
        assert record.photo == f"photos/{id}.jpg"
        with Image.open(raw(project) / record.photo) as photo:
            assert photo.getexif().get(0x0112, 1) == record.orientation
        turned[record.orientation] = turned.get(record.orientation, 0) + 1
    assert len(turned) > 1
    assert {one.orientation: one.photos for one in summary.originals} == turned
    assert {(one.height, one.width) for one in summary.originals} == {(60, 80)}
    stored = json.loads(project.check_path("via").read_text())
    assert [one["photos"] for one in stored["originals"]] == sorted(turned.values(), reverse=True)
    assert stored["alike"] is None  # this project's params.yaml does not want them looked for
