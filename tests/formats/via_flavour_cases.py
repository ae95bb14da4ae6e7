"""The same regions as VIA 2 and VIA 3 write them, and the folders of VIA's own project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.formats.via_cases import box, polygon, shape

SHARED = Path(__file__).resolve().parents[3] / "shared/data"

REGIONS = [
    box(0, 0, 7, 5),
    polygon((1, 1), (3, 1), (3, 3), (1, 3), shape="polyline", type="tree"),
    {**shape("rect", x=5, y=1, width=2, height=1), "region_attributes": {"type": {"car": True}}},
]


def via_3(*metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "project": {"data_format_version": "3.1.1", "vid_list": ["1", "2"]},
        "config": {},
        "attribute": {
            "1": {"aname": "type", "type": 4, "options": {"0": "road", "1": "tree", "2": "car"}},
            "2": {"aname": "boxes", "type": 2, "options": {"0": "road", "1": "tree", "2": "car"}},
            "3": {"aname": "text", "type": 1, "options": {}},
        },
        "file": {
            "1": {"fid": 1, "fname": "a.png", "type": 2, "loc": 1, "src": "a.png"},
            "2": {"fid": 2, "fname": "bare.png", "type": 2, "loc": 1, "src": "bare.png"},
            "3": {"fid": 3, "fname": "film.mp4", "type": 4, "loc": 1, "src": "film.mp4"},
        },
        "view": {"1": {"fid_list": [1]}, "2": {"fid_list": [2]}, "3": {"fid_list": [3]}},
        "metadata": {f"1_{number}": one for number, one in enumerate(metadata)},
    }


def metadata_3(number: int, *xy: float, vid: str = "1") -> dict[str, Any]:
    name = ["road", "tree", "car"][number]
    values = {"1": str(number), "2": str(number), "3": name}
    return {"vid": vid, "flg": 0, "z": [], "xy": list(xy), "av": values}


REGIONS_3 = (
    metadata_3(0, 7, 0, 0, 7, 0, 7, 5, 0, 5),
    metadata_3(1, 6, 1, 1, 3, 1, 3, 3, 1, 3),
    metadata_3(2, 2, 5, 1, 2, 1),
    metadata_3(0),  # words about the whole photo
)


def official(name: str) -> Path:
    folder = SHARED / "via-official" / name
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    return folder
