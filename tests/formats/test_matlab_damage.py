"""`.mat` files that are damaged, foreign or hostile: an error that names the file and what to export."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matio.utils.matclass import MatlabOpaque

from segdata.errors import ConfigError, DataError, MissingExtraError
from segdata.formats._parts import matlab_elements
from tests.formats.matlab_cases import cells, definition, export, ground_truth, open_matlab, photo, save
from tests.formats.matlab_cases import struct as matlab_struct


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return export(tmp_path, {"a.jpg": [[1, 2]], "b.jpg": [[2, 1]]})


def _refusal(root: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        open_matlab(root, **options)
    assert caught.value.where == "gTruth.mat"
    return str(caught.value)


def test_truncated_anywhere(root: Path) -> None:
    path = root / "gTruth.mat"
    whole = path.read_bytes()
    for size in [0, 1, 100, 127, 128, 132, 136, *range(150, len(whole) - 1, 97), len(whole) - 1]:
        path.write_bytes(whole[:size])
        assert "save('gTruth.mat', 'gTruth')" in _refusal(root), size


def test_changed_bytes_are_refused_or_read_but_never_crash(root: Path) -> None:
    path = root / "gTruth.mat"
    save(path, compressed=False, gTruth=ground_truth(["a.jpg", "b.jpg"], ["Label_1.png", "Label_2.png"]))
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    random = np.random.Generator(np.random.PCG64(4))
    outcomes = Counter[str]()
    for _ in range(300):
        damaged = whole.copy()
        damaged[random.integers(0, len(whole), 3)] = random.integers(0, 256, 3)
        path.write_bytes(damaged.tobytes())
        try:
            reader = open_matlab(root)
            for id in reader.ids():
                assert id in ("a", "b")
                assert set(np.unique(reader.read(id).mask)) <= {0, 1, 255}
        except DataError:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
    assert outcomes["refused"] > 100, outcomes
    assert outcomes["read"] >= 5, outcomes
    path.write_bytes(random.bytes(4000))
    assert "damaged or foreign .mat file" in _refusal(root)


def test_other_variables_are_listed(root: Path) -> None:
    save(root / "gTruth.mat", x=np.zeros((2, 2)), names=cells(["a"]), S=matlab_struct(a="b"))
    message = _refusal(root)
    assert "variables x (array of numbers), names (cell), S (struct)" in message
    assert "choose Export > To Workspace" in message


def test_labeling_session_is_named(root: Path) -> None:
    save(
        root / "gTruth.mat",
        imageLabelingSession=MatlabOpaque({"Version": matlab_struct(a="b")}, "vision.Session"),
    )
    message = _refusal(root)
    assert "imageLabelingSession (vision.Session)" in message
    assert "a labeling session, not its labels" in message


def test_several_ground_truths_need_a_choice(root: Path) -> None:
    one, other = ground_truth(["a.jpg"], ["Label_1.png"]), ground_truth(["a.jpg"], ["Label_2.png"])
    save(root / "gTruth.mat", first=one, second=other)
    assert "found 2 of them: first, second" in _refusal(root)
    assert open_matlab(root, variable="first").read("a").mask.tolist() == [[0, 1]]
    assert open_matlab(root, variable="second").read("a").mask.tolist() == [[1, 0]]
    assert "did you mean 'first'" in _refusal(root, variable="frist")


def test_rectangles_alone_are_refused_and_beside_pixels_told(root: Path) -> None:
    box = definition("car", [], kind="Rectangle")
    save(root / "gTruth.mat", gTruth=ground_truth(["a.jpg"], ["Label_1.png"], [box]))
    assert "LabelDefinitions: found no pixel label, only car (Rectangle)" in _refusal(root)
    pixels = [definition("sky", 1), definition("road", 2)]
    save(root / "gTruth.mat", gTruth=ground_truth(["a.jpg"], ["Label_1.png"], [box, *pixels]))
    reader = open_matlab(root)
    assert reader.read("a").mask.tolist() == [[0, 1]]
    told = [finding for finding in reader.findings if finding.code == "label-without-pixels"]
    assert [finding.message for finding in told] == ["label car (Rectangle) paints no pixels"]


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        (
            lambda: ground_truth(["v.avi"], ["Label_1.png"], source_type="VideoReader"),
            "a groundTruth of a video",
        ),
        (
            lambda: ground_truth(["a.jpg", "b.jpg"], ["Label_1.png"]),
            "LabelData: found 1 row of PixelLabelData",
        ),
        (
            lambda: ground_truth(["a.jpg"], ["Label_1.png"], [definition("sky", 1.5)]),
            r"'sky': found PixelLabelID",
        ),
        (
            lambda: ground_truth(["a.jpg"], ["Label_1.png"], [definition("sky", 256)]),
            "whole numbers of 0 to 255",
        ),
        (
            lambda: ground_truth(["a.jpg"], ["Label_1.png"], [definition("sky", 1), definition("road", 1)]),
            "'road': found PixelLabelID 1, which 'sky' has too",
        ),
        (lambda: ground_truth(["a.jpg", "a.jpg"], ["Label_1.png", "Label_2.png"]), "id 'a' a second time"),
        (
            lambda: MatlabOpaque({"any": matlab_struct(DataSource="x")}, "groundTruth"),
            "without one LabelDefinitions",
        ),
    ],
)
def test_contradictions_are_refused(root: Path, truth: Callable[[], Any], message: str) -> None:
    save(root / "gTruth.mat", gTruth=truth())
    with pytest.raises(DataError) as caught:
        open_matlab(root)
    assert message in str(caught.value)


def test_no_name_leaves_the_root(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in (r"C:\x\..\..\etc\a.jpg", "../a.jpg"):
        save(root / "gTruth.mat", gTruth=ground_truth([name], ["Label_1.png"]))
        assert "row 1: found the path" in _refusal(root)
    for key in ("photos", "labels", "segmentations", "ground_truth"):
        for folder in ("../elsewhere", "/etc", r"..\x"):
            with pytest.raises(DataError, match="a path inside the source's root folder"):
                open_matlab(root, **{key: folder})
    elsewhere = photo(tmp_path_factory.mktemp("elsewhere") / "c.jpg").parent
    os.symlink(elsewhere, root / "images" / "linked")
    save(root / "gTruth.mat", gTruth=ground_truth(["c.jpg"], ["Label_1.png"]))
    first, second = open_matlab(root).findings[:2]
    assert (first.code, first.file) == ("linked-folder", "images/linked")
    assert second.code == "no-photo"


def test_tables_of_older_releases(root: Path) -> None:
    names = pd.DataFrame({"PixelLabelData": [r"C:\x\Label_2.png", r"C:\x\Label_1.png"]})
    definitions = np.concatenate([definition("sky", 1), definition("road", 2)])
    fields = {
        "DataSource": matlab_struct(Source=cells([r"C:\x\a.jpg", r"C:\x\b.jpg"])),
        "LabelDefinitions": definitions,
        "LabelData": names,
    }
    save(root / "gTruth.mat", as_struct=False, gTruth=MatlabOpaque(fields, "groundTruth"))
    reader = open_matlab(root)
    assert {id: reader.read(id).mask.tolist() for id in reader.ids()} == {"a": [[1, 0]], "b": [[0, 1]]}


def test_ground_truth_of_version_7_3(root: Path) -> None:
    save(root / "gTruth.mat", "v7.3", gTruth=ground_truth(["b.jpg", "a.jpg"], ["Label_1.png", "Label_2.png"]))
    reader = open_matlab(root)
    assert {id: reader.read(id).mask.tolist() for id in reader.ids()} == {"a": [[1, 0]], "b": [[0, 1]]}


def test_variables_that_unpack_without_end_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matlab_elements, "MAX_BYTES", 1 << 24)
    packer = zlib.compressobj(9)
    zeros = bytes(1 << 20)
    packed = b"".join(packer.compress(zeros) for _ in range(17)) + packer.flush()
    header = (root / "gTruth.mat").read_bytes()[:128]
    (root / "gTruth.mat").write_bytes(header + struct.pack("<II", 15, len(packed)) + packed)
    assert "more than 16,777,216 bytes" in _refusal(root)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"groundTruth": matlab_struct(Segmentation=np.array([[1.5, 2], [1, 1]]))}, "holds no label numbers"),
        (
            {"groundTruth": matlab_struct(Segmentation=np.array([[-1.0, 2], [1, 1]]))},
            "holds no label numbers",
        ),
        ({"groundTruth": matlab_struct(Segmentation=np.ones((2, 2, 2)))}, "holds no label numbers"),
        ({"a": np.ones((2, 2)), "b": np.ones((2, 2))}, "found 2 of them: a, b"),
        ({"names": cells(["a"])}, "found variables names (cell)"),
    ],
)
def test_segmentations_that_are_none(tmp_path: Path, variables: dict[str, Any], message: str) -> None:
    photo(tmp_path / "images" / "a.jpg", (2, 2))
    (tmp_path / "truth").mkdir()
    save(tmp_path / "truth" / "a.mat", **variables)
    reader = open_matlab(tmp_path, label_map={1: "sky", 2: "road"}, segmentations="truth")
    with pytest.raises(DataError) as caught:
        reader.read("a")
    assert caught.value.where == "truth/a.mat"
    assert message in str(caught.value)


def test_absent_parts_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gTruth\.mat: found nothing at this path"):
        open_matlab(tmp_path)
    photo(tmp_path / "images" / "a.jpg")
    with pytest.raises(DataError, match="labels: found nothing at this path"):
        open_matlab(tmp_path, label_map={1: "sky"}, ground_truth=None, labels="labels")
    with pytest.raises(ConfigError, match="did you mean 'labels'"):
        open_matlab(tmp_path, label="x")


def test_without_mat_io_the_extra_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matio", None)
    with pytest.raises(MissingExtraError, match=r"segdata\[matlab\]"):
        open_matlab(root)
