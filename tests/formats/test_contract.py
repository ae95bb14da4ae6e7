"""What every format owes, written once. A format without a golden case fails `test_every_format_has_a_case`."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image

from segdata.errors import ConfigError, DataError
from segdata.formats import Reader, format_names
from segdata.label_map import LabelMap
from segdata.ontology import ontology_of_names
from segdata.photo import Photo, Resize, nearest_pixels
from tests.golden.cases import CASES, NUM_SCENES, SIZE_HW, Case, Truth


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
        pytest.fail(f"format {request.param!r} has no tests/golden/{request.param}/case.py")
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


def test_the_full_mask_is_let_go_of_before_the_photo_is_decoded(
    golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted, read, masks, alive = Photo.fitted, Photo.read, list[weakref.ref[np.ndarray]](), list[bool]()

    def noted(self: Photo, mask: np.ndarray, resize: Resize | None) -> np.ndarray:
        masks.append(weakref.ref(mask if mask.base is None else mask.base))
        return fitted(self, mask, resize)

    def watched(self: Photo, resize: Resize | None = None) -> np.ndarray:
        alive.append(masks[-1]() is not None)
        frame = sys._getframe().f_back
        while frame is not None and frame.f_code.co_filename != __file__:  # whatever else the reader holds
            alive[-1] |= any(
                isinstance(value, np.ndarray) and value.shape[:2] == SIZE_HW
                for value in frame.f_locals.values()
            )
            frame = frame.f_back
        return read(self, resize)

    monkeypatch.setattr(Photo, "fitted", noted)
    monkeypatch.setattr(Photo, "read", watched)
    reader = golden.case.open(golden.root)
    for id in reader.ids():
        reader.read(id, Resize((45, 67)))
    assert alive == [False] * len(golden.truth)


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


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.photos_by_id])
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
    folder = photo.parent.relative_to(own.root)
    assert finding.file == (folder / f"caf\\xe9{photo.suffix}").as_posix()
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
    if golden.case.maps != "both":
        is_named = golden.case.maps == "names"
        lacking = LabelMap(lacking.by_name, {}) if is_named else LabelMap({}, lacking.by_value)
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
