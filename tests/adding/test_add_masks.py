"""Photos with mask files, and LabelMe's JSON files: where each goes, lists, conflicts, and back out again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from segdata.adding import Choice, add, remove
from segdata.errors import ConfigError, DataError
from segdata.project import Project
from tests.adding.cases import tree, write_json
from tests.projects import convert, folder_bytes, sample_pipeline, sample_project, write_project

HW = (12, 16)


def photo(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*HW, 3), np.uint8)).save(path)
    return path


def mask(path: Path, value: int, size_hw: tuple[int, int] = HW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size_hw, value, np.uint8)).save(path)
    return path


def own_project(folder: Path, format: str, **source: Any) -> Project:
    pipeline = sample_pipeline("voc")
    pipeline["shards"] = {"size_hw": list(HW)}
    pipeline["source"] = {
        "format": format,
        "root": "data/raw/mine",
        "ontology": {"road": [128, 64, 128], "car": [0, 0, 142]},
        "splits": {"method": "hash", "shares": {"train": 1.0}},
    } | source
    return write_project(folder, {"mine": pipeline})


@pytest.fixture
def masks(tmp_path: Path) -> Project:
    project = own_project(tmp_path / "project", "masks")
    for number in range(3):
        photo(project.root / f"data/raw/mine/image/{number}.png", number)
        mask(project.root / f"data/raw/mine/mask/{number}.png", number % 2)
    return project


def test_a_mask_folder_with_the_photos_names(masks: Project, tmp_path: Path) -> None:
    convert(masks, "mine")
    root, before = masks.root / "data/raw/mine", folder_bytes(masks.shards_dir("mine"))
    photo(tmp_path / "new/Straße 1.png", 7)
    photo(tmp_path / "new/roll/8.png", 8)
    mask(tmp_path / "drawn/Straße 1.png", 0)
    mask(tmp_path / "drawn/roll/8.png", 1)
    mask(tmp_path / "drawn/other.png", 1)
    added = add(masks, "mine", [tmp_path / "new"], tmp_path / "drawn")
    assert added.photos == added.annotated == ("image/Straße 1.png", "image/roll/8.png")
    assert added.said == ("mask other.png: no photo of this name among those given; left out",)
    assert (root / "mask/roll/8.png").read_bytes() == (tmp_path / "drawn/roll/8.png").read_bytes()
    summary = convert(masks, "mine")
    assert (summary.converted, summary.reused, summary.set_aside) == (2, 3, 0)
    removed = remove(masks, "mine", ["Straße 1", "roll/8"])
    assert sorted(removed.files) == [
        "image/Straße 1.png",
        "image/roll/8.png",
        "mask/Straße 1.png",
        "mask/roll/8.png",
    ]
    assert convert(masks, "mine").converted == 0
    assert folder_bytes(masks.shards_dir("mine")) == before


def test_bad_masks_are_refused_and_the_same_is_no_change(masks: Project, tmp_path: Path) -> None:
    root = masks.root / "data/raw/mine"
    before = tree(root)
    photos = [photo(tmp_path / f"{name}.png", seed) for seed, name in enumerate("abc", 5)]
    for path, value, size_hw in zip(photos, (0, 9, 1), (HW, HW, (3, 4)), strict=True):
        mask(tmp_path / "drawn" / path.name, value, size_hw)
    added = add(masks, "mine", photos, tmp_path / "drawn")
    reasons = {one.name: one.reason for one in added.bad}
    b, c = (str(tmp_path / "drawn" / name) for name in ("b.png", "c.png"))
    assert set(reasons) == {b, c} and tree(root) == before
    assert reasons[b].startswith("row 0, column 0: found")
    assert reasons[c].startswith(
        "found a mask of 3x4 (height x width); expected the photo's upright size, 12x16"
    )
    assert add(masks, "mine", photos, tmp_path / "drawn", skip_bad=True).photos == ("image/a.png",)
    again = add(masks, "mine", photos[:1], tmp_path / "drawn")
    assert "mask/a.png: the same mask is there already" in again.said and not again.done


def test_another_mask_is_shown_and_taken_with_replace_alone(masks: Project, tmp_path: Path) -> None:
    root = masks.root / "data/raw/mine"
    new = mask(tmp_path / "0.png", 1)
    old = (root / "mask/0.png").read_bytes()
    (bad,) = add(masks, "mine", [root / "image/0.png"], new).bad
    assert "another mask is there already" in bad.reason and f"new  : {new}" in bad.reason
    assert (root / "mask/0.png").read_bytes() == old
    taken = add(masks, "mine", [root / "image/0.png"], new, Choice(replace=True))
    assert taken.done and taken.photos == () and (root / "mask/0.png").read_bytes() == new.read_bytes()
    kept = list((masks.root / ".segdata/removed").rglob("0.png"))
    assert [path.read_bytes() for path in kept] == [old]


def test_masks_with_endings_and_split_folders(tmp_path: Path) -> None:
    options = {
        "photos": "data",
        "masks": "data",
        "photo_suffix": "_sat",
        "mask_suffix": "_mask",
        "split_folders": True,
    }
    project = own_project(tmp_path / "project", "masks", options=options, splits={"method": "official"})
    for split in ("train", "val"):
        photo(project.root / f"data/raw/mine/{split}/data/0_sat.png", len(split))
        mask(project.root / f"data/raw/mine/{split}/data/0_mask.png", 0)
    photo(tmp_path / "new/1_sat.png", 9)
    mask(tmp_path / "new/1_mask.png", 1)
    with pytest.raises(ConfigError, match=r"Give --split train \| val\.$"):
        add(project, "mine", [tmp_path / "new/1_sat.png"], tmp_path / "new/1_mask.png")
    added = add(project, "mine", [tmp_path / "new/1_sat.png"], tmp_path / "new", Choice(split="val"))
    assert added.photos == ("val/data/1_sat.png",) and not added.bad
    assert convert(project, "mine").samples == {"train": 1, "val": 2}
    assert sorted(remove(project, "mine", ["val/1"]).files) == ["val/data/1_mask.png", "val/data/1_sat.png"]


@pytest.mark.parametrize("ending", ["\n", ""])
def test_voc_goes_on_the_list_of_its_split(tmp_path: Path, ending: str) -> None:
    project = sample_project(tmp_path / "project", "voc", num_scenes=8)
    root = project.root / "data/raw/sample-voc"
    lists = root / "ImageSets/Segmentation"
    (lists / "val.txt").write_text((lists / "val.txt").read_text().rstrip("\n") + ending)
    before, shards = folder_bytes(root), convert(project, "voc")
    image = shutil.copy(root / "JPEGImages/2026_000001.jpg", tmp_path / "x.jpg")
    Image.open(image).rotate(180).save(tmp_path / "new.jpg")
    drawn = shutil.copy(root / "SegmentationClass/2026_000001.png", tmp_path / "new.png")
    with pytest.raises(ConfigError, match=r"Give --split train \| val( \| test)?\.$"):
        add(project, "voc", [tmp_path / "new.jpg"], Path(drawn))
    added = add(project, "voc", [tmp_path / "new.jpg"], Path(drawn), Choice(split="val"))
    assert added.photos == ("JPEGImages/new.jpg",)
    assert (lists / "val.txt").read_text().split()[-1] == "new"
    summary = convert(project, "voc")
    assert summary.samples["val"] == shards.samples["val"] + 1 and (summary.converted, summary.reused) == (
        1,
        8,
    )
    remove(project, "voc", ["new"])
    assert folder_bytes(root) == before


def test_cityscapes_names_city_and_split(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "project", "cityscapes", num_scenes=8)
    root = project.root / "data/raw/sample-cityscapes"
    before = folder_bytes(root)
    (old, *_) = sorted((root / "leftImg8bit/train").rglob("*.png"))
    truth = next(
        (root / "gtFine/train").rglob(f"{old.stem.removesuffix('_leftImg8bit')}_gtFine_labelIds.png")
    )
    Image.open(old).rotate(180).save(tmp_path / "ulm_000009_000019.png")
    (tmp_path / "drawn").mkdir()
    shutil.copy(truth, tmp_path / "drawn/ulm_000009_000019_gtFine_labelIds.png")
    added = add(
        project, "cityscapes", [tmp_path / "ulm_000009_000019.png"], tmp_path / "drawn", Choice(split="val")
    )
    assert added.photos == ("leftImg8bit/val/ulm/ulm_000009_000019_leftImg8bit.png",) and not added.bad
    assert (root / "gtFine/val/ulm/ulm_000009_000019_gtFine_labelIds.png").is_file()
    assert "ulm_000009_000019" in _ids(project)
    remove(project, "cityscapes", ["ulm_000009_000019"])
    assert folder_bytes(root) == before


def _ids(project: Project) -> list[str]:
    from segdata.conversion import Conversion

    return list(Conversion.open(project, "cityscapes").reader.ids())


def labelme(path: Path, image: str, label: str = "road") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = {"label": label, "points": [[0, 0], [15, 0], [8, 11]], "shape_type": "polygon", "flags": {}}
    top = {"version": "5.2.1", "shapes": [shape], "imagePath": image, "imageData": None}
    write_json(path, top | {"imageHeight": HW[0], "imageWidth": HW[1]}, 2)
    return path


def test_labelme_files_are_copied_and_a_stale_path_is_written_anew(tmp_path: Path) -> None:
    project = own_project(
        tmp_path / "project", "labelme", options={"annotations": "json", "photos": "photos"}
    )
    root = project.root / "data/raw/mine"
    photo(root / "photos/0.png", 0)
    labelme(root / "json/0.json", "..\\photos\\0.png")
    before = folder_bytes(root)
    photo(tmp_path / "new/1.png", 1)
    one = labelme(tmp_path / "new/1.json", "1.png")
    added = add(project, "mine", [tmp_path / "new"], tmp_path / "new")
    assert added.photos == ("photos/1.png",) and not added.bad
    assert (root / "json/1.json").read_bytes() == one.read_bytes()  # photos/1.png is where readers look
    photo(tmp_path / "more/2.png", 2)
    two = labelme(tmp_path / "more/two.json", "C:\\away\\2.png")
    add(project, "mine", [tmp_path / "more"], two)
    assert (root / "json/2.json").read_text() == two.read_text().replace(
        "C:\\\\away\\\\2.png", "../photos/2.png"
    )
    summary = convert(project, "mine")
    assert summary.samples == {"train": 3}
    assert {one.code for one in summary.findings} == {"split-empty"}  # all are train
    labelme(one, "1.png", "car")
    (bad,) = add(project, "mine", [tmp_path / "new"], one).bad
    assert "annotated otherwise already\n    there: json/1.json, 1 shape\n    new  : " in bad.reason
    remove(project, "mine", ["1", "2"])
    assert folder_bytes(root) == before


def test_matlab_needs_label_files_and_cvat_its_own_tool(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "project", "matlab", num_scenes=4)
    new = photo(tmp_path / "new.png", 1)
    with pytest.raises(DataError, match=r"gTruth.*groundTruth object.*export the labels"):
        add(project, "matlab", [new])
    plain = own_project(tmp_path / "plain", "matlab", label_map={0: "ignore", 1: "road"})
    pipeline = yaml.safe_load((plain.root / "pipelines/mine.yaml").read_text())
    pipeline["source"]["options"] = {"ground_truth": None, "photos": "image", "labels": "labels"}
    (plain.root / "pipelines/mine.yaml").write_text(yaml.safe_dump(pipeline))
    photo(plain.root / "data/raw/mine/image/0.png", 0)
    mask(plain.root / "data/raw/mine/labels/0.png", 1)
    added = add(plain, "mine", [new], mask(tmp_path / "drawn/new.png", 1))
    assert added.photos == ("image/new.png",) and not added.bad
    assert convert(plain, "mine").samples == {"train": 2}
    cvat = own_project(tmp_path / "cvat", "cvat")
    (cvat.root / "data/raw/mine").mkdir(parents=True)
    with pytest.raises(ConfigError, match="cvat, to which segdata cannot add.*task in CVAT and export"):
        add(cvat, "mine", [new])


def coco(path: Path, names: list[str], categories: list[str], first: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    numbered = list(enumerate(names, first))
    box = [[0, 0, 16, 0, 16, 12, 0, 12]]
    images = [{"id": id, "file_name": name, "width": HW[1], "height": HW[0]} for id, name in numbered]
    drawn = [
        {"id": id, "image_id": id, "category_id": 1 + id % len(categories), "segmentation": box}
        for id, _ in numbered
    ]
    labels = [{"id": id, "name": name} for id, name in enumerate(categories, 1)]
    write_json(path, {"info": {"mine": 1}, "images": images, "annotations": drawn, "categories": labels})
    return path


def test_coco_takes_new_ids_and_categories_by_name(tmp_path: Path) -> None:
    project = own_project(
        tmp_path / "project", "coco", options={"annotations": "all.json", "photos": "images"}
    )
    root = project.root / "data/raw/mine"
    for number in range(2):
        photo(root / f"images/{number}.png", number)
    coco(root / "all.json", ["0.png", "1.png"], ["road"])
    before = folder_bytes(root)
    text = (root / "all.json").read_text()
    new = [photo(tmp_path / f"new/{number}.png", number) for number in (5, 6)]
    said = coco(tmp_path / "new.json", ["5.png", "6.png", "7.png"], ["car", "road"])
    added = add(project, "mine", new, said)
    assert added.annotated == ("images/5.png", "images/6.png") and not added.bad
    assert added.said == ("image '7.png': no photo of this name among those given; left out",)
    after = json.loads((root / "all.json").read_text())
    assert [(one["id"], one["file_name"]) for one in after["images"]] == [
        (1, "0.png"),
        (2, "1.png"),
        (3, "5.png"),
        (4, "6.png"),
    ]
    assert [(one["id"], one["image_id"], one["category_id"]) for one in after["annotations"]] == [
        (1, 1, 1),
        (2, 2, 1),
        (3, 3, 1),
        (4, 4, 2),
    ]
    assert after["categories"] == [{"id": 1, "name": "road"}, {"id": 2, "name": "car"}]
    assert (root / "all.json").read_text().startswith(text.partition("]")[0])
    summary = convert(project, "mine")
    assert (summary.samples, summary.pixels["train"]) == ({"train": 4}, {"road": 3 * 192, "car": 192})
    again = add(project, "mine", new, said)
    assert not again.done and "images/5.png: annotated alike already" in again.said
    coco(tmp_path / "new.json", ["../../5.png"], ["car"])
    assert (
        "leads out of the root folder" in add(project, "mine", new[:1], tmp_path / "new.json").bad[0].reason
    )
    remove(project, "mine", ["5", "6"])
    left = json.loads((root / "all.json").read_text())
    assert left.pop("categories") == after["categories"]
    assert left == {key: value for key, value in json.loads(text).items() if key != "categories"}
    assert folder_bytes(root).keys() == before.keys()
