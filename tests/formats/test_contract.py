"""What every format owes, written once. A format without a golden case here fails `test_every_format_has_a_case`.

The golden cases are the drawn sample sets, whose truth is known to the pixel; `masks`, `coco`, `labelme` and `cvat` are
written from the same scenes.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError
from segdata.formats import OpenSource, Reader, format_names, open_reader
from segdata.label_map import LabelMap
from segdata.ontology import ontology_of_names
from segdata.photo import Resize, nearest_pixels
from segdata.sample_data import CLASSES, FORMATS, Scene, iter_truth, write_sample_set
from tests.formats.listed_cases import drop_first_region, write_scenes

NUM_SCENES, SIZE_HW, SEED = 16, (120, 160), 7
Truth = dict[str, Scene]


def _official(id: str, number: int) -> str | None:
    return "train" if number < NUM_SCENES * 3 // 4 else "val"


def _no_split(id: str, number: int) -> str | None:
    return None


def _paint_corner(path: Path) -> None:
    """Change one pixel of a mask file to another number that the file holds; the palette stays."""
    with Image.open(path) as file:
        values, palette = np.array(file), file.getpalette()
    corner = values[0, 0]
    values[0, 0] = next(value for value in np.unique(values) if value not in (corner, 255, 0))
    picture = Image.fromarray(values)
    if palette:
        picture.putpalette(palette)
    picture.save(path)


def _paint_first(pattern: str) -> Callable[[Path], None]:
    return lambda root: _paint_corner(sorted(root.glob(pattern))[0])


def _drop_via_region(root: Path) -> None:
    path = root / "via_region_data.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    del entries[sorted(entries)[0]]["regions"][0]  # the sky, or what hides it
    path.write_text(json.dumps(entries), encoding="utf-8")


@dataclass(frozen=True)
class Case:
    """A golden case: how it is drawn, how it is opened, what must come out.

    edit_annotation changes what one photo's annotation says, and no other's
    photos          pattern of the photo files
    """

    name: str
    edit_annotation: Callable[[Path], None]
    photos: str
    split: Callable[[str, int], str | None] = _no_split
    classes: tuple[str, ...] = CLASSES
    options: dict[str, object] = field(default_factory=dict)

    def draw(self, root: Path) -> None:
        if self.name in FORMATS:
            write_sample_set(self.name, root, num_scenes=NUM_SCENES, size_hw=SIZE_HW, seed=SEED)
            return
        if self.name != "masks":
            write_scenes(self.name, root, self.truth())
            return
        for folder in ("image", "mask"):
            (root / folder).mkdir(parents=True)
        for id, scene in self.truth().items():
            Image.fromarray(scene.image).save(root / "image" / f"{id}.jpg", quality=95)
            Image.fromarray(scene.mask).save(root / "mask" / f"{id}.png")

    def truth(self) -> Truth:
        drawn_as = self.name if self.name in FORMATS else "matlab"
        return dict(iter_truth(drawn_as, NUM_SCENES, SIZE_HW, SEED))

    def open(self, root: Path, **changes: Any) -> Reader:
        ontology = ontology_of_names("street", self.classes)
        parts: dict[str, Any] = {
            "label_map": LabelMap.identity(ontology),
            "exif": None,
            "unlabelled_id": 255,
            "unannotated": "skip",
            "options": self.options,
        }
        return open_reader(self.name, OpenSource("p.yaml", root, ontology, **{**parts, **changes}))


CASES = {
    case.name: case
    for case in (
        Case("via", _drop_via_region, "photos/*.jpg", options={"class_attribute": "type"}),
        Case("matlab", _paint_first("PixelLabelData/*.png"), "images/*.jpg"),
        Case("cityscapes", _paint_first("gtFine/*/*/*_labelIds.png"), "leftImg8bit/*/*/*.png", _official),
        Case(
            "voc",
            _paint_first("SegmentationClass/*.png"),
            "JPEGImages/*.jpg",
            _official,
            ("background", *CLASSES),
        ),
        Case("masks", _paint_first("mask/*.png"), "image/*.jpg"),
        Case("coco", drop_first_region, "images/*.jpg"),
        Case(
            "labelme",
            drop_first_region,
            "images/*.jpg",
            options={"annotations": "images", "photos": "images"},
        ),
        Case("cvat", drop_first_region, "images/*.jpg"),
    )
}


@dataclass(frozen=True)
class Golden:
    case: Case
    root: Path
    truth: Truth = field(repr=False)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Golden]:
    """Each case drawn once; tests must not change it."""
    made: dict[str, Golden] = {}

    def of(name: str) -> Golden:
        if name not in made:
            root = tmp_path_factory.mktemp("golden") / name
            CASES[name].draw(root)
            made[name] = Golden(CASES[name], root, CASES[name].truth())
        return made[name]

    return of


@pytest.fixture(params=format_names())
def golden(request: pytest.FixtureRequest, drawn: Callable[[str], Golden]) -> Golden:
    if request.param not in CASES:
        pytest.fail(f"format {request.param!r} has no golden case in CASES")
    return drawn(request.param)


@pytest.fixture
def own(golden: Golden, tmp_path: Path) -> Golden:
    """A copy that a test may change."""
    root = tmp_path / golden.case.name
    shutil.copytree(golden.root, root)
    return Golden(golden.case, root, golden.truth)


def test_every_format_has_a_case() -> None:
    assert set(format_names()) == set(CASES)


def test_format_file_has_its_parts(golden: Golden) -> None:
    module = importlib.import_module(f"segdata.formats.{golden.case.name}")
    assert len(module.__doc__ or "") > 200
    assert issubclass(module.Options, msgspec.Struct)
    config = module.Options.__struct_config__
    assert (config.frozen, config.forbid_unknown_fields) == (True, True)
    assert all(
        parameter.default is not msgspec.NODEFAULT or parameter.default_factory is not msgspec.NODEFAULT
        for parameter in msgspec.structs.fields(module.Options)
    ), "options have defaults"


def test_ids_are_sorted_and_open_no_photo(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **keywords: object) -> None:
        raise AssertionError("ids() opened a picture")

    monkeypatch.setattr(Image, "open", refuse)
    monkeypatch.setattr(cv2, "imread", refuse)
    reader = golden.case.open(golden.root)
    assert list(reader.ids()) == sorted(golden.truth)
    for number, id in enumerate(sorted(golden.truth)):
        assert reader.official_split(id) == golden.case.split(id, number)


def test_masks_are_what_was_drawn(golden: Golden) -> None:
    reader = golden.case.open(golden.root)
    for id in reader.ids():
        sample, scene = reader.read(id), golden.truth[id]
        assert sample.id == id
        assert sample.original_hw == SIZE_HW
        assert np.array_equal(sample.mask, scene.mask), id
        error = np.abs(sample.image.astype(int) - scene.image).mean()
        assert error < 8, (
            id,
            error,
        )  # a JPEG of these scenes is off by 3 to 5, one turned around by 30 and more
        assert sample.findings == ()
    assert list(reader.findings) == []


def test_resized_mask_is_nearest_of_the_whole(golden: Golden) -> None:
    reader = golden.case.open(golden.root)
    for id in list(reader.ids())[:4]:
        whole, small = reader.read(id), reader.read(id, Resize((45, 67)))
        assert np.array_equal(small.mask, nearest_pixels(whole.mask, (45, 67)))
        assert small.image.shape == (45, 67, 3)
        assert small.original_hw == SIZE_HW


def test_reading_twice_gives_the_same(golden: Golden) -> None:
    one, other = golden.case.open(golden.root), golden.case.open(golden.root)
    for id in one.ids():
        assert one.fingerprint(id) == other.fingerprint(id)
    id = one.ids()[2]
    assert one.read(id).image.tobytes() == other.read(id).image.tobytes()
    assert len({one.fingerprint(id).photo for id in one.ids()}) == NUM_SCENES
    assert len({one.fingerprint(id).annotation for id in one.ids()}) == NUM_SCENES


def test_edited_annotation_changes_one_sample(own: Golden) -> None:
    before = own.case.open(own.root)
    prints = {id: before.fingerprint(id) for id in before.ids()}
    own.case.edit_annotation(own.root)
    after = own.case.open(own.root)
    changed = [id for id in after.ids() if after.fingerprint(id) != prints[id]]
    assert len(changed) == 1
    assert after.fingerprint(changed[0]).photo == prints[changed[0]].photo
    differing = [id for id in after.ids() if not np.array_equal(after.read(id).mask, own.truth[id].mask)]
    assert differing == changed


def test_changed_photo_changes_one_fingerprint(own: Golden) -> None:
    before = own.case.open(own.root)
    prints = {id: before.fingerprint(id) for id in before.ids()}
    photo = sorted(own.root.glob(own.case.photos))[0]
    photo.write_bytes(photo.read_bytes() + b"\0")
    after = own.case.open(own.root)
    changed = [id for id in after.ids() if after.fingerprint(id).photo != prints[id].photo]
    assert len(changed) == 1


@pytest.mark.parametrize("name", ["masks", "voc", "cityscapes"])  # via and matlab write the photo's name down
def test_renamed_photo_changes_one_fingerprint(name: str, tmp_path: Path) -> None:
    """Its id and bytes are the same, but findings and errors name the file."""
    case = CASES[name]
    case.draw(tmp_path)
    before = case.open(tmp_path)
    prints = {id: before.fingerprint(id) for id in before.ids()}
    photo = sorted(tmp_path.glob(case.photos))[0]
    photo.rename(photo.with_suffix(photo.suffix.upper()))
    after = case.open(tmp_path)
    assert after.ids() == before.ids()
    changed = [id for id in after.ids() if after.fingerprint(id) != prints[id]]
    assert len(changed) == 1
    assert after.fingerprint(changed[0]).photo == prints[changed[0]].photo


def test_name_that_is_no_utf8_is_set_aside_and_told(own: Golden) -> None:
    """As unpacking an archive of an old Windows leaves it."""
    photo = sorted(own.root.glob(own.case.photos))[0]
    shutil.copy(photo, os.fsencode(photo.parent) + b"/caf\xe9" + os.fsencode(photo.suffix))
    reader = own.case.open(own.root)
    assert list(reader.ids()) == sorted(own.truth)
    (finding,) = reader.findings
    assert (finding.code, finding.severity, finding.action) == ("file-name", "error", "set aside")
    folder = photo.parent.relative_to(own.root).as_posix()
    assert finding.file == f"{folder}/caf\\xe9{photo.suffix}"
    assert "rename it in UTF-8" in finding.message
    assert finding.file.encode() in msgspec.json.encode(finding).replace(b"\\\\", b"\\")


def test_damaged_photo_is_an_error_of_that_sample_alone(own: Golden) -> None:
    photo = sorted(own.root.glob(own.case.photos))[0]
    photo.write_bytes(photo.read_bytes()[:2000])
    reader = own.case.open(own.root)
    damaged = [id for id in reader.ids() if _error(reader, id)]
    assert len(damaged) == 1
    assert photo.relative_to(own.root).as_posix() in str(_error(reader, damaged[0]))


def test_photo_that_went_away_is_an_error_of_that_sample(own: Golden) -> None:
    reader = own.case.open(own.root)
    photo = sorted(own.root.glob(own.case.photos))[0]
    photo.unlink()
    missing = [id for id in reader.ids() if _error(reader, id)]
    assert len(missing) == 1
    with pytest.raises(DataError) as caught:
        reader.fingerprint(missing[0])
    assert photo.name in str(caught.value)


def test_absent_photo_is_found(own: Golden) -> None:
    photo = sorted(own.root.glob(own.case.photos))[0]
    photo.unlink()
    reader = own.case.open(own.root)
    assert len(reader.ids()) == NUM_SCENES - 1
    findings = [finding for finding in reader.findings if finding.severity == "error"]
    assert len(findings) == 1
    assert findings[0].code == "no-photo"
    assert not Path(findings[0].file).is_absolute()
    assert (own.root / findings[0].file).exists()


def test_empty_root_is_an_error(golden: Golden, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        golden.case.open(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_unknown_option_is_an_error(golden: Golden) -> None:
    with pytest.raises(ConfigError, match=r"p\.yaml: source\.options: found unknown key 'colour'"):
        golden.case.open(golden.root, options={**golden.case.options, "colour": 1})


def test_class_that_the_map_lacks_is_an_error_with_its_name(golden: Golden) -> None:
    """Every scene holds road: without it in the map, no sample may come out."""
    ontology = ontology_of_names("street", golden.case.classes)
    full = LabelMap.identity(ontology)
    road = ontology.id_of("road")
    lacking = LabelMap(
        {name: id for name, id in full.by_name.items() if name != "road"},
        {value: id for value, id in full.by_value.items() if value != road},
    )
    if golden.case.name == "voc":
        lacking = LabelMap({}, lacking.by_value)
    if golden.case.name == "cityscapes":
        lacking = LabelMap(lacking.by_name, {})
    reader = golden.case.open(golden.root, label_map=lacking)
    for id in reader.ids():
        error = _error(reader, id)
        assert error is not None
        assert "road" in str(error) or f"value {road}" in str(error)


def _error(reader: Reader, id: str) -> DataError | None:
    try:
        reader.read(id)
    except DataError as error:
        return error
    return None
