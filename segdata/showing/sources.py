"""Where shown samples come from: the raw photos through the pipeline's reader, at full size, or else the shards.

A predicted mask belongs to the shards that it was made from, so with `prediction` the shards are shown; one of other
shards, or of other weights, than lie here now is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from segdata.conversion.sources import open_source, root_of
from segdata.errors import DataError
from segdata.evaluation.origin import standing_of
from segdata.evaluation.tables import prediction_path
from segdata.findings import Finding
from segdata.formats import Reader, open_reader
from segdata.ontology import Ontology
from segdata.overlay import read_prediction
from segdata.pipeline import Split
from segdata.project import Project
from segdata.sample import Image, Mask
from segdata.shards import ShardSet, ShardSplit
from segdata.splits import assign_splits
from segdata.wording import size_text


@dataclass(frozen=True, eq=False)
class Shown:
    """One sample to be drawn: uint8 photo (H, W, 3), mask and prediction (H, W), and what to write beside it."""

    id: str
    split: str | None
    image: Image
    mask: Mask
    prediction: Mask | None
    ontology: Ontology
    findings: tuple[Finding, ...]


class ShownSource(Protocol):
    """ids sorted; `said_to_be` tells people where they come from."""

    said_to_be: str

    def ids(self) -> Sequence[str]: ...

    def read(self, id: str) -> Shown: ...


def open_shown(project: Project, name: str, split: Split | None, prediction: bool) -> ShownSource:
    """The raw photos of a pipeline, or its shards where these are absent or predictions are wanted.

    Raises ConfigError, DataError or ShardError when neither can be opened.
    """
    root = project.root / project.pipeline(name).source.root
    if not prediction and root.is_dir():
        return RawSource(project, name, split)
    shards = project.shards_dir(name)
    if not prediction and not shards.is_dir():
        raise DataError(
            project.pipeline(name).source.root,
            found="no such folder, nor shards of it",
            expected="the photos of this pipeline",
            fix="Put them there, or run dvc pull.",
        )
    scored = project.scored_dir(name, split or project.pipeline(name).evaluate.split)
    known = standing_of(project, name, scored) if prediction else None
    if known is not None and known.state == "stale":
        raise DataError(
            str(scored.relative_to(project.root)),
            found=f"predictions of other {known.of}",
            expected="predictions of the shards and weights that lie here now",
            fix=f"Score again first: segdata evaluate {name}{f' --split {split}' if split else ''}.",
        )
    return _Shards(shards, scored / "predictions" if prediction else None, split)


class RawSource:
    """Photos and annotations as they lie, read by the pipeline's reader."""

    def __init__(self, project: Project, name: str, split: Split | None) -> None:
        source = project.pipeline(name).source
        where = f"pipelines/{name}.yaml"
        opened = open_source(source, root_of(project.root, source, where), where)
        self.said_to_be = f"{source.root} ({source.format})"
        self.ontology = opened.ontology
        self._reader: Reader = open_reader(source.format, opened)
        splits = assign_splits(
            self._reader.ids(), source.splits, self._reader.official_split, where, opened.root
        )
        self._splits = {id: its for id, its in sorted(splits.items()) if split in (None, its)}

    def ids(self) -> Sequence[str]:
        return tuple(self._splits)

    def read(self, id: str) -> Shown:
        sample = self._reader.read(id)
        return Shown(id, self._splits[id], sample.image, sample.mask, None, self.ontology, sample.findings)


class _Shards:
    """The samples of a shard set, and the predictions for them where they are wanted."""

    def __init__(self, folder: Path, predictions: Path | None, split: Split | None) -> None:
        self._set = ShardSet.open(folder)
        self._predictions = predictions
        height, width = self._set.size_hw
        self.said_to_be = f"the shards, {size_text((height, width))}"
        self._places: dict[str, tuple[ShardSplit, str, int]] = {}
        for name in self._set.splits if split is None else (split,):
            part = self._set.split(name)
            for index, id in enumerate(part.ids):
                if predictions is None or prediction_path(predictions, id).is_file():
                    self._places[id] = (part, name, index)
        if predictions is not None and not self._places:
            raise DataError(
                str(predictions),
                found="no predictions" + (f" for split {split!r}" if split else ""),
                expected="the masks that segdata evaluate writes",
                fix="Run segdata evaluate first, with this split.",
            )

    def ids(self) -> Sequence[str]:
        return tuple(sorted(self._places))

    def read(self, id: str) -> Shown:
        part, split, index = self._places[id]
        ontology = self._set.ontology
        predicted = None
        if self._predictions is not None:
            path = prediction_path(self._predictions, id)
            predicted = read_prediction(path, self._set.size_hw, len(ontology))
        image, mask = part.images([index])[0], part.masks([index])[0]
        return Shown(id, split, image, mask, predicted, ontology, ())
