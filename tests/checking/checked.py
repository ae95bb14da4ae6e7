"""What tests of `segdata check` share: the command, its report as values and as a page, and photos made to be found."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner, Result
from PIL import Image

from segdata.cli import main
from segdata.pipeline import HashSplits
from segdata.project import Project
from segdata.splits import hash_split
from tests.conversion.street import entries, raw, save_entries
from tests.projects import sample_pipeline, write_project

NUM_SCENES = 10


def check(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), "check", *(arguments or ("via",))])


def told(project: Project, name: str = "via") -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder(project, name) / "check.json").read_text())
    return loaded


def folder(project: Project, name: str = "via") -> Path:
    return project.root / "data" / "check-report" / name


def kinds(project: Project) -> dict[tuple[str, str], int]:
    return {(kind["code"], kind["action"]): len(kind["findings"]) for kind in told(project)["kinds"]}


def change(project: Project, section: str, **values: object) -> None:
    pipeline = sample_pipeline("via")
    pipeline["shards"]["size_hw"] = [24, 32]
    pipeline[section] |= values
    write_project(project.root, {"via": pipeline})


class Outside(HTMLParser):
    """Every address that the page names, and every tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")
        ]


def pictures(page: str) -> list[np.ndarray]:
    data = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in data]


def split_of(id: str) -> str:
    shares = sample_pipeline("via")["source"]["splits"]["shares"]
    return hash_split(id, HashSplits(shares=shares), "")


def name_in(split: str, stem: str) -> str:
    """A new photo's id that the hash puts into this split."""
    return next(f"{stem}_{n}" for n in range(500) if split_of(f"{stem}_{n}") == split)


def add_copy(project: Project, of: str, name: str, quality: int | None = None) -> None:
    """One more photo, a copy of another with its annotation; saved again when a quality is given."""
    photos = raw(project) / "photos"
    shutil.copy(photos / f"{of}.jpg", photos / f"{name}.jpg")
    if quality is not None:
        Image.open(photos / f"{of}.jpg").convert("RGB").save(photos / f"{name}.jpg", quality=quality)
    said = entries(project)
    entry = next(entry for entry in said.values() if entry["filename"] == f"{of}.jpg")
    save_entries(project, {**said, f"{name}.jpg-1": {**entry, "filename": f"{name}.jpg", "size": -1}})


def plain(project: Project) -> str:
    """A train photo that EXIF does not turn."""
    turned = {
        finding["file"]
        for kind in told(project)["kinds"]
        if kind["code"] == "exif-turned"
        for finding in kind["findings"]
    }
    ids = [
        path.stem
        for path in sorted((raw(project) / "photos").iterdir())
        if f"photos/{path.name}" not in turned
    ]
    return next(id for id in ids if split_of(id) == "train")
