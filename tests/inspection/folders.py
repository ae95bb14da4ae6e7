"""Small folders to inspect, and surveys that no format made."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segdata.errors import SegdataError
from segdata.formats import format_names
from segdata.inspection.recognise import Headers, Inspection
from segdata.survey import Survey

NO_HEADERS = Headers(0, {}, {}, ())


def survey(format: str = "via", **changes: Any) -> Survey:
    """Three photos with three roads and a car, unless `changes` say otherwise."""
    parts: dict[str, Any] = {
        "format": format,
        "certainty": "certain",
        "evidence": f"a file of {format}: 3 entries",
        "photos": ("a.jpg", "b.jpg", "c.jpg"),
        "annotated": 3,
        "shapes": {"polygon": 4},
        "labels": {"road": 3, "car": 1},
    }
    return Survey(**{**parts, **changes})


def inspection(root: Path, taken: Survey, headers: Headers = NO_HEADERS) -> Inspection:
    return Inspection(root, taken, headers, (), {})


def fake_surveys(
    monkeypatch: pytest.MonkeyPatch, seen: Mapping[str, Survey | SegdataError | ModuleNotFoundError]
) -> None:
    """Formats see what `seen` says: a survey, an error, or, when left out, nothing."""

    def survey_folder(name: str, root: Path) -> Survey | None:
        assert name in format_names()
        one = seen.get(name)
        if isinstance(one, Exception):
            raise one
        return one

    monkeypatch.setattr("segdata.inspection.recognise.survey_folder", survey_folder)


def write_photo(path: Path, size_hw: tuple[int, int], orientation: int = 1) -> None:
    """A photo of coarse coloured noise, its own for each file name, stored as `size_hw` with an EXIF orientation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    noise = np.random.default_rng(zlib.crc32(path.name.encode())).integers(0, 256, (9, 12, 3), np.uint8)
    photo = Image.fromarray(noise).resize((size_hw[1], size_hw[0]))
    photo.save(path, exif=exif if orientation != 1 else b"")


def write_masks(
    root: Path, ids: list[str], size_hw: tuple[int, int] = (48, 64), values: tuple[int, ...] = (0, 1)
) -> None:
    """image/<id>.jpg and mask/<id>.png, the mask in as many equal stripes as there are values."""
    stripes = np.repeat(np.array(values, np.uint8), -(-size_hw[1] // len(values)))[: size_hw[1]]
    for id in ids:
        write_photo(root / "image" / f"{id}.jpg", size_hw)
        path = root / "mask" / f"{id}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.tile(stripes, (size_hw[0], 1))).save(path)


def masks_survey(ids: list[str], **changes: Any) -> Survey:
    """What the format of masks sees in such a folder."""
    parts: dict[str, Any] = {
        "photos": tuple(f"image/{id}.jpg" for id in ids),
        "annotated": len(ids),
        "shapes": {},
        "labels": {0: len(ids), 1: len(ids)},
        "looked_at": len(ids),
    }
    return survey("masks", **{**parts, **changes})
