"""MosaicML streaming: raw uint8 arrays in MDS shards of 16 MiB, StreamingDataset in torch's DataLoader, from a local folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from loader_common import run
from streaming import MDSWriter, StreamingDataset
from streaming.base.util import clean_stale_shared_memory
from torch.utils.data import DataLoader


def write(place: Path, images: np.ndarray, masks: np.ndarray) -> None:
    shapes = [",".join(str(side) for side in array.shape[1:]) for array in (images, masks)]
    columns = {"image": f"ndarray:uint8:{shapes[0]}", "mask": f"ndarray:uint8:{shapes[1]}"}
    with MDSWriter(out=str(place), columns=columns, size_limit=16 * 2**20) as sink:
        for index in range(len(images)):
            sink.write({"image": np.array(images[index]), "mask": np.array(masks[index])})


class Photos(StreamingDataset):
    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        sample = super().__getitem__(index)
        return torch.from_numpy(sample["image"].copy()), torch.from_numpy(sample["mask"].copy())


def build(place: Path, workers: int, batch_size: int) -> DataLoader:
    clean_stale_shared_memory()
    photos = Photos(local=str(place), shuffle=True, batch_size=batch_size, shuffle_seed=2012)
    return DataLoader(photos, batch_size, num_workers=workers, persistent_workers=workers > 0)


if __name__ == "__main__":
    run("mosaicml-streaming", write, build)
