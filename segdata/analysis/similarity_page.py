"""The page of feature similarity: which labels look alike to the network, and where on a photo each is seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segdata.analysis.features import BACKBONE, HEAD
from segdata.analysis.pictures import Canvas, css_gradient
from segdata.analysis.similarity import Heat, Matrix, Similarity, Sums
from segdata.report.render import write_page as write_file

MOST_LABELS = 24
"""Labels with a heat-map of each photo: those with the most pixels in the split."""
_PAIRS = 6

_SAID = {
    HEAD: "What enters the classifier",
    BACKBONE: "What leaves the backbone",
}


@dataclass(frozen=True)
class Cell:
    """One field of a matrix; None for a label without cells. `share` is its place between the least and 1."""

    other: str
    value: float | None
    share: float | None


@dataclass(frozen=True)
class Table:
    title: str
    note: str
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class Picture:
    """A heat-map of one label; `here`: the label is on this photo."""

    label: str
    uri: str
    here: bool


@dataclass(frozen=True)
class Photo:
    id: str
    plain: str
    truth: str
    width: int
    height: int
    heats: tuple[Picture, ...]


@dataclass(frozen=True)
class Place:
    """One kind of features on the page."""

    name: str
    title: str
    channels: int
    grid_hw: tuple[int, int]
    labels: tuple[tuple[str, int, int, float | None], ...]
    absent: tuple[str, ...]
    thin: tuple[str, ...]
    alike: tuple[tuple[str, str, float], ...]
    tables: tuple[Table, ...]
    low: float
    photos: tuple[Photo, ...]


def write_page(found: Similarity, path: Path, photos: int) -> None:
    """Write index.html with so many photos."""
    subject = found.subject
    ontology = subject.run.ontology
    heats = [found.heat(index) for index in subject.shown(photos)]
    write_file(
        path,
        "segdata.analysis",
        "similarity.html.j2",
        subject=subject,
        title=subject.pipeline.title,
        places=[_place(found, place, sums, heats) for place, sums in found.sums.items()],
        colors={label.name: label.color for label in ontology.labels},
        gradient=css_gradient(),
        left_out=max(0, int((found.pixels > 0).sum()) - MOST_LABELS),
        most=MOST_LABELS,
    )


def _place(found: Similarity, place: str, sums: Sums, heats: list[Heat]) -> Place:
    names = found.subject.run.ontology.names
    means, cells = sums.between_means(), sums.cells_to_means()
    shown = [index for index in np.argsort(-found.pixels, kind="stable").tolist() if sums.cells[index]][
        :MOST_LABELS
    ]
    shown = sorted(shown)
    low = _low([heat.maps[place][shown] for heat in heats])
    rows = zip(names, found.pixels.tolist(), sums.cells.tolist(), cells.diagonal().tolist(), strict=True)
    return Place(
        name=place,
        title=_SAID[place],
        channels=sums.features.shape[1],
        grid_hw=sums.grid_hw,
        labels=tuple((label, pixels, count, _known(own)) for label, pixels, count, own in rows),
        absent=tuple(name for name, pixels in zip(names, found.pixels, strict=True) if not pixels),
        thin=tuple(
            name
            for name, pixels, count in zip(names, found.pixels, sums.cells, strict=True)
            if pixels and not count
        ),
        alike=_alike(names, means),
        tables=(
            _table(names, means, "Label to label", "The cosine of the two labels’ mean features."),
            _table(
                names,
                cells,
                "Cells to label",
                "Rows: the cells of a label. Columns: their mean cosine with the mean feature of another.",
            ),
        ),
        low=low,
        photos=tuple(_photo(found, place, heat, shown, low) for heat in heats),
    )


def _photo(found: Similarity, place: str, heat: Heat, shown: list[int], low: float) -> Photo:
    subject = found.subject
    ontology = subject.run.ontology
    truth = subject.split.mask_at(heat.index)
    canvas = Canvas(subject.split.image_at(heat.index))
    heats = []
    for label in shown:
        where = truth == label
        heats.append(
            Picture(
                ontology.names[label], canvas.heat(heat.maps[place][label], low, where), bool(where.any())
            )
        )
    return Photo(
        subject.split.ids[heat.index],
        canvas.plain(),
        canvas.classes(truth, ontology.color_table()),
        *canvas.size,
        tuple(heats),
    )


def _low(maps: list[NDArray[np.float32]]) -> float:
    """The cold end of the scale: the least cosine on the page, rounded down to a tenth, 0.9 at most."""
    least = min((float(one.min()) for one in maps if one.size), default=0.0)
    return min(0.9, math.floor(least * 10 + 1e-6) / 10)


def _table(names: tuple[str, ...], matrix: Matrix, title: str, note: str) -> Table:
    known = matrix[~np.isnan(matrix)]
    least = float(known.min()) if known.size else 0.0
    span = max(1e-9, 1 - least)
    rows = []
    for label, values in zip(names, matrix.tolist(), strict=True):
        if not all(math.isnan(value) for value in values):
            cells = tuple(
                Cell(other, value, (value - least) / span)
                for other, value in zip(names, values, strict=True)
                if not math.isnan(value)
            )
            rows.append((label, cells))
    return Table(title, note, tuple(rows))


def _alike(names: tuple[str, ...], means: Matrix) -> tuple[tuple[str, str, float], ...]:
    """The pairs of different labels that look most alike, most first."""
    pairs = [
        (float(means[a, b]), names[a], names[b])
        for a in range(len(names))
        for b in range(a + 1, len(names))
        if not math.isnan(means[a, b])
    ]
    ranked = sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))[:_PAIRS]
    return tuple((one, other, value) for value, one, other in ranked)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
