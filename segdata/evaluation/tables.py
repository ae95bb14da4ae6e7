"""The tables and pictures of an evaluation: plain CSV that a plot or a spreadsheet opens, palettised PNG masks.

per_class.csv:  class,truth_pixels,predicted_pixels,iou,accuracy
                car,32415,30112,0.712345,0.801234
                train,0,0,,                                   absent: not defined, so empty
                void,20114,1873,,                             a last class of this name is in no figure
per_photo.csv:  id,pixel_accuracy,mean_iou,classes
                berlin/a,0.833333,0.416667,4                  the mean is over the 4 classes that truth or prediction show
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segdata.errors import DataError
from segdata.evaluation.confusion import ConfusionMatrix
from segdata.mask_file import mask_png
from segdata.ontology import Ontology

_DIGITS = 6


@dataclass(frozen=True)
class PhotoScore:
    """How well one photo came out; NaN where nothing of it has a class.

    classes  how many classes the mean IoU is over: those that the photo's truth or prediction shows
    """

    id: str
    pixel_accuracy: float
    mean_iou: float
    classes: int = 0

    @classmethod
    def of(cls, id: str, matrix: ConfusionMatrix) -> PhotoScore:
        classes = int((~np.isnan(matrix.per_class_iou())).sum())
        return cls(id, matrix.pixel_accuracy(), matrix.mean_iou(), classes)


@dataclass(frozen=True)
class Shown:
    """A photo that a report should show: its rank by pixel accuracy (1 is the best) and why it was taken."""

    id: str
    rank: int
    why: str


def number(value: float) -> float | None:
    """A figure as files state it: rounded to 6 digits, None when it is not defined.

    >>> number(2 / 3), number(float("nan"))
    (0.666667, None)
    """
    return None if math.isnan(value) else round(value, _DIGITS)


def choose_shown(photos: Sequence[PhotoScore], count: int) -> list[Shown]:
    """The best, the worst and what lies evenly between, by pixel accuracy, best first; equals stand in id order.

    Photos without any true class are left out.
    """
    known = [photo for photo in photos if not math.isnan(photo.pixel_accuracy)]
    ranked = sorted(known, key=lambda photo: (-photo.pixel_accuracy, photo.id))
    last = len(ranked) - 1
    if not ranked or count < 1:
        return []
    places = sorted({round(place) for place in np.linspace(0, last, min(count, len(ranked)))})
    reasons = {last // 2: "median", last: "worst", 0: "best"}
    return [Shown(ranked[place].id, place + 1, reasons.get(place, "between")) for place in places]


def write_tables(
    folder: Path,
    ontology: Ontology,
    matrix: ConfusionMatrix,
    photos: Sequence[PhotoScore],
    shown: Sequence[Shown],
) -> None:
    """Write per_class.csv, confusion.csv, per_photo.csv (sorted by id) and shown.csv into an existing folder."""
    names = ontology.names
    figures = zip(
        names,
        matrix.truth_pixels.tolist(),
        matrix.predicted_pixels.tolist(),
        map(_cell, matrix.per_class_iou().tolist()),
        map(_cell, matrix.per_class_accuracy().tolist()),
        strict=True,
    )
    write_csv(
        folder / "per_class.csv", ("class", "truth_pixels", "predicted_pixels", "iou", "accuracy"), figures
    )
    pairs = (
        (truth, prediction, int(matrix.counts[row, column]))
        for row, truth in enumerate(names)
        for column, prediction in enumerate(names)
    )
    write_csv(folder / "confusion.csv", ("truth", "prediction", "pixels"), pairs)
    rows = (
        (photo.id, _cell(photo.pixel_accuracy), _cell(photo.mean_iou), photo.classes)
        for photo in sorted(photos, key=lambda photo: photo.id)
    )
    write_csv(folder / "per_photo.csv", ("id", "pixel_accuracy", "mean_iou", "classes"), rows)
    write_csv(folder / "shown.csv", ("id", "rank", "why"), ((one.id, one.rank, one.why) for one in shown))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file with the same bytes on every machine."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode())


def save_predictions(
    folder: Path, ids: Sequence[str], predicted: NDArray[np.uint8], ontology: Ontology
) -> None:
    """Write masks uint8 (N, H, W) as palettised PNG files, one for each id, in the ontology's colours.

    The ids must have passed check_prediction_names.
    """
    folder.mkdir(exist_ok=True)
    for id, mask in zip(ids, predicted, strict=True):
        prediction_path(folder, id).write_bytes(mask_png(mask, ontology))


def check_prediction_names(ids: Iterable[str]) -> None:
    """Raise DataError when the predictions for two of the ids would take the same file name."""
    owners: dict[str, str] = {}
    for id in ids:
        name = prediction_path(Path(), id).name
        other = owners.setdefault(name, id)
        if other != id:
            raise DataError(
                id,
                found=f"another sample, {other!r}, whose prediction is called {name} too",
                expected="ids that differ in more than '/' and '__'",
                fix="Rename one of the photos.",
            )


def prediction_path(folder: Path, id: str) -> Path:
    """Where the prediction for a sample lies: "berlin/a_01" → folder/berlin__a_01.png."""
    return folder / f"{id.replace('/', '__')}.png"


def _cell(value: float) -> float | str:
    rounded = number(value)
    return "" if rounded is None else rounded
