"""The real files of VIA's own project and the real buildings: pixels and findings counted elsewhere."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.formats.via_cases import drawn, via_reader
from tests.formats.via_flavour_cases import SHARED, official


def test_real_via_2_flavours_agree() -> None:
    root = official("via2")
    kinds = {"names": ("bird", "human", "cup"), "label_map": None}
    masks = {}
    for flavour in ("annotations.json", "project.json"):
        reader = via_reader(root, {"annotations": flavour, "photos": "."}, **kinds)
        assert reader.ids() == ("adutta_swan", "wikimedia_death_of_socrates")
        assert reader.findings == ()
        masks[flavour] = [reader.read(id).mask for id in reader.ids()]
    for export_mask, project_mask in zip(*masks.values(), strict=True):
        assert (export_mask == project_mask).all()
    swan, socrates = masks["annotations.json"]
    plato = np.full(socrates.shape, False)
    plato[139 : 139 + 228, 174 : 174 + 109] = plato[114 : 114 + 210, 347 : 347 + 92] = True
    assert (socrates == 1).sum() == plato.sum() - (plato & (socrates == 2)).sum()
    assert set(np.unique(swan)) == {0, 255}
    # the CSV of the demo was exported without attributes
    reader = via_reader(
        root, {"annotations": "annotations.csv", "photos": ".", "implied_class": "bird"}, **kinds
    )
    for id, mask in zip(reader.ids(), (swan, socrates), strict=True):
        assert ((reader.read(id).mask == 0) == (mask != 255)).all()


def test_real_via_1(tmp_path: Path) -> None:
    root = official("via1")
    names = {"test_pattern_qbist": 1, "sinus_test_pattern": 2, "a_swan_swimming_in_geneve_lake": 3}
    for name, number in names.items():
        shutil.copy(root / f"unit_test_img{number}.jpg", tmp_path / f"{name}.jpg")
    masks = []
    for file in ("unit_test_annotation2.json", "unit_test_annotation1.csv"):
        shutil.copy(root / file, tmp_path)
        reader = via_reader(tmp_path, {"annotations": file, "photos": ".", "implied_class": "road"})
        assert list(reader.ids()) == sorted(names)
        assert [finding.code for finding in reader.findings] == ["attributes-unread"]
        samples = [reader.read(id) for id in reader.ids()]
        masks.append([sample.mask for sample in samples])
        found = Counter(finding.code for sample in samples for finding in sample.findings)
        assert found["point-ignored"] == 5
        assert found["file-size-suffix"] == 0  # 129,855 bytes and so on
    assert all((one == other).all() for one, other in zip(*masks, strict=True))
    # the files under their own names are said to be missing
    reader = via_reader(
        root, {"annotations": "unit_test_annotation2.json", "photos": ".", "implied_class": "road"}
    )
    assert Counter(finding.code for finding in reader.findings) == {"no-photo": 3, "not-annotated": 3}


def test_real_via_3(tmp_path: Path) -> None:
    root = official("via3")
    shutil.copy(root / "project.json", tmp_path)
    shutil.copy(root / "adutta_swan.jpg", tmp_path)
    url_name = "640px-David_-_The_Death_of_Socrates.jpg"
    shutil.copy(root / "wikimedia_death_of_socrates.jpg", tmp_path / url_name)
    options: dict[str, object] = {"annotations": "project.json", "photos": ".", "class_attribute": "Name"}
    reader = via_reader(tmp_path, options, names=("Swan", "Socrates", "Plato"))
    assert [(f.code, f.action) for f in reader.findings] == [("photo-by-name", f"took {url_name}")]
    socrates, swan = (reader.read(id).mask for id in reader.ids())
    assert (swan == 0).sum() == (swan[125 : 125 + 147, 101 : 101 + 287] == 0).sum() == 147 * 287
    # 378.921 … 463.912 by 121.113 … 355.548, and 198.314 … 307.386 by 150.152 … 388.836
    assert (socrates == 1).sum() == (464 - 379 + 1) * (356 - 121 + 1)
    assert (socrates == 2).sum() == (307 - 198 + 1) * (389 - 150 + 1)


def test_real_buildings() -> None:
    root = SHARED / "via-buildings"
    if not root.is_dir():
        pytest.skip(f"no {root}")
    splits = ("train", "val", "test")
    options: dict[str, object] = {
        "annotations": {split: f"{split}/via_region_data.json" for split in splits},
        "photos": ".",
        "implied_class": "building",
    }
    reader = via_reader(root, options, names=("building",))
    assert [finding.line() for finding in reader.findings] == [
        "warning: train/14066_79380_21_2.jpg: an entry without any region [not-annotated: set aside]"
    ]
    ids = {split: [id for id in reader.ids() if reader.official_split(id) == split] for split in splits}
    assert {split: len(members) for split, members in ids.items()} == {"train": 17, "val": 4, "test": 4}
    sample = reader.read("val/14067_79381_9_1")
    assert sample.mask.shape == (2464, 2048)
    assert [(f.code, f.place) for f in sample.findings] == [("points-clipped", "region 2")]
    assert drawn(sample.mask[:1])[0].strip(".")  # cut off at the upper edge, not drawn elsewhere
    outside = {
        split: [(id, f.place) for id in ids[split] for f in reader.read(id, None).findings]
        for split in splits
    }
    assert outside == {  # in five of them a point at x = 2048, one pixel past the last
        "train": [
            ("train/14058_79372_8_4", "region 2"),
            ("train/14065_79379_17_3", "region 2"),
            ("train/14066_79380_9_1", "region 1"),
        ],
        "val": [("val/14058_79372_11_4", "region 2"), ("val/14067_79381_9_1", "region 2")],
        "test": [
            ("test/16872_82133_54_1", "region 1"),
            ("test/16872_82133_54_1", "region 2"),
            ("test/16872_82133_8_1", "region 2"),
        ],
    }
