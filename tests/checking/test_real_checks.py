"""`segdata check` over real sets: what it finds there, as their README and one's own eyes say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from segdata.cli import main
from tests.projects import SHARED, write_project
from tests.test_real_data import PIPELINES

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real data at {SHARED}")


def checked(root: Path, name: str) -> tuple[int, dict[str, Any], dict[str, int]]:
    """Exit code, check.json, and findings by code."""
    (root / "data" / "raw").mkdir(parents=True)
    (root / "data" / "raw" / name).symlink_to((SHARED / name).resolve())
    pipeline = {**PIPELINES[name], "evaluate": {"split": "test"}}
    pipeline["source"] = {**pipeline["source"], "root": f"data/raw/{name}"}
    write_project(root, {name: pipeline})
    done = CliRunner().invoke(main, ["--project", str(root), "check", name])
    value = json.loads((root / "data" / "check-report" / name / "check.json").read_text())
    codes: dict[str, int] = {}
    for kind in value["kinds"]:
        codes[kind["code"]] = codes.get(kind["code"], 0) + len(kind["findings"])
    return done.exit_code, value, codes


def test_via_buildings(tmp_path: Path) -> None:
    code, value, codes = checked(tmp_path, "via-buildings")
    assert {row["split"]: row["photos"] for row in value["splits"]} == {"train": 17, "val": 4, "test": 4}
    assert value["sizes"] == [{"height": 2464, "width": 2048, "photos": 25}]
    assert codes == {"not-annotated": 1, "points-clipped": 8}
    assert (code, value["copies"]) == (1, [])


def test_crackforest_is_sound_but_for_a_class_of_five_pixels(tmp_path: Path) -> None:
    code, value, codes = checked(tmp_path, "matlab-crackforest")
    pixels = {row["name"]: sum(row["pixels"].values()) for row in value["classes"]}
    assert pixels == {"pavement": 6030590, "crack": 113405, "faint": 5}
    assert codes == {"class-not-scored": 1, "split-empty": 1}
    assert (code, value["copies"]) == (1, [])


def test_breadboards_hold_one_photo_twice_with_two_annotations(tmp_path: Path) -> None:
    _, value, codes = checked(tmp_path, "matlab-breadboard")
    assert codes["not-annotated"] == 45
    (group,) = value["copies"]
    assert (group["code"], group["masks_agree"]) == ("exact-copy", False)
    assert group["photos"] == [["005", "train"], ["018", "train"]]


def test_the_frames_of_camvid_are_alike_within_its_splits_alone(tmp_path: Path) -> None:
    code, value, codes = checked(tmp_path, "camvid")
    assert (code, value["read"], set(codes)) == (0, 701, {"near-copy"})
    assert sum(len(group["photos"]) for group in value["copies"]) > 200
    assert not [group for group in value["copies"] if len({split for _, split in group["photos"]}) > 1]
