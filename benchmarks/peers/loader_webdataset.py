"""WebDataset: tar files (2 MiB) of JPEG photos and PNG masks, shuffled by shard and in a buffer of 1,000 samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import webdataset as wds
from loader_common import decode, encode, run


def write(place: Path, images: np.ndarray, masks: np.ndarray) -> None:
    with wds.ShardWriter(str(place / "%06d.tar"), maxsize=2 * 2**20, verbose=0) as sink:
        for index in range(len(images)):
            sink.write(
                {
                    "__key__": f"{index:06d}",
                    "jpg": encode(images[index], "JPEG"),
                    "png": encode(masks[index], "PNG"),
                }
            )


def to_tensors(sample: tuple[bytes, bytes]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(decode(sample[0])), torch.from_numpy(decode(sample[1]))


def build(place: Path, workers: int, batch_size: int) -> wds.WebLoader:
    tars = sorted(str(path) for path in place.glob("*.tar"))
    assert len(tars) >= max(workers, 1)
    photos = wds.WebDataset(tars, shardshuffle=len(tars)).shuffle(1000).to_tuple("jpg", "png").map(to_tensors)
    return wds.WebLoader(photos, batch_size=batch_size, num_workers=workers, persistent_workers=workers > 0)


if __name__ == "__main__":
    run("webdataset", write, build)
