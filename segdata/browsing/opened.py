"""One version of a shard set as the page sees it, and the watch that opens the next one when the files change.

>>> watch = Watch(Project.find(), "mine")
>>> opened = watch.now()            # the same object until dvc repro, segdata check or a training wrote something new
>>> opened.key, len(opened.index)
('9f2c41d07be35a16', 10000)
"""

from __future__ import annotations

import csv
import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from segdata.browsing.found import gather, read_check_report
from segdata.browsing.index import Index, ModelFigures
from segdata.browsing.kept import KeptFigures
from segdata.browsing.pictures import DRAWN_AS, THUMBNAIL_SIDE, Kind, draw_thumbnail
from segdata.browsing.thumbnails import Thumbnails
from segdata.conversion.plan import SampleRecord, read_records
from segdata.digests import bytes_digest, file_digest, value_digest
from segdata.errors import DataError
from segdata.evaluation.origin import ORIGIN, Standing, standing_of
from segdata.evaluation.tables import prediction_path
from segdata.findings import Finding
from segdata.overlay import read_prediction
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.sample import Image, Mask
from segdata.shards import ShardSet
from segdata.shards.compressed import Rows
from segdata.shards.reader import map_shard
from segdata.shards.schema import MANIFEST


class _Conversion(msgspec.Struct):
    findings: tuple[Finding, ...]


@dataclass
class Opened:
    """A shard set, what is known of its samples, and where its pictures come from. Threads may share it.

    checked  whether segdata check read as many photos of each split as the shards hold; None: it was not run
    """

    project: Project
    name: str
    pipeline: Pipeline
    shards: ShardSet
    index: Index
    records: dict[str, SampleRecord]
    checked: bool | None
    weights: str
    kept: KeptFigures
    thumbnails: Thumbnails
    _mapped: dict[str, tuple[Rows, Rows]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Names this version of the set in addresses: 16 hex digits."""
        return self.shards.digest[:16]

    @cached_property
    def colors(self) -> NDArray[np.uint8]:
        return self.shards.ontology.color_table()

    def sample(self, number: int) -> tuple[Image, Mask]:
        """Image uint8 (H, W, 3) and mask uint8 (H, W) of a row: views of the mapped shard. Raises ShardError."""
        row = self.index.rows_by_number[number]
        if row.shard not in self._mapped:
            entry = next(one for one in self.shards.manifest.metadata.shards if one.name == row.shard)
            self._mapped[row.shard] = map_shard(self.shards.folder, entry)
        images, masks = self._mapped[row.shard]
        return images[row.row], masks[row.row]

    @cached_property
    def scored(self) -> dict[str, tuple[float, float]]:
        """Pixel accuracy and mean IoU of the photos that the last evaluation scored, by id; NaN where not defined.

        Empty where it scored other shards, or other weights.
        """
        if self.standing.state == "stale":
            return {}
        path = self._scored_dir / "per_photo.csv"
        try:
            with path.open(newline="", encoding="utf-8") as file:
                return {
                    row["id"]: (float(row["pixel_accuracy"] or "nan"), float(row["mean_iou"] or "nan"))
                    for row in csv.DictReader(file)
                }
        except (OSError, KeyError, ValueError, UnicodeDecodeError, csv.Error):
            return {}

    @cached_property
    def standing(self) -> Standing:
        """Whether the last evaluation is of these shards and weights."""
        try:
            return standing_of(self.project, self.name, self._scored_dir)
        except DataError as error:  # nobody knows of what
            return Standing("stale", why=str(error))

    @property
    def _scored_dir(self) -> Path:
        return self.project.evaluation_dir(self.name)

    def prediction(self, number: int) -> Mask | None:
        """The predicted mask of a row: as kept, or as the last evaluation left it; None where there is neither."""
        mask = self.kept.prediction(number)
        id = self.index.ids[number]
        if mask is None and id in self.scored:
            try:
                path = prediction_path(self._scored_dir / "predictions", id)
                return read_prediction(path, self.shards.size_hw, len(self.shards.ontology))
            except DataError:
                return None  # an evaluation of other shards
        return mask

    def figures(self) -> ModelFigures:
        """What a model made of each row, as far as it is known."""
        figures = self.kept.figures()
        for id, (accuracy, iou) in self.scored.items():
            number = self.index.number_of.get(id)
            if number is not None and np.isnan(figures.wrong[number]):
                figures.wrong[number], figures.iou[number] = 1 - accuracy, iou
        return figures

    def thumbnail(self, number: int, kind: Kind) -> bytes | None:
        """A small JPEG; None for a prediction that is not there. Raises ShardError."""
        row = self.index.rows_by_number[number]
        predicted = self.prediction(number) if kind in ("prediction", "difference") else None
        if predicted is None and kind in ("prediction", "difference"):
            return None

        def draw() -> bytes:
            image, mask = self.sample(number)
            return draw_thumbnail(kind, image, mask, predicted, self.colors)

        digest = None if predicted is None else bytes_digest(predicted.tobytes())
        return self.thumbnails.get([*self._drawn_from(kind), row.image_digest, row.mask_digest, digest], draw)

    def _drawn_from(self, kind: Kind) -> list[object]:
        return [DRAWN_AS, THUMBNAIL_SIDE, kind, self.shards.manifest.metadata.classes]

    def original(self, number: int) -> Path | None:
        """The raw photo's file, as the plan names it; None where it is not there any more.

        It is found by the plan alone, and must lie below the source's folder by its words.
        """
        record = self.records.get(self.index.ids[number])
        if record is None or not record.photo:
            return None
        root = os.path.normpath(self.project.root / self.pipeline.source.root)
        path = Path(os.path.normpath(os.path.join(root, record.photo)))
        return path if path.is_relative_to(root) and path.is_file() else None


class Watch:
    """Opens the set, and opens it again when a file that it was opened from has changed."""

    def __init__(self, project: Project, name: str, thumbnails: Thumbnails | None = None) -> None:
        self.project, self.name = project, name
        self._thumbnails = thumbnails or Thumbnails(project.root / ".segdata" / "thumbnails")
        self._lock = threading.Lock()
        self._seen: object = None
        self._opened: Opened | None = None

    def now(self) -> Opened:
        """The set as it lies there now. Raises ShardError, ConfigError or DataError when it cannot be opened."""
        with self._lock:
            seen = [_stamp(path) for path in self._files()]
            if self._opened is None or seen != self._seen:
                self._opened, self._seen = self._open(), seen
            return self._opened

    def _files(self) -> list[Path]:
        project, name = self.project, self.name
        return [
            project.pipeline_path(name),
            project.shards_dir(name) / MANIFEST,
            project.plan_path(name),
            project.check_path(name),
            self._report,
            *self._run_files,
            *(project.evaluation_dir(name) / file for file in ("metrics.json", "per_photo.csv", ORIGIN)),
        ]

    @property
    def _report(self) -> Path:
        return self.project.root / "data" / "check-report" / self.name / "check.json"

    @property
    def _run_files(self) -> tuple[Path, Path]:
        run = self.project.run_dir(self.name)
        return run / "model.safetensors", run / "model.json"

    def _open(self) -> Opened:
        project, name = self.project, self.name
        pipeline = project.pipeline(name)
        shards = ShardSet.open(project.shards_dir(name))
        records = read_records(project.plan_path(name))
        report = read_check_report(self._report)
        found = gather(shards.manifest, records, _conversion_findings(project.check_path(name)), report)
        weights = ""
        if all(path.is_file() for path in self._run_files):
            weights = value_digest([file_digest(path) for path in self._run_files])
        folder = project.root / ".segdata" / "disagreement" / name
        index = Index(shards.manifest, found)
        return Opened(
            project,
            name,
            pipeline,
            shards,
            index,
            records,
            None if report is None else report.counts() == index.split_counts,
            weights,
            KeptFigures(folder, weights, shards.manifest),
            self._thumbnails,
        )


def _conversion_findings(path: Path) -> tuple[Finding, ...]:
    """What the conversion found doubtful, all of it; nothing where its check file is not there."""
    if not path.is_file():
        return ()
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Conversion).findings
    except msgspec.MsgspecError as error:
        raise DataError(
            str(path), found=str(error), expected="what a conversion writes", fix="Run dvc repro."
        ) from error


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
