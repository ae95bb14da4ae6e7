"""Every published file states the digests of what it says, and any change of what a figure follows from shows."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from segdata.decode import read_yaml
from segdata.errors import ConfigError
from segdata.pipeline import Pipeline, read_pipeline
from segdata.project import Project
from segdata.published import SETTINGS
from segdata.published_settings import (
    changed_since,
    differences,
    followed_from,
    other_settings,
    settings_of,
    settings_of_training,
    trained_settings,
    with_keys,
)
from tests.miniatures import published_names, values_of
from tests.projects import REPOSITORY


def decoded(tmp_path: Path, values: dict[str, Any]) -> Pipeline:
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return read_pipeline(path)


@pytest.mark.parametrize("name", published_names())
def test_a_committed_file_is_as_it_was_published(name: str) -> None:
    """Fails when a section was edited and its digest was not, on purpose: is the figure still the report's?"""
    project = Project(REPOSITORY)
    pipeline = project.pipeline(name)
    assert pipeline.published is not None
    assert pipeline.published.settings == settings_of(pipeline)
    assert list(pipeline.published.settings) == list(SETTINGS)
    assert pipeline.published.departures
    assert all(why.endswith(".") and "  " not in why for why in pipeline.published.departures.values())
    text = project.pipeline_path(name).read_text()
    assert "departure" not in "".join(line for line in text.splitlines() if line.startswith("#")).lower()


def test_a_variant_adds_to_the_departures_of_its_base_and_says_what_is_otherwise_for_it() -> None:
    project = Project(REPOSITORY)
    base, variant, row = (
        project.pipeline(f"cityscapes-denseaspp{end}").published for end in ("", "-convnext", "-row5")
    )
    assert base is not None and variant is not None and row is not None
    assert list(variant.departures) == [*base.departures, "extractor"]
    assert {key for key in base.departures if row.departures[key] != base.departures[key]} == {"void"}
    stated = read_yaml(project.pipeline_path("cityscapes-denseaspp-row5"), "row5")
    assert set(stated["published"]["settings"]) == {"source", "model"}


@pytest.mark.parametrize(
    ("path", "value", "section"),
    [
        ("source.splits.seed", 1, "source"),
        ("source.ontology", {"tree": [107, 142, 35], "road": [128, 64, 128], "building": [70, 70, 70]}, "source"),
        ("source.expected_counts.val", 7, "source"),
        ("shards.size_hw", [224, 225], "shards"),
        ("shards.photo", "nearest", "shards"),
        ("model.options.dropout", 0.2, "model"),
        ("model.weights", "data/weights/mine.safetensors", "model"),
        ("train.epochs", 2, "train"),
        ("train.augment.rotate_degrees", 10, "train"),
        ("train.schedule.name", "constant", "train"),
        ("train.normalise.mean", [0.5, 0.5, 0.5], "train"),
        ("train.patience", 3, "train"),
        ("evaluate.split", "val", "evaluate"),
        ("evaluate.size_hw", [448, 448], "evaluate"),
        # where data lie, what was accepted of them, and what changes no figure
        ("source.root", "data/raw/elsewhere", None),
        ("source.accept_leaks", ["IMG_1"], None),
        ("evaluate.batch_size", 2, None),
        ("evaluate.shown", 0, None),
        ("train.compile", True, None),
        ("train.channels_last", True, None),
        # the default, said
        ("train.seed", 0, None),
        ("train.accumulate", 1, None),
        ("evaluate", {}, None),
        ("title", "Mine", None),
        ("published.tolerance", 0.5, None),
    ],
)  # fmt: skip
def test_what_changes_a_figure_changes_the_digest_of_its_section(
    tmp_path: Path, path: str, value: object, section: str | None
) -> None:
    values = copy.deepcopy(values_of("unh-mininet"))
    inner: Any = values
    *outer, last = path.split(".")
    for key in outer:
        inner = inner.setdefault(key, {})
    inner[last] = value
    assert other_settings(decoded(tmp_path, values), {}) == (() if section is None else (section,))


def test_the_order_of_keys_and_how_numbers_are_written_do_not_matter(tmp_path: Path) -> None:
    values = copy.deepcopy(values_of("unh-unet-mini"))
    before = settings_of(decoded(tmp_path, values))
    for section in ("source", "train"):
        values[section] = dict(reversed(values[section].items()))
    values["source"]["label_map"] = dict(reversed(values["source"]["label_map"].items()))
    values["train"]["augment"]["rotate_degrees"] = 30.0
    assert settings_of(decoded(tmp_path, values)) == before
    values["source"]["label_map"] = {str(key): one for key, one in values["source"]["label_map"].items()}
    assert settings_of(decoded(tmp_path, values))["source"] != before["source"]


def test_digest_and_place_of_the_first_weights_are_free_but_not_the_file(tmp_path: Path) -> None:
    values = copy.deepcopy(values_of("unh-denseaspp"))
    values["model"]["weights"] |= {"sha256": "a" * 64, "where": "from a friend"}
    assert other_settings(decoded(tmp_path, values), {}) == ()
    values["model"]["weights"]["file"] = "data/weights/other.pth"
    assert other_settings(decoded(tmp_path, values), {}) == ("model",)


def test_files_that_state_none_are_not_checked_and_damaged_digests_are_named(tmp_path: Path) -> None:
    values = copy.deepcopy(values_of("unh-mininet"))
    values["train"]["epochs"] = 1
    stated = values["published"].pop("settings")
    assert other_settings(decoded(tmp_path, values), {}) == ()
    values["published"]["settings"] = {"shards": stated["shards"]}
    assert other_settings(decoded(tmp_path, values), {}) == ()
    for settings in ({"train": "0123"}, {"search": "01234567"}, {"train": 12345678}):
        with pytest.raises(ConfigError, match=r"^x\.yaml: published\.settings"):
            decoded(tmp_path, values | {"published": values["published"] | {"settings": settings}})


def test_a_run_of_other_settings_gives_no_verdict_though_the_file_is_as_published(tmp_path: Path) -> None:
    values = copy.deepcopy(values_of("unh-mininet"))
    published = decoded(tmp_path, values)
    values["train"]["epochs"] = 1
    tried = settings_of_training(decoded(tmp_path, values))
    assert set(tried) == {"model", "train"}
    assert other_settings(published, tried) == ("train",)
    assert changed_since(published, tried) == ("train",)
    assert other_settings(published, settings_of_training(published)) == ()
    assert changed_since(published, settings_of_training(published)) == ()


def test_of_shards_and_classes_the_set_that_a_run_was_trained_on_tells_not_the_file_of_then(
    tmp_path: Path,
) -> None:
    """Converted small, the file put back, and trained: the file says what was published, the shards do not."""
    published = decoded(tmp_path, copy.deepcopy(values_of("unh-mininet")))
    settings = settings_of_training(published)
    names = published.source.build_ontology().names
    as_published = followed_from(settings, [(name, None) for name in names], (224, 224))
    assert other_settings(published, as_published) == ()
    small = followed_from(settings, [(name, None) for name in names[1:]], (112, 112))
    assert other_settings(published, small) == ("source", "shards")
    assert with_keys(published, small, ("shards",)) == [
        "shards (size_hw [112,112] when it was trained, [224,224] in the file)"
    ]
    assert changed_since(published, small) == ()


def test_the_keys_in_which_run_and_file_differ_are_named(tmp_path: Path) -> None:
    values = copy.deepcopy(values_of("unh-mininet"))
    published = decoded(tmp_path, values)
    assert published.published is not None and published.train.epochs == 20
    tried = copy.deepcopy(values)
    tried["train"] |= {"epochs": 1, "compile": True}
    noted = settings_of_training(decoded(tmp_path, tried))
    assert with_keys(published, noted, ("train",)) == ["train (epochs 1 when it was trained, 20 in the file)"]
    # both as they were not published: what that was, the digest does not tell
    assert with_keys(decoded(tmp_path, tried), noted, ("source", "train")) == ["source", "train"]
    tried["train"] |= {"seed": 3, "patience": 2, "accumulate": 2}
    noted = settings_of_training(decoded(tmp_path, tried))
    assert with_keys(published, noted, ("train",)) == [
        "train (accumulate 2 when it was trained, not given in the file; epochs 1 when it was trained, 20 in the file; "
        "patience 2 when it was trained, not given in the file; 1 more)",
    ]
    assert with_keys(published, {}, ("train",)) == ["train"]


def test_a_run_of_an_older_segdata_that_noted_digests_is_held_against_the_digests_of_the_file(
    tmp_path: Path,
) -> None:
    values = copy.deepcopy(values_of("unh-mininet"))
    published = decoded(tmp_path, values)
    names = [(name, None) for name in published.source.build_ontology().names]
    noted: dict[str, Any] = {**settings_of(published)}
    for trained in (noted, followed_from(noted, names, (224, 224))):
        assert changed_since(published, trained) == ()
        assert other_settings(published, trained) == ()
    values["train"]["epochs"] = 1
    tried = decoded(tmp_path, values)
    assert changed_since(tried, noted) == ("train",)
    assert with_keys(tried, noted, ("train", "model")) == ["train", "model"]
    assert other_settings(published, {**settings_of(tried)}) == ("train",)


def test_long_values_are_cut_and_sections_absent_on_one_side_are_named_key_by_key() -> None:
    before: dict[str, object] = {"classes": list(range(40)), "same": {"a": 1}}
    assert differences(before, {"same": {"a": 1}, "augment": {"blur": 0.5, "flip": True}}) == [
        ("augment.blur", "not given", "0.5"),
        ("augment.flip", "not given", "true"),
        ("classes", "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,…", "not given"),
    ]


CLASSES = ["background", "leaf", "stem", "fruit", "flower", "ground", "sky", "wire"]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (CLASSES, CLASSES[:-1], ('with "wire"', "without it")),
        (CLASSES, CLASSES[:2], ('with "stem", "fruit", "flower" and 3 more', "without them")),
        (CLASSES[2:], CLASSES, ('without "background", "leaf"', "with them")),
        (CLASSES, [*CLASSES[:-1], "pole"], ('with "wire"', 'with "pole"')),
        (
            CLASSES,
            [*CLASSES[:6], "wire", "sky"],
            ('…,"flower","ground","sky","wire"]', '…,"flower","ground","wire","sky"]'),
        ),
        (["a" * 50], ["a" * 49 + "b"], ("…" + "a" * 20 + 'a"]', "…" + "a" * 20 + 'b"]')),
        ("a" * 50, "a" * 51, ("…" + "a" * 20 + '"', "…" + "a" * 20 + 'a"')),
        (["wire"], ["pole"], ('["wire"]', '["pole"]')),
    ],
)
def test_of_long_values_that_begin_alike_is_told_what_differs(
    before: object, now: object, told: tuple[str, str]
) -> None:
    assert differences({"classes": before}, {"classes": now}) == [("classes", *told)]


def test_what_a_run_noted_is_read_where_there_is_one(tmp_path: Path) -> None:
    assert trained_settings(tmp_path) == {}
    record = {"settings": {"train": {"epochs": 3}}, "classes": [["road", [1, 2, 3]]], "size_hw": [4, 6]}
    (tmp_path / "model.json").write_text(json.dumps(record))
    assert trained_settings(tmp_path) == {
        "train": {"epochs": 3},
        "source": {"classes": ["road"]},
        "shards": {"size_hw": [4, 6]},
    }
    (tmp_path / "model.json").write_text("{")
    assert trained_settings(tmp_path) == {}
