"""The options of a prediction: sizes by hand, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="prediction needs the extra 'train'")

from segdata.errors import ConfigError
from segdata.prediction.how import How, training_scale
from tests.prediction.projects import make_project, write_shards


def test_sizes_at_which_the_network_sees_a_photo() -> None:
    whole = How(size_hw=(96, 128))
    assert [whole.seen_hw((3024, 4032), scale) for scale in (0.5, 1.0, 1.8)] == [
        (48, 64),
        (96, 128),
        (173, 230),
    ]
    tiled = How(size_hw=(96, 128), tile_hw=(96, 128), tile_scale_hw=(0.5, 0.25))
    assert [tiled.seen_hw((1024, 8192), scale) for scale in (0.5, 1.0)] == [(256, 1024), (512, 2048)]
    assert tiled.seen_hw((1, 1), 0.5) == (1, 1)


def test_the_options_in_words() -> None:
    assert How(size_hw=(96, 128)).line() == "whole photos at 96x128 (height x width)"
    tiled = How(size_hw=(96, 128), tile_hw=(64, 32), overlap=8, tile_scale_hw=(0.5, 0.5), scales=(0.5, 1.8))
    assert (
        tiled.line()
        == "tiles of 64x32 (height x width) overlapping by 8, photos scaled by 0.5, scales 0.5 1.8"
    )


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (How(size_hw=(9, 9), tile_hw=(8, 16), overlap=8), "--overlap: found 8; expected 0 to 7"),
        (How(size_hw=(9, 9), scales=()), r"--scales: found \[\]; expected 1 to 16 different scales"),
        (How(size_hw=(9, 9), scales=(1.0, 1.0)), "different scales"),
        (How(size_hw=(9, 9), scales=(0.01,)), "scales of 0.1 to 4"),
        (How(size_hw=(9, 9), scales=(float("nan"),)), "scales of 0.1 to 4"),
        (How(size_hw=(9, 9), tile_scale_hw=(0.0, 1.0)), "--tile-scale"),
    ],
)
def test_what_cannot_be_done_is_said(how: How, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        how.check()


def test_the_scale_of_training_is_the_median_of_its_photos(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    with pytest.raises(ConfigError, match="found no shards of doors.*--tile-scale"):
        training_scale(project, "doors")
    write_shards(project, [(32, 48), (64, 96), (64, 48)])  # shards are 16x24
    assert training_scale(project, "doors") == (0.25, 0.5)
