"""The page of layer removal: per-class IoU and pictures for each number of dropped blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segdata.analysis.layers import Block, Layers, stacked
from segdata.analysis.pictures import Canvas
from segdata.report.render import write_page as write_file


@dataclass(frozen=True)
class Step:
    """One number of dropped blocks: which goes now, what is left, what it sees, and the scores."""

    count: int
    gone: Block | None
    left: tuple[Block, ...]
    cells: int
    pixels: int
    mean_iou: float | None
    accuracy: float | None


@dataclass(frozen=True)
class ClassRow:
    """IoU by the number of dropped blocks; None where absent. `shares` of the class's best decide the colour."""

    name: str
    color: tuple[int, int, int]
    ious: tuple[float | None, ...]
    loses_most_at: int | None


@dataclass(frozen=True)
class Photo:
    id: str
    plain: str
    truth: str
    predictions: tuple[str, ...]
    width: int
    height: int


def write_page(found: Layers, path: Path, photos: int) -> None:
    """Write index.html with so many photos."""
    subject, void = found.subject, found.matrices[0].void
    write_file(
        path,
        "segdata.analysis",
        "layers.html.j2",
        subject=subject,
        title=subject.pipeline.title,
        pyramid=found.pyramid,
        steps=_steps(found),
        classes=_classes(found),
        absent=[
            row.name
            for number, row in enumerate(_classes(found))
            if number != void and all(iou is None for iou in row.ious)
        ],
        left_out=None if void is None else _classes(found)[void].name,
        photos=[_photo(found, index) for index in subject.shown(photos)],
    )


def _steps(found: Layers) -> list[Step]:
    steps = []
    for count, matrix in enumerate(found.matrices):
        gone, left = found.pyramid.dropped(count), found.pyramid.left_after(count)
        cells = stacked([block.receptive_field for block in left])
        steps.append(
            Step(
                count,
                gone[-1] if gone else None,
                left,
                cells,
                cells * found.pyramid.stride,
                _known(matrix.mean_iou()),
                _known(matrix.pixel_accuracy()),
            )
        )
    return steps


def _classes(found: Layers) -> list[ClassRow]:
    ious = np.array([matrix.per_class_iou() for matrix in found.matrices])
    rows = []
    for label, values in zip(found.subject.run.ontology.labels, ious.T.tolist(), strict=True):
        falls = [before - after for before, after in zip(values, values[1:], strict=False)]
        known = [fall for fall in falls if not math.isnan(fall)]
        most = falls.index(max(known)) + 1 if known and max(known) > 0 else None
        rows.append(ClassRow(label.name, label.color, tuple(_known(value) for value in values), most))
    return rows


def _photo(found: Layers, index: int) -> Photo:
    subject = found.subject
    colors = subject.run.ontology.color_table()
    canvas = Canvas(subject.split.image_at(index))
    return Photo(
        subject.split.ids[index],
        canvas.plain(),
        canvas.classes(subject.split.mask_at(index), colors),
        tuple(canvas.classes(mask, colors) for mask in found.predictions(index)),
        *canvas.size,
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
