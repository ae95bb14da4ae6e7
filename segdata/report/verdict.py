"""Is this data set good, is this model good, where does it fail: answers in plain words, from figures and stated rules.

    data   look   "It can be used; look at this:"     ["Rare in training: pole (0.4 % of the labelled pixels, 9 photos).", …]
    model  good   "Yes, by every rule."               ["Mean IoU 0.699: 0.549 above a predictor that never looks …", …]
    fails  look   "Mostly here:"                      ["pole: IoU 0.187; 42.1 % of it is taken for building.", …]

A rule of thumb is no judgement by a person: every rule stands in the page beside what it made of the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from segdata.report.about_data import about_data
from segdata.report.about_model import about_failures, about_model
from segdata.report.rules import Grade, Statement
from segdata.report.sections import Section

_ORDER: tuple[Grade, ...] = ("bad", "look", "good")


@dataclass(frozen=True)
class Answer:
    """One question: its grade is the worst of its statements'."""

    question: str
    grade: Grade
    headline: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Verdict:
    """None where nothing lies that could answer."""

    data: Answer | None
    model: Answer | None
    fails: Answer | None

    @property
    def answers(self) -> tuple[Answer, ...]:
        return tuple(one for one in (self.data, self.model, self.fails) if one is not None)


def judge(section: Section) -> Verdict:
    """The answers that a pipeline's figures give. The same figures give the same words."""
    data = model = fails = None
    if section.dataset is not None:
        data = _answer("Is this data set good?", list(about_data(section, section.dataset)), _DATA)
    if section.evaluation is not None:
        model = _answer("Is this model good?", list(about_model(section, section.evaluation.metrics)), _MODEL)
        fails = _answer("Where does it fail?", list(about_failures(section)), _FAILS)
    return Verdict(data, model, fails)


_DATA = {
    "good": "Nothing was found that speaks against it.",
    "look": "It can be used; look at this:",
    "bad": "Not yet. Mend this first:",
}
_MODEL = {
    "good": "Yes, by every rule.",
    "look": "In the main; look at this:",
    "bad": "Not yet. Mend this first:",
}
_FAILS = {
    "good": "Nowhere that stands out.",
    "look": "Mostly here:",
    "bad": "Almost everywhere:",
}


def _answer(question: str, statements: Sequence[Statement], headlines: dict[str, str]) -> Answer:
    ordered = sorted(statements, key=lambda one: _ORDER.index(one.grade))
    grade = ordered[0].grade if ordered else "good"
    return Answer(question, grade, headlines[grade], tuple(ordered))
