"""Logits to a mask at full size in numpy: what torch gives, but where two classes are level."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="compared with torch")

from torch.nn import functional  # noqa: E402

from segdata.prediction import upscale  # noqa: E402
from segdata.prediction.upscale import likeliest_at  # noqa: E402


@pytest.mark.parametrize("size_hw", [(48, 64), (1, 1), (7, 400), (300, 5), (12, 16), (24, 17), (3, 16)])
@pytest.mark.parametrize("classes", [1, 2, 9])
def test_it_is_torch_s_bilinear_resize_and_argmax(
    size_hw: tuple[int, int], classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upscale, "BAND_NUMBERS", 9 * 64 * 5)  # bands of a few rows
    logits = np.random.default_rng(classes).normal(size=(12, 16, classes)).astype(np.float32)
    planes = torch.from_numpy(logits).permute(2, 0, 1)[None]
    resized = functional.interpolate(planes, size=size_hw, mode="bilinear", align_corners=False)[0]
    expected = resized.argmax(0).numpy()
    mask = likeliest_at(logits, size_hw)
    assert (mask.shape, mask.dtype) == (size_hw, np.uint8)
    other = mask != expected
    assert other.mean() <= 0.001
    if other.any():
        top = resized.topk(2, dim=0).values.numpy()[:, other]
        assert (top[0] - top[1]).max() < 1e-5


def test_of_level_classes_the_first_wins() -> None:
    assert (likeliest_at(np.zeros((2, 2, 3), np.float32), (5, 5)) == 0).all()
