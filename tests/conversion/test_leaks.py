"""The leak gate: one photo in two splits stops a conversion unless the pipeline file names it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageOps

from segdata.conversion import Conversion
from segdata.conversion.leaks import Gate, Place
from segdata.errors import ConfigError, DataError
from segdata.project import Project
from segdata.shards import ShardSet
from tests.conversion.street import entries, raw, rebuilt, save_entries
from tests.projects import convert, folder_bytes, sample_pipeline, sample_project, write_project

A, B, C = Place("a", "train"), Place("b", "train"), Place("c", "test")


def test_copies_within_a_split_are_no_leak() -> None:
    assert Gate((), "p.yaml").exact([(A, "1"), (B, "1"), (C, "2")]) == []


def test_a_copy_in_another_split_names_both_photos_and_splits() -> None:
    with pytest.raises(DataError) as caught:
        Gate((), "p.yaml").exact([(A, "1"), (B, "2"), (C, "1")])
    assert str(caught.value) == (
        "p.yaml: source.accept_leaks: found the same photo in two splits: a (train) = c (test); expected every photo "
        "in one split. Remove one of each two (segdata remove p c); or keep them together (beside method: hash and shares in "
        "source.splits, group: {by: look}, then segdata group p); or accept one of each two by name: source.accept_leaks: [c], "
        "patterns or all. The shard set stays as it was."
    )
    with pytest.raises(DataError) as caught:
        Gate((), "pipelines/p.yaml", official=True).exact([(A, "1"), (C, "1")])
    assert "Remove one of each two (segdata remove p c); or accept one of each two by name" in str(
        caught.value
    )


@pytest.mark.parametrize("accepted", [("a",), ("c",), ("[ac]",), "all"])
def test_a_named_copy_passes_and_is_listed(accepted: tuple[str, ...]) -> None:
    (finding,) = Gate(accepted, "p.yaml").exact([(A, "1"), (B, "2"), (C, "1")])
    assert finding.line() == (
        "warning: p.yaml (source.accept_leaks): the same photo in two splits: a (train) = c (test) [leak: accepted]"
    )


def test_naming_one_copy_does_not_accept_another_pair() -> None:
    photos = [(A, "1"), (B, "1"), (C, "1")]
    with pytest.raises(DataError, match=r"b \(train\) = c \(test\)"):
        Gate(("a",), "p.yaml").exact(photos)
    assert len(Gate(("a", "b"), "p.yaml").exact(photos)) == 1


def test_photos_that_look_alike_are_gated_by_pairs() -> None:
    pairs = [(A, B), (B, C)]
    with pytest.raises(DataError, match=r"photos that look alike in two splits: b \(train\) ~ c \(test\);"):
        Gate((), "p.yaml").near(pairs)
    (finding,) = Gate(("c",), "p.yaml").near(pairs)
    assert finding.message == "photos that look alike in two splits: b (train) ~ c (test)"


def test_many_leaks_are_counted() -> None:
    photos = [(Place(f"{n}{split}", split), str(n)) for n in range(9) for split in ("train", "val")]
    (finding,) = Gate("all", "p.yaml").exact(photos)
    assert finding.message.endswith("4train (train) = 4val (val) and 4 more (9 in all)")


def test_an_entry_that_names_nothing_is_a_warning() -> None:
    (finding,) = Gate(("a", "x*"), "p.yaml").unknown(["a", "b"])
    assert finding.message == "'x*' names no photo"


@pytest.fixture
def leaky(tmp_path: Path) -> tuple[Project, str, str]:
    """A converted set, to whose source a train photo was then added again under the name of a test photo."""
    project = sample_project(tmp_path, "via")
    convert(project, "via")
    shards = ShardSet.open(project.shards_dir("via"))
    train, test = shards.split("train").ids[0], shards.split("test").ids[0]
    photos = raw(project) / "photos"
    shutil.copy(photos / f"{train}.jpg", photos / f"{test}.jpg")
    said = entries(project)
    keys = {entry["filename"]: key for key, entry in said.items()}
    said[keys[f"{test}.jpg"]]["regions"] = said[keys[f"{train}.jpg"]]["regions"]
    save_entries(project, said)
    return project, train, test


def accept(project: Project, accepted: object) -> None:
    pipeline = sample_pipeline("via")
    pipeline["shards"]["size_hw"] = [24, 32]
    pipeline["source"]["accept_leaks"] = accepted
    write_project(project.root, {"via": pipeline})


def test_a_conversion_stops_before_any_photo_is_converted(leaky: tuple[Project, str, str]) -> None:
    project, train, test = leaky
    before = folder_bytes(project.root / "data")
    with pytest.raises(DataError, match="the same photo in two splits") as caught:
        convert(project, "via")
    assert f"{train} (train)" in str(caught.value)
    assert f"{test} (test)" in str(caught.value)
    assert folder_bytes(project.root / "data") == before


@pytest.mark.parametrize("by", ["id", "pattern", "all"])
def test_a_pipeline_file_accepts_copies_by_name(leaky: tuple[Project, str, str], by: str) -> None:
    project, train, test = leaky
    accept(project, {"id": [test], "pattern": [f"{train[:-1]}?"], "all": "all"}[by])
    summary = convert(project, "via")
    assert (summary.converted, summary.reused) == (1, 9)
    (finding,) = [finding for finding in summary.findings if finding.code == "leak"]
    assert finding.message.startswith("the same photo in two splits: ")


def test_a_wrong_acceptance_is_named(tmp_path: Path) -> None:
    project = sample_project(tmp_path, "via", num_scenes=4)
    accept(project, 3)
    with pytest.raises(ConfigError, match=r"pipelines/via.yaml: source\.accept_leaks: found"):
        Conversion.open(project, "via")


@pytest.fixture
def brightened(leaky: tuple[Project, str, str]) -> tuple[Project, str, str]:
    """The copy in the test split is not of the same bytes: an app made it brighter and saved it again."""
    project, train, test = leaky
    path = raw(project) / "photos" / f"{test}.jpg"
    with Image.open(path) as photo:
        upright = np.asarray(ImageOps.exif_transpose(photo)).astype(np.uint16)
    Image.fromarray((upright * 11 // 10).clip(0, 255).astype(np.uint8)).save(path, quality=70)
    return project, train, test


def watch(project: Project, bits: int | None) -> None:
    bits_said = "null" if bits is None else bits
    (project.root / "params.yaml").write_text(
        f"pipelines: {{}}\nconvert: {{near_duplicate_bits: {bits_said}}}\n"
    )


def test_photos_that_look_alike_stop_a_conversion_before_the_manifest(
    brightened: tuple[Project, str, str], tmp_path: Path
) -> None:
    project, train, test = brightened
    before = ShardSet.open(project.shards_dir("via")).digest
    check = project.check_path("via").read_bytes()
    watch(project, 6)
    with pytest.raises(DataError, match="look alike in two splits") as caught:
        convert(project, "via")
    assert f"{train} (train)" in str(caught.value)
    assert f"{test} (test)" in str(caught.value)
    assert ShardSet.open(project.shards_dir("via")).digest == before
    assert project.check_path("via").read_bytes() == check

    accept(project, [test])
    watch(project, 6)
    summary = convert(project, "via")
    assert (summary.converted, summary.reused) == (0, 10)  # what the stopped run made is taken up
    (finding,) = [finding for finding in summary.findings if finding.code == "leak"]
    assert finding.message.startswith("photos that look alike in two splits: ")
    assert summary.alike == {"train, test": 1}
    assert folder_bytes(project.shards_dir("via")) == rebuilt(project, tmp_path / "scratch")


def test_looks_are_compared_also_of_photos_that_nobody_converts_again(
    brightened: tuple[Project, str, str],
) -> None:
    project, _, _ = brightened
    watch(project, None)
    assert convert(project, "via").converted == 1
    records = project.plan_path("via").read_bytes()
    watch(project, 6)
    with pytest.raises(DataError, match="look alike"):
        convert(project, "via")
    looks = pq.read_table(project.plan_path("via")).drop_columns(["look"])  # as an older segdata wrote it
    pq.write_table(looks.replace_schema_metadata(None), project.plan_path("via"))
    with pytest.raises(DataError, match="look alike"):
        convert(project, "via")
    watch(project, None)
    assert convert(project, "via").converted == 0
    assert project.plan_path("via").read_bytes() == records
