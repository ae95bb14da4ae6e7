"""What is found out before the first step, so that nobody waits an hour for a CUDA assert.

data/shards/x: split 'train': found values that are no class in 2 samples: 19 in leaf_12, 34 in leaf_40; expected …
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from segdata.errors import ShardError, TrainingError
from segdata.evaluation.run import Normalisation
from segdata.ontology import IGNORE_INDEX
from segdata.pipeline import MeanStd, Train
from segdata.shards import ShardSet, ShardSplit
from segdata.wording import counted, size_text

_IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_LISTED = 8


@dataclass(frozen=True)
class TrainingData:
    """The two splits of a run, int64 (C,) pixels per class in train, and how photos are normalised."""

    train: ShardSplit
    val: ShardSplit
    pixels: NDArray[np.int64]
    num_classes: int
    normalisation: Normalisation

    def unseen(self, names: Sequence[str]) -> str | None:
        """A sentence that names the classes without a pixel in train, which nothing can learn; None when all have some."""
        absent = [name for name, count in zip(names, self.pixels.tolist(), strict=True) if count == 0]
        if not absent:
            return None
        listed = ", ".join(absent[:_LISTED]) + (
            f" and {len(absent) - _LISTED} more" if len(absent) > _LISTED else ""
        )
        return f"no pixel of {listed} in the training split: not learned"

    def large_batch(self, train: Train) -> str | None:
        """A sentence where one batch takes all photos, so that an epoch is a single step; None where it does not."""
        photos = len(self.train)
        if train.batch_size <= photos:
            return None
        return f"one step per epoch: batches of {train.batch_size} take all {photos} photos of the training split at once"


def check_data(shards: ShardSet, train: Train) -> TrainingData:
    """The data of a run. Raises TrainingError for an empty split, nothing labelled, or labels outside the classes."""
    splits = {}
    for name in ("train", "val"):
        try:
            splits[name] = shards.split(name)
        except ShardError as error:
            raise TrainingError(
                f"split {name!r}",
                found="no samples",
                expected="photos to learn from and photos to choose the best epoch by",
                fix="Look at source.splits in the pipeline file, and at what was set aside when converting.",
            ) from error
        check_labels(shards, splits[name], name)
    statistics = shards.statistics(["train"])
    if int(statistics.pixels.sum()) == 0:
        raise TrainingError(
            "split 'train'", found="no pixel with a class: all are 255", expected="something to learn"
        )
    normalisation = choose_normalisation(shards, train)
    return TrainingData(
        splits["train"], splits["val"], statistics.pixels, len(shards.ontology), normalisation
    )


def check_labels(shards: ShardSet, split: ShardSplit, name: str) -> None:
    """Compare the manifest's pixel counts with the number of pixels; only when they differ, look at every mask.

    Raises TrainingError that names value and sample of what is neither a class nor 255.
    """
    statistics = shards.statistics([name])
    height, width = split.size_hw
    if int(statistics.pixels.sum()) + statistics.ignored == len(split) * height * width:
        return
    num_classes = len(shards.ontology)
    strays = []
    for index, id in enumerate(split.ids):
        values = np.unique(split.mask_at(index))
        wrong = values[(values >= num_classes) & (values != IGNORE_INDEX)]
        if wrong.size:
            strays.append(f"{', '.join(map(str, wrong.tolist()))} in {id}")
    more = f" and {len(strays) - _LISTED} more" if len(strays) > _LISTED else ""
    raise TrainingError(
        f"split {name!r}",
        found=f"values that are no class in {counted(len(strays), 'sample')}: {'; '.join(strays[:_LISTED])}{more}",
        expected=f"class ids of 0 to {num_classes - 1}, or {IGNORE_INDEX}",
        fix="Mend source.label_map or the ontology in the pipeline file, and convert again.",
    )


def choose_normalisation(shards: ShardSet, train: Train) -> Normalisation:
    """The mean and standard deviation that train.normalise names. Raises TrainingError for a deviation of 0."""
    if isinstance(train.normalise, MeanStd):
        chosen = Normalisation(train.normalise.mean, train.normalise.std)
    elif train.normalise == "imagenet":
        chosen = _IMAGENET
    else:
        splits = ["train"] if train.normalise == "train" else list(shards.splits)
        statistics = shards.statistics(splits)
        chosen = Normalisation(_triple(statistics.mean), _triple(statistics.std))
    if min(chosen.std) <= 0:
        raise TrainingError(
            "train.normalise",
            found=f"a standard deviation of {chosen.std}",
            expected="numbers above 0",
            fix="Photos of one colour cannot be normalised by themselves: take imagenet, or give mean and std.",
        )
    return chosen


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = values.tolist()
    return red, green, blue


def no_memory_error(error: BaseException, train: Train, size_hw: tuple[int, int]) -> TrainingError | None:
    """A failed allocation in words that help, or None for any other error."""
    text = str(error)
    if not (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "out of memory" in text
        or "can't allocate memory" in text
    ):
        return None
    half = max(1, train.batch_size // 2)
    if train.batch_size > 1:
        fix = (
            f"Try train.batch_size {half} with train.accumulate {train.accumulate * 2}: "
            "the optimizer sees as many photos per step. Or train.precision bf16, or a smaller shards.size_hw."
        )
    else:
        fix = f"Try shards.size_hw [{size_hw[0] // 2}, {size_hw[1] // 2}], or train.precision bf16."
    return TrainingError(
        "train",
        found=f"too little memory for batches of {counted(train.batch_size, 'photo')} of {size_text(size_hw)}",
        expected="a batch that fits",
        fix=fix,
    )
