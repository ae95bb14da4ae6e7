"""VOC, Cityscapes and plain folders as other programs read them: Pillow, and cityscapesscripts' own tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.helpers.csHelpers import getCsFileInfo
from cityscapesscripts.helpers.labels import id2label, name2label
from PIL import ExifTags, Image

from segdata.errors import ConfigError, DataError
from segdata.export import ExportItem
from segdata.ontology import Label, Ontology, load_ontology, ontology_of_names
from tests.export.round_trip import export, item, read_back, source_of

FOUR = [[0, 1], [3, 255]]


def pixels(path: Path) -> list[list[int]]:
    with Image.open(path) as file:
        values: list[list[int]] = np.asarray(file).tolist()
    return values


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def jpeg(path: Path, orientation: int = 1) -> Path:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(np.full((2, 2, 3), 80, np.uint8)).save(path, exif=exif.tobytes())
    return path


def test_voc_layout_and_lists(tmp_path: Path) -> None:
    out = tmp_path / "out"
    photo = jpeg(tmp_path / "z.jpeg")
    export(
        out,
        "voc",
        item("a", FOUR),
        ExportItem("2007_1", "train", np.array(FOUR, np.uint8), photo),
        item("c", FOUR, "val"),
    )
    assert files(out) == [
        "ImageSets/Segmentation/train.txt",
        "ImageSets/Segmentation/trainval.txt",
        "ImageSets/Segmentation/val.txt",
        "JPEGImages/2007_1.jpg",
        "JPEGImages/a.png",
        "JPEGImages/c.png",
        "SegmentationClass/2007_1.png",
        "SegmentationClass/a.png",
        "SegmentationClass/c.png",
        "labelmap.txt",
        "source.yaml",
    ]
    assert (out / "JPEGImages" / "2007_1.jpg").read_bytes() == photo.read_bytes()
    assert (out / "ImageSets/Segmentation/train.txt").read_text() == "2007_1\na\n"
    assert (out / "ImageSets/Segmentation/trainval.txt").read_text() == "2007_1\na\nc\n"
    assert (
        out / "labelmap.txt"
    ).read_text() == "road:128,0,0::\ncar:0,128,0::\nsky:128,128,0::\npole:0,0,128::\n"


def test_voc_masks_are_palettised_in_the_classes_colours(tmp_path: Path) -> None:
    export(tmp_path / "out", "voc", item("a", FOUR))
    path = tmp_path / "out" / "SegmentationClass" / "a.png"
    assert pixels(path) == FOUR
    with Image.open(path) as file:
        assert file.mode == "P"
        assert file.convert("RGB").getpixel((1, 0)) == (0, 128, 0)
        assert file.convert("RGB").getpixel((1, 1)) == (224, 224, 192)


def test_voc_without_a_colour_for_each_class_speaks_of_indices(tmp_path: Path) -> None:
    twins = Ontology("own", (Label("left", (9, 9, 9)), Label("right", (9, 9, 9))))
    export(tmp_path / "out", "voc", item("a", [[0, 1, 255]]), ontology=twins)
    assert not (tmp_path / "out" / "labelmap.txt").exists()
    assert source_of(tmp_path / "out").label_map == {0: "left", 1: "right"}
    assert read_back(tmp_path / "out").read("a").mask.tolist() == [[0, 1, 255]]


@pytest.mark.parametrize(("to", "name"), [("voc", "JPEGImages/a.png"), ("masks", "train/image/a.png")])
def test_a_photo_stored_turned_is_written_upright(tmp_path: Path, to: str, name: str) -> None:
    photo = jpeg(tmp_path / "a.jpg", 6)
    exported = export(tmp_path / "out", to, ExportItem("a", "train", np.array(FOUR, np.uint8), photo))
    with Image.open(tmp_path / "out" / name) as file:
        assert file.getexif().get(ExifTags.Base.Orientation, 1) == 1
    if to == "voc":
        assert exported.notes == [
            "Photos written as PNG, so that no pixel changes: 1 (some tools want .jpg)."
        ]


def test_plain_folders_per_split(tmp_path: Path) -> None:
    exported = export(tmp_path / "out", "masks", item("x/a", FOUR), item("val/b", FOUR, "val"))
    assert files(tmp_path / "out") == [
        "names.txt",
        "source.yaml",
        "train/image/x/a.png",
        "train/mask/x/a.png",
        "val/image/b.png",
        "val/mask/b.png",
    ]
    assert (tmp_path / "out" / "names.txt").read_text() == "road\ncar\nsky\npole\n"
    with Image.open(tmp_path / "out" / "train/mask/x/a.png") as file:
        assert (file.mode, np.asarray(file).tolist()) == ("L", FOUR)
    assert list(read_back(tmp_path / "out").ids()) == ["train/x/a", "val/b"]
    assert exported.notes == ["Read back, every id begins with its split: train/IMG_0001."]


def test_cityscapes_numbers_are_the_official_tables(tmp_path: Path) -> None:
    city = load_ontology("cityscapes-19")
    rows = [[*range(19), 255]]
    export(tmp_path / "out", "cityscapes", item("ulm_000001_000019", rows), ontology=city)
    stem = tmp_path / "out/gtFine/train/ulm/ulm_000001_000019_gtFine"
    labels = [name2label[name] for name in city.names]
    assert pixels(Path(f"{stem}_labelIds.png")) == [[*(label.id for label in labels), 0]]
    assert pixels(Path(f"{stem}_labelTrainIds.png")) == rows
    assert pixels(Path(f"{stem}_color.png")) == [[*(list(label.color) for label in labels), [0, 0, 0]]]
    assert files(tmp_path / "out")[-2:] == [
        "leftImg8bit/train/ulm/ulm_000001_000019_leftImg8bit.png",
        "source.yaml",
    ]
    info = getCsFileInfo(f"{stem}_labelIds.png")
    assert (info.city, info.sequenceNb, info.frameNb, info.type2) == ("ulm", "000001", "000019", "labelIds")


def test_cityscapes_labels_that_are_not_evaluated_keep_their_ids(tmp_path: Path) -> None:
    ontology = ontology_of_names("own", ["parking", "road"])
    export(tmp_path / "out", "cityscapes", item("ulm_1_2", [[0, 1, 255]]), ontology=ontology)
    stem = tmp_path / "out/gtFine/train/ulm/ulm_1_2_gtFine"
    assert pixels(Path(f"{stem}_labelIds.png")) == [[9, 7, 0]]
    assert pixels(Path(f"{stem}_labelTrainIds.png")) == [[255, 0, 255]]
    assert [id2label[9].name, id2label[7].name] == ["parking", "road"]


def test_void_and_ignored_stay_apart_in_cityscapes_20(tmp_path: Path) -> None:
    city = load_ontology("cityscapes-20")
    export(tmp_path / "out", "cityscapes", item("ulm_1_2", [[19, 255, 0]]), ontology=city)
    assert pixels(tmp_path / "out/gtFine/train/ulm/ulm_1_2_gtFine_labelIds.png") == [[0, 3, 7]]
    assert read_back(tmp_path / "out").read("ulm_1_2").mask.tolist() == [[19, 255, 0]]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["road", "leaf", "twig"], "classes that Cityscapes has no label for: leaf, twig"),
        (["license plate"], "no label for: license plate"),
        (["unlabeled", "out of roi"], "to stand for ignored pixels"),
    ],
)
def test_classes_that_cityscapes_cannot_hold(tmp_path: Path, names: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        export(
            tmp_path / "out", "cityscapes", item("ulm_1_2", [[0]]), ontology=ontology_of_names("own", names)
        )
    assert not list(tmp_path.iterdir())


def test_a_class_may_be_called_unlabeled(tmp_path: Path) -> None:
    ontology = ontology_of_names("own", ["unlabeled", "road"])
    export(tmp_path / "out", "cityscapes", item("ulm_1_2", [[0, 1, 255]]), ontology=ontology)
    assert pixels(tmp_path / "out/gtFine/train/ulm/ulm_1_2_gtFine_labelIds.png") == [[0, 7, 3]]
    assert read_back(tmp_path / "out").read("ulm_1_2").mask.tolist() == [[0, 1, 255]]


def test_cityscapes_has_no_folders_in_its_names_and_no_set_without_splits(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the id 'a/b'"):
        export(tmp_path / "out", "cityscapes", item("a/b", [[0]]))
    with pytest.raises(ConfigError, match="'a' without a split"):
        export(tmp_path / "out", "cityscapes", item("a", [[0]], None))


def test_other_ids_go_to_a_city_of_their_own_and_the_summary_says_so(tmp_path: Path) -> None:
    exported = export(tmp_path / "out", "cityscapes", item("IMG_7", [[0]]), item("a_1_2", [[0]]))
    assert (tmp_path / "out/gtFine/train/other/IMG_7_gtFine_labelIds.png").is_file()
    assert (tmp_path / "out/gtFine/train/a/a_1_2_gtFine_labelIds.png").is_file()
    assert exported.notes == [
        "No instanceIds.png and no polygons.json: a mask of classes knows no objects.",
        "Ids that are no <city>_<sequence>_<frame>, which Cityscapes' own scripts want: 1.",
    ]


def test_a_test_photo_that_looks_like_a_dummy_is_set_aside(tmp_path: Path) -> None:
    empty, sound = item("a_1_2", [[255]], "test"), item("a_1_3", [[0]], "test")
    exported = export(tmp_path / "out", "cityscapes", empty, sound)
    assert exported.samples == {"test": 1}
    (finding,) = exported.findings
    assert (finding.file, finding.severity) == ("a_1_2", "error")
    assert "dummy masks look like this" in finding.message
    assert list(read_back(tmp_path / "out").ids()) == ["a_1_3"]
    with pytest.raises(DataError, match="not one photo to write"):
        export(tmp_path / "none", "cityscapes", empty)
    assert not (tmp_path / "none").exists()
