"""Class tables against their sources: cityscapesscripts and the VOC colours."""

from __future__ import annotations

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import trainId2label

from segdata.errors import ConfigError
from segdata.ontology import Label, Ontology, load_ontology, ontology_of_names, voc_palette


@pytest.mark.parametrize("size", [19, 20])
def test_cityscapes_is_the_official_table(size: int) -> None:
    ontology = load_ontology(f"cityscapes-{size}")
    assert len(ontology) == size
    for train_id in range(19):
        official = trainId2label[train_id]
        assert ontology.names[train_id] == official.name
        assert ontology.palette[train_id] == official.color
        assert ontology.id_of(official.name) == train_id
    assert ontology.names[19:] == ("void",)[: size - 19]


def test_voc_classes_and_palette() -> None:
    voc = load_ontology("voc-21")
    assert len(voc) == 21
    assert {name: voc.palette[voc.id_of(name)] for name in ("background", "aeroplane", "cat", "person", "tvmonitor")} == {
        "background": (0, 0, 0),
        "aeroplane": (128, 0, 0),
        "cat": (64, 0, 0),
        "person": (192, 128, 128),
        "tvmonitor": (0, 64, 128),
    }  # fmt: skip
    palette = voc_palette()
    assert palette[255] == (224, 224, 192)
    assert palette[8:11] == ((64, 0, 0), (192, 0, 0), (64, 128, 0))
    assert len(set(palette)) == 256


def test_color_table_covers_every_mask_value() -> None:
    table = ontology_of_names("two", ["a", "b"], [(1, 2, 3), (4, 5, 6)]).color_table()
    assert (table.shape, table.dtype) == ((256, 3), np.uint8)
    assert table[:3].tolist() == [[1, 2, 3], [4, 5, 6], [224, 224, 224]]
    assert table[255].tolist() == [224, 224, 224]


def test_default_colours_are_vocs_without_black() -> None:
    assert ontology_of_names("two", ["a", "b"]).palette == ((128, 0, 0), (0, 128, 0))


def test_names_and_ids() -> None:
    two = ontology_of_names("two", ["road", "car"])
    assert [two.id_of(name) for name in ("road", "car", "ignore")] == [0, 1, 255]
    with pytest.raises(ConfigError, match="ontology two: found class 'cra'; did you mean 'car'"):
        two.id_of("cra")


@pytest.mark.parametrize(
    ("names", "words"),
    [([], "0 classes"), (["a", "b", "a"], "class 'a' twice"), (["ignore"], "a class named 'ignore'")],
)
def test_impossible_tables(names: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ontology_of_names("own", names)


def test_at_most_255_classes() -> None:
    labels = tuple(Label(str(number), (0, 0, 0)) for number in range(256))
    assert len(Ontology("own", labels[:255])) == 255
    with pytest.raises(ConfigError, match="256 classes"):
        Ontology("own", labels)


def test_unknown_ontology_tells_the_nearest() -> None:
    with pytest.raises(ConfigError, match="cityscapes-19"):
        load_ontology("cityscapes19")
