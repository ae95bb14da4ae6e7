"""What a change costs: ten more photos against a full conversion, a plan with nothing new, and the bytes to push.

python benchmarks/shards.py

Drawn photos of 960x1280 (noise, no two alike) with one VIA region each become samples of 224x224; in a row of their own,
photos of a phone's size (3000x4000; a few, linked under many names), which take longer to decode, and with --real FOLDER
those of a folder reduced to 960x1280, linked likewise, as real ones have more detail than drawn ones. Ten more come in two
ways: as a camera roll, their numbers following on the last, and, on top of it, scattered, their numbers between those that
are there. A `group` keeps a roll in one split; a row of its own says what it costs where each photo is split alone. Each
conversion runs in a fresh process with two threads, through the three verbs of segdata.conversion (as flows/convert.py
does, without Prefect); times are of the work, without the process's start and imports. To push are the files of shard
set, plan and check report that have new contents, as DVC counts them. The last part runs DVC itself, with a folder as its
remote.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from _plots import draw_plots
from _report import hardware, spread, versions, write_results
from _shards_dvc import Repository
from _shards_source import GAP, REPOSITORY, SIZE_HW, draw, reduce_real, write_source

PHOTO_HW = (960, 1280)
ADDED = 10
WORKERS = 2
Figures = dict[str, Any]


def measure(root: Path) -> None:
    """In a process of its own: convert the pipeline `street` of a project and print what it took, as JSON."""
    import pandas  # noqa: F401 - pyarrow imports it at the first array, once per process

    import segdata.formats.via  # noqa: F401 - imported when a source of its format is opened
    from segdata.conversion import Conversion
    from segdata.digests import file_digest
    from segdata.project import Project

    project = Project(root)
    outputs = [project.shards_dir("street"), project.plan_path("street"), project.check_path("street")]

    def contents() -> dict[str, int]:
        found = [path for out in outputs for path in (out.iterdir() if out.is_dir() else [out])]
        return {file_digest(path): path.stat().st_size for path in found if path.is_file()}

    before = contents()
    start = time.perf_counter()
    conversion = Conversion.open(project, "street")
    plan = conversion.plan()
    planned = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(conversion.convert, plan.tasks))
    summary = conversion.finish(plan, results, strict=True)
    seconds = time.perf_counter() - start
    new = {digest: size for digest, size in contents().items() if digest not in before}
    figures = {
        "seconds": seconds,
        "plan_seconds": planned - start,
        "converted": summary.converted,
        "shards": summary.shards,
        "new_files": len(new),
        "push_mib": sum(new.values()) / 2**20,
    }
    print(json.dumps(figures))


def load(root: Path) -> None:
    """In a process of its own: a shuffled epoch of batches of 32 from the train split, as samples per second."""
    import numpy as np

    from segdata.project import Project
    from segdata.shards import ShardSet

    split = ShardSet.open(Project(root).shards_dir("street")).split("train")
    rates = []
    for epoch in range(8):
        order = np.random.default_rng(epoch).permutation(len(split))
        start = time.perf_counter()
        for at in range(0, len(order), 32):
            split.images(order[at : at + 32])
            split.masks(order[at : at + 32])
        rates.append(len(order) / (time.perf_counter() - start))
    print(json.dumps({"samples_per_second": statistics.median(rates[1:])}))


def in_fresh_process(verb: str, root: Path) -> Figures:
    command = [sys.executable, __file__, verb, str(root)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # compiled modules are kept, as everywhere
    done = subprocess.run(
        command, check=True, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
    )
    figures: Figures = json.loads(done.stdout)
    return figures


def grow(
    folder: Path, drawn: Path, count: int, target_mib: float, *, grouped: bool = True
) -> dict[str, Figures]:
    """Full conversion, no-op, a camera roll of ten more photos, and ten scattered ones on top of that."""
    numbers = [number * GAP for number in range(count)]
    roll = [count * GAP + step for step in range(ADDED)]
    scattered = [number * count // ADDED * GAP + 3 for number in range(ADDED)]
    root = folder / "set"
    write_source(root, drawn, numbers, target_mib, grouped=grouped)
    figures = {"full": in_fresh_process("measure", root)}
    time.sleep(2.1)  # the files grow old enough for the digest cache
    in_fresh_process("measure", root)
    figures["no-op"] = in_fresh_process("measure", root)
    figures["loader"] = in_fresh_process("load", root)
    for way, more in (("roll", roll), ("scattered", scattered)):
        numbers += more
        write_source(root, drawn, numbers, target_mib, grouped=grouped)
        figures[way] = in_fresh_process("measure", root)
        assert figures[way]["converted"] == ADDED, figures[way]
    shutil.rmtree(root)
    return figures


def no_op_of(folder: Path, count: int) -> Figures:
    """A plan of many small photos with nothing new, cache warm."""
    numbers = [number * GAP for number in range(count)]
    draw(folder / "small", numbers, (60, 80))
    write_source(folder / "many", folder / "small", numbers, 8.0)
    time.sleep(2.1)
    in_fresh_process("measure", folder / "many")
    time.sleep(2.1)
    in_fresh_process("measure", folder / "many")
    runs = [in_fresh_process("measure", folder / "many") for _ in range(5)]
    assert all(run["converted"] == 0 and run["new_files"] == 0 for run in runs)
    shutil.rmtree(folder / "many")
    return {
        "photos": count,
        "plan_seconds": spread([run["plan_seconds"] for run in runs], 3),
        "seconds": spread([run["seconds"] for run in runs], 3),
    }


def dvc_of(folder: Path, count: int, runs: int) -> Figures:
    """DVC's own time with nothing new, and what it sends for ten more photos (small ones; samples are as large as ever)."""
    numbers = [number * GAP for number in range(count)]
    roll = [count * GAP + step for step in range(ADDED)]
    root = folder / "kept"
    draw(folder / "small", [*numbers, *roll], (60, 80))
    write_source(root, folder / "small", numbers, 8.0)
    repository = Repository(root, f"{sys.executable} {Path(__file__).resolve()} measure .")
    first = repository.keep()
    no_op = [repository.dvc("repro", "-q") for _ in range(runs)]
    write_source(root, folder / "small", numbers + roll, 8.0)
    added = repository.keep()
    return {"photos": count, "first": first, "no_op_seconds": spread(no_op, 2), "ten_more": added}


def summed(runs: list[dict[str, Figures]]) -> Figures:
    """Medians over the runs; ratios are to the full conversion of the same run."""
    row: Figures = {"shards": runs[0]["full"]["shards"]}
    row["full_seconds"] = spread([run["full"]["seconds"] for run in runs], 2)
    row["samples_per_second"] = spread([run["loader"]["samples_per_second"] for run in runs], 0)
    for way in ("no-op", "roll", "scattered"):
        row[way] = {
            "seconds": spread([run[way]["seconds"] for run in runs], 3),
            "ratio": spread([run[way]["seconds"] / run["full"]["seconds"] for run in runs], 4),
            "new_files": runs[0][way]["new_files"],
            "push_mib": round(runs[0][way]["push_mib"], 2),
        }
    return row


def show(head: str, key: str, row: Figures) -> None:
    cells = [key, str(row["shards"]), f"{row['full_seconds']['median']:.1f}"]
    for way in ("roll", "scattered"):
        one = row[way]
        cells += [
            f"{one['seconds']['median']:.2f}",
            f"{one['ratio']['median']:.3f}",
            f"{one['new_files']} / {one['push_mib']:.1f}",
        ]
    cells.append(f"{row['samples_per_second']['median']:,.0f}")
    if head:
        print(
            f"\n| {head} | shards | full s | roll s | ratio | push files / MiB | scattered s | ratio | push | samples/s |"
        )
        print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--photos", type=int, nargs="+", default=[250, 500, 1000, 2000, 4000, 8000])
    parser.add_argument(
        "--targets", type=float, nargs="*", default=[16, 32, 64], help="MiB, on a set of --base photos"
    )
    parser.add_argument("--base", type=int, default=2000, help="photos of the phone's set and of --targets")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--many", type=int, default=8000, help="photos of the no-op plan")
    parser.add_argument(
        "--dvc", type=int, default=2150, help="photos of the set that DVC keeps (2150: 64 shards)"
    )
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="JPEGs of a row of real photos")
    arguments = parser.parse_args()
    by_count: dict[str, Figures] = {}
    by_target: dict[str, Figures] = {}
    phone: Figures = {}
    real: Figures = {}
    with tempfile.TemporaryDirectory() as name:
        folder, most = Path(name), max(*arguments.photos, arguments.base)
        base = [number * GAP for number in range(most)]
        sizes = {*arguments.photos, arguments.base}
        rolls = [count * GAP + step for count in sizes for step in range(ADDED)]
        gaps = [number * count // ADDED * GAP + 3 for count in sizes for number in range(ADDED)]
        draw(folder / "drawn", sorted({*base, *rolls, *gaps}), PHOTO_HW)
        for count in arguments.photos:
            runs = [grow(folder, folder / "drawn", count, 8.0) for _ in range(arguments.runs)]
            by_count[str(count)] = summed(runs)
            show("photos" if len(by_count) == 1 else "", f"{count:,}", by_count[str(count)])
        alone = summed([grow(folder, folder / "drawn", arguments.base, 8.0, grouped=False)])
        show("", f"{arguments.base:,}, each split alone", alone)
        draw(folder / "phone", range(8), (3000, 4000))
        phone = summed([grow(folder, folder / "phone", arguments.base, 8.0)])
        show("", f"{arguments.base:,} of a phone", phone)
        if arguments.real:
            count = reduce_real(folder / "real", arguments.real, PHOTO_HW)
            runs = [grow(folder, folder / "real", arguments.base, 8.0) for _ in range(arguments.runs)]
            real = {"different": count, **summed(runs)}
            show("", f"{arguments.base:,} real", real)
        for target in arguments.targets:
            by_target[f"{target:g}"] = summed([grow(folder, folder / "drawn", arguments.base, target)])
            show("target_mib" if len(by_target) == 1 else "", f"{target:g}", by_target[f"{target:g}"])
        many = no_op_of(folder, arguments.many)
        kept = dvc_of(folder, arguments.dvc, max(3, arguments.runs))
    print(
        f"\nno-op plan of {arguments.many:,}: {many['plan_seconds']['median']} s, all {many['seconds']['median']} s"
    )
    more = kept["ten_more"]
    print(
        f"dvc repro with nothing new, {kept['first']['shards']} shards: {kept['no_op_seconds']['median']} s; pushed at first "
        f"{kept['first']['mib']} MiB, after ten more {more['mib']} MiB: {more['shards']} shards, {more['files']} files in all"
    )
    write_results(
        __file__,
        {
            "what": "seconds of conversions in fresh processes, without start and imports; ratios are to the full one",
            "hardware": hardware(),
            "versions": versions("numpy", "opencv-python-headless", "pillow", "pyarrow"),
            "threads": WORKERS,
            "size_hw": SIZE_HW,
            "photo_hw": PHOTO_HW,
            "added": ADDED,
            "runs": arguments.runs,
            "by_photos": by_count,
            "without_group": alone,
            "phone_photos": phone,
            "real_photos": real,
            "by_target_mib": by_target,
            "no_op": many,
            "dvc": kept,
        },
    )
    draw_plots()


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["load"]:
        load(Path(sys.argv[2]))
    else:
        main()
