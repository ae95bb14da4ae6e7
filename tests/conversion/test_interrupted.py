"""Conversions that were killed, met damage, links or a full disk: the old set stays or the same bytes come back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from segdata.conversion import Conversion
from segdata.errors import DataError, ShardError
from segdata.integrity import verify
from segdata.project import Project
from segdata.sample_data import draw_scene
from segdata.shards import ShardSet
from segdata.shards.manifest import Manifest, read_manifest, write_manifest
from tests.conversion.street import add_photo, entries, raw, rebuilt, save_entries
from tests.projects import convert, folder_bytes, sample_pipeline, write_project
from tests.small_disk import resize_disk, small_disk


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


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"\0" * 99])
def test_notes_that_cannot_be_read_are_as_none(project: Project, tmp_path: Path, content: bytes) -> None:
    conversion = Conversion.open(project, "via")
    for task in conversion.plan().tasks:
        conversion.convert(task)  # and then the power goes, before the notes are on the disk
    notes = list((project.root / ".segdata/unfinished/convert/via").iterdir())
    assert notes
    for note in notes:
        assert note.stat().st_mode & 0o777 == 0o644
        note.write_bytes(content)
    assert convert(project, "via").converted == 10
    assert folder_bytes(project.shards_dir("via")) == rebuilt(project, tmp_path / "scratch")


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
