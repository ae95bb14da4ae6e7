"""What the figures of a model say about it, and where it fails, by the rules of rules.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from segdata.report.inputs import Epoch, Metrics
from segdata.report.rules import (
    FAR_BELOW,
    FOUND,
    MOST_CONFUSED,
    MOST_TOLD,
    OVERFIT,
    STILL_RISING,
    WIDE,
    Grade,
    Statement,
)
from segdata.report.sections import Section
from segdata.report.text import joined, percent, score
from segdata.wording import counted


def about_model(section: Section, metrics: Metrics) -> Iterator[Statement]:
    """Beside the baselines, by its interval and classes, beside the published figure, and how its training ended."""
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
            grade, f"{found} of {counted(len(known), 'class', 'classes')} reach an IoU of {FOUND}."
        )
    comparison = section.comparison
    if comparison is not None and comparison.measured is not None and comparison.published.value is not None:
        published = comparison.published
        figures = (
            f"published {published.metric} of {score(published.value)}: {score(comparison.measured)} here"
        )
        if comparison.other:
            yield Statement(
                "look", f"Not to be held against the {figures}, with other settings than published."
            )
        else:
            yield Statement(
                "good" if comparison.within else "look",
                f"{'Agrees' if comparison.within else 'Does not agree'} with the {figures}, tolerance {published.tolerance:g}.",
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


def about_failures(section: Section) -> Iterator[Statement]:
    """Weak classes, confusions, photos that fall behind."""
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
            grade, f"{counted(len(weak) - MOST_TOLD, 'more class', 'more classes')} below an IoU of {FOUND}."
        )
    told = {row.score.name for row in weak} | {section.evaluation.metrics.void_class}
    taken = [
        f"{percent(cell.share or 0)} of {name} is taken for {cell.prediction}"
        for name, cell in confused.items()
        if (cell.share or 0) >= MOST_CONFUSED and name not in told
    ]
    for text in taken[:MOST_TOLD]:
        yield Statement("look", f"{text}.")
    if len(taken) > MOST_TOLD:
        yield Statement("look", f"{counted(len(taken) - MOST_TOLD, 'more confusion')}: see the matrix.")
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
                "look",
                f"{counted(len(far), 'photo')} far below the median of {score(median)}: {joined(far)}.",
            )
        else:
            accuracy, id = rated[0]
            yield Statement("good", f"No photo falls far behind; the worst is {id} ({score(accuracy)}).")
