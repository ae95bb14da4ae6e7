"""Surveys of masks without a groundTruth object: plain .mat files, and PixelLabelData alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.io import savemat

from tests.formats.matlab_cases import mask, open_matlab, photo
from tests.formats.test_matlab_real import _real
from tests.formats.test_matlab_segmentations import SBD_MAP, write_sbd
from tests.formats.test_surveys_matlab import codes, survey


def test_plain_segmentations(tmp_path: Path) -> None:
    for name in ("1", "2", "3"):
        photo(tmp_path / "image" / f"{name}.jpg")
    (tmp_path / "truth").mkdir()
    for name, value in (("1", 1), ("2", 3), ("9", 1)):
        values = np.array([[value, 2, 2], [0, 0, 2]], np.uint8)
        savemat(tmp_path / "truth" / f"{name}.mat", {"groundTruth": {"Segmentation": values}})
    found = survey(tmp_path)
    assert (found.certainty, found.annotated, found.looked_at) == ("certain", 2, 2)
    assert found.labels == {1: 1, 2: 2, 3: 1}
    assert found.options == {"photos": "image", "segmentations": "truth"}
    assert [(f.code, f.message) for f in found.findings] == [
        ("no-photo", "no photo image/9.* for this mask"),
        ("zero-unlabelled", "value 0 on 2 of 2 masks"),
        ("not-annotated", "photo without labels"),
    ]
    savemat(tmp_path / "truth" / "1.mat", {"mask": values, "other": values, "names": "x"})
    found = survey(tmp_path)
    assert (found.certainty, found.options["variable"]) == ("likely", "mask")
    assert found.choices == {"variable": ["other"]}
    assert [f.file for f in found.findings if f.code == "unreadable"] == ["truth/2.mat"]


def test_sbd(tmp_path: Path) -> None:
    write_sbd(tmp_path)
    found = survey(tmp_path)
    assert (found.certainty, found.annotated, found.ontology) == ("certain", 1, "voc-21")
    assert found.labels == {0: 1, 1: 1, 2: 1, 255: 1}
    assert found.label_map is not None
    assert (found.label_map[0], found.label_map[20], found.label_map[255]) == (
        "background",
        "tvmonitor",
        "ignore",
    )
    assert {value: found.label_map[value] for value in SBD_MAP} == SBD_MAP
    assert found.options == {"photos": "img", "segmentations": "cls"}
    assert found.findings == ()


def test_berkeley(tmp_path: Path) -> None:
    photo(tmp_path / "images" / "12003.jpg")
    (tmp_path / "truth").mkdir()
    people = np.empty((1, 3), object)
    for number in range(3):
        people[0, number] = {"Segmentation": np.full((2, 3), number + 1, np.uint16)}
    savemat(tmp_path / "truth" / "12003.mat", {"groundTruth": people})
    found = survey(tmp_path)
    assert found.options == {"photos": "images", "segmentations": "truth", "annotator": 1}
    assert found.choices == {"annotator": [2, 3]}
    assert (found.labels, codes(found)) == ({1: 1}, {"annotators": 1})


def test_masks_without_the_ground_truth(tmp_path: Path) -> None:
    for name in "ab":
        photo(tmp_path / "images" / f"{name}.jpg")
    mask(tmp_path / "PixelLabelData" / "Label_1.png", [[1, 2, 2], [1, 1, 2]])
    found = survey(tmp_path)
    assert (found.certainty, found.annotated) == ("likely", 0)
    assert found.photos == ("images/a.jpg", "images/b.jpg")
    assert found.evidence == "PixelLabelData: 1 mask without a groundTruth object"
    assert "masks that name no photo" in found.findings[0].message
    assert "choose Export > To Workspace" in found.findings[0].action

    (tmp_path / "PixelLabelData" / "Label_1.png").rename(tmp_path / "PixelLabelData" / "Label_1_b.png")
    found = survey(tmp_path)
    assert (found.annotated, found.looked_at, found.labels) == (1, 1, {1: 1, 2: 1})
    assert found.options == {"ground_truth": None, "photos": "images", "labels": "PixelLabelData"}
    assert codes(found) == {"mask-by-name": 1, "not-annotated": 1}
    reader = open_matlab(tmp_path, label_map={1: "sky", 2: "road"}, **found.options)
    assert list(reader.ids()) == ["b"]


def test_real_crackforest() -> None:
    found = survey(_real("matlab-crackforest"))
    assert (found.certainty, found.annotated, found.looked_at) == ("certain", 40, 40)
    assert found.labels == {1: 40, 2: 40, 3: 1}
    assert found.options == {"photos": "image", "segmentations": "groundTruth"}
