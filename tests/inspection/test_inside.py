"""Pointed one folder too high: what lies inside is a whole set of a format, and is not taken for plain masks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from segdata.cli import main
from segdata.inspection import describe, formats_of_subfolders, inspect_folder
from tests.formats.test_surveys_masks import mask, photo
from tests.projects import sample_project


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw folders of two sample projects: sample-voc and sample-cityscapes."""
    raw = tmp_path_factory.mktemp("raw")
    for format in ("voc", "cityscapes"):
        project = sample_project(raw / f"of-{format}", format, num_scenes=4)
        shutil.move(project.root / f"data/raw/sample-{format}", raw / format)
    return raw


@pytest.mark.parametrize("place", ["voc", "VOC devkit/VOC2012"])
def test_the_root_of_voc_is_named_rather_than_plain_masks(sets: Path, tmp_path: Path, place: str) -> None:
    shutil.copytree(sets / "voc", tmp_path / place)
    found = inspect_folder(tmp_path)
    assert found.survey is None
    assert {folder: survey.format for folder, survey in found.inside.items()} == {place: "voc"}
    assert formats_of_subfolders(tmp_path) == {place: "voc"}
    done = CliRunner().invoke(main, ["inspect", "--no-write", str(tmp_path)])
    assert done.exit_code == 2
    quoted = f"'{tmp_path}/{place}'" if " " in place else f"{tmp_path}/{place}"
    assert f"its folder {place} is voc (certain): JPEGImages + SegmentationClass" in done.stderr
    assert f"give that: segdata inspect {quoted}\n" in done.stderr
    assert "or --format masks" in done.stderr
    asked = inspect_folder(tmp_path, "masks")
    assert asked.survey is not None and (asked.survey.format, asked.inside) == ("masks", {})


def test_beside_a_surer_format_it_is_named_as_well(sets: Path, tmp_path: Path) -> None:
    shutil.copytree(sets / "voc", tmp_path / "voc")
    first = sorted((tmp_path / "voc/JPEGImages").iterdir())[0]
    (tmp_path / "labelme").mkdir()
    shutil.copy(first, tmp_path / "labelme")
    (tmp_path / "labelme/a.json").write_text(
        '{"shapes": [{"label": "road", "points": [[0, 0], [9, 0], [9, 9]], "shape_type": "polygon"}], "imagePath": "'
        + first.name
        + '"}'
    )
    found = inspect_folder(tmp_path)
    assert found.survey is not None and found.survey.format == "labelme"
    lines = [line for line in describe(found, "data/raw/x") if line.startswith("also")]
    assert len(lines) == 1 and lines[0].startswith("also its folder voc is voc (certain): ")
    assert lines[0].endswith("; give that: segdata inspect data/raw/x/voc")


def test_the_root_of_cityscapes_is_named_two_levels_down(sets: Path, tmp_path: Path) -> None:
    shutil.copytree(sets / "cityscapes", tmp_path / "data/city")
    assert inspect_folder(tmp_path).survey is None
    assert formats_of_subfolders(tmp_path) == {"data/city": "cityscapes"}
    assert formats_of_subfolders(tmp_path / "data") == {"city": "cityscapes"}


def test_plain_masks_in_a_folder_are_taken_from_above(tmp_path: Path) -> None:
    photo(tmp_path / "set/image/a.jpg")
    mask(tmp_path / "set/mask/a.png")
    found = inspect_folder(tmp_path)
    assert found.survey is not None and (found.survey.format, found.inside) == ("masks", {})
