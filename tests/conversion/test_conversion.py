from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image, ImageOps

from segdata.conversion import Conversion, plan
from segdata.conversion.plan import _version, settings_digest
from segdata.errors import DataError, ShardError
from segdata.integrity import verify
from segdata.photo import nearest_pixels
from segdata.project import Project
from segdata.sample_data import draw_scene, iter_truth
from segdata.shards import ShardSet
from segdata.shards.manifest import Manifest, read_manifest, write_manifest
from tests.conversion.street import add_photo, entries, raw, rebuilt, save_entries
from tests.projects import convert, folder_bytes, sample_pipeline, sample_project, write_project
from tests.small_disk import resize_disk, small_disk

SCENES = {"num_scenes": 10, "size_hw": (60, 80), "seed": 2012}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drawn")
    sample_project(root, "via")
    return root


@pytest.fixture
def project(drawn: Path, tmp_path: Path) -> Project:
    shutil.copytree(drawn, tmp_path / "project")
    return Project(tmp_path / "project")


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


def test_a_run_killed_before_the_manifest_leaves_the_old_set(project: Project) -> None:
    convert(project, "via")
    before = ShardSet.open(project.shards_dir("via"))
    images = {split: before.split(split).images(range(len(before.split(split)))) for split in before.splits}
    add_photo(project, "IMG_0100.jpg", seed=5)
    conversion = Conversion.open(project, "via")
    for task in conversion.plan().tasks:
        conversion.convert(task)  # and then the power goes
    after = ShardSet.open(project.shards_dir("via"))
    assert after.digest == before.digest
    for split in after.splits:
        assert np.array_equal(after.split(split).images(range(len(after.split(split)))), images[split])


def test_an_interrupted_run_goes_on_after_the_last_finished_shard(project: Project, tmp_path: Path) -> None:
    conversion = Conversion.open(project, "via")
    finished, *_ = conversion.plan().tasks
    conversion.convert(finished)  # and then Ctrl-C
    summary = convert(project, "via")
    assert summary.reused == len(finished.samples)
    assert summary.converted == 10 - len(finished.samples)
    assert folder_bytes(project.shards_dir("via")) == rebuilt(project, tmp_path / "scratch")
    assert not (project.root / ".segdata/unfinished/convert/via").exists()


def test_a_changed_photo_is_never_taken_from_an_interrupted_run(project: Project, tmp_path: Path) -> None:
    conversion = Conversion.open(project, "via")
    for task in conversion.plan().tasks:
        conversion.convert(task)
    Image.fromarray(draw_scene(77, (60, 80)).image).save(raw(project) / "photos/IMG_0002.jpg")
    summary = convert(project, "via")
    assert 1 <= summary.converted < 10
    assert folder_bytes(project.shards_dir("via")) == rebuilt(project, tmp_path / "scratch")


def test_shards_of_an_interrupted_run_with_another_compression_are_made_anew(project: Project) -> None:
    conversion = Conversion.open(project, "via")
    for task in conversion.plan().tasks:
        conversion.convert(task)
    pipeline = sample_pipeline("via")
    pipeline["shards"] |= {"size_hw": [24, 32], "compression": "zstd"}
    write_project(project.root, {"via": pipeline})
    convert(project, "via")
    before = folder_bytes(project.shards_dir("via"))
    shutil.rmtree(project.shards_dir("via"))
    convert(project, "via")
    assert folder_bytes(project.shards_dir("via")) == before
    assert verify(project.shards_dir("via")).damages == ()


def test_an_edit_that_changes_no_pixel_survives_a_run_that_died_before_the_manifest(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(project, "via")
    loaded = entries(project)
    key = next(key for key in loaded if key.startswith("IMG_0003"))
    loaded[key]["file_attributes"] = {"note": "looked at twice"}
    regions = loaded[key]["regions"]
    assert isinstance(regions, list)
    regions[0]["region_attributes"]["note"] = "sure"
    save_entries(project, loaded)
    with monkeypatch.context() as patch:
        patch.setattr("segdata.conversion.convert.write_manifest", stop)
        with pytest.raises(KeyboardInterrupt):
            convert(project, "via")
    convert(project, "via")
    assert folder_bytes(project.shards_dir("via")) == rebuilt(project, tmp_path / "scratch")


def stop(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("add", [False, True], ids=["nothing new", "one more photo"])
def test_damaged_pixels_are_made_anew_and_never_become_the_truth(
    project: Project, tmp_path: Path, add: bool
) -> None:
    convert(project, "via")
    if add:
        add_photo(project, "IMG_0100.jpg", seed=5)
    for shard in project.shards_dir("via").glob("*.arrow"):
        data = bytearray(shard.read_bytes())
        data[len(data) // 2] ^= 4
        shard.write_bytes(data)
    assert convert(project, "via").converted >= 1
    assert folder_bytes(project.shards_dir("via")) == rebuilt(project, tmp_path / "scratch")


@pytest.mark.parametrize("damage", ["gone", "cut short"])
def test_a_lost_shard_costs_its_own_samples_alone(project: Project, damage: str) -> None:
    convert(project, "via")
    folder = project.shards_dir("via")
    before = folder_bytes(folder)
    lost, *others = ShardSet.open(folder).manifest.metadata.shards
    if damage == "gone":
        (folder / lost.name).unlink()
    else:
        (folder / lost.name).write_bytes((folder / lost.name).read_bytes()[:-8])
    inodes = {entry.name: (folder / entry.name).stat().st_ino for entry in others}
    summary = convert(project, "via")
    assert (summary.converted, summary.reused) == (lost.rows, 10 - lost.rows)
    assert folder_bytes(folder) == before
    assert {entry.name: (folder / entry.name).stat().st_ino for entry in others} == inodes


@pytest.mark.parametrize("link", [os.link, os.symlink], ids=["hard link", "symbolic link"])
def test_links_to_a_read_only_cache_are_never_written_through(
    project: Project, tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    convert(project, "via")
    folder, cache = project.shards_dir("via"), tmp_path / "cache"
    cache.mkdir()
    for path in (*folder.iterdir(), project.plan_path("via"), project.check_path("via")):
        shutil.move(path, cache / path.name)
        (cache / path.name).chmod(0o444)
        link(cache / path.name, path)
    cached = folder_bytes(cache)
    add_photo(project, "IMG_0100.jpg", seed=5)
    (raw(project) / "photos/IMG_0005.jpg").unlink()
    summary = convert(project, "via")
    assert (summary.converted, summary.reused) == (1, 9)
    assert folder_bytes(cache) == cached
    assert {path.stat().st_mode & 0o777 for path in cache.iterdir()} == {0o444}
    assert folder_bytes(folder) == rebuilt(project, tmp_path / "scratch")


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_full_disk_is_named_and_leaves_the_old_set(
    project: Project, tmp_path: Path, compression: str
) -> None:
    pipeline = sample_pipeline("via")
    pipeline["shards"] |= {"size_hw": [24, 32], "compression": compression}
    write_project(project.root, {"via": pipeline})
    convert(project, "via")
    folder, room = project.shards_dir("via"), tmp_path / "room"
    with small_disk(room, "160k" if compression == "none" else "96k"):
        shutil.copytree(folder, room / "via")
        before = folder_bytes(room / "via")
        shutil.rmtree(folder)
        folder.symlink_to(room / "via")
        for number in range(30):
            add_photo(project, f"IMG_{100 + number}.jpg", seed=100 + number)
        with pytest.raises(ShardError, match=r"data/shards/via: found .*No space left on device.* as it was"):
            convert(project, "via")
        ShardSet.open(folder)
        assert before.items() <= folder_bytes(room / "via").items()
        assert [path for path in folder.iterdir() if path.suffix == ".partial"] == []
        resize_disk(room, "1m")
        assert sum(convert(project, "via").samples.values()) == 40
        assert folder_bytes(folder) == rebuilt(project, tmp_path / "scratch")


def test_strangers_files_in_the_shard_folder_are_left_alone(project: Project) -> None:
    convert(project, "via")
    (project.shards_dir("via") / ".ipynb_checkpoints").mkdir()
    (project.shards_dir("via") / "notes.txt").write_text("mine")
    convert(project, "via")
    assert (project.shards_dir("via") / "notes.txt").read_text() == "mine"


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


def test_strict_stops_and_keeps_the_old_set(project: Project) -> None:
    convert(project, "via")
    before, check = folder_bytes(project.shards_dir("via")), project.check_path("via").read_bytes()
    photo = raw(project) / "photos" / "IMG_0001.jpg"
    photo.write_bytes(photo.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"(?s)set samples aside: 1.*IMG_0001\.jpg.*truncated"):
        convert(project, "via", strict=True)
    assert folder_bytes(project.shards_dir("via")) == before
    assert project.check_path("via").read_bytes() == check


def test_a_refused_run_deletes_nothing_beside_a_manifest_that_cannot_be_read(project: Project) -> None:
    convert(project, "via")
    manifest = project.shards_dir("via") / "manifest.parquet"
    manifest.write_bytes(manifest.read_bytes()[:100])
    names = {path.name for path in project.shards_dir("via").iterdir()}
    photo = raw(project) / "photos" / "IMG_0001.jpg"
    photo.write_bytes(photo.read_bytes()[:2000])
    with pytest.raises(DataError, match="set samples aside: 1"):
        convert(project, "via", strict=True)
    assert names <= {path.name for path in project.shards_dir("via").iterdir()}


def test_a_set_of_a_newer_format_is_not_replaced(project: Project) -> None:
    convert(project, "via")
    manifest = read_manifest(project.shards_dir("via"))
    newer = msgspec.structs.replace(manifest.metadata, format_version=99)
    write_manifest(project.shards_dir("via"), Manifest(newer, manifest.rows))
    before = folder_bytes(project.shards_dir("via"))
    with pytest.raises(
        ShardError, match=r"manifest\.parquet: found format version 99; expected version 1 or older"
    ):
        convert(project, "via")
    assert folder_bytes(project.shards_dir("via")) == before


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
