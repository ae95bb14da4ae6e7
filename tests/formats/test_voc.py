"""PASCAL VOC: palette indices, never colours as brightness; borders, foreign palettes, turned photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError, UnmappedLabelError
from segdata.formats.voc import Reader
from segdata.ontology import voc_palette
from segdata.photo import Resize
from tests.formats.voc_cases import (
    INDICES,
    REAL,
    THREE,
    voc_reader,
    with_palette,
    write_mask,
    write_pair,
    write_photo,
)


def test_palette_indices_are_the_class_ids(tmp_path: Path) -> None:
    write_pair(tmp_path)
    sample = voc_reader(tmp_path).read("a")
    with Image.open(tmp_path / "SegmentationClass" / "a.png") as stored:
        assert stored.mode == "P"
        assert np.array_equal(sample.mask, np.asarray(stored))
    assert sample.mask.tolist() == INDICES.tolist()
    assert sample.findings == ()
    assert voc_reader(tmp_path).read("a", Resize((1, 4))).mask.tolist() == [[15, 7, 7, 0]]


def test_mask_in_voc_colours_goes_through_the_palette(tmp_path: Path) -> None:
    write_pair(tmp_path)
    write_mask(tmp_path, "a", with_palette(INDICES).convert("RGB"))
    assert voc_reader(tmp_path).read("a").mask.tolist() == INDICES.tolist()


def test_unknown_colour_is_an_error_with_its_place(tmp_path: Path) -> None:
    write_pair(tmp_path)
    coloured = with_palette(INDICES).convert("RGB")
    coloured.putpixel((2, 1), (64, 127, 0))
    write_mask(tmp_path, "a", coloured)
    with pytest.raises(DataError) as caught:
        voc_reader(tmp_path).read("a")
    assert caught.value.where == "SegmentationClass/a.png"
    assert caught.value.place == "row 1, column 2"
    assert caught.value.found == "colour (64, 127, 0) (1 pixel of unknown colours)"


def test_index_beyond_the_ontology_is_an_error_with_its_place(tmp_path: Path) -> None:
    write_pair(tmp_path, indices=np.array([[0, 3, 3]], np.uint8))
    with pytest.raises(UnmappedLabelError, match="row 0, column 1: found value 3 \\(2 pixels"):
        voc_reader(tmp_path, THREE).read("a")


def test_border_is_ignore_and_no_class(tmp_path: Path) -> None:
    write_pair(tmp_path, indices=np.array([[0, 7, 255]], np.uint8))
    label_map: dict[str | int, str] = {0: "ignore", 7: "car"}
    assert voc_reader(tmp_path, THREE, label_map).read("a").mask.tolist() == [[255, 2, 255]]
    assert voc_reader(tmp_path, THREE, label_map | {255: "ignore"}).read("a").mask.tolist() == [[255, 2, 255]]
    with pytest.raises(ConfigError, match=r"source\.label_map\.255: found 'road'; expected 'ignore'"):
        voc_reader(tmp_path, THREE, label_map | {255: "road"})


def test_two_masks_of_one_photo_are_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, indices=np.array([[0, 7]], np.uint8))
    other = tmp_path / "SegmentationClass/a.PNG"
    with_palette(np.array([[15, 15]], np.uint8)).save(other)
    if len([*other.parent.iterdir()]) < 2:
        other = other.with_suffix(".mat")  # on disks where a.PNG is a.png
        other.write_bytes(b"")
    reader = voc_reader(tmp_path)
    for call in (reader.read, reader.files, reader.fingerprint):
        with pytest.raises(DataError) as caught:
            call("a")
        assert caught.value.found == "several masks of the name 'a'"
        assert set(caught.value.where.split(" and ")) == {
            "SegmentationClass/a.png",
            f"SegmentationClass/{other.name}",
        }
    other.unlink()
    assert voc_reader(tmp_path).read("a").mask.tolist() == [[0, 7]]


def test_foreign_palette_keeps_the_indices_and_is_told(tmp_path: Path) -> None:
    write_pair(tmp_path)
    shifted = [*voc_palette()[:7], (1, 2, 3), *voc_palette()[8:]]
    write_mask(tmp_path, "a", with_palette(INDICES, shifted))
    sample = voc_reader(tmp_path).read("a")
    assert sample.mask.tolist() == INDICES.tolist()
    (finding,) = sample.findings
    assert (finding.code, finding.severity, "the first 7" in finding.message) == (
        "foreign-palette",
        "note",
        True,
    )


def test_short_palette_and_grey_masks_give_indices(tmp_path: Path) -> None:
    indices = np.array([[0, 1, 2, 1]], np.uint8)
    write_photo(tmp_path, "a", (1, 4))
    write_mask(tmp_path, "a", with_palette(indices, voc_palette()[:3]))
    write_photo(tmp_path, "b", (1, 4))
    write_mask(tmp_path, "b", Image.fromarray(indices))
    reader = voc_reader(tmp_path)
    assert [reader.read(id).mask.tolist() for id in ("a", "b")] == [[[0, 1, 2, 1]]] * 2
    assert [reader.read(id).findings for id in ("a", "b")] == [(), ()]


def test_stored_frame_is_turned_with_the_photo(tmp_path: Path) -> None:
    indices = np.array([[1, 2], [3, 4], [5, 6]], np.uint8)
    path = write_photo(tmp_path, "a", (3, 2))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (2, 3)).save(path, exif=exif)
    write_mask(tmp_path, "a", with_palette(indices))
    assert voc_reader(tmp_path, exif="as-stored").read("a").mask.tolist() == np.rot90(indices, -1).tolist()
    with pytest.raises(DataError, match="a mask of 3x2.*upright size, 2x3.*source.exif"):
        voc_reader(tmp_path).read("a")


def test_fingerprint_follows_photo_mask_and_label_file(tmp_path: Path) -> None:
    write_pair(tmp_path, indices=np.array([[0, 1]], np.uint8))
    (tmp_path / "names.txt").write_text("ground\nroad\ncar\n")
    options = {"labels": "names.txt"}
    prints = [voc_reader(tmp_path, THREE, options=options).fingerprint("a")]
    (tmp_path / "names.txt").write_text("ground\ncar\nroad\n")
    prints.append(voc_reader(tmp_path, THREE, options=options).fingerprint("a"))
    write_mask(tmp_path, "a", with_palette(np.array([[0, 2]], np.uint8)))
    prints.append(voc_reader(tmp_path, THREE, options=options).fingerprint("a"))
    assert len({one.annotation for one in prints}) == 3
    assert len({one.photo for one in prints}) == 1
    reader = voc_reader(tmp_path)
    (tmp_path / "JPEGImages" / "a.jpg").unlink()
    with pytest.raises(DataError, match="no readable file"):
        reader.fingerprint("a")


@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/voc-labelme")
def test_real_masks_hold_the_pixels_counted_elsewhere() -> None:
    reader = voc_reader(REAL)
    assert {id: _counts(reader, id) for id in reader.ids()} == {
        "2011_000003": {0: 125_767, 5: 873, 15: 32_900, 255: 9_460},
        "2011_000006": {0: 93_492, 9: 44_306, 15: 34_791, 18: 14_002, 255: 909},
        "2011_000025": {0: 62_022, 6: 118_222, 7: 7_256},
    }


def _counts(reader: Reader, id: str) -> dict[int, int]:
    values, counts = np.unique(reader.read(id).mask, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))
