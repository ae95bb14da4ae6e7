"""`segdata doctor`: what is installed, which accelerator is seen, what is missing and how to get it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import segdata
from segdata.errors import SegdataError
from segdata.project import Project
from segdata.wording import counted

EXTRAS = ("core", "matlab", "flows", "train", "onnx", "serve", "ray")
NEEDED = ("core", "matlab", "flows", "train")
"""What `make repro` needs; the other extras are told of, but nothing is missing without them."""


@dataclass(frozen=True)
class Examination:
    """Lines to print, and whether something that the whole road needs is missing."""

    lines: list[str]
    missing: bool


def examine(folder: Path | None, *, look_for_accelerator: bool = True) -> Examination:
    """Look at Python, packages per extra, programs, the accelerator and the project."""
    lines = [
        f"segdata {segdata.__version__}, Python {platform.python_version()}, {platform.platform()}, "
        + counted(os.cpu_count() or 1, "core")
    ]
    missing = False
    for extra in EXTRAS:
        absent = [name for name in packages_of(extra) if _version(name) is None]
        if absent:
            missing = missing or extra in NEEDED
            fix = f"pip install 'segdata[{extra}]'"
            lines.append(f"  {extra:7} missing {', '.join(absent)}: {fix}")
        else:
            found = ", ".join(f"{name} {_version(name)}" for name in packages_of(extra))
            lines.append(f"  {extra:7} ok: {found}")
    if shutil.which("git") is None:
        lines.append("  git     missing: dvc exp, dvc metrics diff and version history need it")
        missing = True
    else:
        lines.append("  git     ok")
    if look_for_accelerator:
        lines.append(f"  accelerator: {accelerator()}")
    try:
        project = Project.find(folder)
        lines.append(f"  project: {project.root}, pipelines: {', '.join(project.params().pipelines)}")
    except SegdataError as error:
        lines.append(f"  project: {error}")
        missing = True
    return Examination(lines, missing)


def packages_of(extra: str) -> list[str]:
    """Names of the packages that an extra asks for by itself (not those of the extras it includes)."""
    try:
        requirements = importlib.metadata.requires("segdata") or []
    except importlib.metadata.PackageNotFoundError:
        requirements = []
    wanted = re.compile(rf"extra == ['\"]{extra}['\"]")
    names = [re.split(r"[\s\[<>=!;~]", line, maxsplit=1)[0] for line in requirements if wanted.search(line)]
    return [name for name in names if name != "segdata"]


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def accelerator() -> str:
    """The accelerator that training would take with device auto, in words."""
    try:
        import torch
    except ImportError:
        return "unknown (torch is not installed)"
    if torch.cuda.is_available():
        return f"cuda: {torch.cuda.get_device_name()}, torch {torch.__version__}"
    if torch.backends.mps.is_available():
        return f"mps, torch {torch.__version__}"
    return f"none seen, CPU with {counted(torch.get_num_threads(), 'thread')}, torch {torch.__version__}"
