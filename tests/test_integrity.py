"""Damage is found wherever it lies, named, and made good without touching what is sound."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segdata.cli import main
from segdata.conversion import one_conversion
from segdata.errors import DataError, SegdataError, ShardError
from segdata.integrity import repair, verify
from segdata.project import Project
from segdata.shards import ShardSet
from segdata.shards.manifest import read_manifest
from segdata.shards.reader import map_shard
from segdata.shards.schema import MANIFEST
from tests.conversion.street import add_photo, entries, raw, save_entries
from tests.projects import convert, folder_bytes, sample_pipeline, sample_project, write_project
from tests.small_disk import small_disk


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("converted")
    convert(sample_project(root, "via"), "via")
    return root


@pytest.fixture
def project(converted: Path, tmp_path: Path) -> Project:
    shutil.copytree(converted, tmp_path / "project")
    return Project(tmp_path / "project")


def segdata(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), *arguments])


def flip(path: Path, at: int, bit: int = 1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= bit
    path.write_bytes(data)


def offset_of(project: Project, id: str, column: str) -> tuple[Path, int]:
    """The shard file of a sample, and where in it the first byte of its image or mask lies."""
    folder = project.shards_dir("via")
    manifest = read_manifest(folder)
    row = manifest.by_id[id]
    entry = next(entry for entry in manifest.metadata.shards if entry.name == row.shard)
    pixels = map_shard(folder, entry)[column == "mask"][row.row].tobytes()
    return folder / row.shard, (folder / row.shard).read_bytes().index(pixels)


def test_a_sound_set_verifies(project: Project) -> None:
    verdict = verify(project.shards_dir("via"))
    assert (verdict.samples, verdict.shards, verdict.damages) == (10, 3, ())
    shown = segdata(project, "verify", "via")
    assert (shown.exit_code, shown.output) == (
        0,
        "via: every byte of the shards holds (10 samples in 3 shards, 0.0 MiB)\n",
    )


@pytest.mark.parametrize("column", ["image", "mask"])
def test_a_flipped_bit_names_shard_sample_and_column(project: Project, column: str) -> None:
    shard, at = offset_of(project, "IMG_0004", column)
    flip(shard, at + 5)
    ShardSet.open(project.shards_dir("via"))  # which reads no byte of it
    (damage,) = verify(project.shards_dir("via")).damages
    assert (
        damage.line()
        == f"{shard.name}: sample IMG_0004, {column}: other pixels than the manifest's digest states"
    )
    shown = segdata(project, "verify", "via")
    assert shown.exit_code == 1
    assert damage.line() in shown.stderr
    assert "segdata repair via" in shown.stderr


def test_a_flipped_id_is_named(project: Project) -> None:
    shard, _ = offset_of(project, "IMG_0004", "image")
    flip(shard, shard.read_bytes().index(b"IMG_0004") + 7, 1)
    (damage,) = verify(project.shards_dir("via")).damages
    assert damage.line() == f"{shard.name}: sample IMG_0004, id: 'IMG_0005' in its place"


def test_no_flipped_byte_of_a_shard_goes_unseen_or_crashes(project: Project) -> None:
    """Every byte around the pixels (Arrow's own headers and footer), and some of the pixels."""
    shard, _ = offset_of(project, "IMG_0004", "image")
    whole = shard.read_bytes()
    for at in [
        *range(0, 2000, 3),
        *range(2000, len(whole) - 1500, 997),
        *range(len(whole) - 1500, len(whole), 3),
    ]:
        flip(shard, at, 1 << at % 8)
        assert verify(project.shards_dir("via")).damaged_shards == (shard.name,), at
        shard.write_bytes(whole)


def test_no_flipped_byte_of_a_manifest_changes_what_it_says_unseen(project: Project) -> None:
    folder = project.shards_dir("via")
    said = read_manifest(folder)
    whole = (folder / MANIFEST).read_bytes()
    for at in range(0, len(whole), 7):
        flip(folder / MANIFEST, at, 1 << at % 8)
        with contextlib.suppress(ShardError):
            assert verify(folder).damages or read_manifest(folder) == said, at
        (folder / MANIFEST).write_bytes(whole)


def test_a_lost_and_a_short_shard_are_named(project: Project) -> None:
    first, second, _ = sorted(project.shards_dir("via").glob("*.arrow"))
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    size = second.stat().st_size
    assert {damage.line() for damage in verify(project.shards_dir("via")).damages} == {
        f"{first.name}: no such file",
        f"{second.name}: {size} bytes; the manifest states {size + 1}",
    }


@pytest.mark.parametrize("damage", ["bit", "gone", "short"])
def test_repair_makes_what_is_damaged_again_and_touches_nothing_else(project: Project, damage: str) -> None:
    folder = project.shards_dir("via")
    before = folder_bytes(project.root / "data")
    shard, at = offset_of(project, "IMG_0004", "mask")
    others = {path: path.stat().st_ino for path in folder.iterdir() if path != shard}
    rows = sum(row.shard == shard.name for row in read_manifest(folder).rows)
    if damage == "bit":
        flip(shard, at)
    elif damage == "gone":
        shard.unlink()
    else:
        shard.write_bytes(shard.read_bytes()[:-1])
    done = repair(project, "via")
    assert done.before.damaged_shards == (shard.name,)
    assert done.read == (1 if damage == "bit" else rows)
    assert folder_bytes(project.root / "data") == before
    assert {path: path.stat().st_ino for path in others} == others


def test_repair_as_a_command(project: Project) -> None:
    assert (
        segdata(project, "repair", "via").output == "via: every byte of the shards holds; nothing to repair\n"
    )
    shard, at = offset_of(project, "IMG_0004", "image")
    flip(shard, at)
    done = segdata(project, "repair", "via")
    assert done.exit_code == 0
    assert done.stdout == "via: 1 of 3 shards made again, with 1 photo read anew\n"
    assert segdata(project, "verify", "via").exit_code == 0


def test_repair_never_writes_through_a_link(project: Project, tmp_path: Path) -> None:
    shard, at = offset_of(project, "IMG_0004", "image")
    flip(shard, at)
    cached = tmp_path / "cached"
    shard.rename(cached)
    cached.chmod(0o444)
    shard.symlink_to(cached)
    damaged = cached.read_bytes()
    repair(project, "via")
    assert cached.read_bytes() == damaged
    assert not shard.is_symlink()


def test_repair_without_the_originals_says_where_they_may_come_from(project: Project) -> None:
    shutil.rmtree(raw(project))
    assert repair(project, "via").read == 0  # nothing is damaged: nothing is needed
    shard, at = offset_of(project, "IMG_0004", "image")
    flip(shard, at)
    with pytest.raises(
        DataError,
        match=r"data/raw/sample-via: found no such folder, and 1 shard to make again from it; .*"
        r"dvc pull data/raw/sample-via\.dvc.*dvc checkout --force data/shards/via",
    ):
        repair(project, "via")


@pytest.mark.parametrize("change", ["photo", "annotation", "gone"])
def test_repair_refuses_a_source_that_changed(project: Project, change: str) -> None:
    shard, at = offset_of(project, "IMG_0004", "image")
    flip(shard, at)
    damaged = folder_bytes(project.root / "data" / "shards")
    said = entries(project)
    key = next(key for key in said if key.startswith("IMG_0004"))
    if change == "photo":
        with (raw(project) / "photos" / "IMG_0004.jpg").open("ab") as file:
            file.write(b"\0")
    elif change == "annotation":
        said[key]["regions"] = []
        save_entries(project, said)
    else:
        del said[key]
        save_entries(project, said)
        (raw(project) / "photos" / "IMG_0004.jpg").unlink()
    with pytest.raises(DataError, match=r"IMG_0004: found .*segdata convert via"):
        repair(project, "via")
    assert folder_bytes(project.root / "data" / "shards") == damaged


def test_a_new_photo_elsewhere_does_not_hinder_a_repair(project: Project) -> None:
    before = folder_bytes(project.shards_dir("via"))
    add_photo(project, "IMG_0100.jpg", seed=5)
    shard, at = offset_of(project, "IMG_0004", "image")
    flip(shard, at)
    repair(project, "via")
    assert folder_bytes(project.shards_dir("via")) == before


def test_repair_refuses_another_pipeline_file(project: Project) -> None:
    pipeline = sample_pipeline("via")
    pipeline["shards"]["size_hw"] = [24, 32]
    pipeline["source"]["label_map"] = dict.fromkeys(pipeline["source"]["ontology"], "road")
    write_project(project.root, {"via": pipeline})
    shard, _ = offset_of(project, "IMG_0004", "image")
    shard.unlink()
    names = {path.name for path in project.shards_dir("via").iterdir()}
    with pytest.raises(SegdataError, match="segdata convert via"):
        repair(project, "via")
    assert {path.name for path in project.shards_dir("via").iterdir()} == names


def test_repair_on_a_full_disk_leaves_what_is_sound_and_says_so(project: Project) -> None:
    folder = project.shards_dir("via")
    before, kept = folder_bytes(folder), folder.with_name("kept")
    folder.rename(kept)
    with small_disk(folder, "1m"):
        for path in kept.iterdir():
            shutil.copyfile(path, folder / path.name)
        shard, at = offset_of(project, "IMG_0004", "image")
        flip(shard, at)
        damaged = folder_bytes(folder)
        filler = folder / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        filler_size = filler.stat().st_size
        with pytest.raises(ShardError, match=r"data/shards/via: found .*No space left on device"):
            repair(project, "via")
        assert filler_size == filler.stat().st_size
        assert {**folder_bytes(folder), "filler": ""} == {**damaged, "filler": ""}
        filler.unlink()
        assert repair(project, "via").read == 1
        assert folder_bytes(folder) == before


def test_repair_waits_for_nobody(project: Project) -> None:
    with (
        one_conversion(project, "via"),
        pytest.raises(SegdataError, match="another process at the same work"),
    ):
        repair(project, "via")
