"""`segdata predict --to cityscapes`: splits and ids from the photos' paths, known before the first one is predicted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

pytest.importorskip("torch", reason="prediction needs the extra 'train'")

from PIL import Image

from segdata.cli import main
from segdata.errors import ConfigError
from segdata.ontology import load_ontology, ontology_of_names
from segdata.prediction.export_names import export_names
from segdata.prediction.photos import find_photos
from tests.export.round_trip import read_back
from tests.prediction.colours import noise
from tests.prediction.projects import make_project

CITY_CLASSES = ("road", "building", "person", "sky")


def write_photos(folder: Path, *names: str) -> None:
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(noise(20, 30) + np.uint8(seed))).save(folder / name)


def predict(root: Path, *photos: Path, to: str = "cityscapes") -> Result:
    arguments = [
        "--project",
        root / "project",
        "predict",
        "doors",
        *photos,
        "--to",
        to,
        "--out",
        root / "out",
    ]
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_splits_are_those_of_the_folders_and_ids_those_of_the_files(tmp_path: Path) -> None:
    make_project(tmp_path / "project", classes=CITY_CLASSES)
    write_photos(
        tmp_path / "roll",
        "val/aachen/aachen_000000_000019_leftImg8bit.png",
        "train/bonn_000001_000002.png",
        "day 1/IMG_7.png",
    )
    done = predict(tmp_path, tmp_path / "roll")
    assert done.exit_code == 0, done.output
    assert "  3 photos (1 train, 1 val, 1 test) as cityscapes in " in done.stdout
    place = tmp_path / "out/cityscapes/gtFine"
    assert sorted(path.relative_to(place).as_posix() for path in place.rglob("*_labelIds.png")) == [
        "test/other/IMG_7_gtFine_labelIds.png",
        "train/bonn/bonn_000001_000002_gtFine_labelIds.png",
        "val/aachen/aachen_000000_000019_gtFine_labelIds.png",
    ]
    reader = read_back(tmp_path / "out/cityscapes")
    mask = tmp_path / "out/predictions/val/aachen/aachen_000000_000019_leftImg8bit.png"
    with Image.open(mask) as file:
        expected = np.asarray(file, np.uint8)
    id = next(id for id in reader.ids() if id.endswith("aachen_000000_000019"))
    assert (reader.read(id).mask == expected).all()
    assert "cityscapes: lies there already" in predict(tmp_path, tmp_path / "roll").stdout


def test_names_are_refused_before_the_first_photo(tmp_path: Path) -> None:
    make_project(tmp_path / "project", classes=CITY_CLASSES)
    write_photos(tmp_path / "roll", "day 1/IMG_7.png", "day 2/IMG_7.png")
    done = predict(tmp_path, tmp_path / "roll")
    assert done.exit_code == 2
    assert f"found {tmp_path}/roll/day 1/IMG_7.png and {tmp_path}/roll/day 2/IMG_7.png" in done.output
    assert "such as aachen_000000_000019_leftImg8bit.png" in done.output
    assert not (tmp_path / "out").exists()
    assert predict(tmp_path, tmp_path / "roll", to="masks").exit_code == 0


def test_classes_are_refused_before_the_first_photo(tmp_path: Path) -> None:
    make_project(tmp_path / "project")
    write_photos(tmp_path / "roll", "IMG_7.png")
    done = predict(tmp_path, tmp_path / "roll")
    assert done.exit_code == 2
    assert "found classes that Cityscapes has no label for: door, floor, roof" in done.output
    assert not (tmp_path / "out").exists()


def test_the_nearest_folder_says_the_split_and_other_formats_keep_the_id(tmp_path: Path) -> None:
    write_photos(tmp_path, "train/a/val/x_1_2_leftImg8bit.png", "plain/y.png")
    photos = find_photos([tmp_path / "train", tmp_path / "plain"]).given
    city = load_ontology("cityscapes-19")
    assert export_names(photos, "cityscapes", tmp_path / "none", city) == {
        "a/val/x_1_2_leftImg8bit": ("x_1_2", "val"),
        "y": ("y", "test"),
    }
    own = ontology_of_names("own", ("a", "b"))
    assert export_names(photos, "coco", tmp_path / "none", own)["y"] == ("y", None)
    with pytest.raises(ConfigError, match="no label for: a, b"):
        export_names(photos, "cityscapes", tmp_path / "none", own)
    assert not (tmp_path / "none").exists()
