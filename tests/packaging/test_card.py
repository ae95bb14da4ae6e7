"""The model card of a scored model: figures with interval and protocol, weak classes, and its front matter."""

from __future__ import annotations

import yaml

from segdata.packaging.card import UNSTATED, Card, card_text
from segdata.prediction.onnx_file import Written
from segdata.report.inputs import ClassScore
from segdata.serving.model import Metric, Scored
from tests.serving.served import about

WRITTEN = Written(True, (48, 64), 1e-5, 8.0)
CLASSES = (
    ClassScore("wall", 9000, 9100, 0.91, 0.95),
    ClassScore("door", 1000, 900, 0.4, 0.5),
    ClassScore("floor", 4000, 4000, 0.7, 0.8),
    ClassScore("roof", 0, 10, 0.0, None),
)


def card(licence: str = UNSTATED, examples: int = 0, same: bool = True) -> Card:
    metrics = (Metric("mean-iou", 0.5, (0.4, 0.6)), Metric("jaccard-20", 0.45, (None, None)))
    known = about(scored=Scored("test", 12, (96, 128), same, metrics), title="Doors | of <the> town: one")
    return Card(known, WRITTEN, licence, examples, CLASSES, metrics[1])


def test_figures_stand_with_their_interval_and_protocol() -> None:
    text = card_text(card())
    assert "| `mean-iou` | 0.500 | 0.400 to 0.600 |" in text
    assert "| `jaccard-20` | 0.450 | not defined to not defined |" in text
    assert "Measured on the 12 photos of the test split, at 96 × 128 pixels (height × width)" in text
    assert "| door | 0.400 | 1,000 |" in text
    assert "It finds door (0.400), floor (0.700), wall (0.910) worst." in text, (
        "not roof, which was not there"
    )
    assert "Photos: 30 train, 12 test." in text
    assert "other data than it was scored on" not in text
    assert "**The model was trained on other data than it was scored on here" in card_text(card(same=False))


def test_the_front_matter_is_sound_whatever_the_title() -> None:
    _, front, body = card_text(card()).split("---\n", 2)
    space = yaml.safe_load(front)
    assert space["title"] == "Doors | of <the> town: one"
    assert body.strip().startswith("# Doors \\| of &lt;the> town: one")
    (result,) = space["model-index"][0]["results"]
    assert result["dataset"]["revision"] == "5" * 64
    assert result["metrics"][0] == {"type": "mean_iou", "value": 0.5, "name": "mean-iou"}


def test_a_licence_that_nobody_stated_is_said_to_be_missing() -> None:
    assert "Of the weights: **not stated**." in card_text(card())
    assert "not stated" not in card_text(card("mit"))
    assert "examples/" not in card_text(card())
    assert "`examples/` holds 4 photos of the set: pass them on only if you may." in card_text(
        card(examples=4)
    )
