"""Export, then segdata's own reader: ids, splits, classes, masks and photo pixels are what they were."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segdata.export import FORMATS, ExportItem, export_samples
from segdata.export.inputs import open_samples
from segdata.ontology import Label, Ontology, load_ontology, ontology_of_names
from segdata.pipeline import Split
from segdata.sample import Mask
from tests.export.round_trip import (
    IGNORED,
    STREET,
    export,
    item,
    noise,
    photo_for,
    read_back,
    shapes,
    source_of,
)
from tests.projects import sample_project

CITY = ontology_of_names("own", ["road", "car", "sky", "pole"])
IDS = st.sampled_from(["aachen_000000_000019", "IMG_0001", "Straße 7", "a.b", "0", "ulm_1_2"])
SPLITS: tuple[Split, ...] = ("train", "val", "test")


@pytest.mark.parametrize("to", FORMATS)
@settings(max_examples=40, deadline=None)
@given(
    masks=st.dictionaries(IDS, st.one_of(noise(), shapes()), min_size=1, max_size=3),
    splits=st.lists(st.sampled_from(SPLITS), min_size=3, max_size=3),
)
def test_any_masks_come_back(to: str, masks: dict[str, Mask], splits: list[Split]) -> None:
    items = [
        ExportItem(id, split, mask, photo_for(mask))
        for (id, mask), split in zip(masks.items(), splits, strict=False)
        if to != "cityscapes" or split != "test" or (mask != IGNORED).any()  # see test_mask_formats.py
    ]
    if not items:
        return
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        export_samples(items, CITY, to, out)
        reader = read_back(out)
        assert source_of(out).build_ontology() == CITY
        assert reader.findings == ()
        ids = {f"{one.split}/{one.id}" if to == "masks" else one.id: one for one in items}
        assert list(reader.ids()) == sorted(ids)
        for id, one in ids.items():
            sample = reader.read(id)
            assert np.array_equal(sample.mask, one.mask)
            assert np.array_equal(sample.image, one.photo)
            assert reader.official_split(id) == one.split


@pytest.mark.parametrize("to", ["via", "voc", "coco", "masks"])
def test_a_set_without_splits_comes_back(tmp_path: Path, to: str) -> None:
    exported = export(tmp_path / "out", to, item("a/one", [[0, 1]], None), item("two", [[255, 3]], None))
    assert exported.samples == {"all": 2}
    reader = read_back(tmp_path / "out")
    assert list(reader.ids()) == ["a/one", "two"]
    assert [reader.official_split(id) for id in reader.ids()] == [None, None]
    assert reader.read("a/one").mask.tolist() == [[0, 1]]
    assert reader.read("two").mask.tolist() == [[255, 3]]
    assert source_of(tmp_path / "out").splits.shares == {"train": 0.7, "val": 0.15, "test": 0.15}


@pytest.mark.parametrize("format", ["via", "matlab", "cityscapes", "voc"])
def test_the_sample_sets_come_back_from_every_format(tmp_path: Path, format: str) -> None:
    project = sample_project(tmp_path / "project", format, num_scenes=5)
    samples = open_samples(project, format)
    truth = {one.id: (one.mask, one.pixels(), one.split) for one in samples}
    assert len(truth) == 5
    for to in FORMATS:
        exported = export_samples(samples, samples.ontology, to, tmp_path / to)
        assert exported.findings == []
        reader = read_back(tmp_path / to)
        assert reader.findings == ()
        for id, (mask, image, split) in truth.items():
            name = f"{split}/{id}" if to == "masks" else id
            sample = reader.read(name)
            assert np.array_equal(sample.mask, mask), (to, id)
            assert np.array_equal(sample.image, image), (to, id)
            assert reader.official_split(name) == split


BUILT_IN = [(to, name) for to in FORMATS for name in ("cityscapes-19", "cityscapes-20", "voc-21")]
BUILT_IN.remove(("cityscapes", "voc-21"))  # refused, see test_mask_formats.py


@pytest.mark.parametrize(("to", "name"), BUILT_IN)
def test_built_in_classes_keep_their_names(tmp_path: Path, to: str, name: str) -> None:
    ontology = load_ontology(name)
    rows = [list(range(len(ontology))), [255] * len(ontology)]
    export(tmp_path / "out", to, item("a_1_2", rows, "val"), ontology=ontology)
    assert source_of(tmp_path / "out").ontology == name
    reader = read_back(tmp_path / "out")
    assert reader.read(reader.ids()[0]).mask.tolist() == rows


@pytest.mark.parametrize("to", ["via", "voc", "coco", "masks"])
def test_odd_class_names_and_colours_come_back(tmp_path: Path, to: str) -> None:
    names = [
        "1e-3",
        "yes",
        "null",
        "0x1f",
        "a: b",
        "#x",
        "ümläut",
        "12",
        "- x",
        "'",
        " lead",
        "~",
        "1_0",
        ".5",
        "=",
    ]
    ontology = Ontology("own", tuple(Label(name, (9, 9, 9)) for name in names))
    rows = [list(range(len(names)))]
    export(tmp_path / "out", to, item("a", rows), ontology=ontology)
    assert source_of(tmp_path / "out").build_ontology() == ontology
    reader = read_back(tmp_path / "out")
    assert reader.read(reader.ids()[0]).mask.tolist() == rows


@pytest.mark.parametrize("to", ["masks", "voc", "via", "coco"])
def test_accepted_leaks_are_called_as_the_reader_will_call_them(tmp_path: Path, to: str) -> None:
    items = [item("a[1]", [[0, 1]], "train"), item("b", [[0, 1]], "val")]
    for entry, is_carried in (("a[1]", True), ("none", False)):
        out = tmp_path / entry
        exported = export_samples(items, STREET, to, out, accept_leaks=[entry])
        accepted = exported.source.get("accept_leaks")
        assert (accepted is not None) is is_carried
        if is_carried:
            (name,) = source_of(out).accept_leaks
            assert name in read_back(out).ids() and name.endswith("a[1]")
