"""Reads what conversion, training and evaluation left on disk, typed, so that the page never meets half a file.

data/evaluation/sample-via/metrics.json   {"split": "test", "samples": 12, "mean_iou": 0.61, …}
data/evaluation/sample-via/per_class.csv  class,truth_pixels,predicted_pixels,iou,accuracy
data/runs/sample-via/model.json           {"model": "mininet", "best_epoch": 31, "shards": "9f2c…", …}
data/runs/sample-via/curves.csv           epoch,train_loss,val_loss,val_mean_iou,val_pixel_accuracy,lr
data/checks/sample-via.json               {"samples": {"train": 30, …}, "findings": [{"code": "points-clipped", …}, …]}

A number that is not defined (an absent class) is empty, "nan" or null in the files, and None here.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from segdata.conversion.summary import Originals
from segdata.errors import DataError
from segdata.evaluation.tables import prediction_path
from segdata.findings import Finding

T = TypeVar("T")

AGAIN = "Run the stage that wrote it again."


class Baseline(msgspec.Struct, frozen=True):
    """What a trivial predictor scores on the same photos."""

    mean_iou: float | None
    pixel_accuracy: float | None


class Baselines(msgspec.Struct, frozen=True):
    """The class that is most frequent in training everywhere, and the most frequent class of each position."""

    majority_class: Baseline
    position_prior: Baseline


class ProtocolFigure(msgspec.Struct, frozen=True):
    """A figure by one protocol and its 95 % interval; None where undefined."""

    protocol: str
    value: float | None
    interval: tuple[float | None, float | None] | None = None


class Metrics(msgspec.Struct, frozen=True):
    """metrics.json: scores of one split, each 0 to 1; None where undefined.

    size_hw             height and width at which photos and truth were scored
    void_class          a last class that is in no figure but those of jaccard-20 and accuracy-20
    shards_of_training  whether the model was trained on the shard set that was scored
    """

    split: str
    samples: int
    size_hw: tuple[int, int]
    mean_iou: float | None
    mean_iou_interval: tuple[float | None, float | None] | None
    pixel_accuracy: float | None
    mean_class_accuracy: float | None
    frequency_weighted_iou: float | None
    absent_classes: tuple[str, ...]
    void_class: str | None
    baselines: Baselines
    mean_iou_above_best_baseline: float | None
    shards_of_training: Literal["same", "other"]
    protocols: tuple[ProtocolFigure, ...] = ()

    def value(self, protocol: str) -> float | None:
        """The figure by a protocol; None where there is none."""
        return next((one.value for one in self.protocols if one.protocol == protocol), None)

    def interval(self, protocol: str) -> tuple[float | None, float | None] | None:
        """The 95 % interval of the figure by a protocol; None where there is none."""
        return next((one.interval for one in self.protocols if one.protocol == protocol), None)


class ClassScore(msgspec.Struct, frozen=True, rename={"name": "class"}):
    """One row of per_class.csv; `iou` and `accuracy` are None where undefined."""

    name: str
    truth_pixels: int
    predicted_pixels: int
    iou: float | None
    accuracy: float | None


class Confused(msgspec.Struct, frozen=True):
    """One row of confusion.csv: so many pixels of class `truth` were given class `prediction`."""

    truth: str
    prediction: str
    pixels: int


class PhotoScore(msgspec.Struct, frozen=True):
    """One row of per_photo.csv; classes: how many the mean is over, None in files of earlier versions."""

    id: str
    pixel_accuracy: float | None
    mean_iou: float | None
    classes: int | None = None


class Shown(msgspec.Struct, frozen=True):
    """One row of shown.csv: a photo worth a look, and why."""

    id: str
    rank: int
    why: str


class Epoch(msgspec.Struct, frozen=True):
    """One row of curves.csv."""

    epoch: int
    train_loss: float | None
    val_loss: float | None
    val_mean_iou: float | None
    val_pixel_accuracy: float | None
    lr: float | None


class Run(msgspec.Struct, frozen=True):
    """model.json, as far as the page tells it; `shards` is the digest of the set that it was trained on, `settings` what
    the sections `model` and `train` of the pipeline file said."""

    model: str
    seed: int
    epochs: int
    best_epoch: int
    select: str
    shards: str
    settings: dict[str, Any] = {}
    classes: tuple[tuple[str, Any], ...] = ()
    size_hw: tuple[int, ...] = ()


class Check(msgspec.Struct, frozen=True):
    """What conversion counted and found doubtful.

    originals  sizes and EXIF orientations of the photos as they came
    alike      "train, test" → pairs of photos that look alike; None: not looked for
    """

    samples: dict[str, int]
    findings: tuple[Finding, ...]
    originals: tuple[Originals, ...] = ()
    alike: dict[str, int] | None = None


@dataclass(frozen=True)
class Evaluation:
    """Everything in one data/evaluation/<name>/."""

    folder: Path
    metrics: Metrics
    classes: tuple[ClassScore, ...]
    confusion: tuple[Confused, ...]
    photos: dict[str, PhotoScore]
    shown: tuple[Shown, ...]

    def prediction_path(self, id: str) -> Path:
        """Where the predicted mask of a photo lies."""
        return prediction_path(self.folder / "predictions", id)


def read_evaluation(folder: Path) -> Evaluation | None:
    """The evaluation in a folder, or None where there is none. Raises DataError naming file and row."""
    metrics = read_json(folder / "metrics.json", Metrics)
    if metrics is None:
        return None
    photos = read_rows(folder / "per_photo.csv", PhotoScore)
    return Evaluation(
        folder,
        metrics,
        read_rows(folder / "per_class.csv", ClassScore),
        read_rows(folder / "confusion.csv", Confused),
        {photo.id: photo for photo in photos},
        tuple(sorted(read_rows(folder / "shown.csv", Shown), key=lambda row: (row.rank, row.id))),
    )


def read_curves(folder: Path) -> tuple[Epoch, ...]:
    """The epochs of a finished run, in order. Raises DataError."""
    return tuple(sorted(read_rows(folder / "curves.csv", Epoch), key=lambda row: row.epoch))


def read_check(path: Path) -> Check | None:
    """The findings of a conversion, or None where no check report lies. Raises DataError."""
    return read_json(path, Check)


def read_run(folder: Path) -> Run | None:
    """What model.json says of a run, or None where nothing was trained. Raises DataError."""
    return read_json(folder / "model.json", Run)


def read_json(path: Path, kind: type[T]) -> T | None:
    """A JSON file decoded into `kind`, or None where there is none. Raises DataError."""
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.MsgspecError as error:
        raise DataError(
            str(path), found=str(error), expected="a file that segdata wrote", fix=AGAIN
        ) from error


def read_rows(path: Path, kind: type[T]) -> tuple[T, ...]:
    """The rows of a CSV file with a header, decoded into `kind`. Raises DataError naming file and line."""
    if not path.is_file():
        raise DataError(str(path), found="no such file", expected="a table of the same stage", fix=AGAIN)
    rows: list[T] = []
    with path.open(newline="", encoding="utf-8") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            try:
                rows.append(msgspec.convert(_typed(row, kind), kind, strict=False))
            except msgspec.ValidationError as error:
                raise DataError(
                    str(path), place=f"line {line}", found=str(error), expected=kind.__doc__ or "", fix=AGAIN
                ) from error
    return tuple(rows)


def _typed(row: dict[str, str], kind: type[object]) -> dict[str, str | float | None]:
    """Numbers that are not defined become None; everything else stays text, so that a photo may be called "nan"."""
    fields: Sequence[msgspec.structs.FieldInfo] = msgspec.structs.fields(kind)  # type: ignore[arg-type]
    optional = {field.encode_name for field in fields if field.type == (float | None)}
    return {key: _number_or_none(text) if key in optional else text for key, text in row.items()}


def _number_or_none(text: str) -> float | str | None:
    try:
        value = float(text)
    except ValueError:
        return text or None
    return value if math.isfinite(value) else None
