"""litdata: raw uint8 tensors in chunks of 16 MiB, StreamingDataset and its own DataLoader, from a local folder."""

from __future__ import annotations

from pathlib import Path

import litdata
import numpy as np
import torch
from loader_common import run


class Sample:
    """Top-level, because litdata pickles it for its own processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        images, masks = (np.load(self.folder / f"{name}.npy", mmap_mode="r") for name in ("images", "masks"))
        return torch.from_numpy(np.array(images[index])), torch.from_numpy(np.array(masks[index]))


def write(place: Path, images: np.ndarray, masks: np.ndarray) -> None:
    litdata.optimize(
        Sample(place.parent),
        list(range(len(images))),
        output_dir=str(place),
        chunk_bytes="16MB",
        num_workers=1,
    )


def build(place: Path, workers: int, batch_size: int) -> litdata.StreamingDataLoader:
    photos = litdata.StreamingDataset(str(place), shuffle=True, seed=2012, max_cache_size="50GB")
    return litdata.StreamingDataLoader(
        photos, batch_size=batch_size, num_workers=workers, persistent_workers=workers > 0
    )


if __name__ == "__main__":
    run("litdata", write, build)
