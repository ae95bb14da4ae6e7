"""What the loop of `segdata train` costs beside one written by hand, and whether a GPU waits for its photos.

python benchmarks/training.py            the CPU's part; where there is a GPU, the GPU's part too
python benchmarks/training.py --only deeplabv3-r50

CPU  step time (and processor time, which other work on the machine lengthens less) against the bare torch loop of the same network, batches and arithmetic, photos in memory. Both must end
     with the same parameters. Goal: within 5 %.
GPU  photos per second with bf16, channels_last and torch.compile on shards, against a plain float32 loop fed by a folder
     of JPEG and PNG with workers, same network and batch (goal: 3 times); the share of a step that waiting for data
     costs, which is what a step saves that is given the same batch each time (goal: 3 %); the share that a step reaches
     of the chip's measured rate of bf16 matrix products (goal: 40 % for DeepLabv3-ResNet50 at 768x1024).

Each contender runs in a fresh process (_training_loops.py); they take turns, and ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import torch
from _report import hardware, spread, versions, write_results
from _training_data import write_photos
from _training_loops import Case

FAST = {"precision": "bf16", "channels_last": True, "compile": True}
CPU = [
    Case(name="mini-unet", model="mini_unet", options={"channels": [8, 16, 32, 64, 128]}, size_hw=(96, 128), num_classes=9, batch_size=8, warmup=3, steps=30),
    Case(name="unet-mobilenetv2", model="unet", options={}, size_hw=(128, 128), num_classes=5, batch_size=8, warmup=2, steps=8),
    Case(name="deeplabv3-small", model="deeplabv3", options={"layers": [1, 1, 1], "width": 16, "rates": [2, 4, 6], "aspp_channels": 64}, size_hw=(96, 128), num_classes=9, batch_size=8, warmup=3, steps=30),
]  # fmt: skip
GPU = [
    Case(name="deeplabv3-r50", model="deeplabv3", options={"variant": "resnet50"}, size_hw=(768, 1024), num_classes=20, batch_size=8, warmup=10, steps=30),
    Case(name="mini-unet", model="mini_unet", options={}, size_hw=(256, 256), num_classes=6, batch_size=8, warmup=10, steps=60),
    Case(name="denseaspp", model="denseaspp", options={}, size_hw=(512, 1024), num_classes=20, batch_size=4, warmup=10, steps=30),
    Case(name="unet-mobilenetv2", model="unet", options={}, size_hw=(704, 1056), num_classes=5, batch_size=8, warmup=10, steps=30),
]  # fmt: skip
TOLERANCE = 1e-4
"""How far the sums of the parameters may lie apart, relatively: sums over a batch are added in another order."""


def measure(contender: str, folder: Path, case: Case) -> dict[str, Any]:
    script = Path(__file__).with_name("_training_loops.py")
    command = [sys.executable, str(script), contender, str(folder), msgspec.json.encode(case).decode()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{case.name}, {contender}: {done.stderr[-2000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def turns(
    contenders: dict[str, tuple[str, Case]], folder: Path, rounds: int
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, (contender, case) in contenders.items():
            found[name].append(measure(contender, folder, case))
    return found


def on_cpu(case: Case, rounds: int, threads: int) -> dict[str, Any]:
    case = msgspec.structs.replace(case, threads=threads)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_photos(folder, {"train": case.photos, "val": 1}, case.size_hw, case.num_classes)
        found = turns({"segdata": ("segdata", case), "bare": ("bare", case)}, folder, rounds)
    sums = [one["sum_of_parameters"] for runs in found.values() for one in runs]
    assert max(sums) - min(sums) <= TOLERANCE * max(sums), f"{case.name}: not the same training: {sums}"
    pairs = list(zip(found["segdata"], found["bare"], strict=True))
    figures = {
        "network": case.name,
        "size_hw": case.size_hw,
        "batch_size": case.batch_size,
        "segdata_step_ms": spread([one["step_ms"] for one in found["segdata"]], 1),
        "bare_step_ms": spread([one["step_ms"] for one in found["bare"]], 1),
        "ratio": spread([one["step_ms"] / other["step_ms"] for one, other in pairs], 3),
        "segdata_processor_ms": spread([one["processor_ms"] for one in found["segdata"]], 1),
        "bare_processor_ms": spread([one["processor_ms"] for one in found["bare"]], 1),
        "processor_ratio": spread([one["processor_ms"] / other["processor_ms"] for one, other in pairs], 3),
        "between_steps_share": spread([one["between_steps_share"] for one in found["segdata"]], 4),
        "peak_mib": {name: max(one["peak_mib"] for one in runs) for name, runs in found.items()},
    }
    for key in ("ratio", "processor_ratio", "between_steps_share"):
        print(f"{case.name}: {key} {figures[key]}", flush=True)
    return figures


def on_gpu(case: Case, rounds: int, matmul_rate: float) -> dict[str, Any]:
    case = msgspec.structs.replace(case, device="cuda", horizontal_flip=0.5)
    fast = msgspec.structs.replace(case, switches=FAST)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_photos(folder, {"train": case.photos, "val": 1}, case.size_hw, case.num_classes)
        contenders = {
            "segdata": ("segdata", fast),
            "segdata, one batch": ("segdata-fixed", fast),
            "segdata, float32": ("segdata", case),
            "folder": ("folder", case),
        }
        found = turns(contenders, folder, rounds)
        operations = measure("flops", folder, case)["flops"]
    steps = {name: [one["step_ms"] for one in runs] for name, runs in found.items()}
    times = [slow / quick for slow, quick in zip(steps["folder"], steps["segdata"], strict=True)]
    waits = [1 - free / fed for free, fed in zip(steps["segdata, one batch"], steps["segdata"], strict=True)]
    figures = {
        "network": case.name,
        "size_hw": case.size_hw,
        "batch_size": case.batch_size,
        "step_ms": {name: spread(values, 2) for name, values in steps.items()},
        "images_per_second": {
            name: round(1e3 * case.batch_size / median(values), 1) for name, values in steps.items()
        },
        "times_the_folder_loop": spread(times, 2),
        "waiting_for_data_share": spread(waits, 4),
        "between_steps_share": spread([one["between_steps_share"] for one in found["segdata"]], 4),
        "share_of_matmul_rate": round(operations / (median(steps["segdata"]) / 1e3) / matmul_rate, 3),
        "tflop_per_step": round(operations / 1e12, 3),
        "gpu_peak_mib": {name: max(one["gpu_peak_mib"] for one in runs) for name, runs in found.items()},
    }
    print(f"{case.name}: {figures}", flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NETWORK", help="some of the networks")
    parser.add_argument("--part", choices=["cpu", "gpu"], help="default: both where there is a GPU")
    parser.add_argument("--rounds", type=int, default=5, help="on the CPU; on the GPU it is three")
    parser.add_argument("--threads", type=int, default=0, help="of the CPU; 0: all")
    arguments = parser.parse_args()
    results: dict[str, Any] = {
        "hardware": hardware(),
        "versions": versions("torch", "lightning", "numpy", "pyarrow"),
        "threads": arguments.threads or torch.get_num_threads(),
    }

    def wanted(case: Case) -> bool:
        return not arguments.only or case.name in arguments.only

    if arguments.part != "gpu":
        results["cpu"] = [on_cpu(case, arguments.rounds, arguments.threads) for case in CPU if wanted(case)]
    if arguments.part != "cpu" and torch.cuda.is_available():
        rate = measure("matmul", Path(), msgspec.structs.replace(GPU[0], device="cuda"))["flops_per_second"]
        results |= {"gpu_name": torch.cuda.get_device_name(), "matmul_tflops": round(rate / 1e12, 1)}
        results["gpu"] = [on_gpu(case, 3, rate) for case in GPU if wanted(case)]
    write_results(__file__, results)


if __name__ == "__main__":
    main()
