"""MATLAB files that people made, as they lie in ../shared/data."""

from __future__ import annotations

from pathlib import Path

import pytest

from segdata.errors import DataError
from tests.formats.matlab_cases import open_matlab
from tests.formats.test_matlab import _pixels

SHARED = Path(__file__).parents[3] / "shared" / "data"


BREADBOARD = (
    "breadboard wire push_button chip led resistor capacitor potentiometer buzzer transistor microphone ldr mosfet "
    "crystal_oscillator rotary_encoder toggle_switch"
).split()


def _real(name: str) -> Path:
    if not (SHARED / name).is_dir():
        pytest.skip(f"no real data at {SHARED / name}")
    return SHARED / name


def test_real_breadboard() -> None:
    reader = open_matlab(_real("matlab-breadboard"), BREADBOARD)
    assert len(reader.ids()) == 20
    assert {finding.code for finding in reader.findings} == {"not-annotated"}
    assert len(reader.findings) == 45
    by_id = {
        2: 9_275_384, 3: 717_341, 4: 62_215, 5: 193_803, 6: 234_173, 7: 138_125, 8: 192_103, 9: 5_079, 10: 5_543,
        11: 2_967, 12: 1_283, 13: 445, 15: 586,
    }  # fmt: skip
    assert _pixels(reader) == {255: 5_519_068, **{number - 2: count for number, count in by_id.items()}}


def test_real_cracks_lost_every_photo() -> None:
    root = _real("matlab-cracks")
    with pytest.raises(DataError, match="GroundTruthProject/tempPixelLabelData/Label_1_wall_crack_1.png"):
        open_matlab(root, ("crack",))
    reader = open_matlab(
        root, ("crack",), labels="GroundTruthProject/PixelLabelData", unannotated="background"
    )
    assert list(reader.ids()) == []
    assert [(finding.code, finding.place) for finding in reader.findings] == [
        ("no-photo", f"row {number}") for number in range(1, 13)
    ]
    for number, finding in enumerate(reader.findings, start=1):
        assert f"'wall_crack_{number}.jpg'" in finding.message
        assert ("wall_crack_4.jpeg" in finding.message) == (number == 4)


def test_real_video_is_refused_as_what_it_is() -> None:
    with pytest.raises(
        DataError, match=r"groundTruth of a video \(.*visiontraffic\.avi; VideoReader\).*Car \(Rectangle\)"
    ):
        open_matlab(_real("matlab-video"), ("car",))


def test_real_crackforest() -> None:
    names: dict[str | int, str] = {1: "intact", 2: "crack", 3: "hole", 4: "ignore"}
    root = _real("matlab-crackforest")
    reader = open_matlab(
        root, ("intact", "crack", "hole"), names, photos="image", segmentations="groundTruth"
    )
    assert len(reader.ids()) == 40
    assert list(reader.findings) == []
    assert _pixels(reader) == {0: 6_030_590, 1: 113_405, 2: 5}
