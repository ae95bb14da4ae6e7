"""Anybody's predicted masks against a truth: pairs, encodings, sizes, and what is refused, with figures to check by eye."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError
from segdata.evaluation.encodings import Encoding
from segdata.evaluation.folder import FolderScores, score_folder
from segdata.evaluation.folder_text import problem_lines, result_lines
from segdata.evaluation.pairing import pair
from segdata.evaluation.truths import Classes, FolderTruth, open_truth, read_classes
from segdata.ontology import Ontology, load_ontology, ontology_of_names

THREE = ontology_of_names("three", ["sky", "road", "car"], [(70, 130, 180), (128, 64, 128), (0, 0, 142)])
TRUTH = {"berlin/a": [[0, 0, 1], [1, 2, 255]], "berlin/b": [[1, 1, 1], [1, 1, 1]]}
PREDICTED = {"berlin/a": [[0, 1, 1], [1, 2, 0]], "berlin/b": [[1, 1, 1], [1, 2, 255]]}
# Known: sky 1 of 2 right, never predicted wrongly; road 2 + 4 right of 8, 1 wrong; car 1 of 1 right, 1 wrong.
IOU = {"sky": 1 / 2, "road": 6 / 9, "car": 1 / 2}


def write_grey(path: Path, mask: list[list[int]], dtype: type = np.uint8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(mask, dtype)).save(path)


def write_palettised(path: Path, mask: list[list[int]], palette: list[tuple[int, int, int]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.array(mask, np.uint8))
    picture.putpalette([part for color in palette for part in color])
    picture.save(path)


def write_colored(path: Path, mask: list[list[int]], ontology: Ontology) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(ontology.color_table()[np.array(mask)]).save(path)


@pytest.fixture
def truth(tmp_path: Path) -> FolderTruth:
    for id, mask in TRUTH.items():
        write_grey(tmp_path / "truth" / f"{id}.png", mask)
    return FolderTruth(tmp_path / "truth", Classes(THREE, colors_known=True))


def predictions(tmp_path: Path, name: str = "{id}.png") -> Path:
    for id, mask in PREDICTED.items():
        write_grey(tmp_path / "predicted" / name.format(id=id, flat=id.replace("/", "__"), last=id[-1]), mask)
    return tmp_path / "predicted"


def figure(result: FolderScores, protocol: str) -> float | None:
    return next(one.value for one in result.protocols if one.protocol == protocol)


def test_the_figures_are_those_counted_by_eye(truth: FolderTruth, tmp_path: Path) -> None:
    result = score_folder(predictions(tmp_path), truth)
    assert (result.scored, result.truths, result.missing, result.extra) == (2, 2, (), ())
    assert {one.name: one.iou for one in result.classes} == {name: round(iou, 6) for name, iou in IOU.items()}
    assert [one.pixels for one in result.classes] == [2, 8, 1]
    assert figure(result, "mean-iou") == round(sum(IOU.values()) / 3, 6)
    assert figure(result, "pixel-accuracy") == round(8 / 11, 6)
    assert figure(result, "onehot-accuracy") == round(9 / 12, 6)
    assert figure(result, "per-image-accuracy") == round((4 / 5 + 4 / 6) / 2, 6)
    low, high = result.protocols[0].interval
    assert low is not None and high is not None and low <= sum(IOU.values()) / 3 <= high


@pytest.mark.parametrize("name", ["{id}.png", "{flat}.png", "{last}.png", "val/{id}.png"])
def test_names_that_pair(truth: FolderTruth, tmp_path: Path, name: str) -> None:
    assert score_folder(predictions(tmp_path, name), truth).scored == 2


def test_cityscapes_names_pair_by_their_frame(tmp_path: Path) -> None:
    for suffix in ("_leftImg8bit", "_gtFine_labelIds", "", "_anything"):
        folder = tmp_path / f"x{suffix}"
        write_grey(folder / f"val/aachen_000001_000019{suffix}.png", [[0]])
        pairs = pair(["aachen_000001_000019", "aachen_000002_000019"], folder)
        assert list(pairs.files) == ["aachen_000001_000019"]
        assert pairs.missing == ["aachen_000002_000019"]


def test_a_name_in_another_folder_is_another_photo(truth: FolderTruth, tmp_path: Path) -> None:
    folder = predictions(tmp_path)
    (folder / "berlin" / "b.png").unlink()
    write_grey(folder / "paris" / "b.png", [[0]])
    pairs = pair(truth.ids(), folder)
    assert (list(pairs.files), pairs.missing) == (["berlin/a"], ["berlin/b"])
    assert pairs.extra == [str(folder / "paris" / "b.png")]


def test_a_last_name_that_two_truths_have_pairs_with_neither(tmp_path: Path) -> None:
    write_grey(tmp_path / "c.png", [[0]])
    write_grey(tmp_path / "a.png", [[0]])
    pairs = pair(["berlin/a", "paris/a", "paris/c"], tmp_path)
    assert (list(pairs.files), pairs.missing) == (["paris/c"], ["berlin/a", "paris/a"])


def test_two_predictions_for_one_truth(truth: FolderTruth, tmp_path: Path) -> None:
    folder = predictions(tmp_path)
    write_grey(folder / "a.png", [[0]])
    with pytest.raises(
        DataError, match=r"a\.png and .*a\.png: found two predictions for berlin/a; expected one"
    ):
        score_folder(folder, truth)


def test_no_prediction_at_all(truth: FolderTruth, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty: found no mask"):
        score_folder(tmp_path / "empty", truth)
    write_grey(tmp_path / "other" / "x.png", [[0]])
    with pytest.raises(
        DataError, match=r"x\.png, …\); expected files named like the truths \(berlin/a\.png, …\)"
    ):
        score_folder(tmp_path / "other", truth)


def test_missing_and_extra_ones_are_listed_and_not_scored(truth: FolderTruth, tmp_path: Path) -> None:
    folder = predictions(tmp_path)
    (folder / "berlin" / "b.png").rename(folder / "z.png")
    result = score_folder(folder, truth)
    assert (result.scored, result.truths, result.complete) == (1, 2, False)
    assert figure(result, "pixel-accuracy") == 0.8  # of photo a alone
    assert list(problem_lines(result)) == [
        "1 photo without a prediction, not scored: berlin/b",
        f"1 prediction of no photo, not looked at: {folder / 'z.png'}",
        "The figures are those of 1 photo, not of all 2: comparable with nothing that was scored on all.",
    ]


def test_another_size_is_an_error_unless_resizing_is_asked_for(truth: FolderTruth, tmp_path: Path) -> None:
    folder = predictions(tmp_path)
    write_grey(folder / "berlin" / "b.png", [[1, 1, 1, 1, 1, 1]] * 4)
    with pytest.raises(DataError) as caught:
        score_folder(folder, truth)
    assert str(caught.value) == (
        f"{folder / 'berlin' / 'b.png'}: found 4x6 (height x width); expected 2x3 (height x width), the truth's size. "
        "Predict at that size, or give --resize-predictions nearest."
    )
    result = score_folder(folder, truth, resize=True)
    assert (result.resized, figure(result, "pixel-accuracy")) == (1, round(10 / 11, 6))
    assert "  1 prediction of another size, resized to the truth's by nearest pixel" in result_lines(result)


def test_a_value_that_is_no_class_is_named_with_its_place(truth: FolderTruth, tmp_path: Path) -> None:
    folder = predictions(tmp_path)
    write_grey(folder / "berlin" / "a.png", [[0, 1, 1], [1, 3, 3]])
    with pytest.raises(DataError) as caught:
        score_folder(folder, truth)
    assert str(caught.value).startswith(
        f"{folder / 'berlin' / 'a.png'}: row 1, column 1: found value 3 (2 such pixels); "
        "expected a class id of 0 to 2 (0 sky, 1 road, 2 car), or 255 for no class. "
    )


def test_a_stray_value_in_a_folder_of_truths_is_an_error(truth: FolderTruth, tmp_path: Path) -> None:
    write_grey(tmp_path / "truth" / "berlin" / "b.png", [[1, 1, 1], [1, 1, 9]])
    with pytest.raises(DataError) as caught:
        score_folder(predictions(tmp_path), truth)
    assert str(caught.value).startswith(
        f"{tmp_path}/truth/berlin/b.png: row 1, column 2: found value 9 (1 such"
    )
    assert str(caught.value).endswith(
        "A truth in another form needs a pipeline file, whose source.label_map says what its values are."
    )


def test_of_cityscapes_files_only_the_label_ids_are_truth(tmp_path: Path) -> None:
    frame = "gt/val/aachen/aachen_000000_000019_gtFine"
    write_grey(tmp_path / f"{frame}_labelIds.png", [[7, 8, 0, 26]])
    write_grey(tmp_path / f"{frame}_labelTrainIds.png", [[0, 1, 255, 13]])
    write_grey(tmp_path / f"{frame}_instanceIds.png", [[7, 8, 0, 26001]], np.uint16)
    write_colored(tmp_path / f"{frame}_color.png", [[0, 1, 255, 13]], load_ontology("cityscapes-19"))
    write_grey(tmp_path / "predicted/aachen_000000_000019_leftImg8bit.png", [[0, 1, 3, 1]])
    truth = FolderTruth(tmp_path / "gt", Classes(load_ontology("cityscapes-19"), True))
    assert truth.said_to_be.endswith("gt, files *_labelIds alone, each mask at its own size")
    assert truth.read(truth.ids()[0]).tolist() == [[0, 1, 255, 13]]
    result = score_folder(tmp_path / "predicted", truth)
    assert (result.scored, result.truths, figure(result, "mean-iou")) == (1, 1, 0.5)


ENCODED: dict[Encoding, str] = {
    "index": "grey",
    "palette": "palettised in the ontology's colours",
    "colors": "RGB",
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_encodings_are_guessed_and_told(truth: FolderTruth, tmp_path: Path, encoding: Encoding) -> None:
    for id, mask in PREDICTED.items():
        path = tmp_path / "predicted" / f"{id}.png"
        if encoding == "index":
            write_grey(path, mask)
        elif encoding == "palette":
            write_palettised(path, mask, list(map(tuple, THREE.color_table().tolist())))
        else:
            write_colored(path, mask, THREE)
    guessed, said = (score_folder(tmp_path / "predicted", truth, encoding=one) for one in (None, encoding))
    assert guessed.encoding == said.encoding == encoding
    assert guessed.encoding_guessed is not None and said.encoding_guessed is None
    assert guessed.classes == said.classes
    assert {one.name: one.iou for one in said.classes} == {name: round(iou, 6) for name, iou in IOU.items()}
    assert f"encoding {encoding} (guessed: " in "\n".join(result_lines(guessed))


def test_classes_from_names(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("sky\n road \n\ncar\n", encoding="utf-8")
    found = read_classes(None, path)
    assert found is not None and found.ontology.names == ("sky", "road", "car") and not found.colors_known
    (tmp_path / "names.yaml").write_text("sky: [70, 130, 180]\nroad: [128, 64, 128]\n")
    found = read_classes(None, tmp_path / "names.yaml")
    assert (
        found is not None
        and found.ontology.palette == ((70, 130, 180), (128, 64, 128))
        and found.colors_known
    )
    (tmp_path / "names.yaml").write_text("sky: [70, 130, 280]\n")
    with pytest.raises(ConfigError, match=r"names\.yaml: sky: found \[70, 130, 280\]"):
        read_classes(None, tmp_path / "names.yaml")
    path.write_text("")
    with pytest.raises(ConfigError, match=r"names\.txt: found 0 lines; expected 1 to 255 classes"):
        read_classes(None, path)
    assert read_classes(None, None) is None


def test_colours_need_classes_with_colours(tmp_path: Path) -> None:
    write_grey(tmp_path / "truth" / "a.png", [[0]])
    write_colored(tmp_path / "predicted" / "a.png", [[0]], THREE)
    truth = FolderTruth(tmp_path / "truth", Classes(THREE, colors_known=False))
    with pytest.raises(ConfigError, match="coloured predictions, and classes without colours"):
        score_folder(tmp_path / "predicted", truth)


def test_what_is_neither_pipeline_nor_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--truth: found 'nowhere', neither a pipeline nor a folder"):
        open_truth(None, "nowhere")
    with pytest.raises(ConfigError, match="without its classes; expected --ontology NAME or --names FILE"):
        open_truth(None, str(tmp_path))
    with pytest.raises(ConfigError, match="expected these with a pipeline's name only"):
        open_truth(None, str(tmp_path), split="val", classes=Classes(THREE, True))
    with pytest.raises(DataError, match="found no mask"):
        open_truth(None, str(tmp_path), classes=Classes(THREE, True))


def test_two_masks_of_one_name_in_the_truth(tmp_path: Path) -> None:
    write_grey(tmp_path / "a.png", [[0]])
    write_grey(tmp_path / "a.bmp", [[0]])
    with pytest.raises(DataError, match="two masks of one name"):
        FolderTruth(tmp_path, Classes(THREE, True))


def test_a_last_class_void_is_told(tmp_path: Path) -> None:
    for folder in ("truth", "predicted"):
        write_grey(tmp_path / folder / "a.png", [[0, 1, 255 if folder == "truth" else 1]])
    truth = FolderTruth(tmp_path / "truth", Classes(ontology_of_names("two", ["road", "void"]), False))
    result = score_folder(tmp_path / "predicted", truth)
    assert [one.name for one in result.classes] == ["road"]
    assert (figure(result, "pixel-accuracy"), figure(result, "jaccard-20")) == (1.0, 1.0)
    told = "  class void is the same as 255, not scored: in jaccard-20 and accuracy-20 alone it is a class"
    assert told in result_lines(result)
