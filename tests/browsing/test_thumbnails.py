"""The cache of small pictures: made once, bounded, and never wrong after an accident."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from segdata.browsing.pictures import draw_thumbnail, packed, small_hw, unpacked
from segdata.browsing.thumbnails import Thumbnails
from segdata.overlay import WRONG

COLORS = np.full((256, 3), 224, np.uint8)
COLORS[:2] = [[250, 0, 0], [0, 0, 250]]


def jpeg_of(size: int) -> bytes:
    return b"\xff\xd8" + bytes(size - 4) + b"\xff\xd9"


def test_a_picture_is_made_once(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return jpeg_of(50)

    for _ in range(2):
        assert Thumbnails(tmp_path).get(["truth", "9a1c"], make) == jpeg_of(50)
    assert len(made) == 1
    Thumbnails(tmp_path).get(["photo", "9a1c"], make)
    assert len(made) == 2


def test_a_file_cut_short_is_made_again(tmp_path: Path) -> None:
    Thumbnails(tmp_path).get(1, lambda: jpeg_of(50))
    (path,) = tmp_path.glob("??/*.jpg")
    path.write_bytes(jpeg_of(50)[:20])
    assert Thumbnails(tmp_path).get(1, lambda: jpeg_of(60)) == jpeg_of(60)
    assert path.read_bytes() == jpeg_of(60)


def test_it_stays_below_its_bound_and_what_was_not_looked_at_for_long_goes_first(tmp_path: Path) -> None:
    cache = Thumbnails(tmp_path, most_bytes=10_000)
    for number in range(20):
        cache.get(number, lambda: jpeg_of(400))
        for age, path in enumerate(sorted(tmp_path.glob("??/*.jpg"), key=lambda path: path.stat().st_mtime)):
            os.utime(path, (1e9 + age, 1e9 + age))
    oldest = sorted(tmp_path.glob("??/*.jpg"), key=lambda path: path.stat().st_mtime)
    os.utime(oldest[0])  # looked at just now
    for number in range(20, 40):
        cache.get(number, lambda: jpeg_of(400))
    kept = list(tmp_path.glob("??/*"))
    assert sum(path.stat().st_size for path in kept) <= 10_000 + 10_000 // 8
    assert len(kept) >= 20
    assert oldest[0] in kept
    assert oldest[1] not in kept


def test_a_folder_that_cannot_be_written_costs_no_picture(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert Thumbnails(tmp_path / "cache").get(1, lambda: jpeg_of(50)) == jpeg_of(50)


def test_a_full_disk_costs_no_picture_and_leaves_no_half_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert Thumbnails(tmp_path).get(1, lambda: jpeg_of(50)) == jpeg_of(50)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("size_hw", "small"), [((480, 640), (180, 240)), ((2000, 10), (240, 1)), ((24, 32), (24, 32))]
)
def test_small_samples_are_not_enlarged(size_hw: tuple[int, int], small: tuple[int, int]) -> None:
    assert small_hw(size_hw) == small


def test_what_each_kind_shows() -> None:
    image = np.full((40, 60, 3), 128, np.uint8)
    truth = np.zeros((40, 60), np.uint8)
    predicted = truth.copy()
    predicted[:, 30:] = 1

    def middle(kind: str, column: int) -> list[int]:
        content = draw_thumbnail(kind, image, truth, predicted, COLORS)  # type: ignore[arg-type]
        pixels = cv2.cvtColor(cv2.imdecode(np.frombuffer(content, np.uint8), 1), cv2.COLOR_BGR2RGB)
        assert pixels.shape == (40, 60, 3)
        return pixels[20, column].astype(int).tolist()

    def is_near(color: list[int], wanted: list[int]) -> bool:
        return max(abs(one - other) for one, other in zip(color, wanted, strict=True)) < 20

    assert is_near(middle("photo", 15), [128, 128, 128])
    assert is_near(middle("truth", 45), [195, 58, 58])  # 55 % of [250, 0, 0] over grey
    assert is_near(middle("prediction", 15), [195, 58, 58])
    assert is_near(middle("prediction", 45), [58, 58, 195])
    wrong = [0.75 * part + 0.25 * (128 * 0.55 + 100) for part in WRONG]
    assert is_near(middle("difference", 45), [round(part) for part in wrong])
    assert is_near(middle("difference", 15), [170, 170, 170])


def test_masks_are_packed_exactly_and_strange_bytes_refused() -> None:
    mask = np.random.default_rng(1).integers(0, 256, (9, 7), np.uint8)
    assert (unpacked(packed(mask), (9, 7)) == mask).all()
    assert packed(mask) == packed(mask.copy())
    for content in (b"not gzip", packed(mask)[:-9]):
        with pytest.raises(ValueError, match="no packed mask"):
            unpacked(content, (9, 7))
    with pytest.raises(ValueError, match="cannot reshape"):
        unpacked(packed(mask), (9, 8))
