"""Is this data set good, is this model good, where does it fail: answers in plain words, from figures and stated rules.

    data   look   "Usable; 2 things to look at."      ["pole fills 0.4 % of the labelled training pixels: rare.", …]
    model  good   "Much better than guessing."        ["Mean IoU 0.699, 0.549 above the better baseline.", …]
    fails  look   "On 2 of 9 classes."                ["pole: IoU 0.187; 42.1 % of it is taken for building.", …]

A rule of thumb is no judgement by a person: every rule stands in the page beside what it made of the figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from segdata.report.dataset import Dataset
from segdata.report.inputs import Epoch, Metrics
from segdata.report.sections import Section
from segdata.report.text import count, joined, percent, plural, score

Grade = Literal["good", "look", "bad"]
_ORDER: tuple[Grade, ...] = ("bad", "look", "good")

MOST_SET_ASIDE = 0.05
RARE_SHARE = 0.005
FEW_PHOTOS = 5
FEW_SCORED = 30
MOST_UNLABELLED = 0.5
WIDE = 0.10
FOUND = 0.5
MOST_CONFUSED = 0.10
OVERFIT = 1.15
STILL_RISING = 0.01
FAR_BELOW = 0.15
"""The thresholds of the rules below, as RULES says them."""

MOST_TOLD = 5
"""Weak classes, and confusions, that are told one by one."""

RULES = (
    f"Data. Mend first: a photo file in two splits; a class without a training photo; more than {MOST_SET_ASIDE:.0%} of "
    "the photos set aside. Look: anything set aside, a warning of the check, look-alikes in two splits, a class below "
    f"{RARE_SHARE:.1%} of the labelled training pixels or in fewer than {FEW_PHOTOS} training photos, a class that the "
    f"scored split does not show, fewer than {FEW_SCORED} scored photos, more than {MOST_UNLABELLED:.0%} of the training "
    "pixels not labelled.",
    "Model. Mend first: not above the better baseline; trained on other shards than it was scored on; fewer than half of the "
    f"classes reach an IoU of {FOUND}. Look: the 95 % interval reaches down to the baseline, or is wider than {WIDE:.2f}; a class "
    f"below an IoU of {FOUND}; a published figure missed by more than its tolerance; validation loss at the end more than "
    f"{OVERFIT:g} times its lowest (it learned the photos by heart); mean IoU on val that rose by more than {STILL_RISING:g} in the "
    "last tenth of the epochs (it was still learning).",
    f"Where it fails: classes below an IoU of {FOUND}; confusions of {MOST_CONFUSED:.0%} of a class or more; photos whose pixel "
    f"accuracy is more than {FAR_BELOW:g} below the median.",
)


@dataclass(frozen=True)
class Statement:
    grade: Grade
    text: str


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
        data = _answer("Is this data set good?", list(_about_data(section, section.dataset)), _DATA)
    if section.evaluation is not None:
        model = _answer(
            "Is this model good?", list(_about_model(section, section.evaluation.metrics)), _MODEL
        )
        fails = _answer("Where does it fail?", list(_about_failures(section)), _FAILS)
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


def _about_data(section: Section, dataset: Dataset) -> Iterator[Statement]:
    train = next((one for one in dataset.splits if one.split == "train"), None)
    total = sum(one.photos for one in dataset.splits)
    labelled = ", ".join(f"{count(one.photos)} {one.split}" for one in dataset.splits)
    yield Statement("good", f"{plural(total, 'photo')}: {labelled}.")
    if section.check is not None:
        aside = section.set_aside
        if aside:
            share = aside / (total + aside)
            grade: Grade = "bad" if share > MOST_SET_ASIDE else "look"
            yield Statement(
                grade, f"{plural(aside, 'thing')} set aside, {percent(share)} of all: not in the shards."
            )
        warnings = sum(group.count for group in section.findings if group.severity == "warning")
        if warnings:
            yield Statement("look", f"The conversion warned {plural(warnings, 'time')}: see the check below.")
    for overlap in dataset.overlaps:
        one, other = overlap.splits
        if overlap.same:
            yield Statement(
                "bad", f"{plural(overlap.same, 'photo file')} in both {one} and {other}: scores are too good."
            )
        if overlap.alike:
            yield Statement(
                "look", f"{plural(overlap.alike, 'pair')} of photos that look alike in {one} and {other}."
            )
    if train is None:
        yield Statement("bad", "No training photo.")
        return
    yield from _about_classes(section, dataset)
    if train.shares[-1] > MOST_UNLABELLED:
        yield Statement("look", f"{percent(train.shares[-1])} of the training pixels are not labelled.")
    scored = next((one for one in dataset.splits if one.split == section.pipeline.evaluate.split), None)
    if scored is None or scored.photos < FEW_SCORED:
        photos = 0 if scored is None else scored.photos
        what = f"{section.pipeline.evaluate.split} photo"
        yield Statement("look", f"Only {plural(photos, what)} to score by: figures are uncertain.")


def _about_classes(section: Section, dataset: Dataset) -> Iterator[Statement]:
    names = [name for name, _ in section.legend]
    train = next(one for one in dataset.splits if one.split == "train")
    never = [name for name, photos in zip(names, train.photos_with, strict=True) if not photos]
    if never:
        yield Statement("bad", f"Never in a training photo, so it cannot be learned: {joined(never)}.")
    labelled = max(1e-12, sum(train.shares[:-1]))
    rare = [
        f"{name} ({percent(share / labelled)} of the labelled pixels, {plural(photos, 'photo')})"
        for name, share, photos in zip(names, train.shares, train.photos_with, strict=False)
        if photos and (share / labelled < RARE_SHARE or photos < FEW_PHOTOS)
    ]
    if rare:
        yield Statement("look", f"Rare in training: {joined(rare)}.")
    split = section.pipeline.evaluate.split
    scored = next((one for one in dataset.splits if one.split == split), None)
    if scored is not None and split != "train":
        unseen = [
            name
            for name, photos in zip(names, scored.photos_with, strict=True)
            if not photos and name not in never
        ]
        if unseen:
            yield Statement("look", f"Not in {split}, so it is not scored: {joined(unseen)}.")


def _about_model(section: Section, metrics: Metrics) -> Iterator[Statement]:
    mean, above = metrics.mean_iou, metrics.mean_iou_above_best_baseline
    low, high = metrics.mean_iou_interval or (None, None)
    if mean is not None and above is not None:
        best = mean - above
        if above <= 0:
            yield Statement(
                "bad", f"Mean IoU {score(mean)} is not above the better baseline ({score(best)})."
            )
        elif low is not None and low <= best:
            yield Statement(
                "look", f"Mean IoU {score(mean)}; its interval reaches down to the baseline ({score(best)})."
            )
        else:
            yield Statement(
                "good",
                f"Mean IoU {score(mean)}: {score(above)} above a predictor that never looks at the photo.",
            )
    if low is not None and high is not None and high - low > WIDE:
        yield Statement("look", f"Uncertain: the 95 % interval is {high - low:.3f} wide. Score more photos.")
    if metrics.shards_of_training == "other":
        yield Statement(
            "bad", "Trained on other shards than it was scored on: it may have seen these photos."
        )
    known = [row.score.iou for row in section.classes if row.score.iou is not None and not row.absent]
    if known:
        found = sum(iou >= FOUND for iou in known)
        grade: Grade = "good" if found == len(known) else "look" if found * 2 >= len(known) else "bad"
        yield Statement(
            grade, f"{found} of {plural(len(known), 'class', 'classes')} reach an IoU of {FOUND}."
        )
    comparison = section.comparison
    if comparison is not None and comparison.measured is not None and comparison.published.value is not None:
        published = comparison.published
        within = abs(comparison.measured - comparison.published.value) <= published.tolerance
        yield Statement(
            "good" if within else "look",
            f"{'Agrees' if within else 'Does not agree'} with the published {published.metric} of "
            f"{score(published.value)}: {score(comparison.measured)} here, tolerance {published.tolerance:g}.",
        )
    if section.training is not None:
        yield from _about_training(section.training.epochs)


def _about_training(epochs: Sequence[Epoch]) -> Iterator[Statement]:
    losses = [(row.epoch, row.val_loss) for row in epochs if row.val_loss is not None]
    if losses:
        (lowest_epoch, lowest), (_, last) = min(losses, key=lambda one: (one[1], one[0])), losses[-1]
        if lowest > 0 and last > OVERFIT * lowest:
            yield Statement(
                "look",
                f"Validation loss rose from {lowest:.3f} (epoch {lowest_epoch}) to {last:.3f} at the end: it learned the "
                "photos by heart. More photos, more augmentation or fewer epochs help.",
            )
    tenth = max(1, len(epochs) // 10)
    before, end = (
        [row.val_mean_iou for row in part if row.val_mean_iou is not None]
        for part in (epochs[:-tenth], epochs[-tenth:])
    )
    if before and end and max(end) - max(before) > STILL_RISING:
        rise = max(end) - max(before)
        yield Statement("look", f"Mean IoU on val rose by {rise:.3f} at the very end: train longer.")


def _about_failures(section: Section) -> Iterator[Statement]:
    assert section.evaluation is not None
    confused = dict(section.matrix.confusions()) if section.matrix else {}
    known = [row for row in section.classes if row.score.iou is not None and row.score.truth_pixels]
    weak = sorted((row for row in known if (row.score.iou or 0) < FOUND), key=lambda row: row.score.iou or 0)
    grade: Grade = "bad" if known and len(weak) * 2 > len(known) else "look"
    for row in weak[:MOST_TOLD]:
        cell = confused.get(row.score.name)
        what = (
            f"; {percent(cell.share or 0)} of it is taken for {cell.prediction}"
            if cell is not None and (cell.share or 0) >= MOST_CONFUSED
            else ""
        )
        yield Statement(grade, f"{row.score.name}: IoU {score(row.score.iou)}{what}.")
    if len(weak) > MOST_TOLD:
        yield Statement(
            grade, f"{plural(len(weak) - MOST_TOLD, 'more class', 'more classes')} below an IoU of {FOUND}."
        )
    told = {row.score.name for row in weak}
    taken = [
        f"{percent(cell.share or 0)} of {name} is taken for {cell.prediction}"
        for name, cell in confused.items()
        if (cell.share or 0) >= MOST_CONFUSED and name not in told
    ]
    for text in taken[:MOST_TOLD]:
        yield Statement("look", f"{text}.")
    if len(taken) > MOST_TOLD:
        yield Statement("look", f"{plural(len(taken) - MOST_TOLD, 'more confusion')}: see the matrix.")
    rated = sorted(
        (photo.pixel_accuracy, photo.id)
        for photo in section.evaluation.photos.values()
        if photo.pixel_accuracy is not None
    )
    if rated:
        median = rated[len(rated) // 2][0]
        far = [f"{id} ({score(accuracy)})" for accuracy, id in rated if accuracy < median - FAR_BELOW]
        if far:
            yield Statement(
                "look", f"{plural(len(far), 'photo')} far below the median of {score(median)}: {joined(far)}."
            )
        else:
            accuracy, id = rated[0]
            yield Statement("good", f"No photo falls far behind; the worst is {id} ({score(accuracy)}).")
