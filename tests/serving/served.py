"""A model that tells classes by colour alone, served: what it answers is known before it is asked."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from segdata.prediction.how import How
from segdata.sample import Mask
from segdata.serving.api import build_app
from segdata.serving.limits import Limits
from segdata.serving.model import About, Engine, Metric, Scored
from segdata.serving.service import Service
from segdata.serving.torch_engine import TorchEngine
from tests.prediction.colours import COLORS, NAMES, ByColor, run_of

SIZE_HW = (48, 64)
HOW = How(size_hw=SIZE_HW)


def about(**said: Any) -> About:
    values: dict[str, Any] = {
        "name": "doors",
        "title": "Doors <of> the town",
        "model": "by colour",
        "classes": tuple(zip(NAMES, [tuple(color) for color in COLORS.tolist()], strict=True)),
        "size_hw": SIZE_HW,
        "weights": "e" * 64,
        "shards": "5" * 64,
        "samples": {"train": 30, "test": 12},
        "scored": Scored("test", 12, (96, 128), True, (Metric("mean-iou", 0.5, (0.4, 0.6)),)),
        "attribute": "kind",
        "names": dict(enumerate(NAMES)),
        "canvas": 255,
        "segdata": "0",
    }
    return About(**values | said)


def service_of(engine: Engine | None = None, **limits: Any) -> Service:
    return Service(engine or TorchEngine(run_of(ByColor(), SIZE_HW)), about(), Limits(**limits))


def app_of(engine: Engine | None = None, **limits: Any) -> FastAPI:
    return build_app(service_of(engine, **limits), "127.0.0.1")


@contextmanager
def asked(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost:7860") as client:
        yield client


def scene(height: int = 120, width: int = 160) -> Mask:
    """Wall everywhere, a floor below, a door standing on it and a roof window: uint8 (H, W)."""
    mask = np.zeros((height, width), np.uint8)
    mask[height * 3 // 4 :] = 2
    mask[height // 3 : height * 7 // 8, width // 4 : width // 2] = 1
    mask[: height // 5, width * 3 // 5 :] = 3
    return mask


def painted(mask: Mask) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A photo in which every pixel has the colour of its class."""
    return COLORS[mask]


def png(pixels: Any, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def mask_in(data: bytes) -> Mask:
    with Image.open(io.BytesIO(data)) as file:
        assert file.mode == "P"
        return np.asarray(file, np.uint8)
