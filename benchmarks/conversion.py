"""Annotated photos to training arrays: segdata's conversion beside the ways in which people do it without.

python benchmarks/conversion.py [--datumaro PYTHON] [--tiny]

Drawn sets, each photo linked under several names: 12-megapixel JPEGs annotated in VIA, to 224x224 and 704x1056;
Cityscapes trees of 2048x1024 PNGs, to 512x1024; VOC trees of 500x375, to 256x256. Every contender starts from the
raw folder in a fresh process held to one core, and ends with images and masks of that size on disk: segdata with its
shard set (everything digested, checked, counted and summed), the others with two .npy files. Contenders take turns.
Compared is processor time (user + system), which other work on the machine hardly touches; seconds stand beside it.
Peak memory is ru_maxrss beyond what the process held after its imports. segdata is also run with two threads on two
cores, and once with `exact: true`; the quality of its reduced decode is the smallest PSNR over all photos against that.
Two floors stand beside them: every photo and mask read, decoded and thrown away, JPEGs to the size needed (1/4 for
224x224, 1/2 for 704x1056) and to 1/8, where little but entropy decoding is left. Contender / floor bounds the goals.
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
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from _conversion_data import CASES, REPOSITORY, TINY, Case, draw, raw_folder
from _report import hardware, spread, versions, write_results

CASE_BY_NAME = {case.name: case for case in (*CASES, *TINY)}
FLOORS = {"entropy": "floor: entropy decoding", "needed": "floor: decoding to the size needed"}


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def convert(folder: Path, name: str, workers: int) -> None:
    """In a process of its own: segdata's three verbs."""
    import importlib

    import pandas  # noqa: F401 - pyarrow imports it when it makes its first array; imports do not count

    from segdata.conversion import Conversion
    from segdata.project import Project

    importlib.import_module(f"segdata.formats.{Project(folder).pipeline(name).source.format}")
    before, start = peak_mib(), clocks()
    conversion = Conversion.open(Project(folder), name, threads=workers)
    plan = conversion.plan()
    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(conversion.convert, plan.tasks))
    summary = conversion.finish(plan, results, strict=True)
    _print(start, before, sum(summary.samples.values()))


def by_hand(folder: Path, case: Case, way: str) -> None:
    """In a process of its own: one of the plain ways, into two .npy files."""
    import cv2
    import numpy as np
    from peers.plain_ways import WAYS

    if way == "torchvision":
        import torchvision.datasets  # noqa: F401 - imports do not count
        from torchvision.transforms import v2  # noqa: F401
    cv2.setNumThreads(1)
    place = raw_folder(case, folder)
    before, start = peak_mib(), clocks()
    with tempfile.TemporaryDirectory(dir=folder) as out:
        images, masks = zip(*WAYS[case.format][way](place, case.size_hw), strict=True)
        np.save(Path(out) / "images.npy", np.stack(images))
        np.save(Path(out) / "masks.npy", np.stack(masks))
        _print(start, before, len(images))


def floor(folder: Path, case: Case, kind: str) -> None:
    """In a process of its own: read and decode each photo and mask, and do nothing with them."""
    import cv2
    import numpy as np
    import simplejpeg
    from peers.plain_ways import image_files

    from segdata.jpeg import reduced_scale

    cv2.setNumThreads(1)
    scale = 8 if kind == "entropy" else reduced_scale(case.drawn_hw, case.size_hw)
    height, width = (side // scale for side in case.drawn_hw)
    files = image_files(raw_folder(case, folder))
    before, start = peak_mib(), clocks()
    for path in files:
        data = path.read_bytes()
        if path.suffix == ".jpg":
            simplejpeg.decode_jpeg(data, "RGB", min_height=height, min_width=width)
        else:
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    _print(start, before, case.drawn * case.copies)


def clocks() -> tuple[float, float]:
    """Seconds that went by, and seconds that processors worked for this process."""
    return time.perf_counter(), time.process_time()


def _print(start: tuple[float, float], before: float, samples: int) -> None:
    seconds, cpu = (now - then for now, then in zip(clocks(), start, strict=True))
    print(json.dumps({"seconds": seconds, "cpu": cpu, "samples": samples, "mib": peak_mib() - before}))


def quality(folder: Path) -> None:
    """In a process of its own: the smallest PSNR in dB of the reduced decode, and whether the masks are the same."""
    import numpy as np

    from segdata.shards import ShardSet

    fast, exact = (ShardSet.open(folder / "data/shards" / name) for name in ("street", "exact"))
    least, same = float("inf"), True
    for split in fast.splits:
        ours, full = fast.split(split), exact.split(split)
        for index in range(len(ours)):
            error = np.mean((ours.image_at(index).astype(float) - full.image_at(index)) ** 2)
            least = min(least, float(10 * np.log10(255**2 / error)) if error else float("inf"))
            same &= bool((ours.mask_at(index) == full.mask_at(index)).all())
    print(json.dumps({"psnr_db": round(least, 2) if least < float("inf") else None, "masks_identical": same}))


def fresh(*arguments: str, cores: int = 1) -> Any:
    """Run this script's verb in a new process on so many cores; its last line is JSON."""
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    environment.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # nobody's figures hold what it costs to compile a module
    done = subprocess.run(
        arguments if arguments[0].startswith("/") else [sys.executable, __file__, *arguments],
        check=True, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, env=environment,
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def contend(case: Case, folder: Path, datumaro: str | None, rounds: int) -> dict[str, Any]:
    from peers.plain_ways import WAYS

    subprocess.run([sys.executable, __file__, "draw", case.name, str(folder)], check=True, cwd=REPOSITORY)
    taken: dict[str, list[dict[str, float]]] = {}
    for _ in range(rounds):
        for name, label, workers in (("street", "segdata", 1), ("street", "segdata, 2 cores", 2), ("exact", "segdata, exact", 1)):  # fmt: skip
            for made in ("data", ".segdata"):
                subprocess.run(["rm", "-rf", str(folder / made)], check=True) if name == "street" else None
            got = fresh("convert", str(folder), name, str(workers), cores=workers)
            taken.setdefault(label, []).append(got)
        for way in WAYS[case.format]:
            taken.setdefault(way, []).append(fresh("hand", case.name, str(folder), way))
        for kind, label in FLOORS.items():
            taken.setdefault(label, []).append(fresh("floor", case.name, str(folder), kind))
        if datumaro and case.format in ("voc", "cityscapes"):
            place = raw_folder(case, folder)
            form = "voc_segmentation" if case.format == "voc" else "cityscapes"
            script, size = str(REPOSITORY / "benchmarks/peers/datumaro_arrays.py"), map(str, case.size_hw)
            taken.setdefault("Datumaro", []).append(
                fresh(datumaro, script, form, str(place), *size, str(folder))
            )
    return {"case": case.name, "taken": taken, "quality": fresh("quality", str(folder))}


def report(case: Case, contended: dict[str, Any]) -> list[dict[str, Any]]:
    taken, photos = contended["taken"], case.drawn * case.copies
    rows = []
    print(f"\n{case.name}: {photos} photos; {contended['quality']}")
    print("| contender | ms of processor per photo | segdata takes less by | seconds, ratio | memory, MiB |")
    print("|---|---:|---:|---:|---:|")
    for label, runs in taken.items():
        assert all(run["samples"] == photos for run in runs), (label, runs)
        seconds, cpu = (spread([run[clock] for run in runs], 3) for clock in ("seconds", "cpu"))
        ratio, cpu_ratio = (
            spread([run[clock] / own[clock] for run, own in zip(runs, taken["segdata"], strict=True)], 2)
            for clock in ("seconds", "cpu")
        )
        mib = spread([run["mib"] for run in runs], 0) if "mib" in runs[0] else None
        print(
            f"| {label} | {1000 * cpu['median'] / photos:.1f} | {_range(cpu_ratio)} | {_range(ratio)} | "
            f"{mib['median'] if mib else '-'} |"
        )
        rows.append(
            {
                "case": case.name,
                "contender": label,
                "photos": photos,
                "seconds": seconds,
                "ratio": ratio,
                "cpu": cpu,
                "cpu_ratio": cpu_ratio,
                "mib": mib,
            }
        )
    for goal in _goals(case, taken):
        print(f"\n{goal}")
    return rows


def _goals(case: Case, taken: dict[str, list[dict[str, float]]]) -> Iterator[str]:
    """Of each goal: what was reached, and what would be if segdata did nothing but decode."""
    for contender, goal in case.goals:
        if contender not in taken:
            continue
        reached, *floors = (
            _range(
                spread(
                    [
                        run["cpu"] / own["cpu"]
                        for run, own in zip(taken[contender], taken[other], strict=True)
                    ],
                    2,
                )
            )
            for other in ("segdata", *FLOORS.values())
        )
        yield (
            f"Goal: {goal:g} times less than {contender}. Reached: {reached}. With nothing resized, drawn, digested or kept: "
            f"{floors[1]} where photos are decoded to the size needed, {floors[0]} where only their entropy code is read."
        )


def _range(ratio: dict[str, Any]) -> str:
    return f"{ratio['median']} ({ratio['min']}-{ratio['max']})"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--datumaro", metavar="PYTHON", help="a Python with Datumaro, to measure it beside")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--tiny", action="store_true", help="small photos, to try the script; writes no results"
    )
    arguments = parser.parse_args()
    rows, qualities = [], {}
    with tempfile.TemporaryDirectory() as root:
        for number, case in enumerate(TINY if arguments.tiny else CASES):
            contended = contend(case, Path(root) / str(number), arguments.datumaro, arguments.rounds)
            rows += report(case, contended)
            qualities[case.name] = contended["quality"]
    if arguments.tiny:
        return
    what = (
        "seconds (and cpu: user + system) from raw folder to arrays on disk, one core; ratios are contender / segdata "
        "in the same round"
    )
    found = versions("numpy", "opencv-python-headless", "pillow", "pyarrow", "torchvision")
    write_results(
        __file__,
        {"what": what, "hardware": hardware(), "versions": found, "rounds": arguments.rounds, "quality": qualities, "results": rows},
    )  # fmt: skip


if __name__ == "__main__":
    verb, *rest = sys.argv[1:] or [""]
    if verb == "draw":
        draw(CASE_BY_NAME[rest[0]], Path(rest[1]))
    elif verb == "convert":
        convert(Path(rest[0]), rest[1], int(rest[2]))
    elif verb == "hand":
        by_hand(Path(rest[1]), CASE_BY_NAME[rest[0]], rest[2])
    elif verb == "floor":
        floor(Path(rest[1]), CASE_BY_NAME[rest[0]], rest[2])
    elif verb == "quality":
        quality(Path(rest[0]))
    else:
        main()
