"""What each format's own files say, read with that format's tools, is the truth that the generator states."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from segdata.ontology import voc_palette
from segdata.sample_data import CLASSES, Scene
from segdata.sample_data.painting import Photo
from segdata.sample_data.regions import paint_mask
from segdata.sample_data.via import orientation

Truths = dict[str, dict[str, Scene]]


def _upright(path: Path) -> Photo:
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def test_via_outlines_filled_in_file_order_are_the_truth(drawn: dict[str, Path], truths: Truths) -> None:
    entries = json.loads((drawn["via"] / "via_region_data.json").read_text())
    names = set()
    for key, entry in entries.items():
        photo = drawn["via"] / "photos" / entry["filename"]
        assert key == f"{photo.name}{photo.stat().st_size}"
        assert entry["size"] == photo.stat().st_size
        assert entry["file_attributes"] == {}
        upright = _upright(photo)
        mask = np.full(upright.shape[:2], 255, np.uint8)
        for region in entry["regions"]:
            shape = region["shape_attributes"]
            names.add(shape["name"])
            points = np.array([shape["all_points_x"], shape["all_points_y"]], np.int32).T
            cv2.fillPoly(mask, [points], CLASSES.index(region["region_attributes"]["type"]))
        truth = truths["via"][photo.stem]
        np.testing.assert_array_equal(mask, truth.mask)
        difference = np.abs(upright.astype(int) - truth.image.astype(int))
        assert difference.mean() < 8, f"{photo.name} is not the photo of its scene"
    assert names == {"polygon", "polyline"}
    assert [Path(entry["filename"]).stem for entry in entries.values()] == sorted(truths["via"])


def test_via_photos_carry_exif_and_some_are_turned(drawn: dict[str, Path]) -> None:
    photos = sorted((drawn["via"] / "photos").glob("*.jpg"))
    found = []
    for number, photo in enumerate(photos):
        with Image.open(photo) as image:
            exif, stored = image.getexif(), image.size
        assert exif[ExifTags.Base.Make] == "Segdata"
        taken = exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal]
        assert taken == f"2012:06:01 10:{number:02d}:00"
        found.append(exif[ExifTags.Base.Orientation])
        assert stored == ((240, 320) if found[-1] in (6, 8) else (320, 240))
    assert found == [1, 1, 3, 1, 1, 1, 1, 1]
    assert [orientation(n) for n in range(48) if orientation(n) != 1] == [3, 6, 8, 3, 6, 8, 3, 6]


def test_matlab_ground_truth_reads_back_like_one_that_matlab_saved(
    drawn: dict[str, Path], truths: Truths
) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*infer_string.*")
        matio = pytest.importorskip("matio")
    truth = matio.load_from_mat(drawn["matlab"] / "gTruth.mat")["gTruth"]
    assert truth.classname == "groundTruth"
    content = truth.properties["any"][0, 0]
    source = content["DataSource"][0, 0]
    assert source["SourceType"].item() == "ImageDatastore"
    photos = [cell.item() for cell in source["Source"][:, 0]]
    definitions = content["LabelDefinitions"][:, 0]
    assert [row["Name"].item() for row in definitions] == list(CLASSES)
    assert [row["PixelLabelID"].item() for row in definitions] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert {row["Type"][0, 0].name for row in definitions} == {"PixelLabel"}
    masks = [row["PixelLabelData"].item() for row in content["LabelData"][:, 0]]
    folder = "C:\\Users\\Labeler\\Documents\\street\\"
    assert masks == [f"{folder}PixelLabelData\\Label_{i}.png" for i in range(1, 9)]
    assert photos != sorted(photos)
    assert sorted(photos) == [f"{folder}images\\street_{i:03d}.jpg" for i in range(1, 9)]
    for photo, mask in zip(photos, masks, strict=True):
        ids = np.asarray(Image.open(drawn["matlab"] / "PixelLabelData" / mask.rsplit("\\", 1)[1]))
        expected = truths["matlab"][photo.rsplit("\\", 1)[1].removesuffix(".jpg")].mask
        assert ids.dtype == np.uint8
        np.testing.assert_array_equal(ids == 0, expected == 255)
        np.testing.assert_array_equal(ids[ids > 0] - 1, expected[expected != 255])


def test_matlab_file_has_the_fields_of_a_real_one(drawn: dict[str, Path]) -> None:
    real = Path(__file__).parents[3] / "shared" / "data" / "matlab-breadboard" / "gTruth.mat"
    if not real.is_file():
        pytest.skip(f"{real} is not here")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*infer_string.*")
        matio = pytest.importorskip("matio")
    theirs, ours = (
        matio.load_from_mat(path)["gTruth"].properties["any"][0, 0]
        for path in (real, drawn["matlab"] / "gTruth.mat")
    )
    assert ours.dtype == theirs.dtype
    for part in ("DataSource", "LabelDefinitions", "LabelData", "Version"):
        assert ours[part].dtype == theirs[part].dtype, part
        for name in theirs[part].dtype.names:
            ours_value, theirs_value = ours[part][0, 0][name], theirs[part][0, 0][name]
            assert type(ours_value) is type(theirs_value), (part, name)
            assert ours_value.dtype.kind == theirs_value.dtype.kind, (part, name)
            assert ours_value.ndim == theirs_value.ndim, (part, name)
    assert (drawn["matlab"] / "gTruth.mat").read_bytes()[:20] == real.read_bytes()[:20]


def test_cityscapes_masks_are_what_its_own_scripts_draw(drawn: dict[str, Path], truths: Truths) -> None:
    from cityscapesscripts.helpers.labels import id2label, name2label
    from cityscapesscripts.preparation.json2labelImg import json2labelImg

    root = drawn["cityscapes"]
    photos = {path.name.removesuffix("_leftImg8bit.png"): path for path in root.glob("leftImg8bit/*/*/*.png")}
    assert sorted(photos) == sorted(truths["cityscapes"])
    splits = [path.parts[-3] for path in photos.values()]
    assert (splits.count("train"), splits.count("val")) == (6, 2)
    assert {path.parent.name for path in photos.values()} == {"aachen", "bochum", "frankfurt"}
    for name, photo in photos.items():
        stem = root / "gtFine" / photo.parent.relative_to(root / "leftImg8bit") / f"{name}_gtFine"
        ids = np.asarray(Image.open(f"{stem}_labelIds.png"))
        drawn_again = io.BytesIO()
        drawn_again.name = "again.png"
        json2labelImg(f"{stem}_polygons.json", drawn_again)
        np.testing.assert_array_equal(ids, np.asarray(Image.open(drawn_again)))
        truth = truths["cityscapes"][name]
        expected = np.full(ids.shape, 255, np.uint8)
        for class_id, class_name in enumerate(CLASSES):
            expected[ids == name2label[class_name].id] = class_id
        np.testing.assert_array_equal(truth.mask, expected)
        rest = {id2label[int(i)].name for i in np.unique(ids[expected == 255])}
        assert rest <= {"ego vehicle", "static", "unlabeled"}
        instances = np.asarray(Image.open(f"{stem}_instanceIds.png")).astype(int)
        np.testing.assert_array_equal(np.where(instances >= 1000, instances // 1000, instances), ids)
        colours = np.asarray(Image.open(f"{stem}_color.png"))[..., :3]
        assert set(map(tuple, colours[ids == 7].tolist())) == {(128, 64, 128)}
        np.testing.assert_array_equal(np.asarray(Image.open(photo)), truth.image)


def test_voc_masks_are_palettised_with_a_void_border(drawn: dict[str, Path], truths: Truths) -> None:
    root = drawn["voc"]
    for name, truth in truths["voc"].items():
        with Image.open(root / "SegmentationClass" / f"{name}.png") as image:
            assert image.mode == "P"
            assert image.getpalette() == [channel for colour in voc_palette() for channel in colour]
            index = np.asarray(image)
        np.testing.assert_array_equal(index, truth.mask)
        assert set(np.unique(index).tolist()) <= {*range(10), 255}
        for a, b in ((index[:, :-1], index[:, 1:]), (index[:-1], index[1:])):
            meet = (a != b) & (a != 255) & (b != 255)
            assert not meet.any(), f"{name}: two classes touch without a border"
        assert 0.02 < (index == 255).mean() < 0.3
        regions = paint_mask(truth.regions, (240, 320)).astype(int)
        around = np.lib.stride_tricks.sliding_window_view(np.pad(regions, 2, mode="edge"), (5, 5))
        np.testing.assert_array_equal(index == 255, around.min(axis=(2, 3)) != around.max(axis=(2, 3)))


def test_voc_unlabelled_pixels_are_background(drawn: dict[str, Path]) -> None:
    from segdata.sample_data import draw_scene
    from segdata.sample_data.voc import truth

    scene = next(
        s for s in (draw_scene(("bonnet", i), (240, 320)) for i in range(40)) if (s.mask == 255).any()
    )
    mask = truth(scene).mask
    assert set(np.unique(mask[scene.mask == 255]).tolist()) <= {0, 255}
    assert (mask == 0).any()
    inner = mask != 255
    np.testing.assert_array_equal(mask[inner] == 0, scene.mask[inner] == 255)


def test_voc_lists_and_names(drawn: dict[str, Path], truths: Truths) -> None:
    lists = drawn["voc"] / "ImageSets" / "Segmentation"
    ids = list(truths["voc"])
    assert ids[0] == "2026_000001"
    assert (lists / "train.txt").read_text().split() == ids[:6]
    assert (lists / "val.txt").read_text().split() == ids[6:]
    assert (lists / "trainval.txt").read_text().split() == ids
    names = (drawn["voc"] / "class_names.txt").read_text().splitlines()
    assert names == ["_background_", *CLASSES]
