"""From photos to class ids with a trained run.

>>> run = load_run(Path("data/runs/sample-via"))
>>> predict(run, photos).shape      # photos: uint8 (2, 96, 128, 3)
(2, 96, 128)
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segdata.evaluation.run import Run, load_run

__all__ = ["Run", "load_run", "predict", "predict_logits"]


def predict_logits(run: Run, images: NDArray[np.uint8]) -> Tensor:
    """Logits float32 (N, C, H, W) on the run's device for photos uint8 (N, H, W, 3) RGB, upright."""
    assert images.dtype == np.uint8 and images.ndim == 4 and images.shape[3] == 3, (
        images.dtype,
        images.shape,
    )
    with torch.inference_mode():
        batch = torch.from_numpy(np.ascontiguousarray(images)).to(run.device).permute(0, 3, 1, 2)
        logits: Tensor = run.network(run.record.normalisation.apply(batch.contiguous()))
    return logits


def predict(run: Run, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The likeliest class of every pixel, uint8 (N, H, W), for photos uint8 (N, H, W, 3) RGB."""
    ids = predict_logits(run, images).argmax(dim=1).to(torch.uint8).cpu().numpy()
    return ids.astype(np.uint8, copy=False)
