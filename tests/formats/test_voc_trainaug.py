"""VOC trained on trainaug: SBD's masks beside VOC's own, and lists that overlap with val."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError
from segdata.findings import Finding
from segdata.formats import OpenSource, Reader, open_reader
from segdata.formats._parts.voc_lists import read_lists
from segdata.formats._parts.voc_sbd import read_sbd
from segdata.label_map import LabelMap
from segdata.ontology import load_ontology, voc_palette

scipy_io = pytest.importorskip("scipy.io")
scipy_sparse = pytest.importorskip("scipy.sparse")

VALUES = np.array([[0, 15, 15, 255], [0, 0, 7, 20]], np.uint8)


def reader(root: Path, **options: Any) -> Reader:
    classes = load_ontology("voc-21")
    lookup = LabelMap.identity(classes)
    return open_reader("voc", OpenSource("p.yaml", root, classes, lookup, None, 255, "skip", options))


def photo(root: Path, id: str) -> None:
    (root / "JPEGImages").mkdir(exist_ok=True)
    Image.new("RGB", (4, 2)).save(root / "JPEGImages" / f"{id}.jpg")


def png(root: Path, folder: str, id: str, values: np.ndarray = VALUES) -> Path:
    (root / folder).mkdir(parents=True, exist_ok=True)
    picture = Image.frombytes("P", (4, 2), values.tobytes())
    picture.putpalette([part for color in voc_palette() for part in color])
    picture.save(root / folder / f"{id}.png")
    return root / folder / f"{id}.png"


def sbd(path: Path, values: np.ndarray = VALUES, **save: Any) -> Path:
    """As SBD writes it: Boundaries are sparse matrices."""
    path.parent.mkdir(parents=True, exist_ok=True)
    boundaries = np.empty((20, 1), object)
    for index in range(20):
        boundaries[index, 0] = scipy_sparse.csc_matrix(values == index)
    categories = np.array([[15], [7], [20]], np.uint8)
    truth = {"Boundaries": boundaries, "Segmentation": values, "CategoriesPresent": categories}
    scipy_io.savemat(path, {"before": np.eye(3), "GTcls": truth}, **save)
    return path


def lists(root: Path, folder: str = "ImageSets/Segmentation", **ids: str) -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    for name, text in ids.items():
        (root / folder / f"{name}.txt").write_text("".join(f"{id}\n" for id in text.split()))


@pytest.mark.parametrize("compressed", [False, True])
def test_sbd_masks_equal_what_scipy_reads(tmp_path: Path, compressed: bool) -> None:
    values = np.random.default_rng(1).integers(0, 21, (50, 33)).astype(np.uint8)
    path = sbd(tmp_path / "a.mat", values, do_compression=compressed)
    theirs = scipy_io.loadmat(path)["GTcls"][0, 0]["Segmentation"]
    assert np.array_equal(read_sbd(path, "a.mat"), theirs)
    assert np.array_equal(theirs, values)
    as_double = sbd(tmp_path / "b.mat", values.astype(np.float64), do_compression=compressed)
    assert np.array_equal(read_sbd(as_double, "b.mat"), values)


def test_damaged_and_foreign_mat_files_are_errors(tmp_path: Path) -> None:
    """Every cut and every wrong byte gives a mask of the same values elsewhere, or an error that names the file."""
    whole = sbd(tmp_path / "a.mat").read_bytes()
    other = tmp_path / "b.mat"
    random = np.random.default_rng(5)
    for _ in range(600):
        data = bytearray(whole[: random.integers(0, len(whole) + 1)] if random.random() < 0.3 else whole)
        for _ in range(random.integers(0, 4)):
            if data:
                data[random.integers(0, len(data))] = random.integers(0, 256)
        other.write_bytes(data)
        found = _read_or_say(other)
        assert found == (2, 4) or str(found).startswith("b.mat: found a damaged or foreign .mat file")
    scipy_io.savemat(other, {"GTinst": {"Segmentation": VALUES}})
    with pytest.raises(DataError, match=r"b.mat: found .*no struct GTcls.*SBD's dataset/cls"):
        read_sbd(other, "b.mat")
    scipy_io.savemat(other, {"GTcls": {"Segmentation": np.array([[1.5, 2.0]])}})
    with pytest.raises(DataError, match=r"Segmentation holds 1\.5"):
        read_sbd(other, "b.mat")


def _read_or_say(path: Path) -> tuple[int, ...] | str:
    """The shape of a mask; one whose dimensions were swapped for others of as many pixels counts as read."""
    try:
        values = read_sbd(path, "b.mat")
    except DataError as error:
        return str(error)
    assert values.size == VALUES.size
    return VALUES.shape


def test_sbd_masks_fill_what_voc_has_not(tmp_path: Path) -> None:
    for id in ("own", "both", "more"):
        photo(tmp_path, id)
    png(tmp_path, "SegmentationClass", "own")
    png(tmp_path, "SegmentationClass", "both", np.full((2, 4), 3, np.uint8))
    sbd(tmp_path / "dataset/cls/both.mat")
    sbd(tmp_path / "dataset/cls/more.mat")
    lists(tmp_path, trainaug="more both", val="own")
    opened = reader(tmp_path, more_masks="dataset/cls", splits={"train": "trainaug", "val": "val"})
    assert {id: opened.official_split(id) for id in opened.ids()} == {
        "both": "train",
        "more": "train",
        "own": "val",
    }
    assert opened.read("both").mask.tolist() == [[3] * 4] * 2
    assert opened.read("more").mask.tolist() == VALUES.tolist()
    (finding,) = opened.findings
    assert (finding.code, finding.file, finding.action) == (
        "two-masks",
        "dataset/cls",
        "took SegmentationClass",
    )
    assert finding.message == "1 mask that SegmentationClass has too: both"


def test_segmentation_class_aug_lies_beside_vocs_own(tmp_path: Path) -> None:
    for id in ("a", "b"):
        photo(tmp_path, id)
    png(tmp_path, "SegmentationClass", "a")
    png(tmp_path, "SegmentationClassAug", "b", VALUES[::-1].copy())
    opened = reader(tmp_path, more_masks="SegmentationClassAug")
    assert list(opened.ids()) == ["a", "b"]
    assert opened.read("b").mask.tolist() == VALUES[::-1].tolist()
    before = opened.fingerprint("b")
    png(tmp_path, "SegmentationClassAug", "b")
    assert reader(tmp_path, more_masks="SegmentationClassAug").fingerprint("b") != before


def test_sbd_alone_is_a_source(tmp_path: Path) -> None:
    (tmp_path / "img").mkdir()
    Image.new("RGB", (4, 2)).save(tmp_path / "img/2008_000002.jpg")
    sbd(tmp_path / "cls/2008_000002.mat")
    lists(tmp_path, ".", train="2008_000002", val="")
    opened = reader(tmp_path, photos="img", masks="cls", lists=".")
    assert opened.official_split("2008_000002") == "train"
    assert opened.read("2008_000002").mask.tolist() == VALUES.tolist()


def test_trainaug_is_vocs_train_and_sbds_lists_without_val(tmp_path: Path) -> None:
    """As 10,582 = 1,464 and SBD's 11,355 without what val's 1,449 list; here 2 + 6 ids, of which 2 are val's."""
    for id in "abcdefgh":
        photo(tmp_path, id)
        png(tmp_path, "SegmentationClass" if id in "abcd" else "SegmentationClassAug", id)
    lists(tmp_path, train="a b", val="c d")
    lists(tmp_path, "SBD/dataset", train="a c e f", val="d g h")
    sbd_lists = ["../../SBD/dataset/train", "../../SBD/dataset/val"]
    splits = {"train": ["train", *sbd_lists], "val": "val"}
    opened = reader(tmp_path, more_masks="SegmentationClassAug", splits=splits)
    by_split = {name: [id for id in opened.ids() if opened.official_split(id) == name] for name in splits}
    assert by_split == {"train": ["a", "b", "e", "f", "g", "h"], "val": ["c", "d"]}
    assert [(found.code, found.file, found.message, found.action) for found in opened.findings] == [
        (
            "train-overlaps",
            f"SBD/dataset/{name}.txt",
            f"1 id that the lists of val or test hold too: {id}",
            "taken out of train",
        )
        for name, id in (("train", "c"), ("val", "d"))
    ]


def test_lists_of_any_name_must_be_there_and_disjoint(tmp_path: Path) -> None:
    for id in "ab":
        photo(tmp_path, id)
        png(tmp_path, "SegmentationClass", id)
    lists(tmp_path, mine="a", own_val="b", own_test="b")
    opened = reader(tmp_path, splits={"train": "mine", "val": "own_val"})
    assert [opened.official_split(id) for id in opened.ids()] == ["train", "val"]
    with pytest.raises(DataError, match=r"trainaug\.txt: found nothing.*the ids of split train"):
        reader(tmp_path, splits={"train": "trainaug"})
    with pytest.raises(DataError, match=r"own_test\.txt: line 1: found id 'b', which own_val\.txt lists too"):
        reader(tmp_path, splits={"val": "own_val", "test": "own_test"})
    with pytest.raises(DataError, match="inside the source's root folder"):
        reader(tmp_path, splits={"train": "../../../elsewhere"})
    with pytest.raises(ConfigError, match="source.options"):
        reader(tmp_path, splits={"training": "mine"})


def test_overlap_of_vocs_own_lists_stays_an_error(tmp_path: Path) -> None:
    photo(tmp_path, "a")
    png(tmp_path, "SegmentationClass", "a")
    lists(tmp_path, train="a", val="a")
    with pytest.raises(DataError, match="which train.txt lists too.*source.options.splits do so"):
        reader(tmp_path)


def test_full_lists_keep_their_counts(tmp_path: Path) -> None:
    """VOC's 1,464 and 1,449, and trainaug's 10,582 with as many of val's ids among them as SBD's lists may bring."""
    train = [f"t_{number:06}" for number in range(1464)]
    val = [f"v_{number:06}" for number in range(1449)]
    more = [f"s_{number:06}" for number in range(10_582 - 1464)]
    sbd_ids = [*more, *train[:1000], *val[:857]]
    lists(tmp_path, train=" ".join(train), val=" ".join(val), sbd=" ".join(sbd_ids))
    classes = load_ontology("voc-21")
    source = OpenSource("p.yaml", tmp_path, classes, LabelMap.identity(classes), None, 255, "skip", {})
    folder, findings = "ImageSets/Segmentation", list[Finding]()
    assert Counter((read_lists(source, folder, {}, findings) or {}).values()) == {"train": 1464, "val": 1449}
    assert findings == []
    splits = read_lists(source, folder, {"train": ["train", "sbd"], "val": ["val"]}, findings)
    assert Counter((splits or {}).values()) == {"train": 10_582, "val": 1449}
    (finding,) = findings
    assert finding.message.startswith("857 ids that the lists of val or test hold too: v_000000")


@pytest.mark.parametrize("with_empty_folder", [False, True])
@pytest.mark.parametrize("name", ["a.xml", "street/a.xml"])
def test_outlines_in_xml_are_no_masks(tmp_path: Path, with_empty_folder: bool, name: str) -> None:
    photo(tmp_path, "a")
    path = tmp_path / "Annotations" / name
    path.parent.mkdir(parents=True)
    path.write_text("<annotation><object><polygon><pt><x>1</x><y>2</y></pt></polygon></object></annotation>")
    if with_empty_folder:
        (tmp_path / "SegmentationClass").mkdir()
    with pytest.raises(DataError, match=r"Annotations/\*.xml .* outlines in XML are none"):
        reader(tmp_path)


def test_photo_with_boxes_alone_says_that_they_are_no_mask(tmp_path: Path) -> None:
    photo(tmp_path, "a")
    photo(tmp_path, "b")
    png(tmp_path, "SegmentationClass", "a")
    (tmp_path / "Annotations").mkdir()
    for id in "ab":
        (tmp_path / f"Annotations/{id}.xml").write_text("<annotation/>")
    opened = reader(tmp_path)
    assert list(opened.ids()) == ["a"]
    (finding,) = opened.findings
    assert (
        finding.message == "no mask SegmentationClass/b.png; boxes or outlines in Annotations/b.xml are none"
    )


def test_masks_equal_a_plain_palette_index_read(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    for number in range(6):
        photo(tmp_path, f"p{number}")
        values = random.choice([*range(21), 255], (2, 4)).astype(np.uint8)
        path = png(tmp_path, "SegmentationClass", f"p{number}", values)
        with Image.open(path) as stored:
            assert stored.mode == "P"
            assert np.array_equal(reader(tmp_path).read(f"p{number}").mask, np.asarray(stored))
