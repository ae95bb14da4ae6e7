"""Real annotated sets through every format and back (see tests/test_real_data.py for what they are)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segdata.export import export_samples
from segdata.export.inputs import open_samples
from tests.export.round_trip import read_back
from tests.projects import SHARED, sample_pipeline, write_project

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real data at {SHARED}")

CAMVID = [
    "sky",
    "building",
    "pole",
    "road",
    "sidewalk",
    "vegetation",
    "traffic sign",
    "fence",
    "car",
    "person",
    "rider",
]
SETS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "voc-labelme/voc": (  # borders included
        {"format": "voc", "ontology": "voc-21"},
        ["2011_000003", "2011_000006", "2011_000025"],
    ),
    "camvid": (  # street scenes full of one-pixel specks
        {
            "format": "masks",
            "ontology": {name: [9 * number, 0, 0] for number, name in enumerate(CAMVID)},
            "label_map": {**dict(enumerate(CAMVID)), 11: "ignore"},
            "options": {"split_folders": True},
        },
        ["train/0006R0_f02520", "train/0001TP_008400", "test/0001TP_008550"],
    ),
}


@pytest.mark.parametrize("root", SETS)
@pytest.mark.parametrize(
    "to", ["via", "voc", "coco", "masks"]
)  # Cityscapes has no place for these classes and folders
def test_real_masks_come_back(tmp_path: Path, root: str, to: str) -> None:
    source, ids = SETS[root]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "set").symlink_to((SHARED / root).resolve())
    splits = {"method": "hash", "shares": {"train": 1.0}}
    pipeline = sample_pipeline("voc") | {"source": {"root": "data/set", "splits": splits, **source}}
    project = write_project(tmp_path, {"real": pipeline})
    samples = open_samples(project, "real", ids=ids)
    export_samples(samples, samples.ontology, to, tmp_path / "out")
    assert samples.findings == []
    reader = read_back(tmp_path / "out")
    assert reader.findings == ()
    for one in samples:
        sample = reader.read(one.id if one.id in reader.ids() else f"train/{one.id}")
        assert np.array_equal(sample.mask, one.mask)
        assert np.array_equal(sample.image, one.pixels())
