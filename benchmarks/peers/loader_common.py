"""What the loader_*.py beside this file share: one process per format, number of workers and size.

PYTHON benchmarks/peers/loader_webdataset.py FOLDER WORKERS EPOCHS BATCH_SIZE

FOLDER holds images.npy (N, H, W, 3) and masks.npy (N, H, W), uint8. A script writes them once in its format below
FOLDER (not timed), then shuffles through them: images uint8 (B, H, W, 3) and masks uint8 (B, H, W) as torch tensors. The
first epoch is not counted: it starts workers and reads the files into the page cache. The last line is JSON.
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

JPEG_QUALITY = 95


def run(
    distribution: str,
    write: Callable[[Path, np.ndarray, np.ndarray], None],
    build: Callable[[Path, int, int], Iterable[Any]],
) -> None:
    """build(place, workers, batch_size) gives what one `for` per epoch goes over, batches as (images, masks)."""
    folder = Path(sys.argv[1])
    workers, epochs, batch_size = (int(value) for value in sys.argv[2:5])
    images, masks = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("images", "masks"))
    place = folder / Path(sys.argv[0]).stem
    if not place.exists():
        place.mkdir()
        write(place, images, masks)
    rates = measure(build(place, workers, batch_size), len(images), images.shape[1:3], epochs)
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    found = {"samples_per_second": rates, "bytes": size, "version": importlib.metadata.version(distribution)}
    print(json.dumps(found))


def measure(loader: Iterable[Any], samples: int, size_hw: tuple[int, ...], epochs: int) -> list[float]:
    """Samples per second of each epoch after the first."""
    rates = []
    for epoch in range(epochs + 1):
        start, seen = time.perf_counter(), 0
        for images, masks in loader:
            assert tuple(images.shape[1:]) == (*size_hw, 3) and tuple(masks.shape[1:]) == tuple(size_hw)
            assert str(images.dtype) == str(masks.dtype) == "torch.uint8"
            seen += len(images)
        assert seen == samples, (seen, samples)
        if epoch:
            rates.append(samples / (time.perf_counter() - start))
    return rates


def encode(pixels: np.ndarray, form: str) -> bytes:
    """JPEG of quality 95 for photos, PNG for masks."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, form, quality=JPEG_QUALITY)
    return buffer.getvalue()


def decode(data: bytes | Path) -> np.ndarray:
    with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data) as file:
        return np.array(file)
