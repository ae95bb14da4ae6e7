"""Masks that are known beforehand, through tiles, mirrors, scales and bands; and how much memory is in use meanwhile."""

from __future__ import annotations

import itertools
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="prediction needs the extra 'train'")

from torch import Tensor  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from segdata.errors import DataError, TrainingError  # noqa: E402
from segdata.evaluation.predict import predict  # noqa: E402
from segdata.prediction import masks  # noqa: E402
from segdata.prediction.how import SCALES_OF_DENSEASPP, How  # noqa: E402
from segdata.prediction.views import View, resized_rows  # noqa: E402
from tests.prediction.colours import (  # noqa: E402
    COLORS,
    ByColor,
    ByNeighbours,
    classes,
    noise,
    photo_of,
    predicted,
    run_of,
)

TILES: list[tuple[tuple[int, int], int]] = [
    ((8, 8), 0),
    ((8, 8), 3),
    ((9, 14), 5),
    ((64, 48), 7),
    ((16, 24), 15),
]


@pytest.mark.parametrize(("tile_hw", "overlap"), TILES)
@pytest.mark.parametrize("flip", [False, True])
def test_tiles_and_mirrors_give_the_very_mask(
    tmp_path: Path, tile_hw: tuple[int, int], overlap: int, flip: bool
) -> None:
    mask = classes(29, 43)
    how = How(size_hw=(16, 24), tile_hw=tile_hw, overlap=overlap, flip=flip)
    assert (predicted(tmp_path, run_of(ByColor()), COLORS[mask], how) == mask).all()


@pytest.mark.parametrize("size_hw", list(itertools.product([1, 2, 3, 5], [1, 3, 4, 5])))
@pytest.mark.parametrize("tile_hw", [None, (8, 8)])
def test_photos_of_a_few_pixels(
    tmp_path: Path, size_hw: tuple[int, int], tile_hw: tuple[int, int] | None
) -> None:
    # Whole, each pixel becomes a block of 12x12 (nearest), so that its class is known there; tiles reach beyond.
    mask = classes(*size_hw)
    how = How(
        size_hw=(size_hw[0] * 12, size_hw[1] * 12), photo="nearest", tile_hw=tile_hw, overlap=2, flip=True
    )
    assert (predicted(tmp_path, run_of(ByColor()), COLORS[mask], how) == mask).all()


@pytest.mark.parametrize("tile_hw", [None, (8, 11)])
@pytest.mark.parametrize("class_id", range(4))
def test_a_photo_of_one_colour_is_one_class_at_all_scales(
    tmp_path: Path, class_id: int, tile_hw: tuple[int, int] | None
) -> None:
    mask = np.full((31, 45), class_id, np.uint8)
    how = How(size_hw=(16, 24), tile_hw=tile_hw, overlap=4, flip=True, scales=SCALES_OF_DENSEASPP)
    assert (predicted(tmp_path, run_of(ByColor()), COLORS[mask], how) == class_id).all()


def test_large_areas_keep_their_classes_at_all_scales_but_for_their_borders(tmp_path: Path) -> None:
    mask = np.kron([[0, 1], [2, 3]], np.ones((40, 60))).astype(np.uint8)
    how = How(size_hw=(40, 60), flip=True, scales=SCALES_OF_DENSEASPP)
    found = predicted(tmp_path, run_of(ByColor()), COLORS[mask], how)
    wrong = found != mask
    assert not wrong[:36].any(axis=0)[:56].any()
    assert not wrong[44:, 64:].any() and not wrong[:36, 64:].any() and not wrong[44:, :56].any()


def test_a_photo_turned_by_exif_is_seen_upright(tmp_path: Path) -> None:
    from PIL import Image

    mask = np.kron([[0, 1, 2]], np.ones((24, 16))).astype(np.uint8)  # upright: 24x48
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned left
    Image.fromarray(np.rot90(COLORS[mask], 1).copy()).save(
        tmp_path / "a.jpg", quality=98, subsampling=0, exif=exif
    )
    photo = masks.Photo.open(tmp_path / "a.jpg", "a.jpg")
    assert photo.stored_hw == (48, 24)
    found = masks.predict_mask(run_of(ByColor()), photo, How(size_hw=(24, 48)))
    assert (found == mask).all()


def reference(run: Any, photo: Any, how: How) -> Tensor:
    """The definition, with everything in memory: mean over scales of softmax of logits resized to the photo."""
    total = torch.zeros(len(run.ontology), *photo.upright_hw)
    for scale in how.scales:
        image = photo.read(masks.Resize(how.seen_hw(photo.upright_hw, scale), how.photo, how.exact))
        pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
        logits = run.network(pixels)
        if how.flip:
            mirrored = run.network(pixels.flip(3)).flip(3)
            logits = ((logits.softmax(1) + mirrored.softmax(1)) / 2).log()
        whole = functional.interpolate(logits, photo.upright_hw, mode="bilinear", align_corners=False)
        total += whole[0].softmax(0) / len(how.scales)
    return total


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("scales", [(1.0,), (0.5,), (0.5, 1.0, 1.8), SCALES_OF_DENSEASPP])
@pytest.mark.parametrize("photo_hw", [(16, 24), (57, 83), (7, 5)])
def test_bands_give_what_the_definition_gives(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    photo_hw: tuple[int, int],
    scales: tuple[float, ...],
    flip: bool,
) -> None:
    monkeypatch.setattr(masks, "BAND_NUMBERS", 4 * 90 * 3)  # three rows at a time
    run, photo = run_of(ByNeighbours()), photo_of(tmp_path, noise(*photo_hw))
    how = How(size_hw=(16, 24), scales=scales, flip=flip)
    with torch.inference_mode():
        expected = reference(run, photo, how)
        found = masks.predict_mask(run, photo, how)
    chances = expected.sort(0).values
    clear = (chances[-1] - chances[-2] > 1e-5).numpy()
    assert clear.mean() > 0.99
    assert (found == expected.argmax(0).numpy())[clear].all()


def test_the_size_of_training_gives_what_evaluation_predicts(tmp_path: Path) -> None:
    run, pixels = run_of(ByNeighbours()), noise(16, 24)
    assert (predicted(tmp_path, run, pixels, How(size_hw=(16, 24))) == predict(run, pixels[None])[0]).all()


@pytest.mark.parametrize("flip", [False, True])
def test_tiles_are_blended_by_their_windows(flip: bool) -> None:
    # 14 rows as tiles 0…7, 6…13 and 20 columns as 0…9, 5…14, 10…19, each pixel by the definition.
    run, image = run_of(ByNeighbours()), noise(14, 20)
    with torch.inference_mode():
        view = View(run, image, (8, 10), 2, flip)
        assert (view._rows.starts, view._columns.starts) == ((0, 6), (0, 5, 10))
        expected, weight = (
            torch.zeros(4, 14, 20, dtype=torch.float64),
            torch.zeros(14, 20, dtype=torch.float64),
        )
        for top, left in itertools.product((0, 6), (0, 5, 10)):
            tile = (
                torch.from_numpy(image[top : top + 8, left : left + 10].copy()).permute(2, 0, 1)[None].float()
            )
            logits = run.network(tile)[0].double()
            if flip:
                mirrored = run.network(tile.flip(3)).flip(3)[0].double()
                logits = ((logits.softmax(0) + mirrored.softmax(0)) / 2).log()
            share = torch.outer(
                torch.sin(torch.pi * (torch.arange(8) + 0.5).double() / 8) ** 2,
                torch.sin(torch.pi * (torch.arange(10) + 0.5).double() / 10) ** 2,
            )
            expected[:, top : top + 8, left : left + 10] += share * logits
            weight[top : top + 8, left : left + 10] += share
        found = torch.cat([view.rows(row, row + 2) for row in range(0, 14, 2)], dim=1)
    assert (found - expected / weight).abs().max() <= 1e-4


def test_a_photo_smaller_than_a_tile_is_continued_by_reflection_and_cut() -> None:
    run, image = run_of(ByNeighbours()), noise(3, 5)
    with torch.inference_mode():
        found = View(run, image, (4, 8), 1, False).rows(0, 3)
        rows, columns = [0, 1, 2, 1], [0, 1, 2, 3, 4, 3, 2, 1]
        continued = torch.from_numpy(image[rows][:, columns]).permute(2, 0, 1)[None].float()
        assert torch.equal(found, run.network(continued)[0, :, :3, :5])


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 50), (33, 7), (64, 96)])
def test_rows_are_resized_as_torch_resizes_the_whole(size_hw: tuple[int, int]) -> None:
    run, image = run_of(ByNeighbours()), noise(16, 24)
    with torch.inference_mode():
        whole = run.network(torch.from_numpy(image).permute(2, 0, 1)[None].float())
        expected = functional.interpolate(whole, size_hw, mode="bilinear", align_corners=False)[0]
        view = View(run, image, None, 0, False)
        bands = [
            resized_rows(view, size_hw, row, min(row + 2, size_hw[0])) for row in range(0, size_hw[0], 2)
        ]
    assert (torch.cat(bands, dim=1) - expected).abs().max() <= 1e-4


class Live(TorchDispatchMode):
    """Counts the bytes of all tensors that are alive, storages once, and remembers the most."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = self.most = 0
        self._users: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, (list, tuple)) else [result]:
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                self._add(storage.data_ptr(), storage.nbytes(), tensor)
        return result

    def _add(self, place: int, size: int, tensor: Tensor) -> None:
        if self._users.get(place, 0) == 0:
            self.bytes += size
            self.most = max(self.most, self.bytes)
        self._users[place] = self._users.get(place, 0) + 1
        weakref.finalize(tensor, self._remove, place, size)

    def _remove(self, place: int, size: int) -> None:
        self._users[place] -= 1
        if self._users[place] == 0:
            self.bytes -= size


class Flat(torch.nn.Module):
    """Many classes and no memory of its own."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes

    def forward(self, images: Tensor) -> Tensor:
        return images[:, :1].expand(-1, self.num_classes, -1, -1).clone()


@pytest.mark.parametrize("tile_hw", [None, (64, 64)])
def test_memory_stays_within_the_stated_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tile_hw: tuple[int, int] | None
) -> None:
    # Whole logits of 40 classes at 1200x900 would be 173 MB, at 2400x900 346 MB; the stated bound is 8 and 43 MB.
    band, num_classes, width = 1 << 17, 40, 900
    monkeypatch.setattr(masks, "BAND_NUMBERS", band)
    monkeypatch.setattr("segdata.prediction.views.BATCH_PIXELS", 64 * 64)
    run = run_of(Flat(num_classes), (64, 64), num_classes)
    how = How(size_hw=(64, 64), tile_hw=tile_hw, overlap=16 if tile_hw else 0)
    view = 4 * num_classes * 64 * (64 if tile_hw is None else width)
    one_batch = 4 * num_classes * 64 * 64
    for height in (1200, 2400):
        photo = photo_of(tmp_path, noise(height, width), f"{height}.png")
        with Live() as live:
            masks.predict_mask(run, photo, how)
        assert live.most >= 4 * band  # it did count
        assert live.most <= 4 * (6 * band + view + one_batch)


def test_what_is_too_large_or_out_of_memory_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, photo = run_of(ByColor()), photo_of(tmp_path, noise(20, 20))
    monkeypatch.setattr(masks, "MAX_PIXELS", 1000)
    with pytest.raises(
        DataError, match="photo.png: found 32x48 .* at scale 2; expected at most 1,000 pixels"
    ):
        masks.predict_mask(run, photo, How(size_hw=(16, 24), scales=(2.0,)))

    def no_memory(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr("segdata.prediction.views.predict_logits", no_memory)
    with pytest.raises(TrainingError, match="no memory left for 1 photo or tile of 16x24.*--device cpu"):
        masks.predict_mask(run, photo, How(size_hw=(16, 24)))
