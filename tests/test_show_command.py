"""`segdata show`: pictures of the raw photos, or of the shards where these are absent."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from PIL import Image

from segdata.cli import main
from segdata.conversion.sources import open_source
from segdata.formats import open_reader
from segdata.project import Project
from segdata.shards import ShardSet
from segdata.showing.lettering import Lettering
from segdata.showing.sheet import GAP
from tests.projects import convert, sample_project

SCENE_HW, SHARD_HW = (60, 80), (24, 32)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A converted project over ten drawn VIA scenes; tests must not change it."""
    project = sample_project(
        tmp_path_factory.mktemp("drawn").resolve(), "via", scene_hw=SCENE_HW, size_hw=SHARD_HW
    )
    convert(project, "via")
    return project.root


@pytest.fixture
def project(drawn: Path, tmp_path: Path) -> Project:
    shutil.copytree(drawn, tmp_path / "project")
    return Project((tmp_path / "project").resolve())


def show(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), "show", "via", *arguments])


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as file:
        assert (file.format, file.mode) == ("PNG", "RGB")
        return np.asarray(file)


def panel(sheet: NDArray[np.uint8], number: int, size_hw: tuple[int, int], panels: int) -> NDArray[np.uint8]:
    top = GAP + 2 * Lettering.for_width(panels * size_hw[1]).line
    left = GAP + number * (size_hw[1] + GAP)
    return sheet[top : top + size_hw[0], left : left + size_hw[1]]


def enlarged(image: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    return image.repeat(factor, 0).repeat(factor, 1)


def test_a_raw_photo_with_its_mask_at_full_size(project: Project) -> None:
    source = project.pipeline("via").source
    reader = open_reader("via", open_source(source, project.root / source.root, "p"))
    id = reader.ids()[3]
    done = show(project, id)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[:2] == [
        "via, from data/raw/sample-via (via): 10 samples",
        f"data/shown/via/{id}.png",
    ]
    sheet = pixels(project.root / f"data/shown/via/{id}.png")
    sample = reader.read(id)
    height, width = sample.mask.shape
    factor = -(-384 // max(height, width))
    size_hw = (height * factor, width * factor)
    assert np.array_equal(panel(sheet, 0, size_hw, 3), enlarged(sample.image, factor))
    colors = source.build_ontology().color_table()
    labelled = enlarged(sample.mask, factor) != 255
    mask = panel(sheet, 1, size_hw, 3)
    assert np.array_equal(mask[labelled], colors[enlarged(sample.mask, factor)][labelled])
    legend = sheet[-4 * Lettering.for_width(3 * size_hw[1]).line :]
    for value in np.unique(sample.mask[sample.mask != 255]):
        assert (legend == colors[value]).all(axis=-1).sum() > 80, value


def test_without_raw_photos_the_shards_are_shown_and_said(project: Project) -> None:
    shutil.rmtree(project.root / "data/raw/sample-via")
    train = ShardSet.open(project.shards_dir("via")).split("train")
    done = show(project, train.ids[1], "--out", str(project.root / "here"), "--split", "train")
    assert done.exit_code == 0, done.output
    assert done.output.startswith(
        f"via, from the shards, 24x32 (height x width), split train: {len(train)} samples\n"
    )
    sheet = pixels(project.root / f"here/{train.ids[1]}.png")
    assert np.array_equal(panel(sheet, 0, (24 * 12, 32 * 12), 3), enlarged(train.image_at(1), 12))
    shutil.rmtree(project.shards_dir("via"))
    gone = show(project)
    assert gone.exit_code == 2
    assert "data/raw/sample-via: found no such folder, nor shards of it" in gone.stderr


def test_without_ids_a_few_are_taken_of_the_split_that_is_asked_for(project: Project) -> None:
    assert len(show(project, "--size", "64").output.splitlines()) == 1 + 4
    files = sorted((project.root / "data/shown/via").iterdir())
    assert len(files) == 4
    assert all(pixels(file).shape[1] >= 3 * 48 + 4 * GAP for file in files)
    val = show(project, "--split", "val")
    shards = ShardSet.open(project.shards_dir("via"))
    if "val" in shards.splits:
        shown = [Path(line).stem for line in val.output.splitlines()[1:]]
        assert shown == list(shards.split("val").ids)[:4]


def test_an_unknown_id_names_the_nearest(project: Project) -> None:
    done = show(project, "IMG_00004")
    assert done.exit_code == 2
    assert "found no sample 'IMG_00004'; did you mean 'IMG_0004'" in done.stderr
    assert not (project.root / "data/shown").exists()
    assert show(project, "4").output.splitlines()[1] == "data/shown/via/IMG_0004.png"


def test_a_photo_that_cannot_be_read_does_not_stop_the_others(project: Project) -> None:
    photo = project.root / "data/raw/sample-via/photos/IMG_0004.jpg"
    photo.write_bytes(photo.read_bytes()[:500])
    both = show(project, "IMG_0004", "IMG_0005")
    assert both.exit_code == 1
    assert "error: photos/IMG_0004.jpg: found a file that is no readable image" in both.stderr
    assert "data/shown/via/IMG_0005.png" in both.output
    assert show(project, "IMG_0004").exit_code == 2


def test_predictions_stand_beside_the_truth(project: Project) -> None:
    before = show(project, "--prediction")
    assert before.exit_code == 2
    assert "found no predictions" in before.stderr and "segdata evaluate" in before.stderr
    shards = ShardSet.open(project.shards_dir("via"))
    train = shards.split("train")
    folder = project.evaluation_dir("via") / "predictions"
    folder.mkdir(parents=True)
    predicted = np.full(SHARD_HW, 3, np.uint8)
    Image.fromarray(predicted).save(folder / f"{train.ids[0]}.png")
    done = show(project, "--prediction")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "via, from the shards, 24x32 (height x width): 1 sample",
        f"data/shown/via/{train.ids[0]}.png",
    ]
    sheet = pixels(project.root / f"data/shown/via/{train.ids[0]}.png")
    mask = enlarged(train.mask_at(0), 12)
    wrong = panel(sheet, 4, (288, 384), 5).astype(int)
    red = wrong[..., 0] - wrong[..., 1] > 100
    assert np.array_equal(red, (mask != 3) & (mask != 255))
    Image.fromarray(np.full(SHARD_HW, 77, np.uint8)).save(folder / f"{train.ids[0]}.png")
    stray = show(project, "--prediction")
    assert (stray.exit_code, "found value 77" in stray.stderr) == (2, True)


def test_an_unknown_pipeline_is_an_error(project: Project) -> None:
    done = CliRunner().invoke(main, ["--project", str(project.root), "show", "vai"])
    assert (done.exit_code, "did you mean 'via'?" in done.stderr) == (2, True)
