"""Cityscapes: photos and annotations that miss each other, splits, dummy masks, and what a change rebuilds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError
from segdata.photo import Resize
from tests.formats.cityscapes_cases import (
    ALL_IDS,
    ID,
    annotation_path,
    cityscapes_reader,
    write_mask,
    write_pair,
    write_photo,
)


def test_dummy_masks_of_the_test_split_are_refused(tmp_path: Path) -> None:
    id = "berlin_000000_000019"
    write_photo(tmp_path, id, "test")
    write_mask(tmp_path, ALL_IDS % 4, id=id, split="test")
    options = {"splits": ["test"]}
    reader = cityscapes_reader(tmp_path, options=options)
    assert (reader.ids(), reader.official_split(id)) == ([id], "test")
    with pytest.raises(DataError, match="dummy mask"):
        reader.read(id)
    write_mask(tmp_path, ALL_IDS, id=id, split="test")
    assert reader.read(id).mask[0, 7] == 0


def test_photo_without_annotation_follows_the_policy(tmp_path: Path) -> None:
    write_pair(tmp_path)
    other = "bochum_000000_000019"
    write_photo(tmp_path, other, "val")
    skipping = cityscapes_reader(tmp_path)
    assert skipping.ids() == [ID]
    (finding,) = skipping.findings
    assert (finding.code, finding.file, finding.severity) == (
        "not-annotated",
        f"leftImg8bit/val/bochum/{other}_leftImg8bit.png",
        "warning",
    )
    assert finding.action == "set aside"
    background = cityscapes_reader(tmp_path, unannotated="background", unlabelled_id=3)
    assert background.ids() == [ID, other]
    assert background.official_split(other) == "val"
    assert background.read(other).mask.tolist() == [[3] * 17] * 2
    ignoring = cityscapes_reader(tmp_path, unannotated="ignore", unlabelled_id=3)
    assert ignoring.read(other).mask.tolist() == [[255] * 17] * 2
    assert ignoring.fingerprint(other) != ignoring.fingerprint(ID)


def test_annotation_without_photo_is_told(tmp_path: Path) -> None:
    write_pair(tmp_path)
    write_mask(tmp_path, ALL_IDS, id="ulm_000000_000019", split="train")
    reader = cityscapes_reader(tmp_path, options={"splits": ["train"]})
    assert reader.ids() == [ID]
    (finding,) = reader.findings
    assert (finding.code, finding.severity) == ("no-photo", "error")
    assert finding.file == "gtFine/train/ulm/ulm_000000_000019_gtFine_labelIds.png"


@pytest.mark.parametrize("unannotated", ["skip", "background"])
def test_annotation_without_photo_is_nobody_elses(tmp_path: Path, unannotated: str) -> None:
    write_photo(tmp_path, size_hw=(1, 2))
    write_photo(tmp_path, "ulm_000000_000001", size_hw=(1, 2))
    write_mask(tmp_path, np.array([[7, 8]], np.uint8))
    write_mask(tmp_path, np.array([[26, 26]], np.uint8), split="val")
    write_mask(tmp_path, np.array([[26, 26]], np.uint8), split="val", id="ulm_000000_000001")
    reader = cityscapes_reader(tmp_path, unannotated=unannotated, unlabelled_id=1)
    assert [found.file for found in reader.findings if found.code == "no-photo"] == [
        f"gtFine/val/{id.split('_')[0]}/{id}_gtFine_labelIds.png" for id in (ID, "ulm_000000_000001")
    ]
    assert reader.read(ID).mask.tolist() == [[0, 1]]
    assert list(reader.ids()) == ([ID] if unannotated == "skip" else [ID, "ulm_000000_000001"])
    if unannotated == "background":
        assert reader.files("ulm_000000_000001")[1] is None
        assert reader.read("ulm_000000_000001").mask.tolist() == [[1, 1]]


def test_two_masks_of_one_photo_are_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, np.array([[7, 8]], np.uint8))
    other = tmp_path / f"gtFine/train/ulm/{ID}_gtFine_labelIds.png"
    other.parent.mkdir()
    Image.fromarray(np.array([[26, 26]], np.uint8)).save(other)
    reader = cityscapes_reader(tmp_path)
    for call in (reader.read, reader.files, reader.fingerprint):
        with pytest.raises(DataError) as caught:
            call(ID)
        assert caught.value.where == (
            f"gtFine/train/aachen/{ID}_gtFine_labelIds.png and gtFine/train/ulm/{ID}_gtFine_labelIds.png"
        )
        assert caught.value.found == f"several masks of the name '{ID}'"
    other.rename(other.with_name(f"{ID}_gtFine_instanceIds.png"))  # of another kind: the wanted one is taken
    assert cityscapes_reader(tmp_path).read(ID).mask.tolist() == [[0, 1]]


def test_id_in_two_splits_is_an_error(tmp_path: Path) -> None:
    write_pair(tmp_path)
    write_photo(tmp_path, ID, "val")
    with pytest.raises(DataError, match=f"val/aachen/.*id '{ID}' a second time.*train/aachen"):
        cityscapes_reader(tmp_path)


def test_coarse_annotations_and_the_extra_split(tmp_path: Path) -> None:
    id = "augsburg_000000_000000"
    write_photo(tmp_path, id, "train_extra")
    write_mask(tmp_path, ALL_IDS, id=id, split="train_extra", annotation="gtCoarse")
    options = {"annotation": "gtCoarse", "splits": ["train_extra"]}
    reader = cityscapes_reader(tmp_path, options=options)
    assert reader.official_split(id) == "train"
    assert reader.read(id, Resize((1, 17))).mask.tolist() == [reader.read(id).mask[1].tolist()]
    assert reader.read(id).mask[0, 7:9].tolist() == [0, 1]


def test_absent_folder_and_wrong_option_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="leftImg8bit: found nothing at this path"):
        cityscapes_reader(tmp_path)
    write_pair(tmp_path)
    with pytest.raises(DataError, match="leftImg8bit/trian: found nothing"):
        cityscapes_reader(tmp_path, options={"splits": ["trian"]})
    with pytest.raises(ConfigError, match="annotation"):
        cityscapes_reader(tmp_path, options={"annotation": "gtfine"})
    with pytest.raises(DataError, match="inside the source's root folder"):
        cityscapes_reader(tmp_path, options={"splits": ["../../elsewhere"]})


def test_fingerprint_follows_photo_and_annotation_alone(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    before = cityscapes_reader(tmp_path).fingerprint(ID)
    annotation_path(tmp_path, "color.png").write_bytes(b"not read")
    assert cityscapes_reader(tmp_path).fingerprint(ID) == before
    write_mask(tmp_path, np.zeros((2, 17), np.uint8))
    after = cityscapes_reader(tmp_path).fingerprint(ID)
    assert (after.photo, after.annotation != before.annotation) == (before.photo, True)
    reader = cityscapes_reader(tmp_path)
    path.unlink()
    with pytest.raises(DataError, match="no readable file"):
        reader.fingerprint(ID)
