"""Plain mask folders: every pixel is the value in the file, through the label map."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError, UnmappedLabelError
from segdata.formats import Reader, open_reader
from segdata.formats.masks import class_ids
from segdata.photo import Resize
from tests.formats.via_cases import codes, drawn, source, write_photo

SHARED = Path(__file__).resolve().parents[3] / "shared/data"
VALUES = np.array([[0, 1, 2, 2], [0, 1, 2, 11], [0, 0, 0, 11]], np.uint8)
ROWS = ["0122", "012.", "000."]
LABELS: dict[str | int, str] = {0: "road", 1: "tree", 2: "car", 11: "ignore"}


def write_mask(path: Path, values: Any = VALUES, mode: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(values))
    if mode == "P":
        image = Image.frombytes("P", image.size, np.asarray(values, np.uint8).tobytes())
        image.putpalette([channel for index in range(256) for channel in (index, 255 - index, 7)])
    image.save(path)
    return path


def write_pair(root: Path, stem: str = "a", values: Any = VALUES, mode: str | None = None) -> Path:
    write_photo(root / f"image/{stem}.jpg", (3, 4))
    write_mask(root / f"mask/{stem}.png", values, mode)
    return root


def masks_reader(root: Path, options: dict[str, object] | None = None, **settings: Any) -> Reader:
    return open_reader("masks", source(root, options, label_map=LABELS, **settings))


@pytest.mark.parametrize(
    ("values", "mode"),
    [(VALUES, None), (VALUES, "P"), (VALUES.astype(np.uint16), None)],
    ids=["L", "P", "16"],
)
def test_values_through_the_label_map(tmp_path: Path, values: Any, mode: str | None) -> None:
    reader = masks_reader(write_pair(tmp_path, values=values, mode=mode))
    assert reader.ids() == ("a",)
    assert reader.official_split("a") is None
    sample = reader.read("a")
    assert drawn(sample.mask) == ROWS
    assert sample.findings == reader.findings == ()
    assert sample.original_hw == (3, 4)
    assert drawn(reader.read("a", Resize((1, 2))).mask) == ["1."]


def test_other_folder_names_and_subfolders(tmp_path: Path) -> None:
    write_photo(tmp_path / "photos/roll 1/a.jpg", (3, 4))
    write_mask(tmp_path / "truth/roll 1/a.png")
    reader = masks_reader(tmp_path, {"photos": "photos", "masks": "truth"})
    assert reader.ids() == ("roll 1/a",)
    assert drawn(reader.read("roll 1/a").mask) == ROWS


def test_split_folders(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write_pair(tmp_path / split)
    reader = masks_reader(tmp_path, {"split_folders": True})
    assert [(id, reader.official_split(id)) for id in reader.ids()] == [
        ("test/a", "test"),
        ("train/a", "train"),
    ]
    assert drawn(reader.read("train/a").mask) == ROWS
    with pytest.raises(DataError, match="none of the folders train/, val/, test/"):
        masks_reader(tmp_path / "train", {"split_folders": True})


def test_photos_and_masks_that_miss_each_other(tmp_path: Path) -> None:
    write_pair(tmp_path, "a")
    write_photo(tmp_path / "image/b.jpg", (3, 4))
    write_mask(tmp_path / "mask/c.png")
    (tmp_path / "image/notes.txt").write_text("")
    reader = masks_reader(tmp_path)
    assert reader.ids() == ("a",)
    assert [(f.code, f.file, f.severity) for f in reader.findings] == [
        ("not-annotated", "image/b.jpg", "warning"),
        ("no-photo", "mask/c.png", "error"),
    ]
    for policy, row in (("background", "1111"), ("ignore", "....")):
        reader = masks_reader(tmp_path, unannotated=policy, unlabelled_id=1)
        assert reader.ids() == ("a", "b")
        sample = reader.read("b")
        assert drawn(sample.mask) == [row] * 3
        assert codes(sample.findings) == [("not-annotated", "")]
        assert reader.fingerprint("b").annotation != reader.fingerprint("a").annotation


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((3, 4), 7, np.uint8), r"mask/a.png: row 0, column 0: found value 7 \(12 pixels"),
        (np.zeros((3, 4, 3), np.uint8), r"mask/a.png: found a coloured \(RGB\) mask"),
        (np.zeros((4, 3), np.uint8), r"image/a.jpg: found a mask of 4x3 .*upright size, 3x4"),
    ],
)
def test_bad_masks_are_named(tmp_path: Path, values: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        masks_reader(write_pair(tmp_path, values=values)).read("a")


def test_unmapped_values_are_of_their_own_kind(tmp_path: Path) -> None:
    with pytest.raises(UnmappedLabelError):
        masks_reader(write_pair(tmp_path, values=np.full((3, 4), 7, np.uint8))).read("a")


def test_a_jpeg_is_no_mask(tmp_path: Path) -> None:
    write_photo(tmp_path / "image/a.jpg", (3, 4))
    write_mask(tmp_path / "mask/a.jpg")
    with pytest.raises(DataError, match=r"mask/a.jpg: found a mask in a lossy format"):
        masks_reader(tmp_path).read("a")


@pytest.mark.parametrize("extra", ["image/a.png", "mask/a.tif"])
def test_two_files_of_one_name(tmp_path: Path, extra: str) -> None:
    write_pair(tmp_path)
    write_mask(tmp_path / extra)
    reader = masks_reader(tmp_path)
    for verb in (reader.read, reader.fingerprint):
        with pytest.raises(DataError, match=f"/a.* and .*/a.*: found several {extra[:4]}|photos of the name"):
            verb("a")


# Masks as shown have the upright size; masks as stored are turned with the photo.
@pytest.mark.parametrize(("orientation", "quarter_turns"), [(3, 2), (6, -1), (8, 1)])
def test_exif_turned_photos(tmp_path: Path, orientation: int, quarter_turns: int) -> None:
    write_photo(tmp_path / "image/a.png", (3, 4), orientation)
    write_mask(tmp_path / "mask/a.png")
    stored = masks_reader(tmp_path, exif="as-stored").read("a").mask
    assert drawn(stored) == drawn(np.rot90(np.where(VALUES == 11, 255, VALUES), quarter_turns))
    write_mask(tmp_path / "mask/a.png", np.rot90(VALUES, quarter_turns))
    assert (masks_reader(tmp_path).read("a").mask == stored).all()


def test_fingerprints_follow_the_files(tmp_path: Path) -> None:
    write_pair(tmp_path, "a")
    write_pair(tmp_path, "b")
    old = {id: masks_reader(tmp_path).fingerprint(id) for id in "ab"}
    write_mask(tmp_path / "mask/a.png", VALUES[::-1])
    new = {id: masks_reader(tmp_path).fingerprint(id) for id in "ab"}
    assert new["b"] == old["b"]
    assert new["a"].photo == old["a"].photo
    assert new["a"].annotation != old["a"].annotation
    reader = masks_reader(tmp_path)
    (tmp_path / "mask/a.png").unlink()
    for verb in (reader.read, reader.fingerprint):
        with pytest.raises(DataError, match=r"mask/a.png"):
            verb("a")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"photo": "image"}, ConfigError, "did you mean 'photos'"),
        ({"photos": "images"}, DataError, "images: found nothing at this path; expected the photos"),
        ({"masks": "masks"}, DataError, "masks: found nothing at this path; expected the masks"),
        ({"masks": "../mask"}, DataError, "inside the source's root"),
    ],
)
def test_wrong_options_are_named(
    tmp_path: Path, options: dict[str, object], error: type[Exception], message: str
) -> None:
    shutil.copytree(write_pair(tmp_path / "set") / "mask", tmp_path / "mask")
    with pytest.raises(error, match=message):
        masks_reader(tmp_path / "set", options)


CAMVID = "sky building pole road sidewalk tree sign fence car pedestrian bicyclist".split()


def test_camvid() -> None:
    root = SHARED / "camvid"
    if not root.is_dir():
        pytest.skip(f"no {root}")
    label_map: dict[str | int, str] = {**dict(enumerate(CAMVID)), 11: "ignore"}
    opened = source(root, {"split_folders": True}, names=tuple(CAMVID), label_map=label_map)
    reader = open_reader("masks", opened)
    assert reader.findings == ()
    counts = {split: np.zeros(256, np.int64) for split in ("train", "val", "test")}
    pairs = dict.fromkeys(counts, 0)
    for id in reader.ids():
        split = reader.official_split(id)
        assert split is not None
        name = id.replace("/", "/mask/") + ".png"
        mask = class_ids(root / name, name, opened.label_map)
        counts[split] += np.bincount(mask.ravel(), minlength=256)
        pairs[split] += 1
    assert pairs == {"train": 367, "val": 101, "test": 233}
    assert [int(counts[split][255]) for split in counts] == [2_503_995, 297_271, 1_543_383]
    assert [int(counts[split][3]) for split in counts] == [20_076_880, 5_053_176, 10_390_661]
    sample = reader.read("train/0001TP_006690")
    assert sample.mask.shape == (360, 480)
    mask = class_ids(root / "train/mask/0001TP_006690.png", "0001TP_006690.png", opened.label_map)
    assert (sample.mask == mask).all()
