"""What the figures of a data set say about it, by the rules of rules.py."""

from __future__ import annotations

from collections.abc import Iterator

from segdata.report.dataset import Dataset
from segdata.report.rules import (
    FEW_PHOTOS,
    FEW_SCORED,
    MOST_SET_ASIDE,
    MOST_UNLABELLED,
    RARE_SHARE,
    Grade,
    Statement,
)
from segdata.report.sections import Section
from segdata.report.text import count, joined, percent
from segdata.wording import counted


def about_data(section: Section, dataset: Dataset) -> Iterator[Statement]:
    """Photos, what was set aside, what splits share, which classes can be learned."""
    train = next((one for one in dataset.splits if one.split == "train"), None)
    total = sum(one.photos for one in dataset.splits)
    labelled = ", ".join(f"{count(one.photos)} {one.split}" for one in dataset.splits)
    yield Statement("good", f"{counted(total, 'photo')}: {labelled}.")
    if section.check is not None:
        aside = section.set_aside
        if aside:
            share = aside / (total + aside)
            grade: Grade = "bad" if share > MOST_SET_ASIDE else "look"
            yield Statement(
                grade, f"{counted(aside, 'thing')} set aside, {percent(share)} of all: not in the shards."
            )
        warnings = sum(group.count for group in section.findings if group.severity == "warning")
        if warnings:
            yield Statement(
                "look", f"The conversion warned {counted(warnings, 'time')}: see the check below."
            )
    for overlap in dataset.overlaps:
        one, other = overlap.splits
        if overlap.same:
            yield Statement(
                "bad",
                f"{counted(overlap.same, 'photo file')} in both {one} and {other}: scores are too good.",
            )
        if overlap.alike:
            yield Statement(
                "look", f"{counted(overlap.alike, 'pair')} of photos that look alike in {one} and {other}."
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
        yield Statement("look", f"Only {counted(photos, what)} to score by: figures are uncertain.")


def _about_classes(section: Section, dataset: Dataset) -> Iterator[Statement]:
    names = [name for name, _ in section.legend]
    train = next(one for one in dataset.splits if one.split == "train")
    never = [name for name, photos in zip(names, train.photos_with, strict=True) if not photos]
    if never:
        yield Statement("bad", f"Never in a training photo, so it cannot be learned: {joined(never)}.")
    labelled = max(1e-12, sum(train.shares[:-1]))
    rare = [
        f"{name} ({percent(share / labelled)} of the labelled pixels, {counted(photos, 'photo')})"
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
