"""PASCAL VOC: palette indices, never colours as brightness; lists, borders, label files of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError, UnmappedLabelError
from segdata.formats import OpenSource, open_reader
from segdata.formats.voc import LabelFile, Reader
from segdata.label_map import LabelMap
from segdata.ontology import Ontology, load_ontology, ontology_of_names, voc_palette
from segdata.photo import Resize

INDICES = np.array([[0, 1, 20, 255], [15, 7, 7, 0]], np.uint8)
REAL = Path(__file__).parents[2].parent / "shared" / "data" / "voc-labelme" / "voc"
THREE = ontology_of_names("own", ["ground", "road", "car"])


def _source(
    root: Path,
    ontology: Ontology | str = "voc-21",
    label_map: dict[str | int, str] | None = None,
    **changes: Any,
) -> OpenSource:
    classes = load_ontology(ontology) if isinstance(ontology, str) else ontology
    lookup = LabelMap.identity(classes) if label_map is None else LabelMap.of(label_map, classes)
    parts: dict[str, Any] = {"exif": None, "unlabelled_id": 255, "unannotated": "skip", "options": {}}
    return OpenSource("p.yaml", root, classes, lookup, **{**parts, **changes})


def _reader(root: Path, *arguments: Any, **changes: Any) -> Reader:
    reader = open_reader("voc", _source(root, *arguments, **changes))
    assert isinstance(reader, Reader)
    return reader


def _photo(root: Path, id: str, size_hw: tuple[int, int] = (2, 4), suffix: str = ".jpg") -> Path:
    path = root / "JPEGImages" / f"{id}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size_hw[::-1], (10, 20, 30)).save(path)
    return path


def _palettised(indices: np.ndarray, colors: list[tuple[int, int, int]] | None = None) -> Image.Image:
    picture = Image.fromarray(indices).convert("L")
    picture.putpalette([part for color in colors or voc_palette() for part in color])
    return picture


def _mask(root: Path, id: str, picture: Image.Image) -> Path:
    path = root / "SegmentationClass" / f"{id}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
    return path


def _pair(root: Path, id: str = "a", indices: np.ndarray = INDICES) -> None:
    _photo(root, id, (indices.shape[0], indices.shape[1]))
    _mask(root, id, _palettised(indices))


def _list(root: Path, split: str, text: str) -> None:
    path = root / "ImageSets" / "Segmentation" / f"{split}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_palette_indices_are_the_class_ids(tmp_path: Path) -> None:
    _pair(tmp_path)
    sample = _reader(tmp_path).read("a")
    with Image.open(tmp_path / "SegmentationClass" / "a.png") as stored:
        assert stored.mode == "P"
        assert np.array_equal(sample.mask, np.asarray(stored))
    assert sample.mask.tolist() == INDICES.tolist()
    assert sample.findings == ()
    assert _reader(tmp_path).read("a", Resize((1, 4))).mask.tolist() == [[15, 7, 7, 0]]


def test_mask_in_voc_colours_goes_through_the_palette(tmp_path: Path) -> None:
    _pair(tmp_path)
    _mask(tmp_path, "a", _palettised(INDICES).convert("RGB"))
    assert _reader(tmp_path).read("a").mask.tolist() == INDICES.tolist()


def test_unknown_colour_is_an_error_with_its_place(tmp_path: Path) -> None:
    _pair(tmp_path)
    coloured = _palettised(INDICES).convert("RGB")
    coloured.putpixel((2, 1), (64, 127, 0))
    _mask(tmp_path, "a", coloured)
    with pytest.raises(DataError) as caught:
        _reader(tmp_path).read("a")
    assert caught.value.where == "SegmentationClass/a.png"
    assert caught.value.place == "row 1, column 2"
    assert caught.value.found == "colour (64, 127, 0) (1 pixel of unknown colours)"


def test_index_beyond_the_ontology_is_an_error_with_its_place(tmp_path: Path) -> None:
    _pair(tmp_path, indices=np.array([[0, 3, 3]], np.uint8))
    with pytest.raises(UnmappedLabelError, match="row 0, column 1: found value 3 \\(2 pixels"):
        _reader(tmp_path, THREE).read("a")


def test_border_is_ignore_and_no_class(tmp_path: Path) -> None:
    _pair(tmp_path, indices=np.array([[0, 7, 255]], np.uint8))
    label_map: dict[str | int, str] = {0: "ignore", 7: "car"}
    assert _reader(tmp_path, THREE, label_map).read("a").mask.tolist() == [[255, 2, 255]]
    assert _reader(tmp_path, THREE, label_map | {255: "ignore"}).read("a").mask.tolist() == [[255, 2, 255]]
    with pytest.raises(ConfigError, match=r"source\.label_map\.255: found 'road'; expected 'ignore'"):
        _reader(tmp_path, THREE, label_map | {255: "road"})


def test_names_in_the_label_map_stand_in_the_label_file(tmp_path: Path) -> None:
    _pair(tmp_path, indices=np.array([[0, 1]], np.uint8))
    (tmp_path / "class_names.txt").write_text("floor\nroad\n")
    options = {"labels": "class_names.txt"}
    with pytest.raises(
        ConfigError, match="found the name 'raod'; expected a name of class_names.txt; did you mean 'road'"
    ):
        _reader(tmp_path, THREE, {"floor": "ground", "raod": "road"}, options=options)
    reader = _reader(tmp_path, THREE, {"floor": "ground", "road": "road"}, options=options)
    assert reader.read("a").mask.tolist() == [[0, 1]]


def test_two_masks_of_one_photo_are_refused(tmp_path: Path) -> None:
    _pair(tmp_path, indices=np.array([[0, 7]], np.uint8))
    other = tmp_path / "SegmentationClass/a.PNG"
    _palettised(np.array([[15, 15]], np.uint8)).save(other)
    if len([*other.parent.iterdir()]) < 2:
        other = other.with_suffix(".mat")  # on disks where a.PNG is a.png
        other.write_bytes(b"")
    reader = _reader(tmp_path)
    for call in (reader.read, reader.files, reader.fingerprint):
        with pytest.raises(DataError) as caught:
            call("a")
        assert caught.value.found == "several masks of the name 'a'"
        assert set(caught.value.where.split(" and ")) == {
            "SegmentationClass/a.png",
            f"SegmentationClass/{other.name}",
        }
    other.unlink()
    assert _reader(tmp_path).read("a").mask.tolist() == [[0, 7]]


def test_foreign_palette_keeps_the_indices_and_is_told(tmp_path: Path) -> None:
    _pair(tmp_path)
    shifted = [*voc_palette()[:7], (1, 2, 3), *voc_palette()[8:]]
    _mask(tmp_path, "a", _palettised(INDICES, shifted))
    sample = _reader(tmp_path).read("a")
    assert sample.mask.tolist() == INDICES.tolist()
    (finding,) = sample.findings
    assert (finding.code, finding.severity, "the first 7" in finding.message) == (
        "foreign-palette",
        "note",
        True,
    )


def test_short_palette_and_grey_masks_give_indices(tmp_path: Path) -> None:
    indices = np.array([[0, 1, 2, 1]], np.uint8)
    _photo(tmp_path, "a", (1, 4))
    _mask(tmp_path, "a", _palettised(indices, voc_palette()[:3]))
    _photo(tmp_path, "b", (1, 4))
    _mask(tmp_path, "b", Image.fromarray(indices))
    reader = _reader(tmp_path)
    assert [reader.read(id).mask.tolist() for id in ("a", "b")] == [[[0, 1, 2, 1]]] * 2
    assert [reader.read(id).findings for id in ("a", "b")] == [(), ()]


def test_class_names_let_the_label_map_speak_names(tmp_path: Path) -> None:
    _pair(tmp_path, indices=np.array([[0, 1, 2, 255]], np.uint8))
    (tmp_path / "class_names.txt").write_text("_background_\nvehicle\nstreet\n")
    label_map: dict[str | int, str] = {"_background_": "ground", "vehicle": "car", "street": "road"}
    options = {"labels": "class_names.txt"}
    assert _reader(tmp_path, THREE, label_map, options=options).read("a").mask.tolist() == [[0, 2, 1, 255]]
    with pytest.raises(
        ConfigError, match="source.label_map: found the name '_background_'.*source.options.labels"
    ):
        _reader(tmp_path, THREE, label_map)
    del label_map["street"]
    with pytest.raises(UnmappedLabelError, match="row 0, column 2: found label 'street', value 2"):
        _reader(tmp_path, THREE, label_map, options=options).read("a")


def test_names_of_the_label_file_win_over_their_position(tmp_path: Path) -> None:
    _pair(tmp_path, indices=np.array([[0, 1, 2, 255]], np.uint8))
    (tmp_path / "class_names.txt").write_text("car\nground\nroad\n")
    reader = _reader(tmp_path, THREE, options={"labels": "class_names.txt"})
    assert reader.read("a").mask.tolist() == [[2, 0, 1, 255]]


LABELMAP = "# label:color_rgb:parts:actions\nground:0,0,0::\ncar:250,50,83::\nroad:61,61,245:left,right:\n"


@pytest.mark.parametrize("palettised", [False, True])
def test_colours_of_a_labelmap_say_the_class(tmp_path: Path, palettised: bool) -> None:
    colors = np.array([[[250, 50, 83], [61, 61, 245], [0, 0, 0], [224, 224, 192]]], np.uint8)
    picture = Image.fromarray(colors)
    if palettised:
        indices = np.array([[9, 0, 4, 200]], np.uint8)
        palette = [(7, 7, 7)] * 256
        for index, color in zip(indices[0], colors[0], strict=True):
            palette[index] = (int(color[0]), int(color[1]), int(color[2]))
        picture = _palettised(indices, palette)
    (tmp_path / "labelmap.txt").write_text(LABELMAP)
    _photo(tmp_path, "a", (1, 4))
    _mask(tmp_path, "a", picture)
    assert _reader(tmp_path, THREE, options={"labels": "labelmap.txt"}).read("a").mask.tolist() == [
        [2, 1, 0, 255]
    ]


def test_label_file_is_parsed_strictly(tmp_path: Path) -> None:
    path = tmp_path / "labelmap.txt"
    path.write_text(LABELMAP)
    assert LabelFile.read(path, "labelmap.txt") == LabelFile(
        "labelmap.txt", ("ground", "car", "road"), ((0, 0, 0), (250, 50, 83), (61, 61, 245))
    )
    for text, words in {
        "a:0,0,0::\na:1,1,1::": "line 2: found 'a' again",
        "a:0,0,0::\nb:0,0,0::": "line 2: found colour (0, 0, 0) again",
        "a:0,0,256::": "line 1: found '0,0,256'",
        f"a:0,0,{'9' * 5000}::": "line 1: found '0,0,999",
        "a:0,0,0::\nb\n": "found 2 names, 1 of them with a colour",
        "\n# nothing\n": "found 0 names",
    }.items():
        path.write_text(text)
        with pytest.raises(DataError) as caught:
            LabelFile.read(path, "labelmap.txt")
        assert words in str(caught.value)


def test_lists_are_the_official_splits(tmp_path: Path) -> None:
    for id in ("a", "b", "c", "d"):
        _pair(tmp_path, id)
    _list(tmp_path, "train", "b  \r\n\na\nb\n")
    _list(tmp_path, "val", "\ufeffc")
    _list(tmp_path, "trainval", "a\nb\nc\n")
    reader = _reader(tmp_path)
    assert list(reader.ids()) == ["a", "b", "c"]
    assert [reader.official_split(id) for id in reader.ids()] == ["train", "train", "val"]
    assert [(finding.code, finding.file, finding.place) for finding in reader.findings] == [
        ("listed-twice", "ImageSets/Segmentation/train.txt", "line 4"),
        ("not-listed", "SegmentationClass", ""),
    ]
    assert reader.findings[1].message == "1 mask that no list names: d"


def test_list_in_another_encoding_is_an_error(tmp_path: Path) -> None:
    _pair(tmp_path)
    _list(tmp_path, "train", "a\n")
    (tmp_path / "ImageSets" / "Segmentation" / "train.txt").write_bytes("gr\u00fcn\n".encode("latin-1"))
    with pytest.raises(DataError, match="train.txt: found bytes that are not UTF-8"):
        _reader(tmp_path)


def test_id_in_two_lists_is_an_error(tmp_path: Path) -> None:
    _pair(tmp_path)
    _list(tmp_path, "train", "a\n")
    _list(tmp_path, "val", "b\na\n")
    with pytest.raises(DataError, match="val.txt: line 2: found id 'a', which train.txt lists too"):
        _reader(tmp_path)


@pytest.mark.parametrize("id", ["../a", "/etc/passwd", "x/../a", "..\\a"])
def test_list_cannot_lead_out_of_the_root(tmp_path: Path, id: str) -> None:
    _pair(tmp_path)
    _list(tmp_path, "train", f"{id}\n")
    with pytest.raises(DataError, match="train.txt: line 1: .*expected the id of a photo"):
        _reader(tmp_path)


def test_listed_id_without_photo_or_mask_is_set_aside_and_told(tmp_path: Path) -> None:
    _pair(tmp_path, "a")
    _photo(tmp_path, "no_mask")
    _mask(tmp_path, "no_photo", _palettised(INDICES))
    _list(tmp_path, "train", "a\nno_mask\nno_photo\nnothing\n")
    reader = _reader(tmp_path)
    assert list(reader.ids()) == ["a"]
    assert [(finding.code, finding.file, finding.severity) for finding in reader.findings] == [
        ("not-annotated", "JPEGImages/no_mask.jpg", "error"),
        ("no-photo", "SegmentationClass/no_photo.png", "error"),
        ("no-photo", "ImageSets/Segmentation/train.txt", "error"),
    ]
    assert {finding.action for finding in reader.findings} == {"set aside"}
    assert "'nothing'" in reader.findings[2].message
    blank = _reader(tmp_path, unannotated="background", unlabelled_id=0)
    assert list(blank.ids()) == ["a", "no_mask"]
    assert blank.read("no_mask").mask.tolist() == [[0] * 4] * 2


def test_without_lists_every_mask_is_a_sample_of_no_split(tmp_path: Path) -> None:
    _pair(tmp_path, "roll 2/ü")
    _pair(tmp_path, "b")
    _photo(tmp_path, "unmasked", suffix=".JPEG")
    _photo(tmp_path, "b", suffix=".png")
    _pair(tmp_path, "c")
    reader = _reader(tmp_path)
    assert list(reader.ids()) == ["c", "roll 2/ü"]
    assert [reader.official_split(id) for id in reader.ids()] == [None, None]
    assert [(finding.code, finding.severity) for finding in reader.findings] == [
        ("several-photos", "error"),
        ("not-annotated", "warning"),
    ]
    ignoring = _reader(tmp_path, unannotated="ignore", unlabelled_id=0)
    assert ignoring.read("unmasked").mask.tolist() == [[255] * 4] * 2


def test_boxes_are_no_masks(tmp_path: Path) -> None:
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "a.xml").write_text("<annotation/>")
    _photo(tmp_path, "a")
    with pytest.raises(DataError, match="Boxes are no masks"):
        _reader(tmp_path)


def test_absent_folders_and_wrong_options_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="JPEGImages: found nothing at this path; expected the photos"):
        _reader(tmp_path)
    _photo(tmp_path, "a")
    with pytest.raises(DataError, match="SegmentationClass: found nothing"):
        _reader(tmp_path)
    with pytest.raises(ConfigError, match="unknown key 'mask'; did you mean 'masks'"):
        _reader(tmp_path, options={"mask": "x"})
    with pytest.raises(DataError, match="inside the source's root folder"):
        _reader(tmp_path, options={"photos": "../photos"})


def test_stored_frame_is_turned_with_the_photo(tmp_path: Path) -> None:
    indices = np.array([[1, 2], [3, 4], [5, 6]], np.uint8)
    path = _photo(tmp_path, "a", (3, 2))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (2, 3)).save(path, exif=exif)
    _mask(tmp_path, "a", _palettised(indices))
    assert _reader(tmp_path, exif="as-stored").read("a").mask.tolist() == np.rot90(indices, -1).tolist()
    with pytest.raises(DataError, match="a mask of 3x2.*upright size, 2x3.*source.exif"):
        _reader(tmp_path).read("a")


def test_fingerprint_follows_photo_mask_and_label_file(tmp_path: Path) -> None:
    _pair(tmp_path, indices=np.array([[0, 1]], np.uint8))
    (tmp_path / "names.txt").write_text("ground\nroad\ncar\n")
    options = {"labels": "names.txt"}
    prints = [_reader(tmp_path, THREE, options=options).fingerprint("a")]
    (tmp_path / "names.txt").write_text("ground\ncar\nroad\n")
    prints.append(_reader(tmp_path, THREE, options=options).fingerprint("a"))
    _mask(tmp_path, "a", _palettised(np.array([[0, 2]], np.uint8)))
    prints.append(_reader(tmp_path, THREE, options=options).fingerprint("a"))
    assert len({one.annotation for one in prints}) == 3
    assert len({one.photo for one in prints}) == 1
    reader = _reader(tmp_path)
    (tmp_path / "JPEGImages" / "a.jpg").unlink()
    with pytest.raises(DataError, match="no readable file"):
        reader.fingerprint("a")


@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/voc-labelme")
def test_real_masks_hold_the_pixels_counted_elsewhere() -> None:
    reader = _reader(REAL)
    assert {id: _counts(reader, id) for id in reader.ids()} == {
        "2011_000003": {0: 125_767, 5: 873, 15: 32_900, 255: 9_460},
        "2011_000006": {0: 93_492, 9: 44_306, 15: 34_791, 18: 14_002, 255: 909},
        "2011_000025": {0: 62_022, 6: 118_222, 7: 7_256},
    }


def _counts(reader: Reader, id: str) -> dict[int, int]:
    values, counts = np.unique(reader.read(id).mask, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/voc-labelme")
def test_real_label_names_are_understood() -> None:
    names = (REAL / "class_names.txt").read_text().split("\n")[:21]
    voc = load_ontology("voc-21")
    label_map: dict[str | int, str] = dict(zip(names, voc.names, strict=True))
    reader = _reader(REAL, voc, label_map, options={"labels": "class_names.txt"})
    for id in reader.ids():
        assert np.array_equal(
            reader.read(id).mask, np.load(REAL / "SegmentationClassNpy" / f"{id}.npy").astype(np.uint8)
        )


@pytest.mark.parametrize(
    ("text", "place", "fix"),
    [
        (b"a\na\n", "line 2", "Remove or rename one: every line names a number of its own."),
        (b"a:1,2,3::\nb:1,2,3::\n", "line 2", "Give every label a colour of its own, as its masks have it."),
        (b"a:1,2::\n", "line 1", "Write a line as road:128,64,128::"),
        (b"a:1,2,3::\nb\n", "", "Write a name per line, or name:red,green,blue:: per line throughout."),
        (b"\xff\n", "", "Save it again as UTF-8."),
        (b" " * (1 << 24), "", "Name the list of names or ids, not another file."),
    ],
)
def test_broken_label_files_say_what_to_do(tmp_path: Path, text: bytes, place: str, fix: str) -> None:
    (tmp_path / "labelmap.txt").write_bytes(text)
    with pytest.raises(DataError) as caught:
        LabelFile.read(tmp_path / "labelmap.txt", "labelmap.txt")
    assert (caught.value.where, caught.value.place, caught.value.fix) == ("labelmap.txt", place, fix)


def test_a_list_line_that_is_no_id_says_what_to_do(tmp_path: Path) -> None:
    _pair(tmp_path)
    _list(tmp_path, "train", "a\n../a\n")
    with pytest.raises(DataError) as caught:
        _reader(tmp_path)
    assert (caught.value.where, caught.value.place) == ("ImageSets/Segmentation/train.txt", "line 2")
    assert caught.value.fix == "Write the photo's name without folder and extension, as 2007_000032."
