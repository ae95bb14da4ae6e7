"""Networks from scratch on CamVid, to the test figures that ENet and ESPNet published on the same frames.

python benchmarks/camvid.py FOLDER                          all four, as their files say; a GPU is taken when there is one
python benchmarks/camvid.py FOLDER --only camvid-unet-mobilenetv2 --size 120 160 --epochs 20 --device cpu

FOLDER holds {train,val,test}/{image,mask}; benchmarks/camvid/camvid-mini-unet.yaml says where CamVid is had. Its pipeline
files are put into a project (--project, kept, so that an interrupted run goes on; else a temporary folder), converted,
trained and scored on the 233 test frames, each in a process of its own. Whatever size the network sees, figures are
counted at the frames' own 360x480: its logits are enlarged.

mean-iou            void left out, as SegNet's compute_test_results.m does: comparable with ENet's 51.3
void-as-error-miou  what is said of void pixels is wrong, as ESPNet counts: comparable with its 55.64
images/s            training photos by the time of an epoch, its validation on 101 frames included
processor, s        what an epoch takes of the processor's time: other work on the machine lengthens that less
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from _report import RESULTS, hardware, versions, write_results

from segdata.variants import read_values

FILES = Path(__file__).parent / "camvid"
NAMES = tuple(sorted(path.stem for path in FILES.glob("*.yaml")))
PROTOCOLS = ("mean-iou", "void-as-error-miou", "pixel-accuracy", "mean-class-accuracy")
PUBLISHED = {"ENet": {"mean-iou": 0.513}, "ESPNet": {"void-as-error-miou": 0.5564}}
"""README of github.com/sacmehta/ESPNet, which states both; it did not train on further photos, and neither is done here."""
FAST = {"train.precision": "bf16", "train.channels_last": True, "train.compile": True}


def make_project(root: Path, data: Path, only: list[str], changes: dict[str, Any], threads: int) -> None:
    """The pipelines as whole files with `changes`, and the frames linked to."""
    (root / "pipelines").mkdir(parents=True, exist_ok=True)
    (root / "data" / "raw").mkdir(parents=True, exist_ok=True)
    (root / "params.yaml").write_text(f"pipelines: {{}}\ndevice: {{threads: {threads}}}\n")
    raw = root / "data" / "raw" / "camvid"
    if not raw.exists():
        raw.symlink_to(data.resolve(), target_is_directory=True)
    for name in only:
        values: dict[str, Any] = read_values(FILES / f"{name}.yaml", name)
        for place, value in changes.items():
            *sections, key = place.split(".")
            target = values
            for section in sections:
                target = target.setdefault(section, {})
            target[key] = value
        (root / "pipelines" / f"{name}.yaml").write_text(yaml.safe_dump(values, sort_keys=False))


def run_one(root: Path, name: str, device: str) -> dict[str, Any]:
    """Convert, train and score one pipeline in this process."""
    from segdata.evaluation import evaluate_pipeline
    from segdata.evaluation.device import quiet_threads
    from segdata.project import Project

    quiet_threads()
    import torch

    from segdata.evaluation.device import choose_device
    from segdata.evaluation.run import load_run, read_record
    from segdata.models.layers import count_parameters
    from segdata.reproduction.own_size import score_at_own_size
    from segdata.reproduction.road import convert
    from segdata.training import train_pipeline
    from segdata.training.finished import is_finished
    from segdata.training.keep import EpochFigures

    project = Project(root)
    convert(project, name)
    # Of every epoch, also of those before an interruption: seconds, processor seconds, and whether it was a session's first.
    took = project.scratch_dir("camvid") / f"{name}.txt"
    marks = [(time.monotonic(), time.process_time())]

    def note_time(_: EpochFigures) -> None:
        marks.append((time.monotonic(), time.process_time()))
        seconds, worked = (now - before for now, before in zip(marks[-1], marks[-2], strict=True))
        with took.open("a") as file:
            file.write(f"{seconds:.3f} {worked:.3f} {int(len(marks) == 2)}\n")

    if not is_finished(project, name):
        train_pipeline(project, name, device=device, on_epoch=note_time)
    chosen = choose_device(device, project.params().device)
    scores = evaluate_pipeline(project, name, device=device)
    lines = [line.split() for line in took.read_text().splitlines()]
    lines = [line for line in lines if line[2] == "0"] or lines  # a first one holds the start, and compiles
    an_epoch, of_processor = (median(float(line[at]) for line in lines) for at in (0, 1))
    with (project.run_dir(name) / "curves.csv").open(newline="") as file:
        curve = list(csv.DictReader(file))
    record = read_record(project.run_dir(name))
    train = project.pipeline(name).train
    return {
        "pipeline": name,
        "size_hw": list(project.pipeline(name).shards.size_hw),
        "parameters": count_parameters(load_run(project.run_dir(name)).network),
        "device": torch.cuda.get_device_name(chosen) if chosen.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "switches": {
            "precision": train.precision,
            "channels_last": train.channels_last,
            "compile": train.compile,
        },
        "batch_size": train.batch_size,
        "epochs": record.epochs,
        "best_epoch": record.best_epoch,
        "seconds_per_epoch": round(an_epoch, 2),
        "processor_seconds_per_epoch": round(of_processor, 2),
        "images_per_second": round(367 / an_epoch, 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "gpu_peak_mib": torch.cuda.max_memory_allocated() // 2**20 if chosen.type == "cuda" else None,
        "train_loss": [round(float(row["train_loss"]), 4) for row in curve],
        "val_mean_iou": [round(float(row["val_mean_iou"]), 4) for row in curve],
        "test": {
            one.protocol: {"value": one.value, "interval": one.interval}
            for one in score_at_own_size(project, name, "test", PROTOCOLS, device)
        },
        "best_baseline_mean_iou": max(one.mean_iou or 0 for one in scores.baselines.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder with train, val and test")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--project", type=Path, help="kept there; default: a temporary folder")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--threads", type=int, default=0, help="of the CPU; 0: all")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--size", type=int, nargs=2, metavar=("H", "W"))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="train.lr=0.002, …")
    parser.add_argument("--plain", action="store_true", help="no bf16, channels_last and compile on a GPU")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(run_one(arguments.project, arguments.one, arguments.device)))
        return
    import torch

    changes: dict[str, Any] = {}
    if torch.cuda.is_available() and arguments.device != "cpu" and not arguments.plain:
        changes |= FAST
    if arguments.size:
        changes["shards.size_hw"] = list(arguments.size)
    if arguments.epochs:
        changes["train.epochs"] = arguments.epochs
    changes |= {
        place: yaml.safe_load(value) for place, _, value in (one.partition("=") for one in arguments.set)
    }
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.project or Path(folder)
        make_project(root, arguments.data, arguments.only, changes, arguments.threads)
        for name in arguments.only:
            row = _in_a_process(root, arguments, name)
            note(row | {"changes": changes})
    for line in table(json.loads((RESULTS / "camvid.json").read_text())["runs"]):
        print(line)


def _in_a_process(root: Path, arguments: argparse.Namespace, name: str) -> dict[str, Any]:
    command = [sys.executable, __file__, str(arguments.data), "--project", str(root)]
    done = subprocess.Popen(
        [*command, "--device", arguments.device, "--one", name], stdout=subprocess.PIPE, text=True
    )
    assert done.stdout is not None
    last = ""
    for last in done.stdout:
        if not last.startswith("{"):
            print(last, end="", flush=True)
    if done.wait():
        sys.exit(done.returncode)
    row: dict[str, Any] = json.loads(last)
    return row


def note(row: dict[str, Any]) -> None:
    """Put a run into results/camvid.json in place of an earlier one of the same pipeline, width, size and device."""
    path = RESULTS / "camvid.json"
    runs = json.loads(path.read_text())["runs"] if path.is_file() else []
    row |= {"hardware": hardware(), "versions": versions("torch", "lightning", "numpy")}
    runs = [one for one in runs if _what(one) != _what(row)] + [row]
    write_results(__file__, {"published": PUBLISHED, "runs": sorted(runs, key=_what)})


def _what(row: dict[str, Any]) -> tuple[str, ...]:
    return (row["pipeline"], str(row["size_hw"]), row["device"], str(row["parameters"]))


def table(runs: list[dict[str, Any]]) -> list[str]:
    """Markdown, a row for each run and the published figures beneath."""
    lines = [
        "| network | parameters | device | size | epochs | mean IoU (95 %) | void as error (95 %) | s per epoch | processor, s | images/s | memory, MiB |",
        "|---|---:|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for run in runs:
        size = "x".join(map(str, run["size_hw"]))
        figures = [_figure(run["test"][protocol]) for protocol in PROTOCOLS[:2]]
        memory = run["gpu_peak_mib"] or run["peak_mib"]
        cells = [run["pipeline"].removeprefix("camvid-"), f"{run['parameters']:,}", run["device"], size]
        cells += [run["epochs"], *figures]
        cells += [run["seconds_per_epoch"], run["processor_seconds_per_epoch"]]
        cells += [run["images_per_second"], f"{memory:,}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    for name, figure in PUBLISHED.items():
        both = [f"{figure[one]:.4f}" if one in figure else "-" for one in PROTOCOLS[:2]]
        lines.append(
            "| "
            + " | ".join([f"{name}, published", "-", "-", "360x480", "-", *both, "-", "-", "-", "-"])
            + " |"
        )
    return lines


def _figure(score: dict[str, Any]) -> str:
    return f"{score['value']:.4f} ({score['interval'][0]:.4f}-{score['interval'][1]:.4f})"


if __name__ == "__main__":
    main()
