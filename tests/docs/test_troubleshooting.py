"""The messages that docs/how-to/troubleshooting.md shows are those that come, in the situations that it names."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from PIL import Image

from segdata.atomic import only_one
from segdata.cli import main
from segdata.commands._shared import needing
from segdata.conversion import one_conversion
from segdata.errors import SegdataError
from segdata.project import Project
from tests.docs.pages import PAGES
from tests.projects import convert, sample_project

PAGE = PAGES["docs/how-to/troubleshooting.md"]
SHOWN = {
    heading: re.findall(r"^```text\n(.*?)^```", text, re.M | re.S)
    for heading, text in re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
}
"""Heading → the messages below it."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = sample_project(tmp_path_factory.mktemp("trouble") / "project", "via", num_scenes=12)
    entry = {"raw": "sample-via", "format": "via", "model": "mininet"}
    (made.root / "params.yaml").write_text(yaml.safe_dump({"pipelines": {"via": entry}}))
    return made.root


@pytest.fixture
def project(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    shutil.copytree(whole, tmp_path / "street")
    monkeypatch.chdir(tmp_path / "street")
    return Project(tmp_path / "street")


def edited(project: Project, edit: Callable[[dict[str, Any]], object]) -> None:
    path = project.root / "pipelines/via.yaml"
    values = yaml.safe_load(path.read_text())
    edit(values)
    path.write_text(yaml.safe_dump(values, sort_keys=False))


def said(*arguments: str) -> str:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code in (1, 2), done.output
    return done.output


def unknown_key(project: Project) -> str:
    edited(project, lambda values: values["train"].update(epoks=values["train"].pop("epochs")))
    return said("pipelines", "--check")


def disagree(project: Project) -> str:
    edited(project, lambda values: values["source"].update(root="data/raw/mine"))
    return said("pipelines", "--check")


def conflict(project: Project) -> str:
    path = project.root / "params.yaml"
    path.write_text(f"<<<<<<< HEAD\n{path.read_text()}=======\n{path.read_text()}>>>>>>> origin/main\n")
    return said("pipelines")


def unmapped(project: Project) -> str:
    edited(project, lambda values: values["source"]["ontology"].pop("pole"))
    return said("check", "via")


def empty_label(project: Project) -> str:
    edited(project, lambda values: values["source"]["options"].update(class_attribute="kind"))
    return said("check", "via")


def damaged_photo(project: Project) -> str:
    photo = project.root / "data/raw/sample-via/photos/IMG_0002.jpg"
    photo.write_bytes(photo.read_bytes()[:2000])
    return said("check", "via")


def jpeg_masks(project: Project) -> str:
    raw = project.root / "data/raw/jpeg"
    (raw / "images").mkdir(parents=True)
    (raw / "masks").mkdir()
    rows, columns = np.mgrid[:120, :160]
    disc = np.hypot(rows - 60, columns - 80) < 40
    for photo in sorted((project.root / "data/raw/sample-via/photos").iterdir())[:3]:
        shutil.copy(photo, raw / "images" / f"{photo.stem}.jpg")
        Image.fromarray(disc * np.uint8(255)).save(raw / "masks" / f"{photo.stem}.jpg")
    return said("inspect", "data/raw/jpeg")


def leak(project: Project) -> str:
    raw = project.root / "data/raw/sample-via"
    entries = json.loads((raw / "via_region_data.json").read_text())
    entry = next(one for one in entries.values() if one["filename"] == "IMG_0001.jpg")
    shutil.copy(raw / "photos/IMG_0001.jpg", raw / "photos/copy_20.jpg")
    entries[f"copy_20.jpg{entry['size']}"] = {**entry, "filename": "copy_20.jpg"}
    (raw / "via_region_data.json").write_text(json.dumps(entries))
    with pytest.raises(SegdataError) as stopped:
        convert(project, "via")
    return str(stopped.value)


def no_shards(project: Project) -> str:
    return said("train", "via")


def no_run(project: Project) -> str:
    convert(project, "via")
    return said("evaluate", "via")


def damaged_shard(project: Project) -> str:
    convert(project, "via")
    shard = next(project.shards_dir("via").glob("test-*.arrow"))
    data = bytearray(shard.read_bytes())
    data[5000:5004] = b"xxxx"
    shard.write_bytes(data)
    return said("verify", "via")


def left_behind(project: Project) -> str:
    raw = project.root / "data/raw/sample-via"
    sizes = [path.stat().st_size for path in raw.rglob("*") if path.is_file()]
    git = ["git", "-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    for message, more in (
        ("First photos", 0),
        ("More photos", 1),
    ):  # as dvc add writes them, then as git pull does
        text = f"outs:\n- md5: {more:032}.dir\n  size: {sum(sizes) + more}\n  nfiles: {len(sizes) + more}\n  path: sample-via\n"
        raw.with_suffix(".dvc").write_text(text)
        subprocess.run([*git, "add", "-f", "data/raw/sample-via.dvc"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", message], check=True)
    raw.with_suffix(".dvc").write_text(
        text.replace(f"{1:032}", f"{0:032}")
    )  # as dvc repro does, without dvc pull
    return said("remove", "via", "IMG_0001")


def two_at_once(project: Project) -> str:
    lock = project.scratch_dir("locks") / "convert-via"
    with only_one(lock, "a test"), pytest.raises(SegdataError) as stopped, one_conversion(project, "via"):
        pass
    return f"error: {stopped.value}"


def no_project(project: Project) -> str:
    return said("--project", str(project.root.parent), "pipelines")


def missing_package(project: Project) -> str:
    def work() -> None:
        raise ModuleNotFoundError("No module named 'onnx'", name="onnx")

    with pytest.raises(SegdataError) as stopped:
        needing("onnx", "segdata onnx", work)
    return str(stopped.value)


SITUATIONS: dict[str, Callable[[Project], str]] = {
    "Unknown key": unknown_key,
    "params.yaml and the pipeline file disagree": disagree,
    "Conflict markers": conflict,
    "A label that nobody mapped": unmapped,
    "The label is empty": empty_label,
    "A damaged photo": damaged_photo,
    "Masks saved as JPEG": jpeg_masks,
    "The same photo in two splits": leak,
    "No finished shard set": no_shards,
    "No finished training run": no_run,
    "A damaged shard": damaged_shard,
    "Photos that were left behind": left_behind,
    "Two at the same work": two_at_once,
    "No project here": no_project,
    "A package is missing": missing_package,
}


def test_every_message_of_the_page_has_its_situation() -> None:
    assert list(SHOWN) == list(SITUATIONS)
    assert all(len(messages) == 1 for messages in SHOWN.values())


@pytest.mark.parametrize("heading", SITUATIONS)
def test_the_message_comes_as_the_page_shows_it(heading: str, project: Project) -> None:
    output = SITUATIONS[heading](project)
    for line in SHOWN[heading][0].splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        assert re.search(f"^ *{pattern.strip()}", output, re.M), f"{line}\nis not what was said:\n{output}"
