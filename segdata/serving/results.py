"""Predictions that a page shows: kept in memory under names nobody can guess, the oldest gone when there are many.

/results/Wc3…/photo.jpg   colours.png   lines.png      what the page lays over one another, small enough for a screen
/results/Wc3…/mask.png    draft.json                   what the buttons download, at the photo's own size
"""

from __future__ import annotations

import io
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image as PillowImage

from segdata.export.via_project import Dialect
from segdata.mask_file import mask_png
from segdata.ontology import Ontology
from segdata.overlay import borders
from segdata.photo import Resize, resize_mask
from segdata.serving.answers import encoded
from segdata.serving.service import Predicted

SCREEN = 1280
"""Pixels of a picture's longer side on the page at most."""

MEDIA_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".json": "application/json"}


@dataclass(frozen=True, eq=False)
class Result:
    """The files of one prediction, and what the two to be downloaded are called."""

    files: Mapping[str, bytes]
    download_as: Mapping[str, str]

    @property
    def size(self) -> int:
        return sum(len(data) for data in self.files.values())


class Results:
    """At most `most` results of `most_bytes` together."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[str, Result] = OrderedDict()
        self._bytes = 0

    def add(self, result: Result) -> str:
        """The key to get it by."""
        key = secrets.token_urlsafe(12)
        self._kept[key] = result
        self._bytes += result.size
        while len(self._kept) > self._most or (self._bytes > self._most_bytes and len(self._kept) > 1):
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.size
        return key

    def get(self, key: str) -> Result | None:
        return self._kept.get(key)


def result_of(predicted: Predicted, ontology: Ontology, dialect: Dialect) -> Result:
    """Draw and encode all files of a prediction."""
    height, width = predicted.mask.shape
    scale = min(1.0, SCREEN / max(height, width))
    size_hw = (max(1, round(height * scale)), max(1, round(width * scale)))
    small = resize_mask(predicted.mask, size_hw)
    colors = ontology.color_table()
    lines = np.zeros((*size_hw, 4), np.uint8)
    lines[..., :3] = colors[small]
    lines[..., 3] = borders(small) * np.uint8(255)
    files = {
        "photo.jpg": _file(predicted.photo.read(Resize(size_hw)), "JPEG", quality=88),
        "colours.png": mask_png(np.ascontiguousarray(small), ontology),
        "lines.png": _file(lines, "PNG"),
        "mask.png": encoded(predicted, "png", ontology, dialect),
        "draft.json": encoded(predicted, "via", ontology, dialect),
    }
    names = {"mask.png": f"{predicted.stem}.png", "draft.json": f"{predicted.stem}.via.json"}
    return Result(files, names)


def _file(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()
