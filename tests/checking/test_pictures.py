"""Pictures of samples, of files as they lie, and of a place in a mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.checking.pictures import as_uri, draw_file, draw_sample, save_picture
from segdata.checking.reading import in_threads
from segdata.sample import Sample

COLORS = np.zeros((256, 3), np.uint8)
COLORS[1] = (200, 0, 0)


def test_a_sample_is_drawn_in_the_proportions_of_its_photo() -> None:
    sample = Sample("a", np.full((50, 50, 3), 100, np.uint8), np.ones((50, 50), np.uint8), (400, 800))
    drawn = draw_sample(sample, COLORS)
    assert drawn.shape == (112, 2 * 224 + 4, 3)
    assert drawn[56, 100].tolist() == [100, 100, 100]
    assert drawn[56, 226].tolist() == [255, 255, 255]
    assert drawn[56, 300].tolist() == [155, 45, 45]


@pytest.mark.parametrize("original_hw", [(1, 9000), (9000, 1), (1, 1)])
def test_any_proportions_can_be_drawn(original_hw: tuple[int, int]) -> None:
    sample = Sample("a", np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), original_hw)
    assert max(draw_sample(sample, COLORS).shape[:2]) in (224, 2 * 224 + 4)


def test_a_place_in_a_mask_is_ringed_and_its_numbers_are_told_apart(tmp_path: Path) -> None:
    values = np.zeros((100, 200), np.uint8)
    values[:, 100:] = 3
    Image.fromarray(values).save(tmp_path / "m.png")
    drawn = draw_file(tmp_path, "m.png", ["row 50, column 150"])
    assert drawn is not None
    assert drawn.shape == (112, 224, 3)
    left, right = drawn[5, 5].astype(int), drawn[5, 215].astype(int)
    assert np.abs(left - right).max() > 60
    assert drawn[56, 168 - 9].tolist() == [255, 0, 200]
    assert drawn[56, 168 - 30].tolist() == drawn[5, 215].tolist()


def test_only_pictures_below_the_root_are_drawn(tmp_path: Path) -> None:
    root = tmp_path / "raw"
    root.mkdir()
    Image.new("RGB", (40, 20), (9, 9, 9)).save(tmp_path / "secret.png")
    Image.new("RGB", (40, 20), (9, 9, 9)).save(root / "a.png")
    (root / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (root / "notes.txt").write_text("x")
    drawn = draw_file(root, "a.png")
    assert drawn is not None
    assert drawn.shape == (112, 224, 3)
    for name in (
        "../secret.png",
        str(tmp_path / "secret.png"),
        "broken.png",
        "notes.txt",
        "none.png",
        "",
        "\0.png",
    ):
        assert draw_file(root, name) is None, name


def test_a_picture_is_a_jpeg_in_the_page(tmp_path: Path) -> None:
    picture = np.full((20, 30, 3), 77, np.uint8)
    save_picture(tmp_path / "p.jpg", picture)
    assert as_uri(picture) == as_uri(tmp_path / "p.jpg")
    assert as_uri(picture).startswith("data:image/jpeg;base64,/9j/")


def test_threads_keep_the_order_and_stop_at_an_error() -> None:
    assert list(in_threads(lambda number: number * number, range(50), 4)) == [n * n for n in range(50)]
    started: list[int] = []

    def work(number: int) -> int:
        started.append(number)
        if number == 5:
            raise ValueError
        return number

    with pytest.raises(ValueError):  # noqa: PT011
        list(in_threads(work, range(10_000), 2))
    assert len(started) < 40
