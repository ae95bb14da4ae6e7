"""Compressed shards: the same samples in less room, each readable alone, by any Arrow library, and no damage unseen."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from segdata.errors import ShardError
from segdata.integrity import repair, verify
from segdata.shards import ShardSet
from segdata.shards.compressed import CompressedRows
from segdata.shards.loader import BatchLoader
from segdata.shards.manifest import read_manifest
from segdata.shards.reader import map_shard
from segdata.shards.resident import resident
from segdata.shards.sampler import EpochBatches
from tests.conversion.street import add_photo, rebuilt
from tests.projects import convert, folder_bytes, sample_pipeline, sample_project, write_project
from tests.shards.test_shard_sets import METADATA, write_set

ZSTD = msgspec.structs.replace(METADATA, compression="zstd")


def test_the_same_samples_come_out(tmp_path: Path) -> None:
    truth = write_set(tmp_path, {"train": [3, 1, 4]}, metadata=ZSTD)
    split = ShardSet.open(tmp_path).split("train")
    wanted = [7, 0, 3, 3, 5]
    assert np.array_equal(split.images(wanted), [truth[split.ids[index]][0] for index in wanted])
    assert np.array_equal(split.masks(wanted), [truth[split.ids[index]][1] for index in wanted])
    assert np.array_equal(split.image_at(6), truth[split.ids[6]][0])
    assert np.array_equal(resident(split).all_masks, [truth[id][1] for id in split.ids])
    loader = BatchLoader(split, EpochBatches(8, 3, seed=0), workers=3)  # threads decompress side by side
    order = np.random.default_rng((0, 0)).permutation(8)
    assert np.array_equal(np.concatenate([images for images, _ in loader]), split.images(order))


def test_any_arrow_library_opens_them_and_equal_samples_give_equal_bytes(tmp_path: Path) -> None:
    truth = write_set(tmp_path / "a", {"train": [3]}, metadata=ZSTD)
    write_set(tmp_path / "b", {"train": [3]}, metadata=ZSTD)
    assert folder_bytes(tmp_path / "a") == folder_bytes(tmp_path / "b")
    file = pa.ipc.open_file(str(next((tmp_path / "a").glob("*.arrow"))))
    assert file.num_record_batches == 3
    table = file.read_all().combine_chunks()
    ids = table["id"].to_pylist()
    assert np.array_equal(table["image"].chunk(0).to_numpy_ndarray(), [truth[id][0] for id in ids])


def test_masks_take_less_room(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "project", "via")
    pipeline = sample_pipeline("via")
    pipeline["shards"] |= {"size_hw": [96, 128], "exact": True}
    write_project(project.root, {"via": pipeline})
    raw = convert(project, "via").bytes
    pipeline["shards"]["compression"] = "zstd"
    write_project(project.root, {"via": pipeline})
    summary = convert(project, "via")
    assert (summary.converted, summary.reused) == (0, 10)  # another form, the same pixels
    assert summary.bytes < 0.75 * raw
    assert folder_bytes(project.shards_dir("via")) == rebuilt(project, tmp_path / "scratch")
    add_photo(project, "IMG_0100.jpg", seed=5)
    assert convert(project, "via").converted == 1
    assert folder_bytes(project.shards_dir("via")) == rebuilt(project, tmp_path / "scratch")
    whole = folder_bytes(project.shards_dir("via"))
    manifest = read_manifest(project.shards_dir("via"))
    entry = max(manifest.metadata.shards, key=lambda entry: entry.rows)
    shard = project.shards_dir("via") / entry.name
    data = bytearray(shard.read_bytes())
    frames = [found.start() for found in re.finditer(rb"\x28\xb5\x2f\xfd", bytes(data))]
    start, end = max(zip(frames, frames[1:], strict=False), key=lambda pair: pair[1] - pair[0])
    data[(start + end) // 2] ^= 4  # in the largest frame of zstd: the photo of a sample
    shard.write_bytes(data)
    damages = verify(project.shards_dir("via")).damages
    assert {damage.shard for damage in damages} == {entry.name}
    assert [(bool(damage.id), damage.column) for damage in damages] == [(True, "image")]
    assert repair(project, "via").read == 1
    assert folder_bytes(project.shards_dir("via")) == whole


def test_no_flipped_byte_goes_unseen_or_crashes(tmp_path: Path) -> None:
    write_set(tmp_path, {"train": [3]}, metadata=ZSTD)
    shard = next(tmp_path.glob("*.arrow"))
    whole = shard.read_bytes()
    for at in range(0, len(whole), 5):
        data = bytearray(whole)
        data[at] ^= 1 << at % 8
        shard.write_bytes(data)
        assert verify(tmp_path).damaged_shards == (shard.name,), at


def test_damage_is_named_with_its_row(tmp_path: Path) -> None:
    write_set(tmp_path, {"train": [3]}, metadata=ZSTD)
    (entry,) = read_manifest(tmp_path).metadata.shards
    images, masks = map_shard(tmp_path, entry)
    assert isinstance(images, CompressedRows) and (len(images), masks.shape) == (3, (3, 4, 6))
    wrong = CompressedRows(tmp_path / entry.name, 1, (3, 5, 6, 3))
    with pytest.raises(ShardError, match=r"row 2: found a damaged shard \(pixels of shape \(1, 4, 6, 3\)\)"):
        wrong[2]
    shutil.rmtree(tmp_path)
    with pytest.raises(ShardError, match="row 0: found a damaged shard"):
        CompressedRows(tmp_path / entry.name, 1, (3, 4, 6, 3))[0]
