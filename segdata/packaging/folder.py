"""Writes the folder: all of it, or nothing."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from segdata.atomic import replace_folder
from segdata.evaluation.run import RECORD, WEIGHTS, load_run
from segdata.export import check_out
from segdata.packaging.card import UNSTATED, card_of, card_text, template_text
from segdata.packaging.modules import copy_modules, needed
from segdata.packaging.requirements import pinned
from segdata.prediction.onnx_file import Written, write_onnx
from segdata.project import Project
from segdata.serving.examples import write_examples
from segdata.serving.known import about_of
from segdata.serving.model import About
from segdata.serving.packaged import ABOUT, EXAMPLES, MODEL

STARTED = "segdata.serving.packaged"


@dataclass(frozen=True)
class Packaged:
    """What was written: the folder, its files and bytes, and how near ONNX Runtime is to torch."""

    out: Path
    about: About
    written: Written
    examples: int
    files: int
    size: int


def write_package(
    project: Project, name: str, out: Path, *, licence: str = UNSTATED, examples: int = 0
) -> Packaged:
    """Write `out`, a folder that is absent or empty.

    licence   of the weights, for the card
    examples  so many photos of the evaluated split go with it, to try with one click
    Raises ConfigError for an `out` in use, TrainingError without a run or where ONNX Runtime computes something else.
    """
    check_out(out, project.root / project.pipeline(name).source.root)
    about, requirements = about_of(project, name), pinned()
    run_dir = project.run_dir(name)
    with replace_folder(out) as folder:
        model = folder / "model"
        model.mkdir()
        written = write_onnx(load_run(run_dir), model / MODEL)
        for file in (WEIGHTS, RECORD):
            shutil.copyfile(run_dir / file, model / file)
        (model / ABOUT).write_bytes(msgspec.json.format(msgspec.json.encode(about), indent=2) + b"\n")
        photos = write_examples(project, name, folder / EXAMPLES, examples) if examples else []
        copy_modules(needed(STARTED), folder)
        card = card_of(project, about, written, licence, len(photos))
        texts = {
            "README.md": card_text(card),
            "app.py": template_text("app.py.j2"),
            "Dockerfile": template_text(
                "Dockerfile.j2", python=f"{sys.version_info[0]}.{sys.version_info[1]}"
            ),
            "requirements.txt": "".join(f"{line}\n" for line in requirements),
            "LICENSE": template_text("LICENSE.j2"),
        }
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8")
        files = [path for path in folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
    return Packaged(out, about, written, len(photos), len(files), size)
