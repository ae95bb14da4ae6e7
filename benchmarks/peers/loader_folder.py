"""A folder of JPEG photos and PNG masks with a torchvision-style Dataset, decoded by Pillow: what most people write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from loader_common import decode, encode, run
from torch.utils.data import DataLoader, Dataset


def write(place: Path, images: np.ndarray, masks: np.ndarray) -> None:
    for index in range(len(images)):
        (place / f"{index:06d}.jpg").write_bytes(encode(images[index], "JPEG"))
        (place / f"{index:06d}.png").write_bytes(encode(masks[index], "PNG"))


class Folder(Dataset):
    def __init__(self, place: Path) -> None:
        self.photos = sorted(place.glob("*.jpg"))

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        photo = self.photos[index]
        return torch.from_numpy(decode(photo)), torch.from_numpy(decode(photo.with_suffix(".png")))


def build(place: Path, workers: int, batch_size: int) -> DataLoader:
    return DataLoader(
        Folder(place), batch_size, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )


if __name__ == "__main__":
    run("torchvision", write, build)
