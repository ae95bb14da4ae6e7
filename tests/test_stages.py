"""dvc.yaml watches the code that shapes a result: whatever a stage imports is among its deps, or stands here with a reason."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from segdata.conversion.plan import CODE

ROOT = Path(__file__).parents[1]
# Where each stage's code begins.
ENTRIES = {
    "sample": ["segdata/sample_data"],
    "convert": ["flows/convert.py", "segdata/conversion"],
    "train": ["segdata/training"],
    "evaluate": ["segdata/evaluation"],
}
# The project's shape, words for people, where memory comes from.
EVERYWHERE = {
    "__init__", "atomic", "blocks", "decode", "decode_errors", "errors", "kinds", "memory", "project", "wording"
}  # fmt: skip
# What a section may say; that a value of it changed, DVC sees in the pipeline file.
SECTIONS = {"pipeline", "published", "recipe", "search_section", "sections", "splits_section", "variants"}
# What made the shards: whoever reads them watches the shards themselves. evaluate.size_hw reads photos with it once more;
# a change that shows at that size shows in shards of most sizes, and to watch it all would score anew at every edit.
READING = {
    "area", "digest_cache", "digests", "exif", "file_names", "findings", "group_list", "image_file", "jpeg", "label_map", "lossy_mask", "mask_file", "ontology",
    "photo", "png", "resample", "sample", "splits", "survey", "conversion/sources", "formats/__init__",
    "formats/_parts/photo_files", "shards/__init__", "shards/manifest", "shards/schema", "shards/statistics",
}  # fmt: skip
UNWATCHED = {
    "sample": {"digests", "errors", "ontology", "wording"},
    # How work is spread over processes, and what Prefect shows of it.
    "convert": EVERYWHERE
    | {"published", "recipe", "search_section", "digest_cache", "survey", "search/cluster", "weights_file"}
    | {"flows/local_server", "flows/runners", "dvc_files", "git", "left_behind"},
    # published_settings: digests of the sections, which are watched, as the run notes them.
    "train": (
        EVERYWHERE | SECTIONS | READING | {"evaluation/device", "evaluation/tables", "published_settings"}
    )
    - {"recipe", "shards/manifest", "shards/statistics"},
    "evaluate": EVERYWHERE | SECTIONS | READING,
}


def _imported(path: Path) -> set[Path]:
    """Files of this project that a file imports when it runs, also inside functions."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    ours = [ROOT.joinpath(*name.split(".")) for name in names if name.split(".")[0] in ("segdata", "flows")]
    candidates = [one for path in ours for one in (path.with_suffix(".py"), path / "__init__.py")]
    return {one for one in candidates if one.is_file()}


def _closure(entries: list[str]) -> set[str]:
    paths = [ROOT / entry for entry in entries]
    waiting = [file for path in paths for file in (path.glob("*.py") if path.is_dir() else [path])]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += _imported(path)
    return {path.relative_to(ROOT).as_posix() for path in seen}


def _watched(stage: str) -> list[str]:
    stages: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    deps: list[str] = stages[stage]["do"]["deps"]
    return deps


@pytest.mark.parametrize("stage", ENTRIES)
def test_a_stage_watches_all_code_that_shapes_its_result(stage: str) -> None:
    watched = _watched(stage)
    unwatched = {
        path.removeprefix("segdata/").removesuffix(".py")
        for path in _closure(ENTRIES[stage])
        if not any(path == dep or path.startswith(f"{dep}/") for dep in watched)
    }
    assert unwatched <= UNWATCHED[stage]


@pytest.mark.parametrize("stage", ENTRIES)
def test_what_a_stage_watches_is_there(stage: str) -> None:
    code = [dep for dep in _watched(stage) if dep.startswith(("segdata/", "flows/")) and "${" not in dep]
    assert [dep for dep in code if not (ROOT / dep).exists()] == []


def test_a_samples_key_holds_all_code_that_shapes_its_pixels() -> None:
    formats = [path.relative_to(ROOT).as_posix() for path in (ROOT / "segdata/formats").glob("[!_]*.py")]
    shaping = {
        path.removeprefix("segdata/")
        for path in _closure([*formats, "segdata/photo.py", "segdata/formats/_parts"])
        if not path.startswith(("segdata/formats/", "flows/"))
    }
    beside = {
        f"{name}.py"
        for name in SECTIONS
        | {"atomic", "blocks", "decode_errors", "digest_cache", "digests", "errors", "findings"}
    }
    looks = {"palette.py", "survey.py", "wording.py", "__init__.py"}  # what `segdata inspect` and people read
    assert shaping - beside - looks == {name for name in CODE if not name.startswith("formats/")}


def test_the_search_for_imports_finds_those_within_functions() -> None:
    assert "segdata/conversion/sources.py" in _closure(ENTRIES["evaluate"])
    assert "segdata/photo.py" in _closure(ENTRIES["convert"])
