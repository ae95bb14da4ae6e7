"""Pipeline files are decoded strictly: a typo names file, key and the nearest valid one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from segdata.errors import ConfigError
from segdata.pipeline import (
    HashSplits,
    MeanStd,
    OfficialSplits,
    Pipeline,
    SeededSplits,
    read_pipeline,
)

TEXT = """
title: Street scenes
source:
  format: via
  root: data/raw/sample-via
  ontology: {road: [128, 64, 128], car: [0, 0, 142]}
  label_map: {"Road ": road, 7: car, unknown: ignore}
  splits: {method: hash, shares: {train: 0.8, test: 0.2}, group: "^(.*)_"}
  options: {class_attribute: type}
shards: {size_hw: [96, 128]}
model: {name: mininet, options: {width: 0.5}}
train: {epochs: 20, batch_size: 8, optimizer: sgd, lr: 1e-3, normalise: {mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}}
"""


def _read(tmp_path: Path, text: str = TEXT) -> Pipeline:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    return read_pipeline(tmp_path / "x.yaml", "pipelines/x.yaml")


def _changed(tmp_path: Path, path: str, value: object) -> str:
    """The message for a pipeline file with one key set."""
    tree: dict[str, Any] = yaml.safe_load(TEXT)
    tree["train"]["lr"] = 0.001
    *parents, last = path.split(".")
    place = tree
    for key in parents:
        place = place.setdefault(key, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, yaml.safe_dump(tree))
    return str(caught.value)


def test_values_arrive_typed(tmp_path: Path) -> None:
    pipeline = _read(tmp_path)
    assert pipeline.title == "Street scenes"
    assert pipeline.source.splits == HashSplits(shares={"train": 0.8, "test": 0.2}, group="^(.*)_")
    assert pipeline.source.label_map == {"Road ": "road", 7: "car", "unknown": "ignore"}
    assert (pipeline.source.unlabelled, pipeline.source.unannotated) == ("ignore", "skip")
    assert pipeline.shards.size_hw == (96, 128)
    assert (type(pipeline.train.lr), pipeline.train.lr) == (float, 0.001)
    assert pipeline.train.normalise == MeanStd(mean=(0.5,) * 3, std=(0.2,) * 3)
    assert pipeline.published is None
    ontology = pipeline.source.build_ontology()
    assert (ontology.names, ontology.palette) == (("road", "car"), ((128, 64, 128), (0, 0, 142)))
    lookup = pipeline.source.build_label_map(ontology)
    assert lookup.by_name == {"Road ": 0, "unknown": 255}
    assert lookup.by_value == {7: 1}


def test_without_label_map_names_and_ids_are_the_ontologys(tmp_path: Path) -> None:
    source = _read(
        tmp_path, TEXT.replace('  label_map: {"Road ": road, 7: car, unknown: ignore}\n', "")
    ).source
    lookup = source.build_label_map(source.build_ontology())
    assert lookup.by_name == {"road": 0, "car": 1}
    assert lookup.by_value == {0: 0, 1: 1, 255: 255}


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        ("{method: official}", OfficialSplits()),
        (
            "{method: seeded, recipe: scikit-learn, seed: 19, test: .1, val: .11}",
            SeededSplits(recipe="scikit-learn", seed=19, test=0.1, val=0.11),
        ),
    ],
)
def test_kinds_of_splits(tmp_path: Path, splits: str, expected: object) -> None:
    old = '{method: hash, shares: {train: 0.8, test: 0.2}, group: "^(.*)_"}'
    assert old in TEXT
    assert _read(tmp_path, TEXT.replace(old, splits)).source.splits == expected


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("trian", {}, "pipelines/x.yaml: found unknown key 'trian'; did you mean 'train'?"),
        ("source.lable_map", {}, "pipelines/x.yaml: source: found unknown key 'lable_map'; did you mean 'label_map'?"),
        ("train.epoch", 3, "pipelines/x.yaml: train: found unknown key 'epoch'; did you mean 'epochs'?"),
        ("train.schedule.nam", "step", "train.schedule: found unknown key 'nam'; did you mean 'name'?"),
        ("train.normalise.means", [0, 0, 0], "train.normalise: found unknown key 'means'; did you mean 'mean'?"),
        ("source.splits.groups", "x", "source.splits: found unknown key 'groups'; did you mean 'group'?"),
        ("source.splits.method", "hsh", "pipelines/x.yaml: source.splits.method: found 'hsh'; did you mean 'hash'? Valid: hash, official, seeded"),
        ("source.splits.shares.dev", 0.1, "pipelines/x.yaml: source.splits.shares: found 'dev'; Valid: test, train, val"),
        ("train.optimizer", "rmsprop", "pipelines/x.yaml: train.optimizer: found 'rmsprop'; Valid: adam, adamw, sgd"),
        ("train.epochs", "many", "pipelines/x.yaml: train.epochs: found 'many' (str); expected a whole number"),
        ("train.lr", None, "pipelines/x.yaml: train: found no key 'lr'; expected one"),
        ("shards.size_hw", [0, 128], "pipelines/x.yaml: shards: found size_hw must lie between 1 and 16384 pixels"),
        ("shards.size_hw", [96], "pipelines/x.yaml: shards.size_hw: found [96]; expected a list of length 2"),
        ("shards.target_mib", 0, "target_mib must lie between"),
        ("train.class_weights", [1, 2], "pipelines/x.yaml: train.class_weights: found [1, 2] (array); expected one of: none, inverse-frequency, median-frequency, effective-number"),
        ("search", {"sampler": "grid", "space": {"train.lr": {"choise": [1]}}}, "pipelines/x.yaml: search.space.train.lr: found unknown key 'choise'; did you mean 'choice'?"),
        ("source.label_map", {1: ["b"]}, "pipelines/x.yaml: source.label_map.1: found ['b'] (array); expected a text"),
        ("source.ontology", {"road": [1, 2, 3], 3: [4, 5, 6]}, "pipelines/x.yaml: source.ontology: found the key 3; expected a text as key. Write it in quotes"),
        ("train.epochs", 0, "pipelines/x.yaml: train.epochs: found 0; expected a whole number >= 1"),
        ("train.batch_size", 0, "pipelines/x.yaml: train.batch_size: found 0; expected a whole number >= 1"),
        ("train.accumulate", 0, "pipelines/x.yaml: train.accumulate: found 0; expected a whole number >= 1"),
        ("train.patience", 0, "pipelines/x.yaml: train.patience: found 0; expected a whole number >= 1"),
        ("train.seed", -1, "pipelines/x.yaml: train.seed: found -1; expected a whole number >= 0"),
        ("train.lr", -1, "pipelines/x.yaml: train.lr: found -1; expected a number > 0.0"),
        ("train.momentum", 1.0, "pipelines/x.yaml: train.momentum: found 1.0; expected a number < 1.0"),
        ("train.augment.blur", 1.5, "pipelines/x.yaml: train.augment.blur: found 1.5; expected a number <= 1.0"),
        ("evaluate.shown", -1, "pipelines/x.yaml: evaluate.shown: found -1; expected a whole number >= 0"),
        ("source.splits.shares.train", -0.2, "pipelines/x.yaml: source.splits.shares.train: found -0.2; expected a number >= 0.0"),
        ("source.splits", {"method": "seeded", "recipe": "floor", "seed": -1, "test": 0.1, "val": 0.1}, "pipelines/x.yaml: source.splits.seed: found -1; expected a whole number >= 0"),
        ("source.splits", {"method": "seeded", "recipe": "floor", "seed": 1, "test": 1.5, "val": -0.2}, "pipelines/x.yaml: source.splits.test: found 1.5; expected a number <= 1.0"),
        ("source.splits", {"method": "seeded", "recipe": "floor", "seed": 1, "test": 0.6, "val": 0.4}, "pipelines/x.yaml: source.splits: found test and val must leave"),
        ("source.ontology", "cityscapes-91", "pipelines/x.yaml: source.ontology: found 'cityscapes-91'; did you mean 'cityscapes-19'?"),
        ("source.ontology.road", [0, 0, 256], "pipelines/x.yaml: source.ontology.road: found (0, 0, 256)"),
        ("source.label_map.tram", "cra", "pipelines/x.yaml: source.label_map: 'tram': found class 'cra'; did you mean 'car'?"),
        ("source.unlabelled", "raod", "pipelines/x.yaml: source.unlabelled: found 'raod'; did you mean 'road'?"),
    ],
)  # fmt: skip
def test_wrong_keys_and_values_are_named(tmp_path: Path, path: str, value: object, words: str) -> None:
    message = _changed(tmp_path, path, value)
    assert words in message
    assert message.startswith("pipelines/x.yaml: ")


def test_key_given_twice_and_empty_file(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError,
        match=r"^pipelines/x\.yaml: line 13, column 1: found broken YAML \(key 'title' is given twice\)",
    ):
        _read(tmp_path, TEXT + "title: again\n")
    with pytest.raises(ConfigError, match=r"^pipelines/x\.yaml: found NoneType; expected a mapping"):
        _read(tmp_path, "")


def test_pipelines_are_values(tmp_path: Path) -> None:
    pipeline = _read(tmp_path)
    assert pipeline == _read(tmp_path)
    with pytest.raises(AttributeError):
        pipeline.title = "x"  # type: ignore[misc]
    assert msgspec.convert(msgspec.to_builtins(pipeline), Pipeline) == pipeline
