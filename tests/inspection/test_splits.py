"""Folders called train, val and test stay what they are, also where one of them cannot be read as it lies."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.inspection.describe import describe
from segdata.inspection.propose import propose
from segdata.inspection.recognise import inspect_folder
from tests.formats.via_cases import box, entry, export

SPLITS = {"train": 4, "val": 2, "test": 3}


def write_image(path: Path, *, channels: int = 3, value: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (6, 8, 3) if channels == 3 else (6, 8)
    Image.fromarray(np.full(shape, value, np.uint8)).save(path)


def write_masks(root: Path) -> None:
    for split, count in SPLITS.items():
        for number in range(count):
            write_image(root / split / "image" / f"{split}{number}.png", value=40 * number)
            write_image(root / split / "mask" / f"{split}{number}.png", channels=1, value=number % 2)


def write_via(root: Path) -> None:
    for split, count in SPLITS.items():
        names = [f"{split}{number}.png" for number in range(count)]
        for number, name in enumerate(names):
            write_image(root / split / name, value=40 * number)
        entries = export(*(entry(name, box(0, 0, 2, 2, type="road")) for name in names))
        (root / split / "via_region_data.json").write_text(json.dumps(entries))


def renamed(root: Path) -> None:
    (root / "train/mask").rename(root / "train/labels of mine")
    for path in (root / "train/labels of mine").iterdir():
        path.rename(path.with_name(f"other {path.name}"))


def emptied(root: Path) -> None:
    for path in (root / "train/mask").iterdir():
        path.unlink()


def absent(root: Path) -> None:
    (root / "train/via_region_data.json").unlink()


def truncated(root: Path) -> None:
    path = root / "train/via_region_data.json"
    path.write_text(path.read_text()[:60])


@pytest.mark.parametrize(
    ("write", "spoil", "images"),
    [(write_masks, renamed, 8), (write_masks, emptied, 4), (write_via, absent, 4), (write_via, truncated, 4)],
)
def test_a_split_that_cannot_be_read_is_named_and_nothing_is_split_anew(
    write: Callable[[Path], None], spoil: Callable[[Path], None], images: int, tmp_path: Path
) -> None:
    root = tmp_path / "data/raw/mine"
    write(root)
    whole = propose(inspect_folder(root), "mine", "data/raw/mine")
    assert (whole.splits, dict(whole.samples)) == ({"method": "official"}, SPLITS)
    spoil(root)
    found = inspect_folder(root)
    assert found.unread == {"train": images}
    (finding,) = [one for one in found.findings if one.code == "split-unread"]
    assert (finding.file, finding.severity) == ("train", "error")
    assert finding.message == f"{images} images, none of which goes with an annotation that can be read"
    proposal = propose(found, "mine", "data/raw/mine")
    assert (proposal.splits, dict(proposal.samples)) == ({"method": "official"}, {"val": 2, "test": 3})
    assert any(check.startswith(f"Folder train has {images} images") for check in proposal.checks)
    assert f"Nothing of train ({images} images) can be read" in proposal.reasons["splits"]


@pytest.mark.parametrize(("photos", "masks"), [("image/{}", "mask/{}"), ("d/{}/image", "d/{}/mask")])
def test_splits_lie_at_any_depth_and_coloured_masks_lose_one(photos: str, masks: str, tmp_path: Path) -> None:
    root = tmp_path / "data/raw/mine"
    for split, count in SPLITS.items():
        for number in range(count):
            name = f"{split}{number}.png"
            write_image(root / photos.format(split) / name, value=40 * number)
            write_image(
                root / masks.format(split) / name, channels=3 if split == "train" else 1, value=number % 2
            )
    found = inspect_folder(root)
    lost = {"image/train": 4} if photos.startswith("image") else {"d/train": 8}
    assert found.unread == lost
    proposal = propose(found, "mine", "data/raw/mine")
    assert (proposal.splits, dict(proposal.samples)) == ({"method": "official"}, {"val": 2, "test": 3})


def test_folders_of_one_split_alone_and_of_other_names_are_no_lost_splits(tmp_path: Path) -> None:
    write_masks(tmp_path)
    write_image(tmp_path / "extra" / "a.png")
    assert inspect_folder(tmp_path).unread == {}


def test_names_that_macos_takes_apart_are_found(tmp_path: Path) -> None:
    name = "Köln.png"
    write_image(tmp_path / "photos" / unicodedata.normalize("NFD", name))
    entries = export(entry(unicodedata.normalize("NFC", name), box(0, 0, 2, 2, type="road")))
    (tmp_path / "via_region_data.json").write_text(json.dumps(entries))
    found = inspect_folder(tmp_path)
    assert dict(found.headers.sizes) == {(6, 8): 1}
    assert found.findings == ()


def test_masks_whose_names_macos_takes_apart_are_masks(tmp_path: Path) -> None:
    for number, name in enumerate(("Köln", "Düren", "Lübeck")):
        apart = unicodedata.normalize("NFD", f"{name}.png")
        write_image(tmp_path / "image" / apart, value=40 * number)
        write_image(tmp_path / "mask" / apart, channels=1, value=number % 2)
    survey = inspect_folder(tmp_path).survey
    assert survey is not None
    assert (survey.format, survey.annotated) == ("masks", 3)


def write_noise(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)).save(path)


@pytest.mark.parametrize("write", [write_masks, write_via])
def test_photos_without_annotation_beside_the_splits_are_told(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    write(tmp_path)
    for number in range(5):
        write_noise(tmp_path / f"unlabelled/day 1/{number}.jpg")
        write_image(tmp_path / f"instances/{number}.png", channels=1)
        write_image(tmp_path / f"colours/{number}.png")
    write_noise(tmp_path / ".cache/1.jpg")
    (tmp_path / "notes").mkdir()
    found = inspect_folder(tmp_path)
    assert found.spare == {"unlabelled": 5} and found.unread == {}
    (finding,) = [one for one in found.findings if one.file == "unlabelled"]
    assert (finding.code, finding.severity, finding.message) == (
        "not-annotated",
        "warning",
        "5 photos without annotation",
    )
    splits = propose(found, "mine", "data/raw/mine").splits
    assert splits == {"method": "official"}


def test_without_folders_of_splits_nothing_is_beside_them(tmp_path: Path) -> None:
    write_noise(tmp_path / "image/a.png")
    write_image(tmp_path / "mask/a.png", channels=1)
    write_noise(tmp_path / "others/b.jpg")
    assert inspect_folder(tmp_path).spare == {}


def test_a_split_whose_masks_are_jpegs_is_told_as_such(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:120, :160]
    disc = np.hypot(rows - 60, columns - 80) < 40
    noise = np.random.default_rng(0)
    for split, ending, most in (("train", "png", 1), ("val", "jpg", 255)):
        for id in "ab":
            for name, pixels in (
                (f"image/{id}.jpg", noise.integers(0, 256, (120, 160, 3), np.uint8)),
                (f"mask/{id}.{ending}", disc * np.uint8(most)),
            ):
                (tmp_path / split / name).parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(tmp_path / split / name)
    found = inspect_folder(tmp_path)
    (finding,) = found.findings
    assert (finding.code, finding.file, finding.severity) == ("split-unread", "val", "error")
    assert finding.message.startswith(
        "4 images, none of which goes with an annotation that can be read: 2 masks in a lossy format (JPEG or WebP), "
        "which blurs label values along borders: mask/a.jpg holds "
    )
    assert found.survey is not None and found.survey.splits == {"train": 2}


def test_photos_without_mask_are_told_by_split_and_the_file_leads_to_the_others(tmp_path: Path) -> None:
    write_masks(tmp_path)
    for name in ("train/mask/train1.png", "train/mask/train2.png", "val/mask/val1.png"):
        (tmp_path / name).unlink()
    found = inspect_folder(tmp_path)
    assert found.survey is not None
    assert (found.survey.splits, found.survey.bare) == (SPLITS, {"train": 2, "val": 1})
    line = "  splits      train 4 (2 without annotation), val 2 (1 without annotation), test 3"
    assert line in describe(found, "x")
    proposal = propose(found, "mine", "data/raw/mine")
    assert proposal.samples == {"train": 2, "val": 1, "test": 3}
    assert proposal.reasons["splits"] == (
        "The data bring their own: 2 train, 1 val, 3 test. Not counted, as unannotated says skip: 2 train, 1 val."
    )
