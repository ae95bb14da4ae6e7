"""Cityscapes: label ids through the official table, outlines drawn as cityscapesscripts draws them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.helpers.labels import labels, name2label
from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
from cityscapesscripts.preparation.json2labelImg import createLabelImage
from PIL import Image

from segdata.errors import ConfigError, DataError, UnmappedLabelError
from segdata.formats import OpenSource, open_reader
from segdata.formats.cityscapes import Reader
from segdata.label_map import LabelMap
from segdata.ontology import Ontology, load_ontology, ontology_of_names
from segdata.photo import Resize

ID = "aachen_000000_000019"
ALL_IDS = np.arange(34, dtype=np.uint8).reshape(2, 17)
SMALL = ontology_of_names("own", ["road", "car"])


def _source(
    root: Path,
    ontology: Ontology | str = "cityscapes-19",
    label_map: dict[str | int, str] | None = None,
    **changes: Any,
) -> OpenSource:
    classes = load_ontology(ontology) if isinstance(ontology, str) else ontology
    lookup = LabelMap.identity(classes) if label_map is None else LabelMap.of(label_map, classes)
    parts: dict[str, Any] = {"exif": None, "unlabelled_id": 255, "unannotated": "skip", "options": {}}
    return OpenSource("p.yaml", root, classes, lookup, **{**parts, **changes})


def _reader(root: Path, *arguments: Any, **changes: Any) -> Reader:
    reader = open_reader("cityscapes", _source(root, *arguments, **changes))
    assert isinstance(reader, Reader)
    return reader


def _photo(root: Path, id: str = ID, split: str = "train", size_hw: tuple[int, int] = (2, 17)) -> Path:
    path = root / "leftImg8bit" / split / id.split("_")[0] / f"{id}_leftImg8bit.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    (root / "gtFine").mkdir(exist_ok=True)
    (root / "leftImg8bit" / "val").mkdir(exist_ok=True)
    Image.new("RGB", size_hw[::-1], (10, 20, 30)).save(path)
    return path


def _beside(root: Path, kind: str, id: str = ID, split: str = "train", annotation: str = "gtFine") -> Path:
    path = root / annotation / split / id.split("_")[0] / f"{id}_{annotation}_{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _mask(root: Path, values: np.ndarray, kind: str = "labelIds.png", **where: str) -> Path:
    path = _beside(root, kind, **where)
    Image.fromarray(values).save(path)
    return path


def _pair(root: Path, values: np.ndarray = ALL_IDS, kind: str = "labelIds.png") -> Path:
    _photo(root, size_hw=(values.shape[0], values.shape[1]))
    return _mask(root, values, kind)


OBJECTS: list[dict[str, Any]] = [
    {"label": "sky", "polygon": [[0, 0], [59, 0], [59, 20], [0, 20]]},
    {"label": "road", "polygon": [[-5, 20], [70, 18], [64, 45], [0, 39]]},
    {"label": "cargroup", "polygon": [[3, 17], [30.4, 11.5], [41, 33.7], [8, 29]]},
    {"label": "polegroup", "polygon": [[50, 3], [53, 3], [52, 38]]},
    {"label": "license plate", "polygon": [[10, 20], [20, 20], [20, 25]]},
    {"label": "person", "polygon": [[40, 8], [48, 8], [48, 30]], "deleted": 1},
    {"label": "dynamic", "polygon": [[1, 1], [9, 6]]},
    {"label": "bicycle", "polygon": [[33, 22], [55, 37], [31, 35], [50, 24]], "deleted": 0, "user": "x"},
]


def _polygons(root: Path, objects: list[dict[str, Any]], size_hw: tuple[int, int] = (40, 60)) -> str:
    text = json.dumps({"imgHeight": size_hw[0], "imgWidth": size_hw[1], "objects": objects})
    _photo(root, size_hw=(40, 60))
    _beside(root, "polygons.json").write_text(text)
    return text


def _official(text: str, what: str) -> np.ndarray:
    annotation = Annotation()
    annotation.fromJsonText(text)
    drawn = (
        createInstanceImage(annotation, "ids") if what == "instances" else createLabelImage(annotation, what)
    )
    return np.asarray(drawn)


@pytest.mark.parametrize(("ontology", "void"), [("cityscapes-19", 255), ("cityscapes-20", 19)])
def test_every_label_id_goes_through_the_official_table(tmp_path: Path, ontology: str, void: int) -> None:
    _pair(tmp_path)
    official = {label.id: label.trainId for label in labels}
    expected = [void if official[value] in (255, -1) else official[value] for value in range(34)]
    assert _reader(tmp_path, ontology).read(ID).mask.ravel().tolist() == expected
    assert expected[7:9] == [0, 1]
    assert expected[33] == 18


def test_own_ontology_maps_by_name_and_ignores_what_the_benchmark_ignores(tmp_path: Path) -> None:
    _pair(tmp_path, np.array([[7, 26, 0, 9, 30, 24]], np.uint8))
    label_map: dict[str | int, str] = {"road": "road", "car": "car", "person": "ignore", "parking": "road"}
    assert _reader(tmp_path, SMALL, label_map).read(ID).mask.tolist() == [[0, 1, 255, 0, 255, 255]]
    by_value: dict[str | int, str] = {7: "car", 26: "road", 24: "ignore"}
    assert _reader(tmp_path, SMALL, by_value).read(ID).mask.tolist() == [[1, 0, 255, 255, 255, 255]]


def test_evaluated_label_left_out_is_an_error_only_where_it_occurs(tmp_path: Path) -> None:
    _pair(tmp_path, np.array([[7, 26], [7, 24]], np.uint8))
    with pytest.raises(UnmappedLabelError) as caught:
        _reader(tmp_path, SMALL).read(ID)
    assert caught.value.where == f"gtFine/train/aachen/{ID}_gtFine_labelIds.png"
    assert caught.value.place == "row 1, column 1"
    assert "'person'" in caught.value.found
    _mask(tmp_path, np.array([[7, 26], [7, 7]], np.uint8))
    assert _reader(tmp_path, SMALL).read(ID).mask.tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize("value", [34, 200, 255])
def test_value_that_is_no_label_id_is_an_error(tmp_path: Path, value: int) -> None:
    _pair(tmp_path, np.array([[7, 7, 7], [7, value, value]], np.uint8))
    with pytest.raises(UnmappedLabelError, match=f"value {value} \\(2 pixels") as caught:
        _reader(tmp_path).read(ID)
    assert caught.value.place == "row 1, column 1"


def test_train_ids_are_read_as_they_lie(tmp_path: Path) -> None:
    values = np.array([[*range(19), 255]], np.uint8)
    _pair(tmp_path, values, "labelTrainIds.png")
    options = {"truth": "labelTrainIds"}
    nineteen = _reader(tmp_path, options=options)
    assert nineteen.read(ID).mask.tolist() == values.tolist()
    assert _reader(tmp_path, "cityscapes-20", options=options).read(ID).mask.tolist() == [[*range(19), 19]]
    _mask(tmp_path, np.array([[0, 19]], np.uint8), "labelTrainIds.png")
    _photo(tmp_path, size_hw=(1, 2))
    assert _reader(tmp_path, "cityscapes-20", options=options).read(ID).mask.tolist() == [[0, 19]]
    with pytest.raises(UnmappedLabelError, match="value 19"):
        nineteen.read(ID)


def test_label_ids_and_official_train_ids_agree(tmp_path: Path) -> None:
    text = _polygons(tmp_path, OBJECTS)
    _mask(tmp_path, _official(text, "ids"))
    _mask(tmp_path, _official(text, "trainIds"), "labelTrainIds.png")
    by_label_ids = _reader(tmp_path).read(ID).mask
    by_train_ids = _reader(tmp_path, options={"truth": "labelTrainIds"}).read(ID).mask
    assert np.array_equal(by_label_ids, by_train_ids)
    assert set(np.unique(by_label_ids)) == {0, 10, 13, 18, 255}


def test_outlines_are_drawn_as_cityscapesscripts_draws_them(tmp_path: Path) -> None:
    official = _official(_polygons(tmp_path, OBJECTS), "ids")
    sample = _reader(tmp_path).read(ID)
    train_id = np.array([labels[value].trainId for value in range(34)], np.uint8)
    assert np.array_equal(sample.mask, train_id[official])
    assert {name2label[name].id for name in ("car", "polegroup", "dynamic")} <= set(
        np.unique(official).tolist()
    )
    (finding,) = sample.findings
    assert (finding.code, finding.file) == (
        "drawn-from-polygons",
        f"gtFine/train/aachen/{ID}_gtFine_polygons.json",
    )


def test_label_ids_win_over_instance_ids_over_polygons(tmp_path: Path) -> None:
    text = _polygons(tmp_path, OBJECTS)
    drawn = _reader(tmp_path).read(ID).mask
    instances = _official(text, "instances").astype(np.uint16)
    assert instances.max() > 1000
    _mask(tmp_path, instances, "instanceIds.png")
    from_instances = _reader(tmp_path).read(ID)
    assert np.array_equal(from_instances.mask, drawn)
    assert [finding.code for finding in from_instances.findings] == ["read-from-instance-ids"]
    _mask(tmp_path, np.full((40, 60), 7, np.uint8))
    from_label_ids = _reader(tmp_path).read(ID)
    assert from_label_ids.findings == ()
    assert from_label_ids.mask.max() == 0


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"label": "raod"}, UnmappedLabelError, ["object 1", "'raod'", "did you mean 'road'"]),
        ({"polygon": [[0, 0], [1, "x"]]}, DataError, ["$.objects[1].polygon[1][1]", "`str`"]),
        ({"polygon": [[0, 0], [1, 1e300], [2, 2]]}, DataError, ["object 1", "far away"]),
    ],
)
def test_wrong_outline_names_file_and_object(
    tmp_path: Path, change: dict[str, Any], kind: type[DataError], words: list[str]
) -> None:
    _polygons(tmp_path, [OBJECTS[0], {**OBJECTS[1], **change}])
    with pytest.raises(kind) as caught:
        _reader(tmp_path).read(ID)
    assert str(caught.value).startswith(f"gtFine/train/aachen/{ID}_gtFine_polygons.json")
    for word in words:
        assert word in str(caught.value)


def test_lone_point_is_ignored_and_told(tmp_path: Path) -> None:
    _polygons(tmp_path, [OBJECTS[0], {"label": "car", "polygon": [[3, 3]]}])
    sample = _reader(tmp_path).read(ID)
    assert [(finding.code, finding.place) for finding in sample.findings[1:]] == [
        ("too-few-points", "object 1")
    ]
    assert sample.mask[3, 3] == 10


def test_outlines_for_another_size_are_refused(tmp_path: Path) -> None:
    _polygons(tmp_path, OBJECTS, size_hw=(60, 40))
    with pytest.raises(DataError, match="outlines for 60x40"):
        _reader(tmp_path).read(ID)


def test_coloured_and_damaged_masks_are_refused(tmp_path: Path) -> None:
    path = _pair(tmp_path)
    Image.new("RGB", (17, 2)).save(path)
    with pytest.raises(DataError, match="a coloured mask"):
        _reader(tmp_path).read(ID)
    path.write_bytes(b"no picture")
    with pytest.raises(DataError, match="labelIds.png: found a file that is no readable image"):
        _reader(tmp_path).read(ID)


def test_dummy_masks_of_the_test_split_are_refused(tmp_path: Path) -> None:
    id = "berlin_000000_000019"
    _photo(tmp_path, id, "test")
    _mask(tmp_path, ALL_IDS % 4, id=id, split="test")
    options = {"splits": ["test"]}
    reader = _reader(tmp_path, options=options)
    assert (reader.ids(), reader.official_split(id)) == ([id], "test")
    with pytest.raises(DataError, match="dummy mask"):
        reader.read(id)
    _mask(tmp_path, ALL_IDS, id=id, split="test")
    assert reader.read(id).mask[0, 7] == 0


def test_photo_without_annotation_follows_the_policy(tmp_path: Path) -> None:
    _pair(tmp_path)
    other = "bochum_000000_000019"
    _photo(tmp_path, other, "val")
    skipping = _reader(tmp_path)
    assert skipping.ids() == [ID]
    (finding,) = skipping.findings
    assert (finding.code, finding.file, finding.severity) == (
        "not-annotated",
        f"leftImg8bit/val/bochum/{other}_leftImg8bit.png",
        "warning",
    )
    assert finding.action == "set aside"
    background = _reader(tmp_path, unannotated="background", unlabelled_id=3)
    assert background.ids() == [ID, other]
    assert background.official_split(other) == "val"
    assert background.read(other).mask.tolist() == [[3] * 17] * 2
    ignoring = _reader(tmp_path, unannotated="ignore", unlabelled_id=3)
    assert ignoring.read(other).mask.tolist() == [[255] * 17] * 2
    assert ignoring.fingerprint(other) != ignoring.fingerprint(ID)


def test_annotation_without_photo_is_told(tmp_path: Path) -> None:
    _pair(tmp_path)
    _mask(tmp_path, ALL_IDS, id="ulm_000000_000019", split="train")
    reader = _reader(tmp_path, options={"splits": ["train"]})
    assert reader.ids() == [ID]
    (finding,) = reader.findings
    assert (finding.code, finding.severity) == ("no-photo", "error")
    assert finding.file == "gtFine/train/ulm/ulm_000000_000019_gtFine_labelIds.png"


@pytest.mark.parametrize("unannotated", ["skip", "background"])
def test_annotation_without_photo_is_nobody_elses(tmp_path: Path, unannotated: str) -> None:
    _photo(tmp_path, size_hw=(1, 2))
    _photo(tmp_path, "ulm_000000_000001", size_hw=(1, 2))
    _mask(tmp_path, np.array([[7, 8]], np.uint8))
    _mask(tmp_path, np.array([[26, 26]], np.uint8), split="val")
    _mask(tmp_path, np.array([[26, 26]], np.uint8), split="val", id="ulm_000000_000001")
    reader = _reader(tmp_path, unannotated=unannotated, unlabelled_id=1)
    assert [found.file for found in reader.findings if found.code == "no-photo"] == [
        f"gtFine/val/{id.split('_')[0]}/{id}_gtFine_labelIds.png" for id in (ID, "ulm_000000_000001")
    ]
    assert reader.read(ID).mask.tolist() == [[0, 1]]
    assert list(reader.ids()) == ([ID] if unannotated == "skip" else [ID, "ulm_000000_000001"])
    if unannotated == "background":
        assert reader.files("ulm_000000_000001")[1] is None
        assert reader.read("ulm_000000_000001").mask.tolist() == [[1, 1]]


def test_two_masks_of_one_photo_are_refused(tmp_path: Path) -> None:
    _pair(tmp_path, np.array([[7, 8]], np.uint8))
    other = tmp_path / f"gtFine/train/ulm/{ID}_gtFine_labelIds.png"
    other.parent.mkdir()
    Image.fromarray(np.array([[26, 26]], np.uint8)).save(other)
    reader = _reader(tmp_path)
    for call in (reader.read, reader.files, reader.fingerprint):
        with pytest.raises(DataError) as caught:
            call(ID)
        assert caught.value.where == (
            f"gtFine/train/aachen/{ID}_gtFine_labelIds.png and gtFine/train/ulm/{ID}_gtFine_labelIds.png"
        )
        assert caught.value.found == f"several masks of the name '{ID}'"
    other.rename(other.with_name(f"{ID}_gtFine_instanceIds.png"))  # of another kind: the wanted one is taken
    assert _reader(tmp_path).read(ID).mask.tolist() == [[0, 1]]


def test_names_in_the_label_map_are_official_labels(tmp_path: Path) -> None:
    _pair(tmp_path, np.array([[7, 9]], np.uint8))
    with pytest.raises(
        ConfigError, match="found the name 'parkng'; expected a label of Cityscapes; did you mean 'parking'"
    ):
        _reader(tmp_path, SMALL, {"road": "road", "parkng": "car"})
    assert _reader(tmp_path, SMALL, {"road": "road", "parking": "car"}).read(ID).mask.tolist() == [[0, 1]]
    own = ontology_of_names("own", ["road", "carriage"])  # names of one's own need no label map
    assert _reader(tmp_path, own).read(ID).mask.tolist() == [[0, 255]]


def test_id_in_two_splits_is_an_error(tmp_path: Path) -> None:
    _pair(tmp_path)
    _photo(tmp_path, ID, "val")
    with pytest.raises(DataError, match=f"val/aachen/.*id '{ID}' a second time.*train/aachen"):
        _reader(tmp_path)


def test_coarse_annotations_and_the_extra_split(tmp_path: Path) -> None:
    id = "augsburg_000000_000000"
    _photo(tmp_path, id, "train_extra")
    _mask(tmp_path, ALL_IDS, id=id, split="train_extra", annotation="gtCoarse")
    options = {"annotation": "gtCoarse", "splits": ["train_extra"]}
    reader = _reader(tmp_path, options=options)
    assert reader.official_split(id) == "train"
    assert reader.read(id, Resize((1, 17))).mask.tolist() == [reader.read(id).mask[1].tolist()]
    assert reader.read(id).mask[0, 7:9].tolist() == [0, 1]


def test_absent_folder_and_wrong_option_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="leftImg8bit: found nothing at this path"):
        _reader(tmp_path)
    _pair(tmp_path)
    with pytest.raises(DataError, match="leftImg8bit/trian: found nothing"):
        _reader(tmp_path, options={"splits": ["trian"]})
    with pytest.raises(ConfigError, match="annotation"):
        _reader(tmp_path, options={"annotation": "gtfine"})
    with pytest.raises(DataError, match="inside the source's root folder"):
        _reader(tmp_path, options={"splits": ["../../elsewhere"]})


def test_fingerprint_follows_photo_and_annotation_alone(tmp_path: Path) -> None:
    path = _pair(tmp_path)
    before = _reader(tmp_path).fingerprint(ID)
    _beside(tmp_path, "color.png").write_bytes(b"not read")
    assert _reader(tmp_path).fingerprint(ID) == before
    _mask(tmp_path, np.zeros((2, 17), np.uint8))
    after = _reader(tmp_path).fingerprint(ID)
    assert (after.photo, after.annotation != before.annotation) == (before.photo, True)
    reader = _reader(tmp_path)
    path.unlink()
    with pytest.raises(DataError, match="no readable file"):
        reader.fingerprint(ID)


def test_messages_say_what_to_do(tmp_path: Path) -> None:
    again = "Copy it again from the download, or save it again in the label tool."
    _photo(tmp_path, size_hw=(2, 17))
    path = _beside(tmp_path, "polygons.json")
    for text, fix in (
        ("[", again),
        ('{"imgHeight": 2, "imgWidth": 17}', again),
        (
            '{"imgHeight": 4, "imgWidth": 34, "objects": []}',
            "Put the photo that was annotated beside it, or remove one of the two.",
        ),
        (
            '{"imgHeight": 2, "imgWidth": 17, "objects": [{"label": "road", "polygon": [[0, 0], [9e9, 0], [1, 1]]}]}',
            "Move the point back.",
        ),
    ):
        path.write_text(text)
        with pytest.raises(DataError) as caught:
            _reader(tmp_path).read(ID)
        assert caught.value.fix == fix
