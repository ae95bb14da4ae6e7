"""What a survey of a folder that MATLAB labelled sees, and what it proposes."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segdata.errors import MissingExtraError
from segdata.formats import survey_folder
from segdata.sample_data import CLASSES, write_sample_set
from segdata.survey import MOST_MASKS, Survey
from tests.formats.matlab_cases import (
    MatlabOpaque,
    cells,
    definition,
    drawing,
    export,
    ground_truth,
    mask,
    open_matlab,
    outlined,
    parts,
    photo,
    save,
)
from tests.formats.matlab_cases import struct as matlab_struct
from tests.formats.test_matlab_real import BREADBOARD, _real


def survey(root: Path) -> Survey:
    found = survey_folder("matlab", root)
    assert found is not None
    return found


def codes(found: Survey) -> dict[str, int]:
    return Counter(finding.code for finding in found.findings)


def test_the_sample_set(tmp_path: Path) -> None:
    root = tmp_path / "street"
    write_sample_set("matlab", root, num_scenes=6, size_hw=(60, 80))
    found = survey(root)
    assert (found.format, found.certainty, found.annotated, len(found.photos)) == ("matlab", "certain", 6, 6)
    assert found.evidence.startswith("gTruth.mat (MATLAB groundTruth): 6 photos, ")
    assert found.options == {"ground_truth": "gTruth.mat", "photos": "images", "labels": "PixelLabelData"}
    assert isinstance(found.ontology, dict)
    assert (set(found.ontology), set(found.labels)) == (set(CLASSES), set(CLASSES))
    assert (found.looked_at, found.findings, found.label_map) == (6, (), None)
    reader = open_matlab(root, tuple(found.ontology), **found.options)
    assert list(reader.ids()) == [f"street_{number:03d}" for number in range(1, 7)]


def colored(name: str, ids: Any, color: tuple[float, float, float]) -> np.ndarray:
    made = definition(name, ids)
    return matlab_struct(
        **{field: made[field][0, 0] for field in made.dtype.names or ()}, LabelColor=np.array([color])
    )


def test_definitions_give_names_and_colors_and_masks_give_counts(tmp_path: Path) -> None:
    labels = [
        colored("sky", 1, (0.0, 0.5, 1.0)),
        colored("road", [2, 3], (1.0, 0.0, 0.0)),
        colored("never", 9, (0.0, 0.0, 0.0)),
    ]
    masks = {"a.jpg": [[1, 2, 3]], "b.jpg": [[3, 3, 0]], "c.jpg": [[0, 0, 0]], "d.jpg": [[1, 7, 7]]}
    export(tmp_path, masks, labels=labels)
    photo(tmp_path / "images" / "e.jpg")
    found = survey(tmp_path)
    assert found.ontology == {"sky": (0, 128, 255), "road": (255, 0, 0), "never": (0, 0, 0)}
    assert found.labels == {"sky": 2, "road": 2, "never": 0}  # a carries road twice, by 2 and by 3
    assert (found.looked_at, found.annotated, len(found.photos)) == (4, 3, 5)
    assert [(f.code, f.file, f.message) for f in found.findings] == [
        ("value-unnamed", "gTruth.mat", "value 7 on 1 mask, which no label definition has"),
        ("not-annotated", "images/e.jpg", "photo without labels"),
    ]


def test_colors_that_two_labels_share_are_not_proposed(tmp_path: Path) -> None:
    white = (1.0, 1.0, 1.0)
    export(tmp_path, {"a.jpg": [[1, 2]]}, labels=[colored("sky", 1, white), colored("road", 2, white)])
    assert survey(tmp_path).ontology is None
    export(tmp_path, {"a.jpg": [[1, 2]]})  # definitions without a colour
    assert survey(tmp_path).ontology is None


def test_where_the_parts_lie(tmp_path: Path) -> None:
    root = tmp_path / "day 1" / "export"
    for name in ("a.jpg", "b.jpg"):
        photo(tmp_path / "Fotos" / name, (1, 2))
    for number in (1, 2):
        mask(root / "GroundTruthProject" / "PixelLabelData" / f"Label_{number}.png", [[1, 2]])
        mask(root / "GroundTruthProject" / "temp" / f"Label_{number}.png", [[1, 2]])
    save(root / "labels.mat", gTruth=ground_truth(["a.jpg", "b.jpg"], ["Label_1.png", "Label_2.png"]))
    found = survey(tmp_path)
    assert found.options == {
        "ground_truth": "day 1/export/labels.mat",
        "photos": "Fotos",
        "labels": "day 1/export/GroundTruthProject/PixelLabelData",
    }
    assert found.annotated == 2
    assert [finding.line() for finding in found.findings] == [
        "note: day 1/export/labels.mat (row 1): 2 photos recorded in 'images' were found in Fotos/, "
        "such as 'Fotos/a.jpg' [other-folder: taken by name]"
    ]
    assert len(open_matlab(tmp_path, **found.options).ids()) == 2


def test_several_ground_truths_are_choices(tmp_path: Path) -> None:
    export(tmp_path, {"a.jpg": [[1, 2]], "b.jpg": [[1, 2]]})
    one = ground_truth(["a.jpg"], ["Label_1.png"])
    both = ground_truth(["a.jpg", "b.jpg"], ["Label_1.png", "Label_2.png"])
    save(tmp_path / "gTruth.mat", second=both, first=both)
    save(tmp_path / "older.mat", gTruth=one)
    found = survey(tmp_path)
    assert (found.options["ground_truth"], found.options["variable"]) == ("gTruth.mat", "first")
    assert found.choices == {"variable": ["second"], "ground_truth": ["older.mat"]}
    assert [(f.code, f.file) for f in found.findings] == [("annotations-alike", "older.mat")]
    assert len(open_matlab(tmp_path, **found.options).ids()) == 2


def test_polygons_and_boxes(tmp_path: Path) -> None:
    for name in "ab":
        photo(tmp_path / f"images/{name}.jpg", (6, 8))
    triangle = [[1, 1], [4, 1], [4, 6]]
    rows = [
        {"sky": parts(triangle, triangle), "car": np.array([[1.0, 1, 2, 2]])},
        {"sky": np.zeros((0, 0)), "car": np.zeros((0, 0))},
    ]
    labels = [drawing("sky", color=(0, 0, 1)), drawing("car", "Rectangle", color=(1, 0, 0))]
    save(tmp_path / "gTruth.mat", gTruth=outlined(["a.jpg", "b.jpg"], labels, rows))
    found = survey(tmp_path)
    assert (found.shapes, found.labels) == ({"polygon": 2, "rect": 1}, {"sky": 2, "car": 1})
    assert (found.looked_at, found.annotated) == (None, 1)
    assert found.ontology == {"sky": (0, 0, 255), "car": (255, 0, 0)}
    assert found.options == {"ground_truth": "gTruth.mat", "photos": "images"}
    assert codes(found) == {"not-annotated": 1}


def test_many_masks_are_looked_at_in_part_and_photos_not_at_all(tmp_path: Path) -> None:
    count = 1500
    names = [f"{number:04d}.jpg" for number in range(count)]
    (tmp_path / "images").mkdir()
    for name in names:
        (tmp_path / "images" / name).write_bytes(b"")
    one = mask(tmp_path / "PixelLabelData" / "Label_0000.png", [[1, 2]]).read_bytes()
    for number in range(count):
        (tmp_path / "PixelLabelData" / f"Label_{number:04d}.png").write_bytes(one)
    masks = [f"Label_{number:04d}.png" for number in range(count)]
    save(tmp_path / "gTruth.mat", gTruth=ground_truth(names, masks))
    found = survey(tmp_path)
    assert (found.annotated, found.looked_at, found.labels) == (count, MOST_MASKS, {"sky": 200, "road": 200})


@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0 MAT-file, cut", b"\x00" * 500])
def test_foreign_and_damaged_files(tmp_path: Path, content: bytes) -> None:
    assert survey_folder("matlab", tmp_path) is None
    assert survey_folder("matlab", tmp_path / "gone") is None
    photo(tmp_path / "images" / "a.jpg")
    mask(tmp_path / "masks" / "a.png", [[1, 2]])
    assert survey_folder("matlab", tmp_path) is None
    (tmp_path / "other.mat").write_bytes(content)
    (tmp_path / "masks" / "a.mat").write_bytes(content)
    assert survey_folder("matlab", tmp_path) is None
    (tmp_path / "gTruth.mat").write_bytes(content)
    found = survey(tmp_path)
    assert (found.certainty, found.annotated) == ("possible", 0)
    assert found.evidence.startswith("gTruth.mat: found")
    assert [(f.code, f.file, f.severity) for f in found.findings] == [("unreadable", "gTruth.mat", "error")]


def test_damaged_ground_truths_are_no_traceback(tmp_path: Path) -> None:
    export(tmp_path, {"a.jpg": [[1, 2]]})
    path = tmp_path / "gTruth.mat"
    save(path, compressed=False, gTruth=ground_truth(["a.jpg"], ["Label_1.png"]))
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    random = np.random.Generator(np.random.PCG64(5))
    for _ in range(150):
        damaged = whole.copy()
        damaged[random.integers(0, len(whole), 2)] = random.integers(0, 256, 2)
        path.write_bytes(damaged.tobytes())
        found = survey_folder("matlab", tmp_path)
        assert found is not None
        assert found.annotated in (0, 1)


def test_damaged_masks_are_told(tmp_path: Path) -> None:
    export(tmp_path, {"a.jpg": [[1, 2]], "b.jpg": [[1, 1]]})
    (tmp_path / "PixelLabelData" / "Label_1.png").write_bytes(b"no picture")
    found = survey(tmp_path)
    assert (found.looked_at, found.labels) == (1, {"sky": 1, "road": 0})
    assert [(f.code, f.file) for f in found.findings] == [("unreadable", "PixelLabelData/Label_1.png")]


def test_a_session_says_what_to_export(tmp_path: Path) -> None:
    session = MatlabOpaque({"Version": matlab_struct(a="b")}, "vision.Session")
    save(tmp_path / "imageLabelingSession.mat", imageLabelingSession=session)
    found = survey(tmp_path)
    assert found.certainty == "possible"
    assert "a labeling session, not its labels" in found.findings[0].action
    save(tmp_path / "imageLabelingSession.mat", x=cells(["a"]))
    assert "variables x (cell)" in survey(tmp_path).findings[0].message


def test_without_mat_io_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(tmp_path, {"a.jpg": [[1, 2]]})
    monkeypatch.setitem(sys.modules, "matio", None)
    with pytest.raises(MissingExtraError, match=r"segdata\[matlab\]"):
        survey_folder("matlab", tmp_path)
    (tmp_path / "gTruth.mat").unlink()
    Image.new("L", (3, 2)).save(tmp_path / "PixelLabelData" / "Label_1.png")
    assert survey_folder("matlab", tmp_path) is not None


def test_real_breadboard() -> None:
    found = survey(_real("matlab-breadboard"))
    assert (len(found.photos), found.annotated, found.looked_at) == (65, 20, 20)
    assert list(found.labels) == BREADBOARD
    assert [found.labels[name] for name in ("breadboard", "wire", "led", "mosfet")] == [20, 20, 14, 0]
    assert isinstance(found.ontology, dict)
    assert found.ontology["breadboard"] == (217, 83, 25)
    assert codes(found) == {"not-annotated": 45}


def test_real_sets_that_cannot_be_read() -> None:
    cracks = survey(_real("matlab-cracks"))
    assert (cracks.annotated, cracks.options["labels"]) == (0, "GroundTruthProject/PixelLabelData")
    assert codes(cracks) == {"no-photo": 12}
    video = survey(_real("matlab-video"))
    assert (video.certainty, video.annotated) == ("possible", 0)
    assert "a groundTruth of a video" in video.evidence
    assert "Write the frames as image files" in video.findings[0].action


@pytest.mark.parametrize("name", ["camvid", "voc-labelme", "via-buildings", "via-official"])
def test_real_sets_of_other_formats(name: str) -> None:
    assert survey_folder("matlab", _real(name)) is None
