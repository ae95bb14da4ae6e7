"""Says what a figure came from, so that it can be traced: digests, DVC's hashes, seeds, versions; commit and machine.

No time stands here. Of two pages made from the same inputs with the same versions, `circumstances` alone may differ: it
names the commit and the machine, in an element of its own. The rest is the same bytes anywhere.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import msgspec

import segdata
from segdata.digests import file_digest
from segdata.dvc_files import tracked_at
from segdata.errors import SegdataError
from segdata.git import find_commit
from segdata.project import Project

PACKAGES = (
    "torch",
    "torchvision",
    "lightning",
    "segmentation-models-pytorch",
    "pyarrow",
    "numpy",
    "pillow",
    "opencv-python-headless",
    "prefect",
    "dvc",
)

WATCHED = ("segdata", "flows", "pipelines", "params.yaml", "dvc.yaml", "requirements.txt")
"""What a commit stands for here: a change in one of these that is not committed is told."""


def versions() -> list[tuple[str, str]]:
    """(name, version) of segdata, Python and the packages that shape a result; none of them is imported."""
    found = [("segdata", segdata.__version__), ("python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            found.append((package, "not installed"))
    return found


def dvc_hashes(project: Project, name: str) -> list[tuple[str, str]]:
    """(path, md5) of a pipeline's raw data, shards, weights and scores as DVC tracks them now; those that it does."""
    paths = [
        project.pipeline(name).source.root,
        f"data/shards/{name}",
        f"data/runs/{name}/model.safetensors",
        f"data/evaluation/{name}/metrics.json",
    ]
    found = []
    for path in paths:
        try:
            tracked = tracked_at(project.root, path, None)
        except SegdataError:
            return []  # a dvc.lock that cannot be read stops dvc, not the page
        if tracked is not None:
            found.append((path, tracked.md5))
    return found


@dataclass(frozen=True)
class Circumstances:
    """What depends on the checkout and the machine.

    revision   the commit, in words; changed: files that differ from it
    machine    where the page was made
    trainings  (pipeline, where and how long it trained), of runs whose weights lie here
    """

    revision: str
    changed: tuple[str, ...]
    machine: str
    trainings: tuple[tuple[str, str], ...]


def circumstances(project: Project, names: Sequence[str]) -> Circumstances:
    """The commit, this machine, and what was noted of each training here."""
    try:
        commit = find_commit(project.root, "HEAD")
        revision = f"{commit.hash[:12]} of {commit.date[:10]}"
        changed = _changed(project.root)
    except SegdataError:
        revision, changed = "no commit", ()
    trainings = [(name, said) for name in names if (said := _training(project, name))]
    return Circumstances(revision, changed, machine(), tuple(trainings))


def _changed(root: Path) -> tuple[str, ...]:
    done = subprocess.run(
        ["git", "-C", str(root), "status", "--porcelain", "-z", "--no-renames", "--", *WATCHED],
        capture_output=True,
        check=False,
    )
    lines = done.stdout.decode(errors="replace").split("\0")
    return tuple(sorted(line[3:] for line in lines if line)) if done.returncode == 0 else ()


def machine() -> str:
    """Processor, cores that this process may use, memory and system; no host name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parts = [_processor(), f"{cores} core{'' if cores == 1 else 's'}"]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        parts.append(f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB")
    return ", ".join([*parts, f"{platform.system()} {platform.machine()}"])


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(errors="replace").splitlines() if info.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


class _Last(msgspec.Struct):
    """.segdata/runs/<name>/last.json, as training leaves it; weights: digest of the file that it wrote."""

    seconds: float
    device: str
    threads: int
    platform: str
    weights: str = ""


def _training(project: Project, name: str) -> str:
    """Where the weights that lie here were trained; empty where that is not known."""
    weights = project.run_dir(name) / "model.safetensors"
    try:
        last = msgspec.json.decode(
            (project.root / ".segdata" / "runs" / name / "last.json").read_bytes(), type=_Last
        )
        if last.weights != file_digest(weights):
            return ""
    except (OSError, msgspec.MsgspecError):
        return ""
    threads = f", {last.threads} threads" if last.device == "cpu" else ""
    return f"{last.device}{threads}, {last.seconds:.0f} s, {last.platform}"
