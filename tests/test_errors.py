"""Error sentences, and errors that come from another process."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from segdata import errors
from segdata.errors import (
    ConfigError,
    DataError,
    MissingExtraError,
    SegdataError,
    UnmappedLabelError,
    nearest,
)


def _kinds(kind: type[SegdataError]) -> list[type[SegdataError]]:
    return [kind, *(one for sub in kind.__subclasses__() for one in _kinds(sub))]


def _fail(kind: type[SegdataError]) -> None:
    raise kind(Path("a") / "leaf.png", place="row 1", found="34", expected="0 to 3", fix="Draw it again.")


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({}, "leaf.png"),
        ({"place": "row 1"}, "leaf.png: row 1"),
        ({"found": "34"}, "leaf.png: found 34"),
        ({"expected": "0 to 3"}, "leaf.png: expected 0 to 3"),
        (
            {"place": "row 1", "found": "34", "expected": "0 to 3", "fix": "Draw it again."},
            "leaf.png: row 1: found 34; expected 0 to 3. Draw it again.",
        ),
    ],
)
def test_sentence_holds_only_the_parts_that_are_known(parts: dict[str, str], sentence: str) -> None:
    assert str(DataError("leaf.png", **parts)) == sentence


def test_every_kind_survives_pickling() -> None:
    kinds = _kinds(SegdataError)
    assert len(kinds) >= 7
    for kind in kinds:
        with pytest.raises(kind) as caught:
            _fail(kind)
        copy = pickle.loads(pickle.dumps(caught.value))
        assert type(copy) is kind
        assert str(copy) == str(caught.value)
        assert vars(copy) == vars(caught.value)


def test_error_crosses_from_another_process() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        error = pool.submit(_raise_here).exception()
    assert type(error) is UnmappedLabelError
    assert str(error) == "a.png: row 2: found 9"


def _raise_here() -> None:
    raise UnmappedLabelError("a.png", place="row 2", found="9")


def test_tree_is_the_one_drawn_in_the_docstring() -> None:
    drawn = errors.__doc__ or ""
    for kind in _kinds(SegdataError):
        assert f"{kind.__name__} " in drawn
    assert issubclass(UnmappedLabelError, DataError)
    assert not issubclass(ConfigError, DataError)


def test_nearest_name() -> None:
    assert nearest("traning", ["train", "shards"]) == "did you mean 'train'? Valid: shards, train"
    assert nearest("zzz", ["b", "a"]) == "Valid: a, b"
    assert nearest("x", []) == "Nothing is valid here"


def test_of_many_names_the_nearest_few_and_where_the_list_stands() -> None:
    many = [f"VGG{depth}_Weights" for depth in range(100)]
    names = [*many, "ResNet18_Weights", "ResNet50_Weights", "ResNet101_Weights", "WideResNet_Weights"]
    where = "https://example.org/models"
    assert nearest("resnet50_weights", names, where) == (
        "did you mean 'ResNet50_Weights', 'ResNet101_Weights' or 'ResNet18_Weights'? Valid: 104 names, listed at "
        "https://example.org/models"
    )
    assert nearest("wideres", names) == "did you mean 'WideResNet_Weights'? Valid: 104 names"
    assert nearest("zzz", names) == "Valid: one of 104 names"
    assert nearest("", names) == "Valid: one of 104 names"


def test_missing_extra_says_what_to_install() -> None:
    error = MissingExtraError.of("torch", "train", "training")
    assert str(error) == (
        "training: found no package 'torch'; expected the extra 'train'. Install it: pip install 'segdata[train]'."
    )
