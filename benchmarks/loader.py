"""Shuffled epochs of 224x224 samples from shards, against numpy memory maps of the same arrays in the same order.

python benchmarks/loader.py

Contenders take turns within each round, and each gives the same batches as torch tensors in memory of their own:

memmap         images[order] and masks[order] of two .npy files, gathered by numpy's fancy indexing, in a plain loop
shards, split  ShardSplit.images and .masks, in a plain loop
shards, torch  the loader that training uses: DataLoader, ShuffledBatches, ShardDataset

All files fit the page cache and are read once before the first round: what is compared is the work of gathering.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import torch
from _report import hardware, spread, versions, write_results
from numpy.typing import NDArray

from segdata.ontology import ontology_of_names
from segdata.shards import ShardSet, ShardSplit
from segdata.shards.boundaries import group_into_shards, target_rows
from segdata.shards.manifest import Manifest, write_manifest
from segdata.shards.schema import SetMetadata
from segdata.shards.writer import ShardWriter
from segdata.training.data import Batch, ShuffledBatches, build_loader

SIZE_HW = (224, 224)
TARGET_MIB = 16.0  # the pipelines' default
BATCH_SIZE = 32
SEED = 2012
Contender = Callable[[int], Iterator[Batch]]


def write_both(folder: Path, samples: int) -> tuple[ShardSplit, NDArray[np.uint8], NDArray[np.uint8]]:
    """The same random samples as a shard set and as two .npy files, opened as memory maps."""
    random = np.random.default_rng(SEED)
    metadata = SetMetadata.of(
        ontology_of_names("four", ["sky", "road", "car", "person"]), SIZE_HW, "area", "via"
    )
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (samples, *SIZE_HW, 3))
    masks = np.lib.format.open_memmap(folder / "masks.npy", "w+", np.uint8, (samples, *SIZE_HW))
    entries, rows, index = [], [], 0
    ids = [f"IMG_{number:05d}" for number in range(samples)]
    for shard in group_into_shards(ids, target_rows(SIZE_HW, TARGET_MIB)):
        writer = ShardWriter(folder / "shards", "train", metadata, len(shard))
        for id in shard:
            images[index] = random.integers(0, 256, (*SIZE_HW, 3), np.uint8)
            masks[index] = random.integers(0, 4, SIZE_HW, np.uint8)
            writer.append(id, images[index], masks[index], ("photo", "annotation"), SIZE_HW)
            index += 1
        finished = writer.finish()
        assert finished is not None
        entries.append(finished[0])
        rows += finished[1]
    manifest = Manifest(msgspec.structs.replace(metadata, shards=tuple(entries)), tuple(rows))
    write_manifest(folder / "shards", manifest)
    images.flush()
    masks.flush()
    split = ShardSet.open(folder / "shards").split("train")
    return split, np.load(folder / "images.npy", mmap_mode="r"), np.load(folder / "masks.npy", mmap_mode="r")


def contenders(
    split: ShardSplit, images: NDArray[np.uint8], masks: NDArray[np.uint8]
) -> dict[str, Contender]:
    def order(epoch: int) -> ShuffledBatches:
        return ShuffledBatches(len(split), BATCH_SIZE, seed=SEED, epoch=epoch)

    def memmap(epoch: int) -> Iterator[Batch]:
        for indices in order(epoch):
            yield Batch(torch.from_numpy(images[indices]), torch.from_numpy(masks[indices]))

    def plain(epoch: int) -> Iterator[Batch]:
        for indices in order(epoch):
            yield Batch(torch.from_numpy(split.images(indices)), torch.from_numpy(split.masks(indices)))

    def loader(epoch: int) -> Iterator[Batch]:
        return iter(build_loader(split, order(epoch), pin=False))

    return {"memmap": memmap, "shards, split": plain, "shards, torch": loader}


def check_equal(all_contenders: dict[str, Contender]) -> None:
    """Every contender must give the very same batches; this reads all files once, too."""
    first, *others = all_contenders.values()
    for batches in zip(first(0), *(other(0) for other in others), strict=True):
        for batch in batches[1:]:
            assert torch.equal(batch.images, batches[0].images) and torch.equal(batch.masks, batches[0].masks)


def samples_per_second(contender: Contender, epoch: int, samples: int) -> float:
    start = time.perf_counter()
    seen = sum(len(batch.images) for batch in contender(epoch))
    seconds = time.perf_counter() - start
    assert seen == samples
    return samples / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=21)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        split, images, masks = write_both(Path(folder), arguments.samples)
        everyone = contenders(split, images, masks)
        check_equal(everyone)
        rates: dict[str, list[float]] = {name: [] for name in everyone}
        for epoch in range(arguments.rounds):
            names = list(everyone)[epoch % 3 :] + list(everyone)[: epoch % 3]  # nobody always goes first
            for name in names:
                rates[name].append(samples_per_second(everyone[name], epoch, len(split)))
        shards = len(split.entries)
    print("| contender | samples/s (min-max) | ratio to memmap in the same round (min-max) |")
    print("|---|---:|---:|")
    results = []
    for name, values in rates.items():
        rate = spread(values, 0)
        ratio = spread([mine / base for mine, base in zip(values, rates["memmap"], strict=True)], 3)
        print(
            f"| {name} | {rate['median']:,.0f} ({rate['min']:,.0f}-{rate['max']:,.0f}) "
            f"| {ratio['median']:.2f} ({ratio['min']:.2f}-{ratio['max']:.2f}) |"
        )
        results.append({"contender": name, "samples_per_second": rate, "ratio_to_memmap": ratio})
    write_results(
        __file__,
        {
            "what": "shuffled epochs, samples per second; ratios are between contenders of the same round",
            "hardware": hardware(),
            "versions": versions("numpy", "pyarrow", "torch"),
            "samples": arguments.samples,
            "size_hw": SIZE_HW,
            "batch_size": BATCH_SIZE,
            "shards": shards,
            "runs": arguments.rounds,
            "results": results,
        },
    )


if __name__ == "__main__":
    main()
