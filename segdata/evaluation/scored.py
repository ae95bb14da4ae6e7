"""The photos that are scored: those of the shards, or the same ones read at another size.

    shards: {size_hw: [704, 1056], photo: nearest}      what is trained on
    evaluate: {split: test, size_hw: [768, 1152]}       what is scored

A report may train at one size and test at another. Photo and annotation are then read from the source again and resized
as conversion does: the photo by `shards.photo` (and `shards.exact`), the mask nearest by pixel centres. The network sees
the photo at that size, and its prediction is held against the mask of that size; neither is resized afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segdata.conversion.sources import open_source, require_same, root_of
from segdata.errors import DataError
from segdata.formats import open_reader
from segdata.photo import Resize
from segdata.project import Project
from segdata.shards import ShardSet, ShardSplit
from segdata.wording import size_text

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Scored:
    """The photos of a split, in id order.

    size_hw    of what is scored; shards_hw: of the same photos in the shards
    read       indices → images uint8 (N, H, W, 3) RGB and masks uint8 (N, H, W), 255 = ignore, of `size_hw`
    """

    ids: tuple[str, ...]
    size_hw: tuple[int, int]
    shards_hw: tuple[int, int]
    read: Callable[[Sequence[int]], tuple[Pixels, Pixels]]


def scored_photos(project: Project, name: str, shards: ShardSet, split: str) -> Scored:
    """The photos of a split at `evaluate.size_hw` where it is the pipeline's own split and has one, else at the shards' size.

    Raises ShardError for a split without samples; DataError where the source is needed and is not there, or is no longer
    what the shards were made from.
    """
    kept = shards.split(split)
    evaluate = project.pipeline(name).evaluate
    size_hw = evaluate.size_hw if evaluate.split == split else None
    if size_hw is None or size_hw == shards.size_hw:
        return Scored(
            kept.ids,
            shards.size_hw,
            shards.size_hw,
            lambda indices: (kept.images(indices), kept.masks(indices)),
        )
    return _read_again(project, name, kept, size_hw)


def _read_again(project: Project, name: str, kept: ShardSplit, size_hw: tuple[int, int]) -> Scored:
    pipeline, where = project.pipeline(name), f"pipelines/{name}.yaml"
    root = root_of(project.root, pipeline.source, where)
    if not root.is_dir():
        raise DataError(
            pipeline.source.root,
            found="no such folder",
            expected=f"the photos, to score them at {size_text(size_hw)} as {where} says (evaluate.size_hw)",
            fix="Put them there, or take the key out of the file: then the shards are scored, at their own size.",
        )
    reader = open_reader(pipeline.source.format, open_source(pipeline.source, root, where))
    present = frozenset(reader.ids())
    for row in kept.rows:
        require_same(reader, present, row, name)
    resize = Resize(size_hw, pipeline.shards.photo, pipeline.shards.exact)

    def read(indices: Sequence[int]) -> tuple[Pixels, Pixels]:
        samples = [reader.read(kept.ids[index], resize) for index in indices]
        return np.stack([one.image for one in samples]), np.stack([one.mask for one in samples])

    return Scored(kept.ids, size_hw, kept.size_hw, read)
