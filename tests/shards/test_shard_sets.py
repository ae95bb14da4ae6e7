from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segdata.errors import ShardError
from segdata.ontology import ontology_of_names
from segdata.shards import ShardSet, window
from segdata.shards.manifest import Manifest, read_manifest, write_manifest
from segdata.shards.schema import MANIFEST, METADATA_KEY, SetMetadata
from segdata.shards.writer import ShardWriter

CLASSES = ontology_of_names("three", ["sky", "road", "car"])
METADATA = SetMetadata.of(CLASSES, (4, 6), "area", "via")


def write_set(
    folder: Path, counts: dict[str, list[int]], seed: int = 0, metadata: SetMetadata = METADATA
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """A set with the given shard sizes per split; returns id → (image, mask)."""
    random = np.random.default_rng(seed)
    truth, entries, rows = {}, [], []
    for split, sizes in counts.items():
        number = 0
        for size in sizes:
            writer = ShardWriter(folder, split, metadata, size)
            for _ in range(size):
                id = f"{split}-{number:03d}"
                image = random.integers(0, 256, (4, 6, 3), np.uint8)
                mask = random.choice(np.array([0, 1, 2, 255], np.uint8), (4, 6))
                writer.append(id, image, mask, ("photo", "annotation"), (40, 60))
                truth[id] = (image, mask)
                number += 1
            finished = writer.finish()
            assert finished is not None
            entries.append(finished[0])
            rows += finished[1]
    write_manifest(folder, Manifest(msgspec.structs.replace(metadata, shards=tuple(entries)), tuple(rows)))
    return truth


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
@settings(max_examples=25, deadline=None)
def test_what_is_written_is_read_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("set")
    truth = write_set(folder, {"train": sizes})
    split = ShardSet.open(folder).split("train")
    assert list(split.ids) == sorted(truth)
    indices = data.draw(st.lists(st.integers(0, len(split) - 1), max_size=12))
    images, masks = split.images(indices), split.masks(indices)
    for place, index in enumerate(indices):
        image, mask = truth[split.ids[index]]
        assert np.array_equal(images[place], image)
        assert np.array_equal(masks[place], mask)
        assert np.array_equal(split.image_at(index), image)
        assert np.array_equal(split.mask_at(index), mask)


def test_statistics_equal_a_pass_over_all_pixels(tmp_path: Path) -> None:
    truth = write_set(tmp_path, {"train": [5, 3], "val": [4], "test": [1]})
    statistics = ShardSet.open(tmp_path).statistics(["train", "test"])
    images = np.stack([image for id, (image, _) in truth.items() if not id.startswith("val")]) / 255
    masks = np.stack([mask for id, (_, mask) in truth.items() if not id.startswith("val")])
    assert statistics.pixels.tolist() == [int((masks == index).sum()) for index in range(3)]
    assert statistics.ignored == int((masks == 255).sum())
    assert np.abs(statistics.mean - images.mean((0, 1, 2))).max() < 1e-9
    assert np.abs(statistics.std - images.std((0, 1, 2))).max() < 1e-9


def test_any_arrow_library_reads_a_shard(tmp_path: Path) -> None:
    truth = write_set(tmp_path, {"train": [3]})
    path = next(tmp_path.glob("train-*.arrow"))
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    assert table.column("id").to_pylist() == sorted(truth)
    images = table.column("image").chunk(0).to_numpy_ndarray()
    masks = table.column("mask").chunk(0).to_numpy_ndarray()
    for row, id in enumerate(sorted(truth)):
        assert np.array_equal(images[row], truth[id][0])
        assert np.array_equal(masks[row], truth[id][1])
    frame = pq.read_table(tmp_path / MANIFEST).to_pandas()
    assert frame["ignored"].tolist() == [int((truth[id][1] == 255).sum()) for id in sorted(truth)]


def test_equal_samples_give_equal_bytes(tmp_path: Path) -> None:
    write_set(tmp_path / "a", {"train": [3, 2], "val": [2]})
    write_set(tmp_path / "b", {"train": [3, 2], "val": [2]})
    a = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert a == {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}


def test_damage_is_named(tmp_path: Path) -> None:
    with pytest.raises(ShardError, match=r"no manifest\.parquet.*dvc repro"):
        ShardSet.open(tmp_path)
    write_set(tmp_path, {"train": [3]})
    with pytest.raises(ShardError, match="no samples in split 'test'"):
        ShardSet.open(tmp_path).split("test")
    shard = next(tmp_path.glob("*.arrow"))
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1])
    with pytest.raises(
        ShardError, match=f"{shard.name}: found {len(whole) - 1} bytes; expected {len(whole)} bytes"
    ):
        ShardSet.open(tmp_path)
    shard.unlink()
    with pytest.raises(ShardError, match="no such file"):
        ShardSet.open(tmp_path)
    manifest = tmp_path / MANIFEST
    manifest.write_bytes(manifest.read_bytes()[:50])
    with pytest.raises(ShardError, match="damaged manifest"):
        ShardSet.open(tmp_path)


def test_another_format_version_is_refused_in_one_line(tmp_path: Path) -> None:
    write_set(tmp_path, {"train": [1]})
    manifest = read_manifest(tmp_path)
    newer = msgspec.structs.replace(manifest.metadata, format_version=99)
    write_manifest(tmp_path, Manifest(newer, manifest.rows))
    with pytest.raises(ShardError, match="found format version 99; expected version 1") as caught:
        ShardSet.open(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_newer_manifest_is_refused_whatever_else_it_says(tmp_path: Path) -> None:
    write_set(tmp_path, {"train": [1]})
    table = pq.read_table(tmp_path / MANIFEST).drop_columns(["pixels"])
    newer = table.replace_schema_metadata(
        {METADATA_KEY: b'{"format_version": 2, "sizes": "in another form"}'}
    )
    pq.write_table(newer, tmp_path / MANIFEST)
    with pytest.raises(
        ShardError, match=r"format version 2; expected version 1\. Use the segdata that wrote"
    ):
        ShardSet.open(tmp_path)


def test_a_newer_shard_under_an_older_manifest_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path, {"train": [1]})
    shard = next(tmp_path.glob("*.arrow"))
    shard.write_bytes(shard.read_bytes().replace(b'"format_version":1', b'"format_version":2'))
    split = ShardSet.open(tmp_path).split("train")
    with pytest.raises(ShardError, match=f"{shard.name}: found format version 2; expected version 1"):
        split.images([0])


def test_a_manifest_whose_samples_and_shards_do_not_match_is_damaged(tmp_path: Path) -> None:
    write_set(tmp_path, {"train": [2, 1]})
    manifest = read_manifest(tmp_path)
    for rows in (manifest.rows[1:], (*manifest.rows, manifest.rows[0])):
        write_manifest(tmp_path, Manifest(manifest.metadata, rows))
        with pytest.raises(ShardError, match="damaged manifest .samples and shards that do not match"):
            ShardSet.open(tmp_path)


def test_a_shard_that_is_right_is_not_written_again(tmp_path: Path) -> None:
    """So that a link into a read-only cache stays one."""
    write_set(tmp_path, {"train": [2]})
    shard = next(tmp_path.glob("*.arrow"))
    before = shard.stat()
    write_set(tmp_path, {"train": [2]})
    assert (shard.stat().st_ino, shard.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert {path.name for path in tmp_path.iterdir()} == {shard.name, MANIFEST}


def test_a_mask_value_without_class_is_refused(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, "train", METADATA, 1)
    mask = np.zeros((4, 6), np.uint8)
    mask[2, 3] = 3
    with pytest.raises(ShardError, match=r"leaf: found mask value 3; expected a class id of 0 to 2, or 255"):
        writer.append("leaf", np.zeros((4, 6, 3), np.uint8), mask, ("", ""), (4, 6))


def test_shards_read_without_torch_prefect_or_dvc(tmp_path: Path) -> None:
    write_set(tmp_path, {"train": [2]})
    code = (
        "import sys\n"
        "for name in ('torch', 'prefect', 'dvc', 'lightning', 'cv2', 'pandas'): sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "from segdata.shards import ShardSet\n"
        f"print(ShardSet.open(Path({str(tmp_path)!r})).split('train').images([1, 0]).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "(2, 4, 6, 3)\n", done.stderr


@pytest.mark.parametrize("largest", [0, window.LARGEST_WINDOW])
def test_a_batch_from_many_shards_with_and_without_a_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, largest: int
) -> None:
    monkeypatch.setattr(window, "LARGEST_WINDOW", largest)
    truth = write_set(tmp_path, {"train": [3, 1, 4, 1, 5], "val": [2]})
    split = ShardSet.open(tmp_path).split("train")
    wanted = [13, 0, 3, 4, 7, 8, 8, 2]
    images, masks = split.images(wanted), split.masks(wanted)
    assert np.array_equal(images, [truth[split.ids[index]][0] for index in wanted])
    assert np.array_equal(masks, [truth[split.ids[index]][1] for index in wanted])
    assert images.flags.c_contiguous and images.flags.writeable
    images[:] = 0  # a copy: the set stays as it is
    assert np.array_equal(split.images(wanted), [truth[split.ids[index]][0] for index in wanted])
    assert split.images([]).shape == (0, 4, 6, 3)
    for outside in ([0, -1], [14], [13, 2, 99]):
        with pytest.raises(IndexError, match=r"outside 0 … 13"):
            split.images(outside)
