"""Perceptual hashes of copies and of different photos, pairs against brute force, groups by hand."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from segdata.duplicates import (
    DEFAULT_MAX_BITS,
    FLAT,
    distance,
    equal_pairs,
    groups,
    near_pairs,
    perceptual_hash,
)
from segdata.photo import Photo
from segdata.sample_data import draw_scene
from tests.projects import SHARED

Pixels = NDArray[np.uint8]


def saved_again(image: Pixels, quality: int) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def half(image: Pixels) -> Pixels:
    size = (image.shape[1] // 2, image.shape[0] // 2)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def brighter(image: Pixels) -> Pixels:
    return np.clip(image * 1.1, 0, 255).astype(np.uint8)


def copies(image: Pixels) -> dict[str, Pixels]:
    return {
        "quality 50": saved_again(image, 50),
        "half the size": half(image),
        "10 % brighter": brighter(image),
        "all of it": brighter(saved_again(half(image), 50)),
    }


@pytest.fixture(scope="module")
def scenes() -> list[Pixels]:
    return [draw_scene(seed, (240, 320)).image for seed in range(40)]


def test_a_checkerboard_of_light_has_the_bits_of_its_one_frequency() -> None:
    rows, columns = np.mgrid[0:32, 0:32]
    wave = np.cos(np.pi * (2 * rows + 1) * 3 / 64) * np.cos(np.pi * (2 * columns + 1) * 2 / 64)
    image = np.repeat(np.rint(128 + 100 * wave).astype(np.uint8)[..., None], 3, axis=2)
    top_left_first = 1 << (63 - (8 * (3 - 1) + (2 - 1)))
    assert int(perceptual_hash(image)) & top_left_first
    assert perceptual_hash(image) == perceptual_hash(image.copy())
    assert perceptual_hash(image).dtype == np.uint64


def test_copies_are_found_and_different_scenes_are_not(scenes: list[Pixels]) -> None:
    hashes = np.array([perceptual_hash(scene) for scene in scenes])
    for scene, own in zip(scenes, hashes, strict=True):
        for how, copy in copies(scene).items():
            assert distance(own, perceptual_hash(copy)) <= 6, how
    assert near_pairs(hashes).tolist() == []


def test_the_size_of_shards_does_for_a_hash(scenes: list[Pixels]) -> None:
    for scene in scenes:
        small = np.asarray(cv2.resize(scene, (32, 24), interpolation=cv2.INTER_AREA), np.uint8)
        assert distance(perceptual_hash(scene), perceptual_hash(small)) <= 4


def test_a_mirrored_or_turned_photo_is_another_one(scenes: list[Pixels]) -> None:
    for scene in scenes[:10]:
        for other in (scene[:, ::-1], scene[::-1], np.swapaxes(scene, 0, 1)):
            assert distance(perceptual_hash(scene), perceptual_hash(other)) > DEFAULT_MAX_BITS


def test_flat_photos_are_nobodys_copy(scenes: list[Pixels]) -> None:
    rng = np.random.default_rng(3)
    white = np.full((240, 320, 3), 250, np.uint8)
    wall = np.clip(rng.normal(180, 3, (240, 320, 1)), 0, 255).astype(np.uint8).repeat(3, axis=2)
    evening = np.linspace(40, 220, 240).astype(np.uint8)[:, None, None].repeat(320, 1).repeat(3, 2)
    for flat in (white, wall, saved_again(wall, 50), evening, np.zeros((1, 1, 3), np.uint8)):
        assert perceptual_hash(flat) == FLAT
    textured = perceptual_hash(scenes[0])
    assert near_pairs(np.array([FLAT, textured, FLAT, textured])).tolist() == [[1, 3]]


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 900), (31, 33), (700, 2)])
def test_any_size_has_a_hash(size_hw: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*size_hw, 3), np.uint8)
    assert perceptual_hash(image) == perceptual_hash(image)


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 7), max_size=30), st.integers(0, 64))
def test_pairs_are_those_that_comparing_all_with_all_finds(values: list[int], bits: int) -> None:
    found = near_pairs(np.array(values, np.uint64), bits).tolist()
    assert found == [
        [i, j]
        for i in range(len(values))
        for j in range(i + 1, len(values))
        if values[i] and values[j] and (values[i] ^ values[j]).bit_count() <= bits
    ]


def test_pairs_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).integers(1, 2**64, 300, np.uint64)
    values[290] = values[3] ^ np.uint64(0b1011)
    values[150] = values[149]
    whole = near_pairs(values).tolist()
    monkeypatch.setattr("segdata.duplicates._BLOCK", 7 * 300)
    assert near_pairs(values).tolist() == whole == [[3, 290], [149, 150]]


def test_groups_join_through_others() -> None:
    pairs = np.array([[0, 4], [2, 3], [4, 5], [1, 5]])
    assert groups(7, pairs) == ((0, 1, 4, 5), (2, 3))
    assert groups(3, np.empty((0, 2), np.intp)) == ()
    assert equal_pairs(["a", "b", "a", "c", "a"]).tolist() == [[0, 2], [2, 4]]
    assert groups(5, equal_pairs(["a", "b", "a", "c", "a"])) == ((0, 2, 4),)
    assert equal_pairs([]).shape == (0, 2)


@given(
    st.integers(1, 25),
    st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)), max_size=40),
    st.integers(1, 50),
)
def test_groups_are_those_that_walking_the_pairs_finds(
    count: int, drawn: list[tuple[int, int]], at_once: int
) -> None:
    pairs = [pair for pair in drawn if max(pair) < count]
    reached = {index: {index} for index in range(count)}
    for _ in range(count):
        for first, second in pairs:
            together = reached[first] | reached[second]
            for index in together:
                reached[index] = together
    expected = sorted({tuple(sorted(group)) for group in reached.values() if len(group) > 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segdata.duplicates._JOINED_AT_ONCE", at_once)
        assert list(groups(count, np.array(pairs, np.intp).reshape(-1, 2))) == expected


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real data at {SHARED}")
@pytest.mark.parametrize(
    ("pattern", "photos", "pairs"),
    [
        ("via-buildings/*/*.jpg", 26, []),
        ("matlab-crackforest/image/*.jpg", 40, []),
        (
            "matlab-breadboard/images/*.jpg",
            65,
            [["005", "018"], ["009", "061"], ["010", "024"], ["032", "062"]],  # files of the same bytes
        ),
    ],
)
def test_real_photos_have_no_false_pairs(pattern: str, photos: int, pairs: list[list[str]]) -> None:
    paths = sorted(SHARED.glob(pattern))
    images = [Photo.open(path, path.name).read() for path in paths]
    hashes = np.array([perceptual_hash(image) for image in images])
    assert len(paths) == photos
    found = near_pairs(hashes).tolist()
    assert [[paths[first].stem, paths[second].stem] for first, second in found] == pairs
    assert all(paths[first].read_bytes() == paths[second].read_bytes() for first, second in found)
    for image, own in list(zip(images, hashes, strict=True))[:10]:
        for how, copy in copies(image).items():
            if how != "all of it" or "crackforest" not in pattern:  # bare asphalt: up to 10 bits
                assert distance(own, perceptual_hash(copy)) <= DEFAULT_MAX_BITS, how
