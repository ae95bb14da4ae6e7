"""Shuffled epochs from shards, against numpy memory maps of the same arrays and against other formats; memory, bytes on disk.

python benchmarks/loader.py [--peers PYTHON]

1. In one process, contenders in turn within each round, 224x224, each giving the same batches as torch tensors of their own:
   memmap         images[order] and masks[order] of two .npy files, gathered by numpy's fancy indexing, in a plain loop
   shards, split  ShardSplit.images and .masks, in a plain loop
   shards, torch  the loader that training uses: DataLoader, EpochBatches, ShardDataset
2. At 224x224 and 512x1024, with 0 and 2 workers, each contender in a fresh process: photos of drawn scenes from shards and
   from shards that are kept compressed (zstd), through segdata's BatchLoader, whose workers are threads; from a memory map
   and from shards through torch's DataLoader, whose workers are processes. With --peers, a Python that has webdataset,
   litdata, mosaicml-streaming and torchvision, from each of their formats too (benchmarks/peers/loader_*.py), in worker
   processes as they come. Rounds alternate, and ratios are within a round; what each takes on disk stands beside it.
3. An epoch's own memory, in a fresh process, as the set grows: mapped files belong to the page cache and are not in it.

All files fit the page cache and are read once before they are timed: what is compared is the work of gathering.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _loader_data import SEED, iter_noise, iter_scenes, write_both
from _plots import draw_plots
from _report import hardware, spread, versions, write_results
from numpy.typing import NDArray
from peers.loader_common import measure
from torch.utils.data import DataLoader

from segdata.shards import ShardSet, ShardSplit
from segdata.shards.loader import BatchLoader
from segdata.shards.sampler import EpochBatches
from segdata.training.data import Batch, ShardDataset, build_loader

SIZE_HW = (224, 224)
BATCH_SIZE = 32
SIZES_HW = ((224, 224), (512, 1024))
OWN = ("memmap", "segdata", "segdata, DataLoader", "segdata, zstd")
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

    def __getitem__(self, indices: list[int]) -> Batch:
        return Batch(torch.from_numpy(self.images[indices]), torch.from_numpy(self.masks[indices]))


def own(name: str, folder: Path, workers: int, epochs: int) -> None:
    """In a process of its own: shards or memory maps; the last line is JSON."""
    place = folder if name == "memmap" else folder / ("shards-zstd" if "zstd" in name else "shards")
    split = ShardSet.open(folder / "shards" if name == "memmap" else place).split("train")
    batches = EpochBatches(len(split), BATCH_SIZE, seed=SEED)
    loader: Any = Threads(split, batches, workers)
    if name in ("memmap", "segdata, DataLoader"):
        dataset: Any = Mapped(folder) if name == "memmap" else ShardDataset(split)
        keep: dict[str, Any] = {"num_workers": workers, "persistent_workers": workers > 0}
        loader = DataLoader(dataset, sampler=batches, batch_size=None, **keep)
    size = sum(path.stat().st_size for path in place.glob("*.*") if path.is_file())
    rates = measure(loader, len(split), split.size_hw, epochs)
    print(json.dumps({"samples_per_second": rates, "bytes": size, "version": ""}))


class Threads:
    """BatchLoader's batches as tensors."""

    def __init__(self, split: ShardSplit, batches: EpochBatches, workers: int) -> None:
        self.loader = BatchLoader(split, batches, workers=workers)

    def __iter__(self) -> Iterator[Batch]:
        for images, masks in self.loader:
            yield Batch(torch.from_numpy(images), torch.from_numpy(masks))


def own_memory() -> int:
    """KiB of this process that no file on disk holds too; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:")))


def epoch_memory(folder: Path) -> None:
    """In a process of its own: two epochs as training reads them, and the most memory of its own after a batch."""
    split = ShardSet.open(folder / "shards").split("train")
    before = most = own_memory()
    for epoch in range(2):
        batches = EpochBatches(len(split), BATCH_SIZE, seed=SEED, epoch=epoch)
        for _ in build_loader(split, batches, pin=False):
            most = max(most, own_memory())
    print(json.dumps({"samples": len(split), "opened_mib": before / 1024, "peak_mib": most / 1024}))


def memory(counts: Sequence[int], runs: int) -> list[dict[str, Any]]:
    """Memory of an epoch of sets of these sizes, 224x224; the ratio is of what the epoch takes beyond the opened set."""
    rows: list[dict[str, Any]] = []
    print(
        "\n| samples | after opening, MiB | an epoch takes more, MiB (min-max) | ratio |\n|---:|---:|---:|---:|"
    )
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            write_both(Path(folder), count, SIZE_HW, iter_noise(count, SIZE_HW))
            command = [sys.executable, __file__, "memory", folder]
            done = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(runs)]
        found = [json.loads(one.stdout.splitlines()[-1]) for one in done]
        opened = spread([one["opened_mib"] for one in found], 1)
        more = spread([one["peak_mib"] - one["opened_mib"] for one in found], 1)
        ratio = round(more["median"] / rows[0]["epoch_mib"]["median"], 2) if rows else 1.0
        print(
            f"| {count:,} | {opened['median']} | {more['median']} ({more['min']}-{more['max']}) | {ratio} |"
        )
        rows.append({"samples": count, "opened_mib": opened, "epoch_mib": more, "ratio": ratio})
    return rows


def side_by_side(
    python: str | None, rounds: int, epochs: int, sizes: Sequence[tuple[tuple[int, int], int]]
) -> list[dict[str, Any]]:
    """Every contender in each size with 0 and 2 workers; a round's figure is the median of its epochs."""
    rows = []
    for size_hw, samples in sizes:
        with tempfile.TemporaryDirectory() as folder:
            write_both(Path(folder), samples, size_hw, iter_scenes(samples, size_hw), zstd=True)
            for workers in (0, 2):
                taken: dict[str, list[dict[str, Any]]] = {}
                for _ in range(rounds):
                    for name in (*OWN, *(PEERS if python else ())):
                        taken.setdefault(name, []).append(fresh(python, name, folder, workers, epochs))
                rows += rows_of(taken, size_hw, samples, workers)
    return rows


def fresh(python: str | None, name: str, folder: str, workers: int, epochs: int) -> dict[str, Any]:
    arguments = [folder, str(workers), str(epochs)]
    command = [sys.executable, __file__, "own", name, *arguments]
    if python and name in PEERS:
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
        "| contender | samples/s (min-max) | segdata is faster by (min-max) | MB on disk | of raw |\n"
        "|---|---:|---:|---:|---:|"
    )
    rows = []
    raw = samples * size_hw[0] * size_hw[1] * 4
    for name, runs in taken.items():
        rate = spread([run["rate"] for run in runs], 0)
        ratio = spread(
            [mine["rate"] / run["rate"] for mine, run in zip(taken["segdata"], runs, strict=True)], 2
        )
        print(
            f"| {name} {runs[0]['version']} | {rate['median']:,.0f} ({rate['min']:,.0f}-{rate['max']:,.0f}) "
            f"| {ratio['median']} ({ratio['min']}-{ratio['max']}) "
            f"| {runs[0]['bytes'] / 1e6:,.1f} | {runs[0]['bytes'] / raw:.2f} |"
        )
        row = {"size_hw": size_hw, "samples": samples, "workers": workers, "contender": name}
        row |= {"version": runs[0]["version"], "bytes": runs[0]["bytes"], "raw_bytes": raw}
        rows.append(row | {"samples_per_second": rate, "segdata_faster_by": ratio})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--peers", metavar="PYTHON", help="a Python with the peers, to measure them beside")
    parser.add_argument("--peer-rounds", type=int, default=3, help="rounds of part 2")
    parser.add_argument(
        "--side-by-side",
        type=int,
        nargs=2,
        default=[1000, 160],
        help="samples of part 2, 224x224 and 512x1024",
    )
    parser.add_argument("--memory", type=int, nargs="+", default=[500, 4000], help="samples of part 3")
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
    sizes = list(zip(SIZES_HW, arguments.side_by_side, strict=True))
    beside = side_by_side(arguments.peers, arguments.peer_rounds, epochs=3, sizes=sizes)
    grown = memory(arguments.memory, runs=3)
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
            "epoch_memory": grown,
        },
    )
    draw_plots()


if __name__ == "__main__":
    if sys.argv[1:2] == ["own"]:
        own(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    elif sys.argv[1:2] == ["memory"]:
        epoch_memory(Path(sys.argv[2]))
    else:
        main()
