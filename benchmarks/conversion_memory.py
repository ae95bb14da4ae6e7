"""Peak memory of a conversion as the set grows: it must be that of the shards in work, not of the whole set.

python benchmarks/conversion_memory.py

Forty-eight drawn VIA photos of 480x640 are linked under as many names as a set needs, with their entries repeated in
the JSON. Each conversion runs in a fresh process with two threads, through the three verbs of segdata.conversion (as
flows/convert.py does, without Prefect), and reports its own ru_maxrss.

What one more worker takes is measured with photos of 12 megapixels, one shard at a time: four workers and one, by three.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from _report import hardware, spread, versions, write_results

# segdata is imported only in the processes started here. Linux counts the memory of whoever started a process into
# its ru_maxrss, so this one must stay smaller than what it measures.
REPOSITORY = Path(__file__).parent.parent
SIZES_HW = ((96, 128), (224, 224))
SCENES = 48
WORKERS = 2
PHONE = ("phone photos, 224x224", "phone photos, 704x1056")
FEW, MANY = 1, 4
Taken = dict[tuple[tuple[int, int], int], list[dict[str, float]]]
KIB = 1 if sys.platform != "darwin" else 1024  # ru_maxrss counts KiB on Linux, bytes on macOS


def own_peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB / 1024


def draw(folder: Path) -> None:
    """In a process of its own: the photos that all sets are made of."""
    from segdata.sample_data import write_sample_set

    write_sample_set("via", folder, num_scenes=SCENES)


def measure(root: Path, threads: int | None = None, at_once: int = WORKERS) -> None:
    """In a process of its own: convert the pipeline `street` of a project and print what it took, as JSON.

    threads   read photos (None: as many as the project says), for `at_once` shards at a time
    """
    from segdata.conversion import Conversion
    from segdata.project import Project

    imported_mib = own_peak_mib()
    start = time.perf_counter()
    conversion = Conversion.open(Project(root), "street", threads=threads)
    plan = conversion.plan()
    planned_mib = own_peak_mib()
    with ThreadPoolExecutor(at_once) as pool:
        results = list(pool.map(conversion.convert, plan.tasks))
    summary = conversion.finish(plan, results, strict=True)
    seconds = time.perf_counter() - start
    figures = {
        "imported_mib": imported_mib,
        "planned_mib": planned_mib,
        "peak_mib": own_peak_mib(),
        "seconds": seconds,
        "shards": len(plan.tasks),
        "largest_shard_rows": max(len(task.samples) for task in plan.tasks),
        "samples": sum(summary.samples.values()),
    }
    print(json.dumps(figures))


def write_project(root: Path, drawn: Path, count: int, size_hw: tuple[int, int]) -> None:
    """A project with one pipeline over `count` photos, linked in turn from the drawn ones."""
    photos = root / "data" / "raw" / "street" / "photos"
    photos.mkdir(parents=True)
    entries = list(json.loads((drawn / "via_region_data.json").read_text(encoding="utf-8")).values())
    repeated = {}
    for number in range(count):
        entry = entries[number % len(entries)]
        name = f"IMG_{number:05d}.jpg"
        os.link(drawn / "photos" / entry["filename"], photos / name)
        repeated[f"{name}{entry['size']}"] = entry | {"filename": name}
    (photos.parent / "via_region_data.json").write_text(json.dumps(repeated), encoding="utf-8")
    sample = (REPOSITORY / "pipelines" / "sample-via.yaml").read_text(encoding="utf-8")
    pipeline = sample.replace("root: data/raw/sample-via", "root: data/raw/street")
    pipeline = pipeline.replace("size_hw: [96, 128]", f"size_hw: [{size_hw[0]}, {size_hw[1]}]")
    pipeline = pipeline.replace(
        "\nsource:\n", "\nsource:\n  accept_leaks: all  # the same few photos under many names\n"
    )
    (root / "pipelines").mkdir()
    (root / "pipelines" / "street.yaml").write_text(pipeline, encoding="utf-8")
    (root / "params.yaml").write_text("pipelines: {}\n", encoding="utf-8")


def in_fresh_process(verb: str, folder: Path, *more: str) -> str:
    command = [sys.executable, __file__, verb, str(folder), *more]
    return subprocess.run(command, check=True, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True).stdout


def run(counts: Sequence[int], runs: int) -> Taken:
    """Figures of every run, by size of the samples and number of photos; sizes and counts take turns."""
    taken: Taken = {}
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "drawn"
        in_fresh_process("draw", drawn)
        for number in range(runs):
            for size_hw in SIZES_HW:
                for count in counts:
                    root = Path(folder) / f"{number}-{size_hw[0]}x{size_hw[1]}-{count}"
                    write_project(root, drawn, count, size_hw)
                    figures = json.loads(in_fresh_process("measure", root))
                    assert figures["samples"] == count
                    taken.setdefault((size_hw, count), []).append(figures)
    return taken


def more_workers(runs: int) -> list[dict[str, Any]]:
    """What one worker more takes of 12-megapixel photos, by size of the samples; prints the table."""
    rows: list[dict[str, Any]] = []
    print("\n| 12 megapixels | one worker, MiB | each one more, MiB |")
    print("|---|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(PHONE):
            root = Path(folder) / str(number)
            command = [sys.executable, str(REPOSITORY / "benchmarks/conversion.py"), "draw", name, str(root)]
            subprocess.run(command, check=True, cwd=REPOSITORY)
            peaks: dict[int, list[float]] = {FEW: [], MANY: []}
            for _ in range(runs):
                for threads, mib in peaks.items():
                    for made in ("data", ".segdata"):
                        subprocess.run(["rm", "-rf", str(root / made)], check=True)
                    figures = json.loads(in_fresh_process("measure", root, str(threads), "1"))
                    mib.append(figures["peak_mib"] - figures["imported_mib"])
            more = [(many - few) / (MANY - FEW) for few, many in zip(peaks[FEW], peaks[MANY], strict=True)]
            row = {"case": name, "one_mib": spread(peaks[FEW], 1), "each_more_mib": spread(more, 1)}
            print(f"| {name} | {row['one_mib']} | {row['each_more_mib']} |")
            rows.append(row)
    return rows


def report(taken: Taken, runs: int) -> None:
    """Print the table and write the results; the ratio is to the smallest set of the same size_hw."""
    print(
        "| size_hw | photos | shards | largest shard | after imports | after plan | peak (min-max) MiB | ratio |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    rows: list[dict[str, Any]] = []
    smallest: dict[tuple[int, int], float] = {}
    for (size_hw, count), figures in taken.items():
        mib = {
            name: spread([one[f"{name}_mib"] for one in figures], 1)
            for name in ("imported", "planned", "peak")
        }
        ratio = mib["peak"]["median"] / smallest.setdefault(size_hw, mib["peak"]["median"])
        shards, largest = int(figures[0]["shards"]), int(figures[0]["largest_shard_rows"])
        seconds = spread([one["seconds"] for one in figures], 2)
        peak = f"{mib['peak']['median']:.0f} ({mib['peak']['min']:.0f}-{mib['peak']['max']:.0f})"
        print(
            f"| {size_hw[0]}x{size_hw[1]} | {count:,} | {shards} | {largest} "
            f"| {mib['imported']['median']:.0f} | {mib['planned']['median']:.0f} | {peak} | {ratio:.2f} |"
        )
        rows.append(
            {"size_hw": size_hw, "photos": count, "shards": shards, "largest_shard_rows": largest}
            | {f"{name}_mib": value for name, value in mib.items()}
            | {"seconds": seconds, "peak_ratio": round(ratio, 3)}
        )
    distributions = ("numpy", "opencv-python-headless", "pillow", "pyarrow")
    write_results(
        __file__,
        {
            "what": "ru_maxrss of a conversion in a fresh process, MiB; peak_ratio is to the smallest set",
            "hardware": hardware(),
            "versions": versions(*distributions),
            "threads": WORKERS,
            "runs": runs,
            "results": rows,
            "workers": more_workers(runs),
        },
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--photos", type=int, nargs="+", default=[200, 2000], help="sizes of the sets, smallest first"
    )
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    report(run(arguments.photos, arguments.runs), arguments.runs)


if __name__ == "__main__":
    if sys.argv[1:2] == ["draw"]:
        draw(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["measure"]:
        measure(Path(sys.argv[2]), *map(int, sys.argv[3:]))
    else:
        main()
