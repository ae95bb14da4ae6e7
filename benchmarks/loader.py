"""Shuffled epochs of 224x224 samples from shards, against numpy memory maps of the same arrays in the same order.

python benchmarks/loader.py [--peers PYTHON]

With --peers, a Python that has webdataset, litdata, mosaicml-streaming and torchvision, photos of drawn scenes are then
shuffled through by each of them too, at 224x224 and 512x1024, with 0 and 2 worker processes, each in a fresh process and
its own format (benchmarks/peers/loader_*.py); rounds alternate, and ratios are within a round.

Without it: contenders take turns within each round, and each gives the same batches as torch tensors in memory of their own:

memmap         images[order] and masks[order] of two .npy files, gathered by numpy's fancy indexing, in a plain loop
shards, split  ShardSplit.images and .masks, in a plain loop
shards, torch  the loader that training uses: DataLoader, EpochBatches, ShardDataset

All files fit the page cache and are read once before the first round: what is compared is the work of gathering.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _loader_data import SEED, iter_noise, iter_scenes, write_both
from _report import hardware, spread, versions, write_results
from numpy.typing import NDArray
from peers.loader_common import measure
from torch.utils.data import DataLoader

from segdata.shards import ShardSet, ShardSplit
from segdata.shards.sampler import EpochBatches
from segdata.training.data import Batch, ShardDataset, build_loader

SIZE_HW = (224, 224)
BATCH_SIZE = 32
SIDE_BY_SIDE = (((224, 224), 1000), ((512, 1024), 160))
OWN = ("memmap", "segdata")
PEERS = ("folder", "webdataset", "litdata", "streaming")
Contender = Callable[[int], Iterator[Batch]]


def contenders(
    split: ShardSplit, images: NDArray[np.uint8], masks: NDArray[np.uint8]
) -> dict[str, Contender]:
    def order(epoch: int) -> EpochBatches:
        return EpochBatches(len(split), BATCH_SIZE, seed=SEED, epoch=epoch)

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


class Mapped:
    """Two memory maps as a dataset that gives whole batches."""

    def __init__(self, folder: Path) -> None:
        self.images, self.masks = (np.load(folder / f"{n}.npy", mmap_mode="r") for n in ("images", "masks"))

    def __len__(self) -> int:
        return len(self.images)

    def __getitems__(self, indices: list[int]) -> Batch:
        return Batch(torch.from_numpy(self.images[indices]), torch.from_numpy(self.masks[indices]))


def own(name: str, folder: Path, workers: int, epochs: int) -> None:
    """In a process of its own: shards or memory maps through torch's DataLoader; the last line is JSON."""
    split = ShardSet.open(folder / "shards").split("train")
    dataset: Any = ShardDataset(split) if name == "segdata" else Mapped(folder)
    batches = EpochBatches(len(split), BATCH_SIZE, seed=SEED)
    keep: dict[str, Any] = {"num_workers": workers, "persistent_workers": workers > 0}
    loader: Any = DataLoader(dataset, batch_sampler=batches, collate_fn=_same, **keep)
    place = folder / "shards" if name == "segdata" else folder
    size = sum(path.stat().st_size for path in place.glob("*.*") if path.is_file())
    rates = measure(loader, len(split), split.size_hw, epochs)
    print(json.dumps({"samples_per_second": rates, "bytes": size, "version": ""}))


def _same(batch: Batch) -> Batch:
    return batch


def side_by_side(python: str, rounds: int, epochs: int) -> list[dict[str, Any]]:
    """Every contender in each size with 0 and 2 workers; a round's figure is the median of its epochs."""
    rows = []
    for size_hw, samples in SIDE_BY_SIDE:
        with tempfile.TemporaryDirectory() as folder:
            write_both(Path(folder), samples, size_hw, iter_scenes(samples, size_hw))
            for workers in (0, 2):
                taken: dict[str, list[dict[str, Any]]] = {}
                for _ in range(rounds):
                    for name in (*OWN, *PEERS):
                        taken.setdefault(name, []).append(fresh(python, name, folder, workers, epochs))
                rows += rows_of(taken, size_hw, samples, workers)
    return rows


def fresh(python: str, name: str, folder: str, workers: int, epochs: int) -> dict[str, Any]:
    arguments = [folder, str(workers), str(epochs)]
    command = [sys.executable, __file__, "own", name, *arguments]
    if name in PEERS:
        script = Path(__file__).parent / f"peers/loader_{name}.py"
        command = [python, str(script), *arguments, str(BATCH_SIZE)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name}, {workers} workers:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    found["rate"] = float(np.median(found["samples_per_second"]))
    return found


def rows_of(
    taken: dict[str, list[dict[str, Any]]], size_hw: tuple[int, int], samples: int, workers: int
) -> list[dict[str, Any]]:
    print(f"\n{size_hw[0]}x{size_hw[1]}, {samples} samples, {workers} workers")
    print(
        "| contender | samples/s (min-max) | segdata is faster by (min-max) | MB on disk |\n|---|---:|---:|---:|"
    )
    rows = []
    for name, runs in taken.items():
        rate = spread([run["rate"] for run in runs], 0)
        ratio = spread(
            [mine["rate"] / run["rate"] for mine, run in zip(taken["segdata"], runs, strict=True)], 2
        )
        print(
            f"| {name} {runs[0]['version']} | {rate['median']:,.0f} ({rate['min']:,.0f}-{rate['max']:,.0f}) "
            f"| {ratio['median']} ({ratio['min']}-{ratio['max']}) | {runs[0]['bytes'] / 1e6:,.0f} |"
        )
        row = {"size_hw": size_hw, "samples": samples, "workers": workers, "contender": name}
        rows.append(row | {"version": runs[0]["version"], "bytes": runs[0]["bytes"], "samples_per_second": rate, "segdata_faster_by": ratio})  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--peers", metavar="PYTHON", help="a Python with the peers, to measure them beside")
    parser.add_argument("--peer-rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        split, images, masks = write_both(
            Path(folder), arguments.samples, SIZE_HW, iter_noise(arguments.samples, SIZE_HW)
        )
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
    beside = side_by_side(arguments.peers, arguments.peer_rounds, epochs=3) if arguments.peers else []
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
            "side_by_side": beside,
        },
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["own"]:
        own(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    else:
        main()
