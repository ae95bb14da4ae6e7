from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import fsspec
import msgspec
import numpy as np
import pytest

from segdata.errors import ConfigError, ShardError
from segdata.shards import ShardSet
from segdata.shards.cache import ShardCache
from segdata.shards.manifest import Manifest, read_manifest, write_manifest
from segdata.shards.remote import has_origin, open_shards
from tests.shards.test_shard_sets import write_set

Truth = dict[str, tuple[np.ndarray, np.ndarray]]


@pytest.fixture(autouse=True)
def nothing_in_memory() -> None:
    fsspec.filesystem("memory").store.clear()


def push(folder: Path, name: str) -> str:
    """Copy a set to memory://<name>."""
    files = fsspec.filesystem("memory")
    for path in folder.iterdir():
        files.pipe_file(f"/{name}/{path.name}", path.read_bytes())
    return f"memory://{name}"


def cache_of(tmp_path: Path, bound: int = 2**20) -> ShardCache:
    return ShardCache(tmp_path / "cache", bound, has_origin)


def cached(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache/sets").glob("*/*.arrow"))


def shard_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.arrow"))


def test_a_set_in_memory_is_the_set_on_disk(tmp_path: Path) -> None:
    truth = write_set(tmp_path / "set", {"train": [3, 2], "val": [1]})
    here = ShardSet.open(tmp_path / "set")
    there = open_shards(push(tmp_path / "set", "street"), cache=cache_of(tmp_path))
    assert cached(tmp_path) == []  # the manifest alone answers this:
    assert (there.splits, there.size_hw, there.digest) == (("train", "val"), (4, 6), here.digest)
    assert np.array_equal(there.statistics(["train"]).mean, here.statistics(["train"]).mean)
    train = there.split("train")
    assert len(cached(tmp_path)) == 2
    wanted = [4, 0, 3]
    assert np.array_equal(train.images(wanted), [truth[train.ids[index]][0] for index in wanted])
    again = pickle.loads(pickle.dumps(train))  # as worker processes get it
    assert np.array_equal(again.masks(wanted), train.masks(wanted))


def test_local_folders_and_file_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = write_set(tmp_path / "set", {"val": [2]})
    monkeypatch.setenv("SEGDATA_CACHE", str(tmp_path / "cache"))
    for place in (tmp_path / "set", str(tmp_path / "set")):
        assert open_shards(place).folder == tmp_path / "set"
    assert not (tmp_path / "cache").exists()
    split = open_shards(f"file://{tmp_path / 'set'}").split("val")
    assert np.array_equal(split.image_at(1), truth[split.ids[1]][0])
    assert split.folder.parent == tmp_path / "cache/sets"


def test_what_is_cached_does_not_travel_again_and_versions_share_shards(tmp_path: Path) -> None:
    write_set(tmp_path / "old", {"train": [3], "val": [2]})
    cache = cache_of(tmp_path)
    old = open_shards(push(tmp_path / "old", "old"), cache=cache)
    old.split("train"), old.split("val")
    manifest = read_manifest(tmp_path / "old")  # the newer version has lost val, and moved elsewhere
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    entries = tuple(entry for entry in manifest.metadata.shards if entry.split == "train")
    metadata = msgspec.structs.replace(manifest.metadata, shards=entries)
    write_manifest(tmp_path / "new", Manifest(metadata, tuple(manifest.split_rows(["train"]))))
    push(tmp_path / "new", "new")
    files = fsspec.filesystem("memory")
    before = cache.bytes()
    for name in files.ls("/new", detail=False):
        if name.endswith(".arrow"):
            files.rm_file(name)
    split = open_shards("memory://new", cache=cache).split("train")
    assert len(split.images([0, 1, 2])) == 3
    assert cache.bytes() - before < 10_000  # a manifest, and no shard twice
    assert len({path.stat().st_ino for path in (tmp_path / "cache/sets").glob("*/train-*.arrow")}) == 1


def test_the_least_recently_used_set_goes_first(tmp_path: Path) -> None:
    sizes = {}
    cache = cache_of(tmp_path)
    for number, name in enumerate(("a", "b", "c")):
        write_set(tmp_path / name, {"train": [20]}, seed=number)
        push(tmp_path / name, name)
        sizes[name] = shard_bytes(tmp_path / name)
    for name in ("a", "b", "a"):
        open_shards(f"memory://{name}", cache=cache).split("train")
    small = cache_of(tmp_path, cache.bytes() + sizes["c"] // 2)
    open_shards("memory://c", cache=small).split("train")
    names = {name: next((tmp_path / name).glob("*.arrow")).name for name in sizes}
    assert cached(tmp_path) == sorted([names["a"], names["c"]])
    assert small.bytes() <= small.bound


def test_a_set_in_use_stays_and_lack_of_room_is_said(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b")):
        write_set(tmp_path / name, {"train": [20]}, seed=number)
        push(tmp_path / name, name)
    used = open_shards("memory://a", cache=cache_of(tmp_path)).split("train")
    small = cache_of(tmp_path, cache_of(tmp_path).bytes() + 10_000)
    with pytest.raises(
        ShardError, match=r"MiB more to keep, and .* that must stay \(\w{8} is in use; \w{8} is in use\)"
    ):
        open_shards("memory://b", cache=small).split("train")
    assert len(used.images(range(20))) == 20
    del used
    assert len(open_shards("memory://b", cache=small).split("train")) == 20


def test_the_only_copy_is_never_deleted(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b")):
        write_set(tmp_path / name, {"train": [20]}, seed=number)
        push(tmp_path / name, name)
    open_shards("memory://a", cache=cache_of(tmp_path)).split("train")
    only = cached(tmp_path)
    fsspec.filesystem("memory").rm("/a", recursive=True)
    small = cache_of(tmp_path, cache_of(tmp_path).bytes() + 10_000)
    with pytest.raises(ShardError, match="memory://a has it no longer, or cannot be asked"):
        open_shards("memory://b", cache=small).split("train")
    assert cached(tmp_path) == only
    (tmp_path / "cache/sets/mine").mkdir()  # what the cache did not make, it never touches
    (tmp_path / "cache/sets/mine/train-1.arrow").write_bytes(b"mine")
    push(tmp_path / "a", "a")
    open_shards("memory://b", cache=small).split("train")
    assert (tmp_path / "cache/sets/mine/train-1.arrow").read_bytes() == b"mine"
    with pytest.raises(ConfigError, match="a set inside the cache's own folder"):
        open_shards(f"file://{tmp_path / 'cache/mine'}", cache=small)


def test_damage_on_the_way_is_found_and_not_kept(tmp_path: Path) -> None:
    write_set(tmp_path / "set", {"train": [3]})
    url = push(tmp_path / "set", "street")
    files = fsspec.filesystem("memory")
    shard = next((tmp_path / "set").glob("*.arrow"))
    whole = shard.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (bytes(flipped), whole[:-1], whole + b"more", b""):
        files.pipe_file(f"/street/{shard.name}", damaged)
        if damaged == whole + b"more":
            continue  # what follows is not read
        with pytest.raises(ShardError, match=f"{shard.name}: found bytes of digest .* as the manifest says"):
            open_shards(url, cache=cache_of(tmp_path)).split("train")
        assert list((tmp_path / "cache/sets").glob("*/train-*")) == []
    files.rm_file(f"/street/{shard.name}")
    with pytest.raises(ShardError, match=f"memory://street/{shard.name}: found that it cannot be read"):
        open_shards(url, cache=cache_of(tmp_path)).split("train")
    files.pipe_file(f"/street/{shard.name}", whole)
    assert len(open_shards(url, cache=cache_of(tmp_path)).split("train")) == 3


def test_wrong_addresses_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = cache_of(tmp_path)
    with pytest.raises(ShardError, match=r"memory://nothing: found no manifest\.parquet"):
        open_shards("memory://nothing", cache=cache)
    with pytest.raises(ConfigError, match="nonsense://x: found Protocol not known"):
        open_shards("nonsense://x", cache=cache)
    fsspec.filesystem("memory").pipe_file("/bad/manifest.parquet", b"PAR1")
    with pytest.raises(ShardError, match=r"memory://bad/manifest\.parquet: found a damaged manifest"):
        open_shards("memory://bad", cache=cache)
    monkeypatch.setenv("SEGDATA_CACHE_GIB", "lots")
    with pytest.raises(
        ConfigError, match="SEGDATA_CACHE_GIB: found 'lots'; expected a positive number of GiB"
    ):
        open_shards("memory://bad")


@pytest.mark.parametrize("name", ["../../escaped.arrow", "/tmp/escaped.arrow", ".arrow", "origin.json"])
def test_a_manifest_cannot_name_files_outside_its_place(tmp_path: Path, name: str) -> None:
    write_set(tmp_path / "set", {"train": [1]})
    manifest = read_manifest(tmp_path / "set")
    entry = msgspec.structs.replace(manifest.metadata.shards[0], name=name)
    rows = tuple(msgspec.structs.replace(row, shard=name) for row in manifest.rows)
    metadata = msgspec.structs.replace(manifest.metadata, shards=(entry,))
    write_manifest(tmp_path / "set", Manifest(metadata, rows))
    with pytest.raises(ShardError, match="expected a plain file name that ends in .arrow"):
        open_shards(push(tmp_path / "set", "evil"), cache=cache_of(tmp_path))
    assert not (tmp_path / "escaped.arrow").exists()


def test_processes_at_the_same_time_share_one_download(tmp_path: Path) -> None:
    write_set(tmp_path / "set", {"train": [4, 4, 4, 4]})
    code = (
        "from segdata.shards.remote import open_shards\n"
        f"split = open_shards('file://{tmp_path / 'set'}').split('train')\n"
        "print(split.images(range(16)).sum())\n"
    )
    environment = os.environ | {"SEGDATA_CACHE": str(tmp_path / "cache")}
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = {process.communicate()[0] for process in running}
    expected = int(ShardSet.open(tmp_path / "set").split("train").images(range(16)).sum())
    assert said == {f"{expected}\n"}
    assert len(cached(tmp_path)) == 4
    assert list((tmp_path / "cache").rglob("*.partial")) == []
