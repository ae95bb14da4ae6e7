"""The samples that benchmarks/loader.py shuffles through, as a shard set and as two .npy files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segdata.ontology import ontology_of_names
from segdata.sample_data import write_sample_set
from segdata.shards import ShardSet, ShardSplit
from segdata.shards.boundaries import group_into_shards, target_rows
from segdata.shards.manifest import Manifest, write_manifest
from segdata.shards.schema import SetMetadata
from segdata.shards.writer import ShardWriter

TARGET_MIB = 8.0  # the pipelines' default
SEED = 2012


def iter_noise(samples: int, size_hw: tuple[int, int]) -> Iterator[tuple[Any, Any]]:
    random = np.random.default_rng(SEED)
    for _ in range(samples):
        yield random.integers(0, 256, (*size_hw, 3), np.uint8), random.integers(0, 4, size_hw, np.uint8)


def iter_scenes(samples: int, size_hw: tuple[int, int]) -> Iterator[tuple[Any, Any]]:
    """Twelve drawn street scenes, each turned round by another number of columns: what JPEG and PNG are made for."""
    with tempfile.TemporaryDirectory() as folder:
        write_sample_set("voc", Path(folder), num_scenes=12, size_hw=size_hw, seed=SEED)
        scenes = []
        for photo in sorted(Path(folder).rglob("*.jpg")):
            mask = next(Path(folder).rglob(f"SegmentationClass/{photo.stem}.png"))
            pair = [
                np.array(Image.open(file).resize(size_hw[::-1], Image.Resampling.NEAREST))
                for file in (photo, mask)
            ]
            scenes.append((pair[0], np.where(pair[1] == 255, 255, pair[1] % 4).astype(np.uint8)))
    for index in range(samples):
        image, mask = scenes[index % len(scenes)]
        shift = index * 37 % size_hw[1]
        yield np.roll(image, shift, 1), np.roll(mask, shift, 1)


def write_both(
    folder: Path,
    samples: int,
    size_hw: tuple[int, int],
    pictures: Iterator[tuple[Any, Any]],
    *,
    zstd: bool = False,
) -> tuple[ShardSplit, NDArray[np.uint8], NDArray[np.uint8]]:
    """The same samples as a shard set and as two .npy files, opened as memory maps; with `zstd`, compressed shards too."""
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (samples, *size_hw, 3))
    masks = np.lib.format.open_memmap(folder / "masks.npy", "w+", np.uint8, (samples, *size_hw))
    for index in range(samples):
        images[index], masks[index] = next(pictures)
    images.flush()
    masks.flush()
    write_shards(folder / "shards", images, masks, "none")
    if zstd:
        write_shards(folder / "shards-zstd", images, masks, "zstd")
    split = ShardSet.open(folder / "shards").split("train")
    return split, np.load(folder / "images.npy", mmap_mode="r"), np.load(folder / "masks.npy", mmap_mode="r")


def write_shards(folder: Path, images: NDArray[np.uint8], masks: NDArray[np.uint8], compression: str) -> None:
    """A set of one split, train, as a conversion cuts it into shards."""
    ontology, size_hw = ontology_of_names("four", ["sky", "road", "car", "person"]), masks.shape[1:]
    metadata = SetMetadata.of(ontology, size_hw, "area", "via", compression)
    entries, rows, index = [], [], 0
    ids = [f"IMG_{number:05d}" for number in range(len(images))]
    for shard in group_into_shards(ids, target_rows(size_hw, TARGET_MIB)):
        writer = ShardWriter(folder, "train", metadata, len(shard))
        for id in shard:
            writer.append(id, images[index], masks[index], ("photo", "annotation"), size_hw)
            index += 1
        finished = writer.finish()
        assert finished is not None
        entries.append(finished[0])
        rows += finished[1]
    write_manifest(folder, Manifest(msgspec.structs.replace(metadata, shards=tuple(entries)), tuple(rows)))
