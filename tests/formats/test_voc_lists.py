"""VOC: lists of ids are the official splits; photos, masks and folders that are missing are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from segdata.errors import ConfigError, DataError
from tests.formats.voc_cases import (
    INDICES,
    voc_reader,
    with_palette,
    write_list,
    write_mask,
    write_pair,
    write_photo,
)


def test_lists_are_the_official_splits(tmp_path: Path) -> None:
    for id in ("a", "b", "c", "d"):
        write_pair(tmp_path, id)
    write_list(tmp_path, "train", "b  \r\n\na\nb\n")
    write_list(tmp_path, "val", "\ufeffc")
    write_list(tmp_path, "trainval", "a\nb\nc\n")
    reader = voc_reader(tmp_path)
    assert list(reader.ids()) == ["a", "b", "c"]
    assert [reader.official_split(id) for id in reader.ids()] == ["train", "train", "val"]
    assert [(finding.code, finding.file, finding.place) for finding in reader.findings] == [
        ("listed-twice", "ImageSets/Segmentation/train.txt", "line 4"),
        ("not-listed", "SegmentationClass", ""),
    ]
    assert reader.findings[1].message == "1 mask that no list names: d"


def test_list_in_another_encoding_is_an_error(tmp_path: Path) -> None:
    write_pair(tmp_path)
    write_list(tmp_path, "train", "a\n")
    (tmp_path / "ImageSets" / "Segmentation" / "train.txt").write_bytes("gr\u00fcn\n".encode("latin-1"))
    with pytest.raises(DataError, match="train.txt: found bytes that are not UTF-8"):
        voc_reader(tmp_path)


def test_id_in_two_lists_is_an_error(tmp_path: Path) -> None:
    write_pair(tmp_path)
    write_list(tmp_path, "train", "a\n")
    write_list(tmp_path, "val", "b\na\n")
    with pytest.raises(DataError, match="val.txt: line 2: found id 'a', which train.txt lists too"):
        voc_reader(tmp_path)


@pytest.mark.parametrize("id", ["../a", "/etc/passwd", "x/../a", "..\\a"])
def test_list_cannot_lead_out_of_the_root(tmp_path: Path, id: str) -> None:
    write_pair(tmp_path)
    write_list(tmp_path, "train", f"{id}\n")
    with pytest.raises(DataError, match="train.txt: line 1: .*expected the id of a photo"):
        voc_reader(tmp_path)


def test_listed_id_without_photo_or_mask_is_set_aside_and_told(tmp_path: Path) -> None:
    write_pair(tmp_path, "a")
    write_photo(tmp_path, "no_mask")
    write_mask(tmp_path, "no_photo", with_palette(INDICES))
    write_list(tmp_path, "train", "a\nno_mask\nno_photo\nnothing\n")
    reader = voc_reader(tmp_path)
    assert list(reader.ids()) == ["a"]
    assert [(finding.code, finding.file, finding.severity) for finding in reader.findings] == [
        ("not-annotated", "JPEGImages/no_mask.jpg", "error"),
        ("no-photo", "SegmentationClass/no_photo.png", "error"),
        ("no-photo", "ImageSets/Segmentation/train.txt", "error"),
    ]
    assert {finding.action for finding in reader.findings} == {"set aside"}
    assert "'nothing'" in reader.findings[2].message
    blank = voc_reader(tmp_path, unannotated="background", unlabelled_id=0)
    assert list(blank.ids()) == ["a", "no_mask"]
    assert blank.read("no_mask").mask.tolist() == [[0] * 4] * 2


def test_without_lists_every_mask_is_a_sample_of_no_split(tmp_path: Path) -> None:
    write_pair(tmp_path, "roll 2/ü")
    write_pair(tmp_path, "b")
    write_photo(tmp_path, "unmasked", suffix=".JPEG")
    write_photo(tmp_path, "b", suffix=".png")
    write_pair(tmp_path, "c")
    reader = voc_reader(tmp_path)
    assert list(reader.ids()) == ["c", "roll 2/ü"]
    assert [reader.official_split(id) for id in reader.ids()] == [None, None]
    assert [(finding.code, finding.severity) for finding in reader.findings] == [
        ("several-photos", "error"),
        ("not-annotated", "warning"),
    ]
    ignoring = voc_reader(tmp_path, unannotated="ignore", unlabelled_id=0)
    assert ignoring.read("unmasked").mask.tolist() == [[255] * 4] * 2


def test_boxes_are_no_masks(tmp_path: Path) -> None:
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "a.xml").write_text("<annotation/>")
    write_photo(tmp_path, "a")
    with pytest.raises(DataError, match="Boxes are no masks"):
        voc_reader(tmp_path)


def test_absent_folders_and_wrong_options_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="JPEGImages: found nothing at this path; expected the photos"):
        voc_reader(tmp_path)
    write_photo(tmp_path, "a")
    with pytest.raises(DataError, match="SegmentationClass: found nothing"):
        voc_reader(tmp_path)
    with pytest.raises(ConfigError, match="unknown key 'mask'; did you mean 'masks'"):
        voc_reader(tmp_path, options={"mask": "x"})
    with pytest.raises(DataError, match="inside the source's root folder"):
        voc_reader(tmp_path, options={"photos": "../photos"})


def test_a_list_line_that_is_no_id_says_what_to_do(tmp_path: Path) -> None:
    write_pair(tmp_path)
    write_list(tmp_path, "train", "a\n../a\n")
    with pytest.raises(DataError) as caught:
        voc_reader(tmp_path)
    assert (caught.value.where, caught.value.place) == ("ImageSets/Segmentation/train.txt", "line 2")
    assert caught.value.fix == "Write the photo's name without folder and extension, as 2007_000032."
