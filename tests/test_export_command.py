"""`segdata export`: what it prints, what it refuses, and that the way out and back in ends at the same masks."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result
from PIL import Image

from segdata.cli import main
from segdata.conversion import Conversion
from segdata.export.inputs import open_samples
from segdata.project import Project
from segdata.shards.reader import ShardSet
from tests.projects import convert, sample_pipeline, sample_project


def segdata(project: Project, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), *map(str, arguments)])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return sample_project(tmp_path / "project", "voc", num_scenes=6)


def add_pipeline(project: Project, name: str, source: dict[str, Any]) -> None:
    pipeline = sample_pipeline("voc") | {"source": source, "shards": {"size_hw": [24, 32]}}
    path = project.root / "pipelines" / f"{name}.yaml"
    path.write_text(yaml.safe_dump(pipeline, sort_keys=False))


def shards_of(project: Project, name: str) -> dict[tuple[str, str], tuple[bytes, bytes]]:
    """(split, id) → pixels of photo and mask."""
    found = ShardSet.open(project.shards_dir(name))
    return {
        (part, id): (found.split(part).image_at(row).tobytes(), found.split(part).mask_at(row).tobytes())
        for part in found.splits
        for row, id in enumerate(found.split(part).ids)
    }


@pytest.mark.parametrize("to", ["via", "cityscapes", "voc", "coco"])
def test_out_and_in_again_gives_the_same_shards(project: Project, to: str) -> None:
    convert(project, "voc")
    out = project.root / "data" / "raw" / "again"
    done = segdata(project, "export", "voc", "--to", to, "--out", out)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"voc: 6 photos (4 train, 2 val) as {to} in {out}\n")
    source = yaml.safe_load((out / "source.yaml").read_text(encoding="utf-8"))["source"]
    assert source["root"] == "data/raw/again"
    add_pipeline(project, "again", source)
    assert convert(project, "again").findings == ()
    assert shards_of(project, "again") == shards_of(project, "voc")


@pytest.mark.parametrize(("given", "carried"), [("all", "all"), ([], None), ("two", 2), (["none"], None)])
def test_leaks_that_are_accepted_are_accepted_of_the_export_too(
    project: Project, given: Any, carried: Any, tmp_path: Path
) -> None:
    path = project.pipeline_path("voc")
    pipeline = yaml.safe_load(path.read_text())
    ids = sorted(Conversion.open(project, "voc").ids)
    wanted = [ids[0], ids[2]] if given == "two" else given
    pipeline["source"]["accept_leaks"] = wanted
    path.write_text(yaml.safe_dump(pipeline))
    done = segdata(project, "export", "voc", "--to", "masks", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    source = yaml.safe_load((tmp_path / "out/source.yaml").read_text())["source"]
    if given == "two":
        assert len(source["accept_leaks"]) == carried
        assert all(name.endswith(id) for name, id in zip(sorted(source["accept_leaks"]), wanted, strict=True))
    else:
        assert source.get("accept_leaks") == carried


def test_shards_come_out_as_they_are(project: Project) -> None:
    convert(project, "voc")
    shutil.rmtree(project.root / "data" / "raw" / "sample-voc")
    out = project.root / "data" / "raw" / "again"
    done = segdata(project, "export", "voc", "--to", "via", "--out", out)
    assert done.exit_code == 0, done.output
    add_pipeline(project, "again", yaml.safe_load((out / "source.yaml").read_text())["source"])
    convert(project, "again")
    assert shards_of(project, "again") == shards_of(project, "voc")


def test_photos_of_the_source_are_copied_byte_for_byte(project: Project, tmp_path: Path) -> None:
    segdata(project, "export", "voc", "--to", "via", "--out", tmp_path / "out")
    photos = sorted((project.root / "data/raw/sample-voc/JPEGImages").iterdir())
    written = sorted((tmp_path / "out" / "photos").iterdir())
    assert [path.name for path in written] == [path.name for path in photos]
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in photos]


def test_names_with_accents_apart_are_found_and_a_second_pass_tells_the_same(project: Project) -> None:
    root = project.root / "data/raw/sample-voc"
    for path in (root / "JPEGImages/2026_000001.jpg", root / "SegmentationClass/2026_000001.png"):
        path.rename(path.with_stem("Gru\u0308n"))  # as macOS writes names
    for path in (root / "ImageSets/Segmentation").iterdir():
        path.write_text(path.read_text().replace("2026_000001", "Gr\u00fcn"))
    (root / "JPEGImages/2026_000002.jpg").write_bytes(b"no photo")
    samples = open_samples(project, "voc")
    for _ in range(2):
        photos = {one.id: one.photo for one in samples}
        assert photos["Gr\u00fcn"] == root / "JPEGImages/Gru\u0308n.jpg"
        assert len(photos) == 5
        assert [finding.file for finding in samples.findings] == ["JPEGImages/2026_000002.jpg"]


def test_one_split_or_some_ids(project: Project, tmp_path: Path) -> None:
    val = segdata(project, "export", "voc", "--to", "voc", "--split", "val", "--out", tmp_path / "val")
    assert "voc: 2 photos (2 val) as voc in" in val.output
    two = segdata(
        project, "export", "voc", "2026_000006", "2026_000001", "--to", "masks", "--out", tmp_path / "two"
    )
    assert "voc: 2 photos (1 train, 1 val) as masks in" in two.output
    assert (tmp_path / "two" / "val" / "mask" / "2026_000006.png").is_file()
    unknown = segdata(project, "export", "voc", "2026_00006", "--to", "voc", "--out", tmp_path / "x")
    assert unknown.exit_code == 2
    assert "no sample '2026_00006'" in unknown.output
    assert "did you mean '2026_000006'?" in unknown.output
    assert not (tmp_path / "x").exists()


def test_outside_the_project_the_root_is_a_proposal(project: Project, tmp_path: Path) -> None:
    done = segdata(project, "export", "voc", "--to", "masks", "--out", tmp_path / "out")
    assert "source.yaml says root: data/raw/out; move the folder there, or set root." in done.output


@pytest.mark.parametrize("origin", ["raw", "shards"])
def test_classes_have_their_order_names_and_colours(project: Project, tmp_path: Path, origin: str) -> None:
    convert(project, "voc")
    segdata(project, "export", "voc", "--to", "coco", "--from", origin, "--out", tmp_path / origin)
    source = yaml.safe_load((tmp_path / origin / "source.yaml").read_text())["source"]
    assert list(source["ontology"].items()) == list(sample_pipeline("voc")["source"]["ontology"].items())


def test_what_cannot_be_read_is_listed_and_the_rest_is_written(project: Project, tmp_path: Path) -> None:
    photo = project.root / "data/raw/sample-voc/JPEGImages/2026_000003.jpg"
    photo.write_bytes(photo.read_bytes()[:-200])
    done = segdata(project, "export", "voc", "--to", "via", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "voc: 5 photos (3 train, 2 val)" in done.output
    assert "error: JPEGImages/2026_000003.jpg: found a damaged photo" in done.output
    assert done.output.endswith("1 set aside, listed above\n")
    assert not (tmp_path / "out" / "photos" / "2026_000003.jpg").exists()


def test_when_nothing_can_be_read_every_reason_is_told(project: Project, tmp_path: Path) -> None:
    for photo in (project.root / "data/raw/sample-voc/JPEGImages").iterdir():
        photo.write_bytes(b"no photo")
    done = segdata(project, "export", "voc", "--to", "via", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert done.output.count("a file that is no readable image") == 6
    assert "error: export to via: found not one photo to write" in done.output
    assert not (tmp_path / "out").exists()


def test_an_entry_that_the_reader_sets_aside_is_told_too(project: Project, tmp_path: Path) -> None:
    (project.root / "data/raw/sample-voc/JPEGImages/2026_000003.jpg").unlink()
    done = segdata(project, "export", "voc", "--to", "via", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "no photo named JPEGImages/2026_000003" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "via", "--out", "pipelines"], "a folder that is not empty"),
        (["--to", "via", "--out", "data/raw/sample-voc/x"], "a folder inside the source"),
        (["--to", "bmp", "--out", "x"], "'bmp' is not one of"),
        (["--to", "via", "--from", "shards", "--out", "x"], "no manifest.parquet"),
        (["--to", "via"], "Missing option '--out'"),
    ],
)
def test_what_cannot_be_done_is_said(
    project: Project, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(project.root)
    done = segdata(project, "export", "voc", *arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert not (project.root / "x").exists()


def test_full_size_from_the_source_and_small_from_shards(project: Project, tmp_path: Path) -> None:
    convert(project, "voc")
    sizes = {}
    for origin in ("raw", "shards"):
        segdata(project, "export", "voc", "--to", "masks", "--from", origin, "--out", tmp_path / origin)
        with Image.open(tmp_path / origin / "train" / "mask" / "2026_000001.png") as file:
            sizes[origin] = np.asarray(file).shape
    assert sizes == {"raw": (60, 80), "shards": (24, 32)}


def test_drafts_have_fewer_points_and_say_what_they_differ_by(project: Project, tmp_path: Path) -> None:
    exact = segdata(project, "export", "voc", "--to", "via", "--out", tmp_path / "exact")
    draft = segdata(project, "export", "voc", "--to", "via", "--draft", "--out", tmp_path / "draft")
    assert (exact.exit_code, draft.exit_code) == (0, 0), draft.output
    assert "Drafts, not the very masks: " in draft.stdout and "Drafts" not in exact.stdout
    points = [
        int(re.findall(r"polygons with ([\d,]+) points", done.stdout)[0].replace(",", ""))
        for done in (exact, draft)
    ]
    assert points[1] < points[0]
    wrong = segdata(project, "export", "voc", "--to", "coco", "--draft", "--out", tmp_path / "other")
    assert wrong.exit_code == 2 and "--draft goes with --to via" in wrong.output
