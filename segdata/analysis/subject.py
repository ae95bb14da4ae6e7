"""What an analysis looks at: a trained run, the split of its shards, and the few photos that its page shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segdata.evaluation.device import choose_device
from segdata.evaluation.run import Run, load_run
from segdata.evaluation.score import check_run
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.shards import ShardSet, ShardSplit

Tick = Callable[[int, int], None]


@dataclass(frozen=True)
class Subject:
    """A run in eval mode, and the photos of one split, in id order."""

    name: str
    pipeline: Pipeline
    run: Run
    split_name: str
    split: ShardSplit
    tick: Tick | None

    @classmethod
    def open(
        cls, project: Project, name: str, split: str | None, device: str | None, tick: Tick | None
    ) -> Subject:
        """Raises what segdata.analysis.analyse_similarity names."""
        pipeline = project.pipeline(name)
        torch_device = choose_device(device, project.params().device)
        shards = ShardSet.open(project.shards_dir(name))
        split_name = split or pipeline.evaluate.split
        run = load_run(project.run_dir(name), torch_device)
        check_run(run, shards, project.run_dir(name))
        return cls(name, pipeline, run, split_name, shards.split(split_name), tick)

    def truths(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """(index, truth uint8 (H, W)) of every photo. One at a time: the features of a batch may be far larger than it."""
        for index in range(len(self.split)):
            yield index, self.split.mask_at(index)
            if self.tick is not None:
                self.tick(index + 1, len(self.split))

    def normalised(self, index: int) -> Tensor:
        """One photo as the network wants it: float32 (1, 3, H, W)."""
        image = torch.from_numpy(self.split.images([index])).to(self.run.device).permute(0, 3, 1, 2)
        return self.run.record.normalisation.apply(image.contiguous())

    def shown(self, count: int) -> list[int]:
        """Indices of photos to draw: each adds as many labels as it can that none before it shows; of equals the first.

        Once all labels are shown, a photo with the most labels follows. In the order of the split.
        """
        present = [{label for label, pixels in enumerate(row.pixels) if pixels} for row in self.split.rows]
        chosen: list[int] = []
        seen: set[int] = set()
        while len(chosen) < min(count, len(present)):
            rest = [index for index in range(len(present)) if index not in chosen]
            best = max(rest, key=lambda index: (len(present[index] - seen), len(present[index]), -index))
            chosen.append(best)
            seen |= present[best]
        return sorted(chosen)
