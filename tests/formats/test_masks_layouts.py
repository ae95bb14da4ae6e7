"""Plain mask folders as people lay them out: a folder per split, endings of names, names of values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError, UnmappedLabelError
from segdata.formats import Reader, open_reader
from segdata.formats.masks import class_ids
from segdata.label_map import LabelMap
from tests.formats.via_cases import drawn, source, write_photo

VALUES = np.array([[0, 1, 2, 2], [0, 1, 2, 11], [0, 0, 0, 11]], np.uint8)
ROWS = ["0122", "012.", "000."]
LABELS: dict[str | int, str] = {0: "road", 1: "tree", 2: "car", 11: "ignore"}


def mask(path: Path, values: np.ndarray = VALUES) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


def opened(root: Path, options: dict[str, object], label_map: dict[str | int, str] | None = None) -> Reader:
    return open_reader("masks", source(root, options, label_map=label_map or LABELS))


def splits_of(reader: Reader) -> dict[str, str | None]:
    return {id: reader.official_split(id) for id in reader.ids()}


def test_a_folder_for_each_split(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        write_photo(tmp_path / f"images/{split}/a.jpg", (3, 4))
        mask(tmp_path / f"labels/{split}/a.png")
    photos = {"train": "images/train", "val": "images/valid"}
    masks = {"train": "labels/train", "val": "labels/valid"}
    reader = opened(tmp_path, {"photos": photos, "masks": masks})
    assert splits_of(reader) == {"train/a": "train", "val/a": "val"}
    assert drawn(reader.read("val/a").mask) == ROWS
    assert reader.fingerprint("val/a") != reader.fingerprint("train/a")


@pytest.mark.parametrize(
    "options",
    [
        {"photos": {"train": "a"}, "masks": "b"},
        {"photos": {"train": "a"}, "masks": {"val": "b"}},
        {"photos": {}, "masks": {}},
        {"photos": {"train": "a"}, "masks": {"train": "b"}, "split_folders": True},
        {"photos": "a", "masks": "a"},
    ],
)
def test_options_that_contradict_each_other(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"source\.options: found .*photos.*; expected photos and masks"):
        opened(tmp_path, options)


def test_folders_of_splits_stay_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="inside the source's root"):
        opened(tmp_path, {"photos": {"train": "a"}, "masks": {"train": "../b"}})


def test_endings_of_names_in_one_folder(tmp_path: Path) -> None:
    write_photo(tmp_path / "data/7_sat.jpg", (3, 4))
    mask(tmp_path / "data/7_mask.png")
    write_photo(tmp_path / "data/8_sat.jpg", (3, 4))
    write_photo(tmp_path / "data/readme.jpg", (3, 4))
    options: dict[str, object] = {"photos": "data", "masks": "data", "mask_suffix": "_mask"}
    reader = opened(tmp_path, {**options, "photo_suffix": "_sat"})
    assert list(reader.ids()) == ["7"]
    assert drawn(reader.read("7").mask) == ROWS
    assert [(found.code, found.file, found.message) for found in reader.findings] == [
        ("other-files", "data", "1 image file without '_sat' at the end of the name: data/readme.jpg"),
        ("not-annotated", "data/8_sat.jpg", "no mask of this name"),
    ]
    write_photo(tmp_path / "plain/7.png", (3, 4))
    mask(tmp_path / "plain/7_mask.png")
    assert list(opened(tmp_path, {**options, "photos": "plain", "masks": "plain"}).ids()) == ["7"]


def test_endings_of_names_in_two_folders(tmp_path: Path) -> None:
    """As CamVid names its masks: 0001TP_006690_L.png."""
    write_photo(tmp_path / "image/0001TP_006690.jpg", (3, 4))
    mask(tmp_path / "mask/0001TP_006690_L.png")
    mask(tmp_path / "mask/overview.png")
    reader = opened(tmp_path, {"mask_suffix": "_L"})
    assert list(reader.ids()) == ["0001TP_006690"]
    assert drawn(reader.read("0001TP_006690").mask) == ROWS
    assert [found.message for found in reader.findings] == [
        "1 image file without '_L' at the end of the name: mask/overview.png"
    ]


def test_names_file_lets_the_label_map_speak_names(tmp_path: Path) -> None:
    write_photo(tmp_path / "image/a.jpg", (3, 4))
    mask(tmp_path / "mask/a.png", np.array([[0, 1, 2, 255]] * 3, np.uint8))
    (tmp_path / "names.txt").write_text("pavement\ntree\ncar\n")
    options: dict[str, object] = {"names": "names.txt"}
    label_map: dict[str | int, str] = {"pavement": "road", "tree": "ignore", "car": "car", 255: "ignore"}
    assert drawn(opened(tmp_path, options, label_map).read("a").mask) == ["0.2."] * 3
    before = opened(tmp_path, options, label_map).fingerprint("a")
    (tmp_path / "names.txt").write_text("car\ntree\npavement\n")
    swapped = opened(tmp_path, options, label_map)
    assert drawn(swapped.read("a").mask) == ["2.0."] * 3
    assert swapped.fingerprint("a").annotation != before.annotation
    del label_map["tree"]
    with pytest.raises(UnmappedLabelError, match="row 0, column 1: found label 'tree', value 1"):
        opened(tmp_path, options, label_map).read("a")
    with pytest.raises(ConfigError, match=r"found the name 'tee'; did you mean 'tree'\?|expected a name of"):
        opened(tmp_path, options, {"tee": "tree"})
    with pytest.raises(ConfigError, match=r"found the name 'car'.*source\.options\.names"):
        opened(tmp_path, {}, {"car": "car"})


def test_own_names_are_found_by_name_and_255_is_ignored(tmp_path: Path) -> None:
    write_photo(tmp_path / "image/a.jpg", (1, 4))
    mask(tmp_path / "mask/a.png", np.array([[0, 1, 2, 255]], np.uint8))
    (tmp_path / "names.txt").write_text("car\nroad\ntree\n")
    reader = open_reader("masks", source(tmp_path, {"names": "names.txt"}))
    assert drawn(reader.read("a").mask) == ["201."]


def test_colours_of_a_names_file_decode_coloured_masks(tmp_path: Path) -> None:
    write_photo(tmp_path / "image/a.jpg", (1, 3))
    colors = np.array([[[9, 9, 9], [0, 128, 0], [9, 9, 9]]], np.uint8)
    mask(tmp_path / "mask/a.png", colors)
    (tmp_path / "labelmap.txt").write_text("tree:0,128,0::\ncar:9,9,9::\n")
    options: dict[str, object] = {"names": "labelmap.txt"}
    label_map: dict[str | int, str] = {"tree": "tree", "car": "car"}
    assert drawn(opened(tmp_path, options, label_map).read("a").mask) == ["212"]
    colors[0, 2] = (9, 9, 8)
    mask(tmp_path / "mask/a.png", colors)
    with pytest.raises(DataError, match=r"mask/a\.png: row 0, column 2: found colour \(9, 9, 8\) \(1 pixel"):
        opened(tmp_path, options, label_map).read("a")


def test_masks_equal_a_plain_read_by_pillow(tmp_path: Path) -> None:
    everything = LabelMap({}, {value: value for value in range(256)})
    random = np.random.default_rng(4)
    for mode in ("L", "P"):
        picture = Image.frombytes(mode, (31, 17), random.integers(0, 256, (17, 31), np.uint8).tobytes())
        if mode == "P":
            picture.putpalette(random.integers(0, 256, 768, np.uint8).tobytes())
        picture.save(tmp_path / "a.png")
        with Image.open(tmp_path / "a.png") as stored:
            assert stored.mode == mode
            assert np.array_equal(class_ids(tmp_path / "a.png", "a.png", everything), np.asarray(stored))


def test_a_palette_goes_through_the_colours_of_labelmap(tmp_path: Path) -> None:
    """Image programs number the colours of a palette as they please; RGB and palette are one picture here."""
    road, car = (128, 64, 128), (0, 0, 142)
    (tmp_path / "labelmap.txt").write_text("car:0,0,142::\nroad:128,64,128::\n")
    write_photo(tmp_path / "image/a.jpg", (2, 3))
    picture = np.array([[road, road, car], [car, car, road]], np.uint8)
    palettised = Image.fromarray(np.array([[5, 5, 1], [1, 1, 5]], np.uint8))
    palettised.putpalette([0, 0, 0, *car, 9, 9, 9, 9, 9, 9, 9, 9, 9, *road])
    for image in (Image.fromarray(picture), palettised):
        (tmp_path / "mask").mkdir(exist_ok=True)
        image.save(tmp_path / "mask/a.png")
        assert drawn(opened_as_named(tmp_path).read("a").mask) == ["002", "220"]
    palettised.putpalette([0, 0, 0, *car, 9, 9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 3])
    palettised.save(tmp_path / "mask/a.png")
    with pytest.raises(
        DataError, match=r"row 0, column 0: found colour \(1, 2, 3\) \(3 pixels .*add the colour to labelmap"
    ):
        opened_as_named(tmp_path).read("a")


def opened_as_named(root: Path) -> Reader:
    return open_reader("masks", source(root, {"names": "labelmap.txt"}))


@pytest.mark.parametrize(
    ("photos", "masks", "options"),
    [
        (".", "mask", {}),
        ("img", "img/mask", {}),
        ("img/photo", "img", {}),
        (".", "data/mask", {"mask_suffix": "_L"}),
        ("img", "img/sub/mask", {"photo_suffix": "_sat"}),
    ],
)
@pytest.mark.parametrize("unannotated", ["skip", "background"])
def test_a_mask_is_no_photo(
    tmp_path: Path, photos: str, masks: str, options: dict[str, object], unannotated: str
) -> None:
    write_photo(tmp_path / photos / f"a{options.get('photo_suffix', '')}.jpg", (3, 4))
    mask(tmp_path / masks / f"a{options.get('mask_suffix', '')}.png")
    chosen = {"photos": photos, "masks": masks, **options}
    reader = open_reader("masks", source(tmp_path, chosen, label_map=LABELS, unannotated=unannotated))
    assert (reader.ids(), reader.findings) == (("a",), ())
    assert drawn(reader.read("a").mask) == ROWS


def test_photos_and_masks_of_one_split_are_none_of_another(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg", (3, 4))
    mask(tmp_path / "mask/a.png")
    write_photo(tmp_path / "val/b.jpg", (3, 4))
    mask(tmp_path / "val mask/b.png")
    folders = {"photos": {"train": ".", "val": "val"}, "masks": {"train": "mask", "val": "val mask"}}
    reader = open_reader("masks", source(tmp_path, folders, label_map=LABELS, unannotated="ignore"))  # type: ignore[arg-type]
    assert reader.ids() == ("train/a", "val/b")
    assert reader.findings == ()


def test_the_border_of_voc_is_255(tmp_path: Path) -> None:
    """As `segdata export` to VOC and CVAT write them: a labelmap.txt, and 255 between objects."""
    (tmp_path / "labelmap.txt").write_text("road:128,64,128::\ncar:0,0,142::\n")
    write_photo(tmp_path / "image/a.jpg", (1, 3))
    palettised = Image.fromarray(np.array([[0, 1, 255]], np.uint8))
    palettised.putpalette([128, 64, 128, 0, 0, 142, *[7] * 3 * 253, 224, 224, 192])
    (tmp_path / "mask").mkdir()
    for image in (palettised, palettised.convert("RGB")):
        image.save(tmp_path / "mask/a.png")
        assert drawn(opened_as_named(tmp_path).read("a").mask) == ["02."]
