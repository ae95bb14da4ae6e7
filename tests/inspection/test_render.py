"""The text of a new pipeline file says what was proposed, whatever the labels are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from segdata.decode import read_yaml
from segdata.inspection import Proposal, propose, render
from segdata.inspection.recognise import Headers
from segdata.inspection.yaml_text import comment, flow, printable, scalar
from segdata.palette import distinct_colors
from segdata.pipeline import Pipeline, read_pipeline
from tests.inspection.folders import inspection, masks_survey, survey, write_masks

ORANGE, BLUE = distinct_colors(2)

ODD = ["traffic sign", "Tree ", " lead", "yes", "No", "null", "~", "1", "1.5", "1e3", "0x1f", "2012-01-01", "a: b",
       "a #b", "#c", "- d", "{e}", "[f", "*g", "&h", "!i", "|", ">", "%j", "@k", "`l", "'m'", '"n"', "o\\p", "q\nr",
       "s\tt", "Straße", "日本", "😀", "\u2028", "\x85", "\ufeffbom", "", "?", "? x", "-", "a:", "=", "<<", "x" * 1500,
       "ß, %", "\x00"]  # fmt: skip


def proposal(root: Path = Path("nowhere"), **changes: Any) -> Proposal:
    return propose(
        inspection(root, survey(**changes), Headers(1, {(48, 64): 3}, {}, ())), "mine", "data/raw/mine"
    )


def decoded(made: Proposal, folder: Path) -> Pipeline:
    (folder / "p.yaml").write_text(render(made), encoding="utf-8")
    return read_pipeline(folder / "p.yaml")


def test_odd_labels_survive(tmp_path: Path) -> None:
    pipeline = decoded(proposal(labels=dict.fromkeys(ODD, 2)), tmp_path)
    assert isinstance(pipeline.source.ontology, dict)
    assert pipeline.source.label_map == {label: label or "unnamed" for label in ODD}
    assert set(pipeline.source.ontology) == {label or "unnamed" for label in ODD}
    mixed = decoded(proposal(labels={1: 1, "1": 1, 0: 1, "yes": 1}), tmp_path)
    assert mixed.source.label_map == {0: "class 0", 1: "class 1", "1": "1", "yes": "yes"}


@given(
    st.recursive(
        st.text(st.characters(exclude_categories=["Cs"]))
        | st.integers()
        | st.booleans()
        | st.none()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
        max_leaves=6,
    )
)
def test_any_value_reads_back(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.getbasetemp() / "value.yaml"
    path.write_text(f"key: {flow(value)}\n", encoding="utf-8")
    assert read_yaml(path, "value.yaml") == {"key": value}


def test_plain_where_it_can_be() -> None:
    assert [scalar(one) for one in ("traffic sign", "data/raw/mine", "a-b_c.d", "class 0")] == [
        "traffic sign",
        "data/raw/mine",
        "a-b_c.d",
        "class 0",
    ]
    assert [scalar(one) for one in ("on", "Tree ", "1", 1, None, True, "Baum, groß")] == [
        '"on"',
        '"Tree "',
        '"1"',
        "1",
        "null",
        "true",
        '"Baum, groß"',
    ]


def test_comments_cannot_break_out_of_their_line() -> None:
    assert comment("a\nroot: /etc\r\x85b") == [r"# a\nroot: /etc\r\x85b"]
    assert printable("x\x1b[0m") == r"x\x1b[0m"
    assert all(len(line) <= 60 for line in comment("word " * 40, 2, 60))


def test_values_of_the_file_are_those_proposed(tmp_path: Path) -> None:
    made = proposal(
        labels={"road": 3, "car": 1, "void": 2},
        options={"class_attribute": "kind", "annotations": {"train": "a b.json"}},
        choices={"class_attribute": ["kind", "name"], "order": ["file", "area"]},
        evidence="a\nfile",
    )
    pipeline = decoded(made, tmp_path)
    assert (pipeline.title, pipeline.source.format, pipeline.source.root) == ("mine", "via", "data/raw/mine")
    assert pipeline.source.ontology == {"car": ORANGE, "road": BLUE}
    assert pipeline.source.label_map == {"car": "car", "road": "road", "void": "ignore"}
    assert pipeline.source.options == {"class_attribute": "kind", "annotations": {"train": "a b.json"}}
    assert (pipeline.source.exif, pipeline.source.unlabelled, pipeline.source.unannotated) == (
        None,
        "ignore",
        "skip",
    )
    assert pipeline.shards.size_hw == (48, 64)
    assert (pipeline.model.name, pipeline.model.options) == ("mini_unet", {"channels": [8, 16, 32, 64, 128]})
    assert (pipeline.train.lr, pipeline.train.weight_decay, pipeline.train.epochs) == (0.006, 0.001, 48)
    text = render(made)
    assert "    # or one of [kind, name]\n    class_attribute: kind\n" in text
    assert "    # order: could be [file, area]\n" in text
    assert (
        "    void: ignore  # 2 regions; CHECK: the name says not labelled; give it a class if it is one\n"
        in text
    )
    assert text.startswith(r"# Started by `segdata inspect data/raw/mine` from a\nfile." + "\n# Check before")


def test_choices_without_options_and_a_built_in_ontology(tmp_path: Path) -> None:
    made = proposal(ontology="cityscapes-19", choices={"annotations": ["fine", "coarse"]})
    assert decoded(made, tmp_path).source.ontology == "cityscapes-19"
    text = render(made)
    assert "  # options: {annotations: …} could be [fine, coarse]\n" in text
    assert "  # No label_map: names and numbers" in text
    assert "label_map" not in yaml.safe_load(text)["source"]


def test_split_methods_decode(tmp_path: Path) -> None:
    for count, method in ((60, "hash"), (5, "seeded")):
        ids = [f"{number:03}" for number in range(count)]
        root = tmp_path / method
        write_masks(root, ids)
        made = propose(inspection(root, masks_survey(ids)), "mine", "data/raw/mine")
        assert f"  splits: {{method: {method}, " in render(made)
        assert type(decoded(made, tmp_path).source.splits).__name__ == f"{method.capitalize()}Splits"
